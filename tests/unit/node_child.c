/* The parent's children when they are dead before it has heard of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/node/child_parts.h"

static void
no_role(struct proc *pr)
{
	(void)pr;
}

static const struct role_entry roles[] = {
	{ .role = ROLE_SMTP, .life = LIFE_CONN, .fn = no_role,
	    .services = ROLE_BIT(ROLE_VAULT) },
	{ .role = ROLE_READER, .life = LIFE_DEMAND, .fn = no_role },
	{ .role = ROLE_MAX, .fn = NULL }
};

static const struct proc_conn conn = { .peer = "192.0.2.1" };

struct house {
	struct loop	*loop;
	struct nursery	 n;
};

static int
begin(void **state)
{
	static struct house h;

	memset(&h, 0, sizeof h);
	h.loop = loop_new();
	assert_int_equal(nursery_init(&h.n, h.loop, roles), 0);
	*state = &h;
	return 0;
}

static int
end(void **state)
{
	struct house *h = *state;
	int i;

	for (i = 0; i < 500 && !nursery_idle(&h->n); i++) {
		(void)loop_turn(h->loop, 10);
		nursery_reap(&h->n);
	}
	op_server_clear(&h->n.server);
	loop_free(h->loop);
	return 0;
}

/* One that waits, and whose end of the channel is closed. */
static void
waits_dead(struct house *h, struct child *c, const struct role_entry *e,
    unsigned int served)
{
	int fds[2];

	assert_int_equal(chan_pair(fds), 0);
	memset(c, 0, sizeof *c);
	c->entry = e;
	c->waiting = true;
	c->served = served;
	c->conn = conn;
	c->chan = op_server_add(&h->n.server, fds[1], e->role, 0);
	op_peer_set(c->chan, c);
	c->next = h->n.children;
	h->n.children = c;
	close(fds[0]);
}

static void
unlink_child(struct house *h, const struct child *c)
{
	struct child **p;

	for (p = &h->n.children; *p != c; p = &(*p)->next)
		assert_non_null(*p);
	*p = c->next;
}

/* Neither the one that rested nor the one forked ahead is alive. */
static void
a_connection_finds_one_that_lives(void **state)
{
	struct house *h = *state;
	static struct child rested, ahead;	/* peers outlive this */
	struct child *c;

	waits_dead(h, &rested, &roles[0], 1);
	waits_dead(h, &ahead, &roles[0], 0);
	c = nursery_spawn(&h->n, ROLE_SMTP, STDERR_FILENO, &conn, NULL);
	assert_non_null(c);
	assert_ptr_not_equal(c, &rested);
	assert_ptr_not_equal(c, &ahead);
	assert_non_null(c->chan);
	assert_false(c->waiting);
	assert_false(child_hears(&rested));
	assert_false(child_hears(&ahead));
	unlink_child(h, &rested);
	unlink_child(h, &ahead);
}

/* Who asks is not sent to the dead one first. */
static void
who_asks_gets_one_that_lives(void **state)
{
	struct house *h = *state;
	static struct child ahead, asker = { .entry = &roles[0] };
	struct child *c;
	struct chan_msg m = { .type = 0 };
	struct buf store;
	int fds[2];

	assert_int_equal(chan_pair(fds), 0);
	asker.chan = op_server_add(&h->n.server, fds[1], ROLE_SMTP, 0);
	op_peer_set(asker.chan, &asker);
	waits_dead(h, &ahead, &roles[1], 0);
	c = nursery_spawn(&h->n, ROLE_READER, -1, NULL, &asker);
	assert_non_null(c);
	assert_ptr_not_equal(c, &ahead);
	buf_init(&store, CHAN_RECORD_MAX + 1);
	assert_int_equal(chan_recv(fds[0], &store, &m, true), 1);
	assert_int_equal(m.type, PROC_LINK);
	close(m.fd);
	assert_int_equal(chan_recv(fds[0], &store, &m, true), -1);
	buf_clear(&store);
	close(fds[0]);
	unlink_child(h, &ahead);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_connection_finds_one_that_lives, begin, end),
		cmocka_unit_test_setup_teardown(who_asks_gets_one_that_lives,
		    begin, end)
	};

	return cmocka_run_group_tests_name("node_child", tests, NULL, NULL);
}
