#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/faults.h"
#include "mailnode/node/log.h"

static void
no_role(struct proc *pr)
{
	(void)pr;
}

static const struct role_entry roles[] = {
	{ .role = ROLE_SMTP, .life = LIFE_CONN, .fn = no_role },
	{ .role = ROLE_IMAP, .life = LIFE_CONN, .fn = no_role },
	{ .role = ROLE_MAX, .fn = NULL }
};

enum { SESSIONS = 3 };

/* A parent with sessions, whose ends of the channels are ours. */
struct house {
	struct loop	*loop;
	struct nursery	 n;
	struct bans	*bans;
	struct faults	 faults;
	struct child	 c[SESSIONS];
	int		 fd[SESSIONS];
};

static struct house *house;

static uint16_t
on_fault(void *service, struct op_call *c)
{
	(void)service;
	return faults_told(&house->faults, c);
}

static const struct op ops[] = {
	{ PROC_FAULT, ROLE_BIT(ROLE_SMTP) | ROLE_BIT(ROLE_IMAP), on_fault },
	{ 0, 0, NULL }
};

static void
arrive(struct house *h, int i, const struct role_entry *e, const char *peer)
{
	int fds[2];

	assert_int_equal(chan_pair(fds), 0);
	h->fd[i] = fds[0];
	h->c[i].entry = e;
	h->c[i].chan = op_server_add(&h->n.server, fds[1], e->role, 0);
	op_peer_set(h->c[i].chan, &h->c[i]);
	snprintf(h->c[i].conn.peer, sizeof h->c[i].conn.peer, "%s", peer);
	snprintf(h->c[i].conn.local, sizeof h->c[i].conn.local, "203.0.113.1");
	h->c[i].next = h->n.children;
	h->n.children = &h->c[i];
}

static int
begin(void **state)
{
	static struct house h;

	memset(&h, 0, sizeof h);
	house = &h;
	h.loop = loop_new();
	assert_int_equal(nursery_init(&h.n, h.loop, roles), 0);
	op_server_more(&h.n.server, ops);
	h.bans = bans_new(NULL, "/nonexistent");
	faults_init(&h.faults, &h.n, h.bans);
	arrive(&h, 0, &roles[0], "192.0.2.1");
	arrive(&h, 1, &roles[0], "192.0.2.1");
	arrive(&h, 2, &roles[1], "192.0.2.1");
	*state = &h;
	return 0;
}

static int
end(void **state)
{
	struct house *h = *state;
	int i;

	op_server_clear(&h->n.server);
	for (i = 0; i < SESSIONS; i++)
		close(h->fd[i]);
	bans_free(h->bans);
	loop_free(h->loop);
	return 0;
}

static void
say(struct house *h, int i, unsigned int kind, const char *what)
{
	struct buf b;

	buf_init(&b, 4096);
	chan_put_u8(&b, (uint8_t)kind);
	chan_put_str(&b, what);
	(void)op_tell(h->fd[i], PROC_FAULT, &b, -1);
	buf_clear(&b);
	while (loop_turn(h->loop, 0) > 0)
		;
}

static void
say_times(struct house *h, int i, unsigned int kind, int n)
{
	while (n-- > 0)
		say(h, i, kind, "root@node.test");
}

/* PROC_STOP, or nothing, or the end of the channel. */
static int
heard(struct house *h, int i)
{
	struct buf store;
	struct chan_msg m = { .type = 0 };
	int n;

	buf_init(&store, CHAN_RECORD_MAX + 1);
	n = chan_recv(h->fd[i], &store, &m, true);
	buf_clear(&store);
	return n == 1 ? m.type : n;
}

static const struct ban *
banned(struct house *h, const char *addr, enum ban_door door)
{
	return bans_find(h->bans, addr, door, clock_wall_s());
}

static void
a_ban_ends_the_sessions_it_is_for(void **state)
{
	struct house *h = *state;

	say_times(h, 0, BAN_RECIPIENTS, BANS_RECIPIENTS - 1);
	assert_null(banned(h, "192.0.2.1", BAN_MAIL_DOOR));
	assert_int_equal(heard(h, 0), -1);
	say_times(h, 0, BAN_RECIPIENTS, 1);
	assert_non_null(banned(h, "192.0.2.1", BAN_MAIL_DOOR));
	assert_null(banned(h, "192.0.2.1", BAN_LOGIN_DOORS));
	assert_int_equal(heard(h, 0), PROC_STOP);
	assert_int_equal(heard(h, 1), PROC_STOP);
	assert_int_equal(heard(h, 2), -1);	/* another door */
}

/* It may say what it likes, but of itself alone, and only so often. */
static void
a_session_that_was_taken_over(void **state)
{
	struct house *h = *state;
	const struct ban *b;

	say_times(h, 0, BAN_LOGINS, 1000);	/* the vault's to say */
	say_times(h, 0, BAN_CONNECTIONS, 1000);	/* the parent's */
	say_times(h, 0, BAN_KINDS, 1000);
	say_times(h, 0, 255, 1000);
	assert_null(banned(h, "192.0.2.1", BAN_MAIL_DOOR));
	assert_null(banned(h, "192.0.2.1", BAN_LOGIN_DOORS));
	say(h, 0, BAN_ERRORS, "192.0.2.9\nban 0.0.0.0/0 2 1 9 9\x1b[2J");
	say_times(h, 0, BAN_ERRORS, 10000);
	b = banned(h, "192.0.2.1", BAN_MAIL_DOOR);
	assert_non_null(b);
	assert_int_equal(b->count[BAN_ERRORS], BANS_ERRORS);
	assert_int_equal(h->c[0].faults, FAULTS_PER_CONN);
	assert_null(strpbrk(b->evidence, "\n\x1b"));
	assert_null(banned(h, "192.0.2.9", BAN_MAIL_DOOR));
	assert_null(bans_at(h->bans, 1, clock_wall_s()));
}

static void
what_is_malformed_ends_its_channel(void **state)
{
	struct house *h = *state;
	char what[FAULTS_WHAT_MAX + 1];

	memset(what, 'x', sizeof what - 1);
	what[sizeof what - 1] = '\0';
	say(h, 0, BAN_ERRORS, what);
	assert_null(h->c[0].chan);		/* dropped, and that is all */
	assert_null(bans_at(h->bans, 0, clock_wall_s()));
	what[sizeof what - 2] = '\0';
	say(h, 1, BAN_ERRORS, what);
	assert_non_null(h->c[1].chan);
}

/* Between two connections it has no peer; a device is the owner. */
static void
nobody_to_speak_of(void **state)
{
	struct house *h = *state;

	h->c[0].waiting = true;
	h->c[2].scope = 1;
	say_times(h, 0, BAN_ERRORS, FAULTS_PER_CONN);
	say_times(h, 2, BAN_ERRORS, FAULTS_PER_CONN);
	snprintf(h->c[1].conn.peer, sizeof h->c[1].conn.peer, "203.0.113.1");
	say_times(h, 1, BAN_ERRORS, FAULTS_PER_CONN);	/* this machine */
	assert_null(bans_at(h->bans, 0, clock_wall_s()));
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_ban_ends_the_sessions_it_is_for),
		T(a_session_that_was_taken_over),
		T(what_is_malformed_ends_its_channel),
		T(nobody_to_speak_of),
	};

	log_init("test", LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
