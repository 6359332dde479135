#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "mailnode/base/loop.h"
#include "mailnode/base/op.h"

enum { T_ADD = 1, T_FD, T_LATER, T_SECRET, T_FLOOD };

static struct loop *loop;
static struct op_server srv;
static char gone_why[64];
static int gone_count;

static uint16_t
on_add(void *svc, struct op_call *c)
{
	uint32_t a = chan_get_u32(&c->in), b = chan_get_u32(&c->in);

	(void)svc;
	if (!chan_end(&c->in)) {
		c->in.bad = true;
		return OP_BAD;
	}
	chan_put_u32(c->out, a + b);
	return OP_OK;
}

static uint16_t
on_fd(void *svc, struct op_call *c)
{
	(void)svc;
	if (c->fd == -1)
		return OP_BAD;
	if (write(c->fd, "x", 1) != 1)
		return OP_BAD;
	c->fd_out = open("/dev/null", O_RDONLY | O_CLOEXEC);
	c->close_fd_out = true;
	return OP_OK;
}

static int flooded[2];
static struct op_peer *later_peer;
static uint32_t later_id;

static uint16_t
on_later(void *svc, struct op_call *c)
{
	(void)svc;
	later_peer = c->peer;
	later_id = c->id;
	return OP_LATER;
}

static uint16_t
on_flood(void *svc, struct op_call *c)
{
	struct buf b;
	int i;

	(void)svc;
	buf_init(&b, 100000);
	buf_reserve(&b, 100000);
	b.len = 100000;
	memset(b.data, 'x', b.len);
	for (i = 0; i < 1000; i++)
		op_reply(c->peer, T_FLOOD, 0, 0, &b, -1);
	buf_clear(&b);
	if (write(flooded[1], "x", 1) != 1)
		return OP_BAD;
	return OP_OK;
}

static const struct op table[] = {
	{ T_ADD, ROLE_ANY, on_add },
	{ T_FD, ROLE_ANY, on_fd },
	{ T_LATER, ROLE_ANY, on_later },
	{ T_SECRET, ROLE_BIT(ROLE_OWNER), on_add },
	{ 0, 0, NULL }
};
static const struct op more[] = {
	{ T_FLOOD, ROLE_ANY, on_flood },
	{ 0, 0, NULL }
};

static void
on_gone(void *svc, struct op_peer *p, const char *why)
{
	(void)svc;
	(void)p;
	gone_count++;
	strncpy(gone_why, why != NULL ? why : "", sizeof gone_why - 1);
}

static void
turn(void *arg)
{
	(void)arg;
	if (later_id != 0) {
		op_reply(later_peer, T_LATER, later_id, 7, NULL, -1);
		later_id = 0;
	}
}

/* The client runs in a child: `fn` returns its exit status. */
static int
with_client(enum role role, int (*fn)(int ch))
{
	int fds[2], status;
	pid_t pid;

	assert_int_equal(chan_pair(fds), 0);
	loop = loop_new();
	op_server_init(&srv, loop, table, NULL);
	op_server_more(&srv, more);
	srv.gone = on_gone;
	loop_at_turn(loop, turn, NULL);
	gone_count = 0;
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		_exit(fn(fds[0]));
	}
	close(fds[0]);
	assert_non_null(op_server_add(&srv, fds[1], role, 1));
	while (gone_count == 0)
		assert_int_equal(loop_turn(loop, 5000), 0);
	assert_int_equal(loop_turn(loop, 0), 0);
	op_server_clear(&srv);
	loop_free(loop);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static int
ask(int ch, uint16_t type, uint32_t a, uint32_t b, int fd, struct op_reply *r)
{
	struct buf args;

	buf_init(&args, 100);
	chan_put_u32(&args, a);
	chan_put_u32(&args, b);
	op_call(ch, type, type == T_FD || type == T_LATER ? NULL : &args, fd,
	    r, 5000);
	buf_clear(&args);
	return r->status;
}

static int
client_plain(int ch)
{
	struct op_reply r;
	int p[2];
	char c;

	op_reply_init(&r);
	if (ask(ch, T_ADD, 2, 3, -1, &r) != OP_OK ||
	    chan_get_u32(&r.in) != 5 || !chan_end(&r.in))
		return 1;
	if (pipe(p) == -1 || ask(ch, T_FD, 0, 0, p[1], &r) != OP_OK ||
	    r.fd == -1 || read(p[0], &c, 1) != 1 || c != 'x')
		return 2;
	if (ask(ch, T_LATER, 0, 0, -1, &r) != 7)
		return 3;
	if (ask(ch, T_ADD, 4, 4, -1, &r) != OP_OK || chan_get_u32(&r.in) != 8)
		return 4;
	op_reply_clear(&r);
	return 0;
}

