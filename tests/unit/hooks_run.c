#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "hooks/html.h"
#include "hooks/run.h"
#include "hooks/said.h"
#include "mailnode/base/clock.h"

static struct buf out;

static int
start(void **state)
{
	(void)state;
	buf_init(&out, 16 * 1024 * 1024);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	buf_clear(&out);
	return 0;
}

/* sh -c SCRIPT in a jail; out has what it said. */
static enum hook_err
sh(const char *script, struct hook_spec *spec, int *status)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	spec->argv = argv;
	if (spec->seconds == 0)
		spec->seconds = 20;
	buf_reset(&out);
	return hook_run(spec, -1, &out, status);
}

static void
output_and_status_come_back(void **state)
{
	struct hook_spec s = { .jail = HOOK_STOCK };
	int status;

	(void)state;
	assert_int_equal(sh("echo said; echo lost >&2; exit 3", &s, &status),
	    HOOK_OK);
	assert_int_equal(status, 3);
	assert_string_equal(buf_str(&out), "said\n");
	s.keep_stderr = true;
	sh("echo kept >&2", &s, &status);
	assert_string_equal(buf_str(&out), "kept\n");
}

static void
input_is_given(void **state)
{
	static const char *const argv[] = { "cat", NULL };
	struct hook_spec s = { .argv = argv, .seconds = 20 };
	size_t n = 3 * 1024 * 1024;
	char *p = malloc(n);
	int status, in;

	(void)state;
	memset(p, 'x', n);
	in = hook_input(p, n);
	assert_true(in != -1);
	buf_reset(&out);
	assert_int_equal(hook_run(&s, in, &out, &status), HOOK_OK);
	assert_int_equal(out.len, n);
	assert_memory_equal(out.data, p, n);
	close(in);
	free(p);
}

static void
environment_is_what_we_say(void **state)
{
	static const char *const vars[] = { "MAILNODE_EVENT=a b", NULL };
	struct hook_spec s = { .vars = vars };
	int status;

	(void)state;
	setenv("SECRET", "leaks", 1);
	sh("env | grep -v ^_= | grep -v ^PWD= | sort", &s, &status);
	assert_string_equal(buf_str(&out), "HOME=/nonexistent\n"
	    "LANG=C.UTF-8\nMAILNODE_EVENT=a b\n"
	    "PATH=/usr/local/bin:/usr/bin:/bin\nTERM=dumb\n");
}

/* 9 is open in this process, as a channel or a mail file might be. */
static void
no_other_descriptor_passes(void **state)
{
	struct hook_spec s = { .jail = HOOK_USER };
	int status;

	(void)state;
	assert_int_equal(dup2(0, 9), 9);
	sh("ls /proc/self/fd | tr '\\n' ' '", &s, &status);
	assert_string_equal(buf_str(&out), "0 1 2 3 ");	/* 3: ls itself */
	close(9);
}

static void
absent_programs_are_named(void **state)
{
	static const char *const names[] = { "no-such-program", "/etc/passwd",
	    "/etc", "./sh", "bin/sh" };
	const char *argv[] = { NULL, NULL };
	struct hook_spec s = { .argv = argv, .seconds = 1 };
	int status;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		argv[0] = names[i];
		assert_int_equal(hook_run(&s, -1, NULL, &status),
		    HOOK_ABSENT);
	}
}

static bool
dies(pid_t pid)
{
	int64_t until = clock_mono_ms() + 20000;

	while (clock_mono_ms() < until) {
		if (kill(pid, 0) == -1 && errno == ESRCH)
			return true;
		(void)poll(NULL, 0, 10);
	}
	return false;
}

/* Its seconds over, it ends, and so does all that it started. */
static void
late_ones_are_killed_with_their_children(void **state)
{
	static const char *const argv[] = { "sh", "-c",
	    "setsid sleep 1000 & sleep 1000 & echo $!; sleep 1000", NULL };
	struct hook_spec s = { .argv = argv, .seconds = 1 };
	struct hook *h;
	long pid;
	int status;

	(void)state;
	assert_int_equal(hook_start(&h, &s, -1), HOOK_OK);
	while (!hook_step(h))
		(void)poll(NULL, 0, 20);
	assert_int_equal(hook_result(h, &status), HOOK_LATE);
	assert_int_equal(status, -1);
	buf_reset(&out);
	buf_add(&out, hook_output(h)->data, hook_output(h)->len);
	pid = strtol(buf_str(&out), NULL, 10);
	assert_true(pid > 1);
	assert_true(dies((pid_t)pid));
	hook_free(h);
}

