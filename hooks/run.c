#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hooks/jail.h"
#include "hooks/run.h"
#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"

enum {
	PATH = 4096,		/* octets of a program's path */
	READ = 64 * 1024,	/* octets taken at once */
	CANNOT_JAIL = 126,	/* exit status of a child that ran nothing */
	CANNOT_EXEC = 127
};

static const char search[] = "/usr/local/bin:/usr/bin:/bin";

struct hook {
	pid_t		 pid;		/* also its process group */
	int		 out, end;	/* descriptors; -1: over */
	int64_t		 due_ms;
	enum hook_err	 err;
	int		 status;
	struct buf	 output;
};

const char *
hook_err_text(enum hook_err e)
{
	static const char *const text[] = {
		[HOOK_OK] = "ok",
		[HOOK_NOMEM] = "out of memory",
		[HOOK_SYSTEM] = "the system refused",
		[HOOK_ABSENT] = "no such program",
		[HOOK_LATE] = "took too long",
		[HOOK_LOUD] = "said too much",
		[HOOK_CRASHED] = "crashed, or met a limit",
		[HOOK_KILLED] = "killed by a signal"
	};

	return text[e];
}

bool
hook_again(enum hook_err e)
{
	return e == HOOK_NOMEM || e == HOOK_SYSTEM || e == HOOK_KILLED;
}

static bool
executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(path, X_OK) == 0;
}

static int
find_program(const char *name, char path[PATH])
{
	const char *p = search, *colon;
	int n;

	if (strchr(name, '/') != NULL) {
		n = snprintf(path, PATH, "%s", name);
		return n < PATH && name[0] == '/' && executable(path) ?
		    0 : -1;
	}
	for (; p != NULL; p = colon != NULL ? colon + 1 : NULL) {
		colon = strchr(p, ':');
		n = snprintf(path, PATH, "%.*s/%s", (int)strcspn(p, ":"), p,
		    name);
		if (n > 0 && n < PATH && executable(path))
			return 0;
	}
	return -1;
}

bool
hook_there(const char *name)
{
	char path[PATH];

	return find_program(name, path) == 0;
}

/* ---- in the child ---- */

static int
limit(int what, rlim_t n)
{
	/* The kernel tells of processor time only below the hard limit. */
	struct rlimit r = { n, what == RLIMIT_CPU ? n + 1 : n };

	return setrlimit((__rlimit_resource_t)what, &r);
}

static int
set_limits(const struct hook_spec *s)
{
	if (limit(RLIMIT_CORE, 0) == -1 ||
	    limit(RLIMIT_CPU, s->seconds + 1) == -1 ||
	    limit(RLIMIT_NOFILE, HOOK_FILES_MAX) == -1 ||
	    limit(RLIMIT_FSIZE, HOOK_FILE_MAX) == -1)
		return -1;
	return s->mib == 0 ? 0 : limit(RLIMIT_AS, (rlim_t)s->mib << 20);
}

static int
set_files(const struct hook_spec *s, int in, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* None of the three may be a target before it was a source. */
	out = fcntl(out, F_DUPFD_CLOEXEC, 3);
	in = fcntl(in != -1 ? in : null, F_DUPFD_CLOEXEC, 3);
	null = fcntl(null, F_DUPFD_CLOEXEC, 3);
	if (null == -1 || in == -1 || out == -1 || dup2(in, 0) == -1 ||
	    dup2(out, 1) == -1 ||
	    dup2(s->keep_stderr ? out : null, 2) == -1)
		return -1;
	return (int)syscall(SYS_close_range, 3, ~0U, 0);
}

