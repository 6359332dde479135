/* Each role after its sandbox call: what it must not do, tried. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <unistd.h>
#include <cmocka.h>

#include "mailnode/node/sandbox.h"

static char dir[] = "/tmp/mailnode-sandbox-XXXXXX";
static char home[64], mail[64], home_file[96], mail_file[96], other[96];

/* ---- attempts: 0 when it worked ---- */

static int
try_open_home(void)
{
	return open(home_file, O_RDONLY) == -1 ? -1 : 0;
}

static int
try_write_home(void)
{
	return open(home_file, O_WRONLY) == -1 ? -1 : 0;
}

static int
try_open_mail(void)
{
	return open(mail_file, O_RDONLY) == -1 ? -1 : 0;
}

static int
try_write_mail(void)
{
	return open(mail_file, O_WRONLY) == -1 ? -1 : 0;
}

static int
try_truncate(void)
{
	return truncate(other, 0);
}

static int
try_chmod_other(void)
{
	return syscall(SYS_fchmodat, AT_FDCWD, other, 0777) == -1 &&
	    errno == EPERM ? -1 : 0;
}

static int
try_open_other(void)
{
	return open(other, O_RDONLY) == -1 ? -1 : 0;
}

static int
try_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) == -1 ? -1 : 0;
}

static int
try_inet_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0) == -1 ? -1 : 0;
}

static int
try_exec(void)
{
	char *argv[] = { "true", NULL };

	return execv("/bin/true", argv);
}

static int
try_fork(void)
{
	return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == -1 ? -1 : 0;
}

static int
try_exec_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int
try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 ? -1 : 0;
}

static int
try_dumpable(void)
{
	return (int)syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int
try_signal_itself(void)
{
	return (int)syscall(SYS_tgkill, getpid(), getpid(), 0);
}

static int
try_signal_other(void)
{
	return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int
try_own_other(void)
{
	return fcntl(STDIN_FILENO, F_SETOWN, getppid());
}

struct attempt {
	const char	*name;
	int		(*fn)(void);
	uint32_t	 allowed;	/* roles for which it must work */
};

#define B(r)	ROLE_BIT(ROLE_##r)
#define LISTED	(B(VAULT) | B(RESOLVER) | B(KEEPER) | B(FILER) | B(READER) | \
		 B(PARSER) | B(INDEXER) | B(SENDER) | B(SMTP) | B(RELAY))
#define KILLED	(B(PARSER) | B(SMTP) | B(RELAY))

static const struct attempt attempts[] = {
	{ "read home",	try_open_home, B(KEEPER) | B(READER) },
	{ "write home",	try_write_home, B(KEEPER) },
	{ "read mail",	try_open_mail,
	    B(KEEPER) | B(FILER) | B(READER) | B(INDEXER) },
	{ "write mail",	try_write_mail, B(FILER) },
	{ "truncate",	try_truncate, 0 },
	{ "chmod",	try_chmod_other, 0 },
	{ "open /etc",	try_open_other, 0 },
	{ "unix socket", try_unix_socket, 0 },
	{ "inet socket", try_inet_socket, B(RESOLVER) | B(RELAY) },
	{ "exec",	try_exec, 0 },
	{ "fork",	try_fork, 0 },
	{ "exec memory", try_exec_memory, 0 },
	{ "ptrace",	try_ptrace, 0 },
	{ "dumpable",	try_dumpable, 0 },
	{ "signal itself", try_signal_itself, LISTED },
	{ "signal another", try_signal_other, 0 },
	{ "owner of a file", try_own_other, 0 },
};

/* 0 worked, 1 refused, 2 ended by SIGSYS. */
static int
attempt(enum role role, int (*fn)(void))
{
	struct proc pr;
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		memset(&pr, 0, sizeof pr);
		pr.role = role;
		pr.home = home;
		pr.maildir = mail;
		pr.loop = loop_new();
		sandbox_enter(&pr);
		_exit(fn() == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return 2;
	}
	return WEXITSTATUS(status);
}

static void
touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd != -1);
	close(fd);
}

static int
setup(void **state)
{
	char sub[128];

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(home, sizeof home, "%s/home", dir);
	snprintf(mail, sizeof mail, "%s/mail", dir);
	snprintf(home_file, sizeof home_file, "%s/file", home);
	snprintf(mail_file, sizeof mail_file, "%s/file", mail);
	snprintf(other, sizeof other, "%s/other", dir);
	mkdir(home, 0700);
	mkdir(mail, 0700);
	snprintf(sub, sizeof sub, "%s/.mailnode", mail);
	mkdir(sub, 0700);
	snprintf(sub, sizeof sub, "%s/.notmuch", mail);
	mkdir(sub, 0700);
	touch(home_file);
	touch(mail_file);
	touch(other);
	return 0;
}

static int
teardown(void **state)
{
	char cmd[128];

	(void)state;
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	return system(cmd);
}

static void
roles_can_do_what_is_on_the_page_and_no_more(void **state)
{
	const struct attempt *a;
	enum role r;
	size_t i;
	int got, want;

	(void)state;
	for (r = 0; r < ROLE_MAX; r++) {
		if (!(ROLE_BIT(r) & LISTED))
			continue;
		for (i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
			a = &attempts[i];
			want = a->allowed & ROLE_BIT(r) ? 0 :
			    ROLE_BIT(r) & KILLED ? 2 : 1;
			got = attempt(r, a->fn);
			if (got != want)
				fail_msg("%s: %s: %d, expected %d",
				    role_name(r), a->name, got, want);
		}
	}
}

static void
programs_of_the_runner_cannot_reach_into_others(void **state)
{
	(void)state;
	assert_int_equal(attempt(ROLE_RUNNER, try_ptrace), 1);
	assert_int_equal(attempt(ROLE_RUNNER, try_open_home), 0);
}

int
main(void)
{
#if defined(__SANITIZE_ADDRESS__)
	puts("1..0 # SKIP the filter is wider in sanitizer builds");
	return 0;
#endif
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_can_do_what_is_on_the_page_and_no_more),
		cmocka_unit_test(programs_of_the_runner_cannot_reach_into_others),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
