#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hooks/run.h"
#include "mailnode/node/ask_hook.h"

static struct loop *loop;

/* Answers with what came, as far as it fits. */
static void
echo(struct ask_hook_service *s, struct hook_request *r)
{
	struct hook_answer a = { .err = HOOK_OK, .status = 7, .ran = 2 };
	char text[8] = "none";

	(void)s;
	if (r->fd != -1 && read(r->fd, text, 4) != 4)
		text[0] = '\0';
	snprintf(a.said, sizeof a.said, "%s %zu %.100s %s", r->event,
	    r->nvars, r->nvars > 0 ? r->vars[0] : "-", text);
	ask_hook_reply(r, &a);
	hook_request_free(r);
}

static void
gone(void *service, struct op_peer *p, const char *why)
{
	(void)service, (void)p, (void)why;
	loop_stop(loop);
}

static uint16_t
ask(enum role role, const struct hook_event *e, struct hook_answer *a)
{
	struct ask_hook_service face = { echo };
	struct op_server srv;
	uint16_t status;
	pid_t pid;
	int fds[2], how;

	assert_int_equal(chan_pair(fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		loop = loop_new();
		op_server_init(&srv, loop, ask_hook_ops, &face);
		srv.gone = gone;
		op_server_add(&srv, fds[1], role, 1);
		loop_run(loop);
		_exit(0);
	}
	close(fds[1]);
	status = ask_hook(fds[0], e, 10000, a);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_int_equal(how, 0);
	return status;
}

static void
event_and_answer_pass(void **state)
{
	static const char *const vars[] = { "MAILNODE_FROM=a@b.c", NULL };
	struct hook_event e = { "delivered", vars, -1 };
	struct hook_answer a;

	(void)state;
	assert_int_equal(ask(ROLE_KEEPER, &e, &a), OP_OK);
	assert_int_equal(a.err, HOOK_OK);
	assert_int_equal(a.status, 7);
	assert_int_equal(a.ran, 2);
	assert_string_equal(a.said, "delivered 1 MAILNODE_FROM=a@b.c none");
	e.fd = hook_input("mail", 4);
	e.vars = NULL;
	assert_int_equal(ask(ROLE_KEEPER, &e, &a), OP_OK);
	assert_string_equal(a.said, "delivered 0 - mail");
	close(e.fd);
}

/* A variable that changes how a program is loaded is refused. */
static void
only_variables_of_ours(void **state)
{
	static const char *const bad[] = { "LD_PRELOAD=/tmp/x", "PATH=/tmp",
	    "MAILNODE_x=1", "MAILNODE_X", "", "=" };
	const char *vars[] = { NULL, NULL };
	struct hook_event e = { "delivered", vars, -1 };
	struct hook_answer a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		vars[0] = bad[i];
		assert_int_equal(ask(ROLE_KEEPER, &e, &a), OP_BAD);
		assert_int_equal(a.status, -1);
	}
}

static void
nobody_else_may_ask(void **state)
{
	struct hook_event e = { "delivered", NULL, -1 };
	struct hook_answer a;
	enum role r;

	(void)state;
	for (r = 0; r < ROLE_MAX; r++)
		if (r != ROLE_KEEPER)
			assert_int_equal(ask(r, &e, &a), OP_DENIED);
}

static void
a_false_answer_is_none(void **state)
{
	static const uint8_t bad[] = { 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0, 0 };
	struct hook_answer a;
	struct chan_in in;
	size_t n;

	(void)state;
	for (n = 0; n <= sizeof bad; n++) {
		chan_in_init(&in, bad, n);
		assert_int_equal(hook_answer_get(&in, &a), -1);
		assert_int_equal(a.err, HOOK_SYSTEM);
		assert_int_equal(a.status, -1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_and_answer_pass),
		cmocka_unit_test(only_variables_of_ours),
		cmocka_unit_test(nobody_else_may_ask),
		cmocka_unit_test(a_false_answer_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