/* The program ends at once; what it left holds the pipe open. */
static void
leftovers_keep_nobody_waiting(void **state)
{
	struct hook_spec s = { .seconds = 20 };
	int64_t start_ms = clock_mono_ms();
	int status;

	(void)state;
	assert_int_equal(sh("sleep 1000 & echo $!", &s, &status), HOOK_OK);
	assert_true(clock_mono_ms() - start_ms < 19000);
	assert_true(dies((pid_t)strtol(buf_str(&out), NULL, 10)));
}

static void
loud_ones_are_killed(void **state)
{
	static const char *const argv[] = { "yes", NULL };
	struct hook_spec s = { .argv = argv, .seconds = 20 };
	int status;

	(void)state;
	buf_reset(&out);
	assert_int_equal(hook_run(&s, -1, &out, &status), HOOK_LOUD);
	assert_int_equal(out.len, 0);
}

static void
memory_is_limited(void **state)
{
	struct hook_spec s = { .mib = 64 };
	int status;

	(void)state;
	assert_int_equal(sh("perl -e '$x = \"a\" x (256 << 20); print 1'", &s,
	    &status), HOOK_OK);
	assert_int_not_equal(status, 0);
	assert_int_equal(out.len, 0);
	s.mib = 1024;
	assert_int_equal(sh("perl -e '$x = \"a\" x (256 << 20); print 1'", &s,
	    &status), HOOK_OK);
	assert_string_equal(buf_str(&out), "1");
}

static void
a_crash_is_no_verdict(void **state)
{
	struct hook_spec s = { .jail = HOOK_STOCK };
	int status;

	(void)state;
	assert_int_equal(sh("kill -SEGV $$", &s, &status), HOOK_CRASHED);
	assert_int_equal(status, -1);
	assert_int_equal(sh("kill -KILL $$", &s, &status), HOOK_KILLED);
	assert_int_equal(status, -1);
	assert_int_equal(sh("exit 137", &s, &status), HOOK_KILLED);
	assert_int_equal(status, -1);
	assert_int_equal(sh("exit 139", &s, &status), HOOK_OK);
	assert_int_equal(status, 139);
	/* Its own limit ends it by a signal that is not the killer's. */
	assert_int_equal(sh("ulimit -S -t; ulimit -H -t", &s, &status),
	    HOOK_OK);
	assert_string_equal(buf_str(&out), "21\n22\n");
}

#define SOCKET(family) "perl -e 'use Socket; socket(S, " family \
	", SOCK_STREAM, 0) or exit 7'"

static void
no_sockets_unless_granted(void **state)
{
	struct hook_spec s = { .jail = HOOK_USER };
	int status;

	(void)state;
	sh(SOCKET("PF_INET"), &s, &status);
	assert_int_equal(status, 7);
	sh(SOCKET("PF_INET6"), &s, &status);
	assert_int_equal(status, 7);
	sh(SOCKET("PF_UNIX"), &s, &status);
	assert_int_equal(status, 7);
	s.net = true;
	sh(SOCKET("PF_INET"), &s, &status);
	assert_int_equal(status, 0);
}

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Mail and state are out of reach, what lies beside them is not. */
static void
hidden_folders_are_hidden(void **state)
{
	char dir[] = "/tmp/mailnode-hooks.XXXXXX";
	char hidden[64], seen[64], secret[80], note[80], script[1000];
	const char *const list[] = { hidden, NULL };
	struct hook_spec s = { .jail = HOOK_USER, .hidden = list };
	int status;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(hidden, sizeof hidden, "%s/Mail", dir);
	snprintf(seen, sizeof seen, "%s/work", dir);
	snprintf(secret, sizeof secret, "%s/secret", hidden);
	snprintf(note, sizeof note, "%s/note", seen);
	assert_int_equal(mkdir(hidden, 0700), 0);
	assert_int_equal(mkdir(seen, 0700), 0);
	write_file(secret, "secret");
	write_file(note, "note");
	snprintf(script, sizeof script, "cat %s; cat %s; cat %s/../Mail/secret;"
	    "echo new > %s/new && cat %s/new; echo x > %s/x", note, secret,
	    seen, seen, seen, hidden);
	sh(script, &s, &status);
	assert_string_equal(buf_str(&out), "notenew\n");
	assert_int_not_equal(status, 0);
	/* A stock program sees neither. */
	s = (struct hook_spec){ .jail = HOOK_STOCK };
	sh(script, &s, &status);
	assert_int_equal(out.len, 0);
	snprintf(script, sizeof script, "rm -r %s", dir);
	s = (struct hook_spec){ .jail = HOOK_USER };
	sh(script, &s, &status);
	assert_int_equal(status, 0);
	assert_int_equal(access(dir, F_OK), -1);
}

