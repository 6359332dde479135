/* gpg beside the client, with one that is not: it hangs, fails or is fast. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "tui/pgp_run.h"

enum { SOON_MS = 300, PATIENCE_MS = 20000 };

static char dir[64];
static struct tui tui;

struct told {
	int	calls, rc;
	char	out[100], said[100];
};

static void
put_gpg(const char *text)
{
	char path[100];
	FILE *f;

	snprintf(path, sizeof path, "%s/gpg", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", text);
	fclose(f);
	assert_int_equal(chmod(path, 0700), 0);
}

static int
begin(void **state)
{
	char path[200];

	(void)state;
	snprintf(dir, sizeof dir, "/tmp/tui_pgp_run.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s:/usr/bin:/bin", dir);
	assert_int_equal(setenv("PATH", path, 1), 0);
	memset(&tui, 0, sizeof tui);
	tui.loop = loop_new();
	return tui.loop == NULL;
}

static int
end(void **state)
{
	char cmd[100];

	(void)state;
	loop_free(tui.loop);
	assert_int_equal(setenv("PATH", "/usr/bin:/bin", 1), 0);
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	return system(cmd);
}

static void
heard(void *arg, int rc, const struct buf *out, const struct buf *said)
{
	struct told *t = arg;

	t->calls++;
	t->rc = rc;
	snprintf(t->out, sizeof t->out, "%.99s", out->len > 0 ?
	    (const char *)out->data : "");
	snprintf(t->said, sizeof t->said, "%.99s", said->len > 0 ?
	    (const char *)said->data : "");
}

static struct pgp_run *
start(struct told *t, int64_t limit_ms)
{
	static const char *const args[] = { "--verify", NULL };
	static const int none[2] = { -1, -1 };

	memset(t, 0, sizeof *t);
	return pgp_run_start(&tui, args, none, limit_ms, heard, t);
}

static void
until_told(const struct told *t)
{
	int64_t late = clock_mono_ms() + PATIENCE_MS;

	while (t->calls == 0 && clock_mono_ms() < late)
		assert_int_equal(loop_turn(tui.loop, 20), 0);
	assert_int_equal(t->calls, 1);
	assert_false(pgp_run_leave());		/* it is forgotten */
}

/* The process that wrote its number there. */
static pid_t
read_pid(const char *name)
{
	int64_t late = clock_mono_ms() + PATIENCE_MS;
	char path[100];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	while (pid == 0 && clock_mono_ms() < late) {
		f = fopen(path, "r");
		if (f == NULL || fscanf(f, "%d", &pid) != 1)
			pid = 0;
		if (f != NULL)
			fclose(f);
	}
	assert_int_not_equal(pid, 0);
	return (pid_t)pid;
}

/* Gone, or waiting for its parent to collect it. */
static bool
lives(pid_t pid)
{
	char path[64], line[200], *state;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	state = fgets(line, sizeof line, f) != NULL ?
	    strrchr(line, ')') : NULL;
	fclose(f);
	return state != NULL && state[2] != 'Z' && state[2] != 'X';
}

static void
until_dead(pid_t pid)
{
	int64_t late = clock_mono_ms() + PATIENCE_MS;

	while (lives(pid) && clock_mono_ms() < late)
		(void)loop_turn(tui.loop, 20);
	assert_false(lives(pid));
}

static const char hangs[] = "trap '' TERM INT HUP ALRM\n"
    "sleep 1000 & echo $! >\"$0.child\"\necho $$ >\"$0.pid\"\n"
    "echo never said; wait; wait";

static void
one_that_hangs_is_ended_and_said_so(void **state)
{
	pid_t child, gpg;
	struct told t;

	(void)state;
	put_gpg(hangs);
	assert_non_null(start(&t, SOON_MS));
	child = read_pid("gpg.child");
	gpg = read_pid("gpg.pid");
	assert_true(lives(gpg));
	until_told(&t);
	assert_int_equal(t.rc, -1);
	assert_string_equal(t.said, "gpg: no answer in time: ended");
	assert_string_equal(t.out, "");
	assert_false(lives(gpg));
	until_dead(child);		/* with what it started */
}

static void
one_that_is_left_is_ended_and_said_so(void **state)
{
	int64_t oldest;
	struct told t;
	pid_t gpg;

	(void)state;
	put_gpg(hangs);
	assert_non_null(start(&t, PATIENCE_MS * 10));
	gpg = read_pid("gpg.pid");
	assert_int_equal(pgp_run_waiting(&oldest), 1);
	assert_true(pgp_run_leave());
	until_told(&t);
	assert_string_equal(t.said, "gpg: left before it was done");
	until_dead(gpg);
	assert_int_equal(pgp_run_waiting(&oldest), 0);
}

/* Its caller is gone: nobody is told. */
static void
one_that_is_stopped_tells_nobody(void **state)
{
	struct pgp_run *r;
	struct told t;
	pid_t gpg;

	(void)state;
	put_gpg(hangs);
	r = start(&t, SOON_MS);
	assert_non_null(r);
	gpg = read_pid("gpg.pid");
	pgp_run_stop(r);
	until_dead(gpg);
	assert_int_equal(loop_turn(tui.loop, SOON_MS * 2), 0);
	assert_int_equal(t.calls, 0);
}

static void
those_that_end_by_themselves(void **state)
{
	struct told t;
	char path[100];

	(void)state;
	put_gpg("echo text; echo complaint >&2; exit 2");
	assert_non_null(start(&t, PATIENCE_MS));
	until_told(&t);
	assert_int_equal(t.rc, 2);
	assert_string_equal(t.out, "text\n");
	assert_string_equal(t.said, "complaint\n");
	/* killed by somebody else */
	put_gpg("kill -9 $$");
	assert_non_null(start(&t, PATIENCE_MS));
	until_told(&t);
	assert_int_equal(t.rc, -1);
	/* nobody there */
	snprintf(path, sizeof path, "%s/gpg", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(setenv("PATH", dir, 1), 0);
	assert_non_null(start(&t, PATIENCE_MS));
	until_told(&t);
	assert_string_equal(t.said, "gpg: is not installed");
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_that_hangs_is_ended_and_said_so),
		T(one_that_is_left_is_ended_and_said_so),
		T(one_that_is_stopped_tells_nobody),
		T(those_that_end_by_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
