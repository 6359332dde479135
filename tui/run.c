#define _GNU_SOURCE	/* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tui/run.h"
#include "tui/term.h"

/* Of a shell, for what its caller waits for. */
enum { ABSENT = 127, KILLED = 128 };

/* What the client ignores or holds back, its programs do not. */
static void
child_signals(void)
{
	static const int sigs[] = { SIGINT, SIGQUIT, SIGTSTP, SIGPIPE,
	    SIGTTOU };
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof sigs / sizeof sigs[0]; i++)
		(void)signal(sigs[i], SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void
child(char *const *argv, int in)
{
	child_signals();
	if (in != -1 && dup2(in, STDIN_FILENO) == -1)
		_exit(126);
	if (lseek(STDIN_FILENO, 0, SEEK_SET) == -1 && in != -1 &&
	    errno != ESPIPE)
		_exit(126);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* As a shell has it: its status, 128 and the signal that ended it; or -1.
 * When it stops, so do we, as one job. */
static int
wait_for(pid_t pid)
{
	int status;

	for (;;) {
		if (waitpid(pid, &status, WUNTRACED) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (WIFSIGNALED(status))
			return KILLED + WTERMSIG(status);
		if (!WIFSTOPPED(status))
			return WEXITSTATUS(status);
		(void)signal(SIGTSTP, SIG_DFL);
		(void)raise(SIGTSTP);
		(void)signal(SIGTSTP, SIG_IGN);
		(void)kill(pid, SIGCONT);
	}
}

/* C-c at a program that has the screen is for that: it reached us, too. */
static void
back(struct tui *t)
{
	static const struct timespec now = { 0, 0 };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	while (sigtimedwait(&set, NULL, &now) > 0)
		;
	term_enter();
	app_dirty(t);
}

static int
run(char *const *argv, int in)
{
	pid_t pid = fork();

	if (pid == 0)
		child(argv, in);
	return pid == -1 ? -1 : wait_for(pid);
}

static const char *
first_set(const char *a, const char *b, const char *otherwise)
{
	if (a != NULL && *a != '\0')
		return a;
	return b != NULL && *b != '\0' ? b : otherwise;
}

static void
say_end(struct tui *t, const char *what, int status)
{
	if (status == ABSENT)
		app_error(t, "%s: no such program", what);
	else if (status > KILLED)
		app_error(t, "%s: ended by signal %d", what, status - KILLED);
	else if (status != 0)
		app_error(t, "%s: ended with status %d", what, status);
}

bool
run_editor(struct tui *t, const char *path)
{
	const char *editor = first_set(getenv("VISUAL"), getenv("EDITOR"),
	    "vi");
	char script[2000], file[4096];
	char *argv[] = { "sh", "-c", script, "sh", file, NULL };
	int status;

	if (snprintf(script, sizeof script, "%s \"$1\"", editor) >=
	    (int)sizeof script || snprintf(file, sizeof file, "%s", path) >=
	    (int)sizeof file)
		return false;
	term_leave();
	status = run(argv, -1);
	back(t);
	say_end(t, editor, status);
	return status == 0;
}

static void
wait_for_enter(void)
{
	char c;

	printf("\nPress Enter to go on.");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n' && c != '\r')
		;
}

void
run_shell(struct tui *t, const char *command, int in)
{
	const char *shell = first_set(getenv("SHELL"), NULL, "/bin/sh");
	char sh[1000], cmd[8192];
	char *argv[] = { sh, "-c", cmd, NULL };
	char *alone[] = { sh, NULL };
	int status;

	if (snprintf(sh, sizeof sh, "%s", shell) >= (int)sizeof sh ||
	    snprintf(cmd, sizeof cmd, "%s", command) >= (int)sizeof cmd)
		return;
	term_leave();
	status = run(*command != '\0' ? argv : alone, in);
	if (*command != '\0')
		wait_for_enter();
	back(t);
	say_end(t, *command != '\0' ? command : sh, status);
}

/* Tells through `told` why it could not be started; says nothing if it was. */
_Noreturn static void
detached(char *const *argv, int told)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), err;

	if (setsid() == -1 || null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1 || fork() != 0)
		_exit(null == -1);
	child_signals();
	execvp(argv[0], argv);
	err = errno;
	_exit(write(told, &err, sizeof err) > 0 ? ABSENT : KILLED);
}

/* Over ssh there is nowhere else, and a text browser wants nothing else. */
static bool
has_windows(void)
{
	return first_set(getenv("DISPLAY"), getenv("WAYLAND_DISPLAY"), NULL) !=
	    NULL;
}

static int
on_terminal(struct tui *t, char *const *argv)
{
	int status;

	term_leave();
	status = run(argv, -1);
	back(t);
	return status;
}

/* Forked twice: nobody's child to wait for, and off the terminal. */
static bool
beside(struct tui *t, const char *prog, char *const *argv, const char *what)
{
	int told[2], status, err = 0;
	pid_t pid;

	if (pipe2(told, O_CLOEXEC) == -1)
		return false;
	pid = fork();
	if (pid == 0)
		detached(argv, told[1]);
	close(told[1]);
	if (pid == -1 || waitpid(pid, &status, 0) == -1) {
		close(told[0]);
		return false;
	}
	if (read(told[0], &err, sizeof err) == (ssize_t)sizeof err)
		app_error(t, "%s: %s: set BROWSER; %s", prog, strerror(err),
		    what);
	else
		app_note(t, "%s %s", prog, what);
	close(told[0]);
	return true;
}

bool
run_open(struct tui *t, const char *what)
{
	const char *browser = first_set(getenv("BROWSER"), NULL, "xdg-open");
	char prog[1000], script[1010], arg[4096];
	char *alone[] = { prog, arg, NULL };
	char *words[] = { "sh", "-c", script, "sh", arg, NULL };
	char *const *argv = strchr(browser, ' ') != NULL ? words : alone;
	int status;

	if (snprintf(prog, sizeof prog, "%s", browser) >= (int)sizeof prog ||
	    snprintf(script, sizeof script, "%s \"$1\"", browser) >=
	    (int)sizeof script ||
	    snprintf(arg, sizeof arg, "%s", what) >= (int)sizeof arg)
		return false;
	if (has_windows())
		return beside(t, prog, argv, what);
	status = on_terminal(t, argv);
	if (status == ABSENT)
		app_error(t, "%s: no such program: set BROWSER; %s", prog,
		    what);
	else if (status == 0)
		app_note(t, "%s %s", prog, what);
	else
		say_end(t, prog, status);
	return true;
}

bool
run_view(struct tui *t, const char *path, const char *type)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz0123456789/+.-_";
	char arg[4400];
	char *argv[] = { "run-mailcap", "--action=view", arg, NULL };
	int status;

	if (has_windows() || first_set(getenv("BROWSER"), NULL, NULL) != NULL ||
	    type[strspn(type, safe)] != '\0' ||
	    snprintf(arg, sizeof arg, "%s:%s", type, path) >= (int)sizeof arg)
		return run_open(t, path);
	status = on_terminal(t, argv);
	if (status == ABSENT)
		return run_open(t, path);
	say_end(t, "run-mailcap", status);
	return true;
}