static void
html_becomes_text(void **state)
{
	static const char html[] = "<html><head><style>p{}</style></head>"
	    "<body><h1>Gr\xc3\xbc\xc3\x9f" "e</h1><p>Some <b>bold</b> text &amp;"
	    " a <a href=\"http://example.org/x\">link</a>.<script>no()</script>"
	    "<img src=\"http://127.0.0.1:1/pixel.png\"></body></html>";
	char *text;

	(void)state;
	buf_reset(&out);
	assert_int_equal(hook_html(html, sizeof html - 1, 72, &out), HOOK_OK);
	text = buf_str(&out);
	assert_non_null(strstr(text, "Gr\xc3\xbc\xc3\x9f" "e"));
	assert_non_null(strstr(text, "bold text & a"));
	assert_non_null(strstr(text, "http://example.org/x"));
	assert_null(strstr(text, "no()"));
	assert_null(strstr(text, "p{}"));
	assert_null(strchr(text, '<'));
}

/* What counts of a program's output. */
static void
words(void **state)
{
	static const struct {
		const char	*out, *tags, *folder, *reason;
		bool		 quarantine;
	} cases[] = {
		{ "", "", "", "", false },
		{ "tag +a -b\nfolder X/y\n", "+a -b", "X/y", "", false },
		{ "tag +a\r\ntag  -b \r\n", "+a -b", "", "", false },
		{ "tag\nfolder\nquarantine\n", "", "", "", true },
		{ "tags +a\nfolders X\nquarantined\n", "", "", "", false },
		{ "quarantine a\tb c\nfolder X", "", "", "a?b c", true },
		{ "folder X\nfolder Y\n", "", "Y", "", false },
	};
	char room[HOOK_SAID_TAGS + 8];
	struct hook_said s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		hook_said_parse(cases[i].out, strlen(cases[i].out), &s);
		assert_string_equal(s.tags, cases[i].tags);
		assert_string_equal(s.folder, cases[i].folder);
		assert_string_equal(s.reason, cases[i].reason);
		assert_int_equal(s.quarantine, cases[i].quarantine);
	}
	/* At its room, and one octet past it. */
	memset(room, 'x', sizeof room);
	memcpy(room, "tag ", 4);
	room[4 + HOOK_SAID_TAGS - 1] = '\n';
	hook_said_parse(room, 4 + HOOK_SAID_TAGS, &s);
	assert_int_equal(strlen(s.tags), HOOK_SAID_TAGS - 1);
	room[4 + HOOK_SAID_TAGS - 1] = 'x';
	room[4 + HOOK_SAID_TAGS] = '\n';
	hook_said_parse(room, 5 + HOOK_SAID_TAGS, &s);
	assert_string_equal(s.tags, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(output_and_status_come_back),
		cmocka_unit_test(input_is_given),
		cmocka_unit_test(environment_is_what_we_say),
		cmocka_unit_test(no_other_descriptor_passes),
		cmocka_unit_test(absent_programs_are_named),
		cmocka_unit_test(late_ones_are_killed_with_their_children),
		cmocka_unit_test(leftovers_keep_nobody_waiting),
		cmocka_unit_test(loud_ones_are_killed),
		cmocka_unit_test(memory_is_limited),
		cmocka_unit_test(a_crash_is_no_verdict),
		cmocka_unit_test(no_sockets_unless_granted),
		cmocka_unit_test(hidden_folders_are_hidden),
		cmocka_unit_test(html_becomes_text),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
