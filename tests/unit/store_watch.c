/* What keeper tells of changes. */
#include "store/op_watch.h"
#include "store/parts.h"
#include "tests/unit/node.h"

struct turn {
	struct node		*n;
	struct loop_timer	 timer;
	uint64_t		 notes;
};

/* One turn in which so many mailboxes change. */
static void
change(void *arg)
{
	struct turn *t = arg;
	uint64_t i;

	for (i = 1; i <= t->notes; i++)
		watch_note(&t->n->st, WATCH_MAIL, i, i);
	watch_flush(&t->n->st, STORE_OK);
	loop_arm(t->n->loop, &t->timer, 1);
}

/* 1: told of all; 2: that there are several. */
static int
hear(int ch, void *arg)
{
	const struct turn *t = arg;
	struct op_reply r;
	struct watch_change c;
	struct chan_in in;
	struct chan_msg m;
	struct buf b;
	bool several = false;
	uint64_t n = 0;

	op_reply_init(&r);
	buf_init(&b, CHAN_RECORD_MAX + 1);
	if (watch_subscribe(ch, &r, WATCH_MAIL) != OP_OK ||
	    chan_recv(ch, &b, &m, false) != 1 || m.type != WATCH_CHANGE)
		return 90;
	chan_in_init(&in, m.data, m.len);
	for (; watch_get(&in, &c); n++)
		several |= c.id == 0 && c.what & WATCH_MAIL;
	buf_clear(&b);
	op_reply_clear(&r);
	return several ? 2 : n == t->notes;
}

static int
heard(struct node *n, uint64_t notes)
{
	struct turn t = { .n = n, .timer = { .fn = change }, .notes = notes };
	int rc;

	t.timer.arg = &t;
	loop_arm(n->loop, &t.timer, 1);
	rc = node_ask(n, ROLE_OWNER, hear, &t);
	loop_disarm(n->loop, &t.timer);
	return rc;
}

static void
more_than_a_record_has_is_several(void **state)
{
	struct node n = { .loop = NULL };

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(heard(&n, 256), 1);
	assert_int_equal(heard(&n, 257), 2);
	assert_int_equal(heard(&n, 256), 1);
	node_stop(&n);
	node_remove(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_than_a_record_has_is_several),
	};

	if (dyn_gmime() == NULL)
		return 77;
	(void)mtext_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