/* None may be a target before it was a source. */
_Noreturn static void
filter_child(const char *const *argv, const int fds[4])
{
	int high[4], i, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (i = 0; i < 4; i++) {
		high[i] = fds[i] != -1 ? fds[i] : null;
		high[i] = fcntl(high[i], F_DUPFD_CLOEXEC, 10);
		if (high[i] == -1 || (fds[i] != -1 && i != 1 && i != 2 &&
		    lseek(high[i], 0, SEEK_SET) == -1))
			_exit(126);
	}
	for (i = 0; i < (fds[3] != -1 ? 4 : 3); i++)
		if (dup2(high[i], i) == -1)
			_exit(126);
	child_signals();
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* Where its agent asks. */
static void
name_tty(void)
{
	const char *tty = ttyname(STDIN_FILENO);

	if (tty != NULL)
		(void)setenv("GPG_TTY", tty, 1);
}

pid_t
run_filter_start(const char *const *argv, const int fds[4])
{
	pid_t pid;

	name_tty();
	pid = fork();
	if (pid == 0) {
		(void)setpgid(0, 0);
		filter_child(argv, fds);
	}
	if (pid != -1)
		(void)setpgid(pid, pid);	/* whoever is first */
	return pid;
}

/* What is typed while nobody reads, between two questions for a passphrase,
 * must not stand on the screen; what of it is left is no key of ours. */
static void
echo(bool on)
{
	struct termios mode;

	if (tcgetattr(STDIN_FILENO, &mode) == -1)
		return;
	mode.c_lflag = on ? mode.c_lflag | ECHO : mode.c_lflag & ~(tcflag_t)ECHO;
	(void)tcsetattr(STDIN_FILENO, on ? TCSAFLUSH : TCSANOW, &mode);
}

int
run_filter(struct tui *t, const char *const *argv, const int fds[4],
    unsigned int limit_s)
{
	pid_t pid;
	int status;

	name_tty();
	term_leave();
	echo(false);
	printf("%s has a question.  C-c leaves it.\n", argv[0]);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)alarm(limit_s);
		filter_child(argv, fds);
	}
	status = pid == -1 ? -1 : wait_for(pid);
	echo(true);
	back(t);
	return status;
}

void
run_suspend(struct tui *t)
{
	term_leave();
	(void)signal(SIGTSTP, SIG_DFL);
	(void)raise(SIGTSTP);
	(void)signal(SIGTSTP, SIG_IGN);
	back(t);
}
