/* Rejects: what bounds it, and by what a message is known again. */
#include "store/db.h"
#include "store/op_reject.h"
#include "tests/unit/node.h"

static void
add(struct node *n, const char *ip, unsigned int i, uint64_t size,
    int64_t at)
{
	char key[32], trace[32];
	struct reject r = { .as = REJECT_REFUSED, .at = at, .size = size,
	    .trace = trace, .sender = "a@x.test", .ip = ip, .key = key,
	    .from = "A", .subject = "S", .why = "w" };
	struct reject_body b = { .head = "H: h\r\n", .nhead = 6,
	    .body = "\r\nbody\r\n", .nbody = 8 };

	(void)snprintf(key, sizeof key, "<%s.%u>", ip, i);
	(void)snprintf(trace, sizeof trace, "t%u.1", i);
	reject_add(&n->st, &r, &b);
}

static int64_t
rows(struct node *n, const char *where)
{
	char sql[200];

	(void)snprintf(sql, sizeof sql, "SELECT count(*) FROM reject WHERE "
	    "%s", where);
	return db_int(n->st.db[STORE_EVENTS], sql, -1);
}

static int64_t
octets(struct node *n)
{
	return db_int(n->st.db[STORE_EVENTS], "SELECT sum(size) FROM reject"
	    " WHERE file <> ''", -1);
}

static void
settle(struct node *n)
{
	int i;

	for (i = 0; i < 50; i++)
		assert_int_equal(loop_turn(n->loop, 0), 0);
}

static void
start(struct node *n)
{
	memset(n, 0, sizeof *n);
	node_dirs(n);
	node_start(n);
	op_server_more(&n->keeper, reject_ops);
}

static void
end(struct node *n)
{
	node_stop(n);
	node_remove(n);
}

static void
one_network(void **state)
{
	int64_t now = clock_wall_s();
	struct node n;
	unsigned int i;

	(void)state;
	start(&n);
	/* as many copies a minute as one may have, and one more */
	for (i = 0; i <= REJECT_NET_MINUTE; i++)
		add(&n, i % 2 ? "192.0.2.1" : "192.0.2.2", i, 14, now);
	settle(&n);
	assert_int_equal(rows(&n, "1"), REJECT_NET_MINUTE + 1);
	assert_int_equal(rows(&n, "file <> ''"), REJECT_NET_MINUTE);
	assert_int_equal(node_files(&n, "Rejects/new"), REJECT_NET_MINUTE);
	/* later again; and it pushes out its own alone */
	add(&n, "198.51.100.1", 0, 14, now - 1000);
	for (i = 100; i < 100 + REJECT_NET_ROWS; i++)
		add(&n, "192.0.2.1", i, 14, now + i * 60);
	settle(&n);
	assert_int_equal(rows(&n, "network = '192.0.2.0/24'"),
	    REJECT_NET_ROWS);
	assert_int_equal(rows(&n, "network = '198.51.100.0/24'"), 1);
	assert_int_equal(node_files(&n, "Rejects/new"), REJECT_NET_ROWS + 1);
	end(&n);
}

static void
all_networks(void **state)
{
	int64_t now = clock_wall_s();
	struct node n;
	char ip[32];
	unsigned int i;

	(void)state;
	start(&n);
	for (i = 0; i < REJECT_MINUTE + 5; i++) {
		(void)snprintf(ip, sizeof ip, "10.0.%u.1", i);
		add(&n, ip, i, 14, now);
	}
	assert_int_equal(rows(&n, "file <> ''"), REJECT_MINUTE);
	/* one that is too large, and octets of all */
	add(&n, "10.1.1.1", 0, REJECT_COPY_MAX + 1, now + 120);
	assert_int_equal(rows(&n, "file = '' AND size > 1000"), 1);
	for (i = 0; i < 10; i++) {
		add(&n, i % 2 ? "10.2.1.1" : "10.2.2.1", i, REJECT_COPY_MAX,
		    now + 240 + i * 60);
		assert_true(octets(&n) <= REJECT_OCTETS);
	}
	/* the small ones are all there, and so are all rows */
	assert_int_equal(rows(&n, "file <> '' AND size < 1000"),
	    REJECT_MINUTE);
	assert_int_equal(rows(&n, "file <> '' AND size > 1000"),
	    REJECT_OCTETS / REJECT_COPY_MAX - 1);
	assert_int_equal(rows(&n, "1"), REJECT_MINUTE + 5 + 1 + 10);
	/* the newest of those, and a small one makes room for itself */
	assert_int_equal(rows(&n, "file <> '' AND network = '10.2.1.0/24'"),
	    4);
	add(&n, "10.3.1.1", 0, REJECT_COPY_MAX / 2, now + 2000);
	add(&n, "10.3.1.1", 1, REJECT_COPY_MAX / 2, now + 2000);
	assert_int_equal(rows(&n, "file <> '' AND size = 4194304"), 2);
	assert_int_equal(rows(&n, "file <> '' AND size > 4194304"), 6);
	assert_true(octets(&n) <= REJECT_OCTETS);
	/* the age */
	reject_trim(&n.st, now + (REJECT_DAYS + 1) * 86400);
	assert_int_equal(rows(&n, "1"), 0);
	settle(&n);
	assert_int_equal(node_files(&n, "Rejects/new"), 0);
	end(&n);
}