static int
client_denied(int ch)
{
	struct op_reply r;

	op_reply_init(&r);
	if (ask(ch, T_SECRET, 1, 1, -1, &r) != OP_DENIED)
		return 1;
	return ask(ch, T_ADD, 1, 1, -1, &r) == OP_GONE ? 0 : 2;
}

static int
client_unknown(int ch)
{
	struct op_reply r;

	op_reply_init(&r);
	return ask(ch, 999, 1, 1, -1, &r) == OP_UNKNOWN ? 0 : 1;
}

static int
client_malformed(int ch)
{
	struct op_reply r;
	struct buf b;

	op_reply_init(&r);
	buf_init(&b, 10);
	chan_put_u8(&b, 1);
	return op_call(ch, T_ADD, &b, -1, &r, 5000) == OP_BAD ? 0 : 1;
}

static int
client_bad_record(int ch)
{
	char c;

	if (send(ch, "\x01\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff", 12,
	    0) != 12)
		return 1;
	return recv(ch, &c, 1, 0) == 0 ? 0 : 2;
}

static int
client_never_reads(int ch)
{
	struct chan_msg m = { .type = T_FLOOD, .id = 1, .fd = -1 };
	char c[4];

	if (chan_send(ch, &m, NULL, false) == -1)
		return 1;
	/* Not a byte before the flood is over. */
	if (read(flooded[0], c, 1) != 1)
		return 2;
	/* Dropped: what was sent can be read, then the end. */
	while (recv(ch, c, sizeof c, 0) > 0)
		;
	return 0;
}

static void
calls_are_answered(void **state)
{
	(void)state;
	assert_int_equal(with_client(ROLE_SMTP, client_plain), 0);
	assert_string_equal(gone_why, "");
}

static void
mask_denies_and_drops(void **state)
{
	(void)state;
	assert_int_equal(with_client(ROLE_SMTP, client_denied), 0);
	assert_string_equal(gone_why, "op denied");
}

static void
unknown_op_drops(void **state)
{
	(void)state;
	assert_int_equal(with_client(ROLE_OWNER, client_unknown), 0);
	assert_string_equal(gone_why, "op unknown");
}

static void
malformed_arguments_drop(void **state)
{
	(void)state;
	assert_int_equal(with_client(ROLE_SMTP, client_malformed), 0);
	assert_string_equal(gone_why, "malformed arguments");
	assert_int_equal(with_client(ROLE_SMTP, client_bad_record), 0);
	assert_string_equal(gone_why, "malformed record");
}

static void
peer_that_never_reads_is_dropped(void **state)
{
	(void)state;
	assert_int_equal(pipe(flooded), 0);
	assert_int_equal(with_client(ROLE_SMTP, client_never_reads), 0);
	assert_string_equal(gone_why, "does not read");
}

static void
no_answer_times_out(void **state)
{
	struct op_reply r;
	int fds[2];

	(void)state;
	assert_int_equal(chan_pair(fds), 0);
	op_reply_init(&r);
	assert_int_equal(op_call(fds[0], T_ADD, NULL, -1, &r, 1), OP_GONE);
	close(fds[1]);
	assert_int_equal(op_call(fds[0], T_ADD, NULL, -1, &r, -1), OP_GONE);
	close(fds[0]);
	op_reply_clear(&r);
}

static void
record_limit(void **state)
{
	struct chan_msg m = { .type = 1, .fd = -1 }, got;
	struct buf b, store;
	int fds[2];

	(void)state;
	assert_int_equal(chan_pair(fds), 0);
	buf_init(&b, CHAN_RECORD_MAX);
	buf_init(&store, CHAN_RECORD_MAX + 1);
	buf_reserve(&b, CHAN_DATA_MAX + 1);
	memset(b.data, 'y', CHAN_DATA_MAX + 1);
	b.len = CHAN_DATA_MAX;
	assert_int_equal(chan_send(fds[0], &m, &b, true), 0);
	assert_int_equal(chan_recv(fds[1], &store, &got, true), 1);
	assert_int_equal(got.len, CHAN_DATA_MAX);
	b.len++;
	assert_int_equal(chan_send(fds[0], &m, &b, true), -1);
	assert_int_equal(errno, EMSGSIZE);
	close(fds[0]);
	close(fds[1]);
	buf_clear(&b);
	buf_clear(&store);
}