/* Handlers go with exec; what is ignored or blocked would stay. */
static void
reset_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		(void)sigaction(i, &dfl, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void
become(const struct hook_spec *s, const char *program, int in, int out)
{
	static char path_var[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	static char lang[] = "LANG=C.UTF-8", home[] = "HOME=/nonexistent";
	static char term[] = "TERM=dumb";
	char *env[HOOK_VARS_MAX + 5] = { path_var, lang, home, term };
	char *argv[HOOK_VARS_MAX + 1];
	size_t i;

	for (i = 0; s->vars != NULL && s->vars[i] != NULL; i++)
		env[i + 4] = (char *)(uintptr_t)s->vars[i];
	for (i = 0; s->argv[i] != NULL; i++)
		argv[i] = (char *)(uintptr_t)s->argv[i];
	argv[i] = NULL;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	reset_signals();
	umask(077);
	if (setpgid(0, 0) == -1 || chdir("/") == -1 ||
	    set_files(s, in, out) == -1 || set_limits(s) == -1 ||
	    jail_enter(s, program) == -1)
		_exit(CANNOT_JAIL);
	execve(program, argv, env);
	_exit(CANNOT_EXEC);
}

/* ---- in the parent ---- */

static size_t
count(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

static enum hook_err
spawn(struct hook *h, const struct hook_spec *spec, const char *program,
    int in)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return HOOK_SYSTEM;
	h->pid = fork();
	if (h->pid == 0)
		become(spec, program, in, fds[1]);
	close(fds[1]);
	h->out = fds[0];
	if (h->pid == -1)
		return HOOK_SYSTEM;
	/* Both sides say so: whichever runs first. */
	(void)setpgid(h->pid, h->pid);
	h->end = (int)syscall(SYS_pidfd_open, h->pid, 0);
	if (h->end == -1 || fcntl(h->out, F_SETFL, O_NONBLOCK) == -1)
		return HOOK_SYSTEM;
	return HOOK_OK;
}

enum hook_err
hook_start(struct hook **out, const struct hook_spec *spec, int in)
{
	char program[PATH];
	enum hook_err rc;
	struct hook *h;

	*out = NULL;
	BUG_ON(count(spec->argv) == 0 || count(spec->argv) > HOOK_VARS_MAX ||
	    count(spec->vars) > HOOK_VARS_MAX);
	if (find_program(spec->argv[0], program) == -1)
		return HOOK_ABSENT;
	h = calloc(1, sizeof *h);
	if (h == NULL)
		return HOOK_NOMEM;
	h->pid = h->out = h->end = -1;
	buf_init(&h->output, HOOK_OUTPUT_MAX);
	h->due_ms = clock_mono_ms() + (int64_t)spec->seconds * 1000;
	rc = spawn(h, spec, program, in);
	if (rc != HOOK_OK) {
		hook_free(h);
		return rc;
	}
	*out = h;
	return HOOK_OK;
}

int
hook_out_fd(const struct hook *h)
{
	return h->out;
}

int
hook_end_fd(const struct hook *h)
{
	return h->end;
}

int64_t
hook_due_ms(const struct hook *h)
{
	return h->due_ms;
}

static void
shut(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* With all that it started: they share its group and cannot leave it. */
static void
kill_group(struct hook *h, enum hook_err why)
{
	int status;

	if (h->err == HOOK_OK)
		h->err = why;
	if (h->pid > 0) {
		(void)kill(-h->pid, SIGKILL);
		(void)kill(h->pid, SIGKILL);
		while (h->end != -1 && waitpid(h->pid, &status, 0) == -1 &&
		    errno == EINTR)
			continue;
	}
	h->pid = -1;
	shut(&h->out);
	shut(&h->end);
}

static void
take_output(struct hook *h)
{
	ssize_t n;

	for (;;) {
		if (buf_reserve(&h->output, READ) == -1) {
			kill_group(h, h->output.err == ENOMEM ? HOOK_NOMEM :
			    HOOK_LOUD);
			return;
		}
		n = read(h->out, h->output.data + h->output.len, READ);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0)
			break;
		h->output.len += (size_t)n;
	}
	shut(&h->out);
}

/* Those that come from other processes; all others it earned itself. */
static bool
from_outside(int sig)
{
	return sig == SIGKILL || sig == SIGTERM || sig == SIGINT ||
	    sig == SIGHUP || sig == SIGQUIT;
}

/* A shell says by 128 and more that what it ran was ended. */
static void
note_end(struct hook *h, int status)
{
	if (WIFSIGNALED(status)) {
		h->err = from_outside(WTERMSIG(status)) ? HOOK_KILLED :
		    HOOK_CRASHED;
		return;
	}
	h->status = WEXITSTATUS(status);
	if (h->status == CANNOT_JAIL && h->output.len == 0)
		h->err = HOOK_SYSTEM;
	else if (h->status > 128 && from_outside(h->status - 128))
		h->err = HOOK_KILLED;
}

static void
reap(struct hook *h)
{
	int status;
	pid_t pid;

	pid = waitpid(h->pid, &status, WNOHANG);
	if (pid == 0 || (pid == -1 && errno == EINTR))
		return;
	/* Its last words are in the pipe; what it left running is not to
	 * keep us waiting. */
	(void)kill(-h->pid, SIGKILL);
	h->pid = -1;
	shut(&h->end);
	if (pid == -1)
		h->err = HOOK_SYSTEM;
	else
		note_end(h, status);
}

bool
hook_step(struct hook *h)
{
	if (h->out != -1)
		take_output(h);
	if (h->end != -1)
		reap(h);
	if (h->end == -1 && h->out != -1)
		take_output(h);
	if ((h->out != -1 || h->end != -1) && clock_mono_ms() >= h->due_ms)
		kill_group(h, HOOK_LATE);
	return h->out == -1 && h->end == -1;
}

enum hook_err
hook_result(const struct hook *h, int *status)
{
	*status = h->err == HOOK_OK ? h->status : -1;
	return h->err;
}

const struct buf *
hook_output(const struct hook *h)
{
	return &h->output;
}

void
hook_free(struct hook *h)
{
	if (h == NULL)
		return;
	kill_group(h, HOOK_LATE);
	buf_clear(&h->output);
	free(h);
}

enum hook_err
hook_run(const struct hook_spec *spec, int in, struct buf *out, int *status)
{
	struct pollfd fds[2];
	struct hook *h;
	enum hook_err rc;
	int64_t left;

	*status = -1;
	rc = hook_start(&h, spec, in);
	if (rc != HOOK_OK)
		return rc;
	while (!hook_step(h)) {
		fds[0] = (struct pollfd){ hook_out_fd(h), POLLIN, 0 };
		fds[1] = (struct pollfd){ hook_end_fd(h), POLLIN, 0 };
		left = hook_due_ms(h) - clock_mono_ms();
		(void)poll(fds, 2, left > 0 ? (int)left + 1 : 0);
	}
	rc = hook_result(h, status);
	if (rc == HOOK_OK && out != NULL &&
	    buf_add(out, h->output.data, h->output.len) == -1)
		rc = out->err == ENOMEM ? HOOK_NOMEM : HOOK_LOUD;
	hook_free(h);
	return rc;
}

int
hook_input(const void *data, size_t n)
{
	const char *p = data;
	ssize_t w;
	int fd, err;

	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd == -1)
		return -1;
	while (n > 0) {
		w = write(fd, p, n);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			goto fail;
		p += w;
		n -= (size_t)w;
	}
	if (lseek(fd, 0, SEEK_SET) == 0)
		return fd;
fail:
	err = errno;
	close(fd);
	errno = err;
	return -1;
}