/* Strangers from everywhere. */
static void
all_rows(void **state)
{
	int64_t now = clock_wall_s();
	struct node n;
	char ip[32];
	unsigned int i;

	(void)state;
	start(&n);
	for (i = 0; i < REJECT_ROWS + 3 * REJECT_ROWS_MORE; i++) {
		(void)snprintf(ip, sizeof ip, "10.%u.%u.1", i / 256, i % 256);
		add(&n, ip, i, 14, now + i / 60);
	}
	assert_true(rows(&n, "1") <= REJECT_ROWS + REJECT_ROWS_MORE);
	assert_true(rows(&n, "1") >= REJECT_ROWS);
	assert_int_equal(rows(&n, "ip = '10.0.0.1'"), 0);
	end(&n);
}

static void
known_again(void **state)
{
	int64_t now = clock_wall_s();
	struct reject r;
	struct node n;
	int fd;

	(void)state;
	start(&n);
	add(&n, "192.0.2.1", 1, 14, now);
	add(&n, "192.0.2.1", 1, 14, now + 5);
	add(&n, "192.0.2.1", 2, 14, now);
	settle(&n);
	assert_int_equal(rows(&n, "1"), 2);
	assert_int_equal(reject_next(&n.st, 0, &r), STORE_OK);
	assert_int_equal(r.tries, 1);
	assert_int_equal(reject_next(&n.st, r.id, &r), STORE_OK);
	assert_int_equal(r.tries, 2);
	assert_int_equal(r.at, now + 5);
	fd = reject_open(&n.st, r.id);
	assert_true(fd != -1);
	close(fd);
	assert_int_equal(reject_next(&n.st, r.id, &r), STORE_NOTFOUND);
	reject_accepted(&n.st, "b@x.test", "<192.0.2.1.1>");
	reject_accepted(&n.st, "a@x.test", "");
	assert_int_equal(rows(&n, "1"), 2);
	reject_accepted(&n.st, "a@x.test", "<192.0.2.1.1>");
	settle(&n);
	assert_int_equal(rows(&n, "1"), 1);
	assert_int_equal(node_files(&n, "Rejects/new"), 1);
	assert_int_equal(reject_open(&n.st, 999), -1);
	end(&n);
}

/* ---- over the channel ---- */

static int
hand_in(int ch, void *arg)
{
	struct reject r = { .as = REJECT_DEFERRED, .trace = "t9.1",
	    .sender = "a@x.test", .ip = "192.0.2.1", .key = "<k>",
	    .from = "A\r\nB", .subject = "\033[2J", .why = "w" };

	(void)arg;
	reject_tell(ch, 0, &r, "H: h\r\n", 6, "\r\nx", 3);
	return 0;
}

static int
lie(int ch, void *arg)
{
	struct reject r = { .as = REJECT_DEFERRED, .trace = "t8.1",
	    .sender = "a@x.test", .ip = "192.0.2.1", .key = "<l>",
	    .from = "", .subject = "", .why = "" };
	uint64_t n = *(const uint64_t *)arg;

	/* an upload that is not there */
	reject_tell(ch, 77, &r, "H: h\r\n", 6, NULL, n);
	return 0;
}

static int
look(int ch, void *arg)
{
	struct reject_list l;
	struct op_reply r;
	uint16_t s;

	(void)arg;
	op_reply_init(&r);
	s = reject_ask_list(ch, &r, 0, &l);
	if (s != OP_OK)
		return s;
	if (l.n != 2 || strcmp(l.row[1].from, "A  B") != 0 ||
	    strcmp(l.row[1].subject, " [2J") != 0 || l.row[0].copy)
		return 51;
	s = reject_ask_let_in(ch, &r, l.row[1].id, "");
	if (s != OP_OK)
		return s;
	if (reject_ask_let_in(ch, &r, 99, "") != STORE_NOTFOUND ||
	    reject_ask_let_in(ch, &r, 0, "x.test") != STORE_NAME ||
	    reject_ask_let_in(ch, &r, 0, "A@x.test") != OP_OK)
		return 52;
	reject_list_clear(&l);
	op_reply_clear(&r);
	return 0;
}

static void
channel(void **state)
{
	uint64_t n_octets = 5;
	struct node n;

	(void)state;
	start(&n);
	assert_int_equal(node_ask(&n, ROLE_SMTP, hand_in, NULL), 0);
	assert_int_equal(node_ask(&n, ROLE_SMTP, lie, &n_octets), 0);
	assert_int_equal(node_ask(&n, ROLE_OWNER, look, NULL), 0);
	assert_int_equal(node_ask(&n, ROLE_SMTP, look, NULL), OP_DENIED);
	assert_int_equal(db_int(n.st.db[STORE_EVENTS],
	    "SELECT count(*) FROM letin", -1), 3);
	end(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_network),
		cmocka_unit_test(all_networks),
		cmocka_unit_test(all_rows),
		cmocka_unit_test(known_again),
		cmocka_unit_test(channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