/* A record with octets and count descriptors of the same pipe. */
static void
send_fds(int ch, size_t octets, size_t count, int fd)
{
	uint8_t h[CHAN_HEADER] = { 0 };
	struct iovec iov = { h, octets };
	union {
		char		room[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr	align;
	} u;
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = u.room,
	    .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *c;
	size_t i;

	memset(&u, 0, sizeof u);
	c = CMSG_FIRSTHDR(&mh);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	for (i = 0; i < count; i++)
		memcpy(CMSG_DATA(c) + i * sizeof fd, &fd, sizeof fd);
	assert_int_equal(sendmsg(ch, &mh, 0), octets);
}

/* Whoever hands over more must not fill the table of the service. */
static void
one_descriptor_and_no_more(void **state)
{
	static const struct { size_t octets, count; int rc; } t[] = {
		{ CHAN_HEADER, 1, 1 }, { CHAN_HEADER, 2, -1 },
		{ CHAN_HEADER, 8, -1 }, { 0, 1, 0 }, { 0, 2, 0 }
	};
	struct chan_msg got;
	struct buf store;
	int fds[2], p[2];
	size_t i;
	char c;

	(void)state;
	buf_init(&store, CHAN_RECORD_MAX + 1);
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		assert_int_equal(chan_pair(fds), 0);
		assert_int_equal(pipe(p), 0);
		send_fds(fds[0], t[i].octets, t[i].count, p[1]);
		close(p[1]);
		assert_int_equal(chan_recv(fds[1], &store, &got, true),
		    t[i].rc);
		assert_int_equal(got.fd != -1, t[i].rc == 1);
		if (got.fd != -1)
			close(got.fd);
		/* The end shows only when nobody has the other one. */
		assert_int_equal(fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
		assert_int_equal(read(p[0], &c, 1), 0);
		close(p[0]);
		close(fds[0]);
		close(fds[1]);
	}
	buf_clear(&store);
}

static int told;

static uint16_t
on_told(void *svc, struct op_call *c)
{
	(void)svc;
	(void)c;
	told++;
	return OP_OK;
}

/* More than a turn takes, of one that is gone by then, and read nothing of
 * what it was told itself. */
static void
a_dead_peer_is_heard(void **state)
{
	static const struct op ops[] = {
		{ T_ADD, ROLE_ANY, on_told },
		{ 0, 0, NULL }
	};
	struct op_peer *p;
	int fds[2], i;

	(void)state;
	loop = loop_new();
	op_server_init(&srv, loop, ops, NULL);
	assert_int_equal(chan_pair(fds), 0);
	p = op_server_add(&srv, fds[1], ROLE_SMTP, 1);
	for (i = 0; i < 50; i++)
		assert_int_equal(op_tell(fds[0], T_ADD, NULL, -1), 0);
	op_reply(p, T_ADD, 0, OP_OK, NULL, -1);
	close(fds[0]);
	op_reply(p, T_ADD, 0, OP_OK, NULL, -1);
	op_drain(p);
	assert_int_equal(told, 50);
	op_server_clear(&srv);
	loop_free(loop);
}

static int order[3], norder;

static void
note(void *arg)
{
	order[norder++] = *(int *)arg;
}

static void
timers_fire_in_order(void **state)
{
	static int ids[] = { 1, 2, 3 };
	struct loop_timer t[3];
	int i;

	(void)state;
	loop = loop_new();
	memset(t, 0, sizeof t);
	for (i = 0; i < 3; i++) {
		t[i].fn = note;
		t[i].arg = &ids[i];
	}
	loop_arm(loop, &t[0], 20);
	loop_arm(loop, &t[1], 1);
	loop_arm(loop, &t[2], 5);
	loop_arm(loop, &t[2], 10);	/* again: once only */
	while (norder < 3)
		loop_turn(loop, -1);
	assert_int_equal(order[0], 2);
	assert_int_equal(order[1], 3);
	assert_int_equal(order[2], 1);
	assert_int_equal(loop_wait_ms(loop), -1);
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_answered),
		cmocka_unit_test(mask_denies_and_drops),
		cmocka_unit_test(unknown_op_drops),
		cmocka_unit_test(malformed_arguments_drop),
		cmocka_unit_test(peer_that_never_reads_is_dropped),
		cmocka_unit_test(no_answer_times_out),
		cmocka_unit_test(record_limit),
		cmocka_unit_test(one_descriptor_and_no_more),
		cmocka_unit_test(a_dead_peer_is_heard),
		cmocka_unit_test(timers_fire_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
