/* What follows of a report: tags, its way out of Junk, a parser that ends
 * over it or answers nonsense. */
#include <sqlite3.h>

#include "store/op_report.h"
#include "store/queue.h"
#include "tests/unit/node.h"

static const char letter[] = "From: <me@node.test>\r\nSubject: s\r\n"
    "Message-ID: <one@node.test>\r\n\r\nx\r\n";
static const char notice[] = "From: <MAILER-DAEMON@far.test>\r\n"
    "Subject: Undelivered\r\nMIME-Version: 1.0\r\nContent-Type: "
    "multipart/report; boundary=b;\r\n report-type=delivery-status\r\n\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\n\r\n--b--\r\n";

/* The parser's answer to the next one, and how many it was asked. */
static enum { SAYS, NONSENSE, ENDS, NO } answer;
static unsigned int asked;
static struct report said;
static struct report_rcpt who;

static uint16_t
on_read(void *service, struct op_call *c)
{
	(void)service;
	asked++;
	switch (answer) {
	case SAYS:
		report_put(c->out, &said);
		return OP_OK;
	case NONSENSE:
		chan_put_u8(c->out, 1);
		return OP_OK;
	case ENDS:
		op_drop(c->peer, "test");
		return OP_LATER;
	default:
		return OP_BAD;
	}
}

static const struct op ops[] = {
	{ REPORT_READ, ROLE_BIT(ROLE_KEEPER), on_read }, { 0, 0, NULL }
};

static const char *
column(struct node *n, enum store_db db, const char *sql)
{
	static char text[4000];
	sqlite3_stmt *s;

	text[0] = '\0';
	assert_int_equal(sqlite3_prepare_v2(n->st.db[db], sql, -1, &s, NULL),
	    SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		snprintf(text + strlen(text), sizeof text - strlen(text),
		    "%s;", sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return text;
}

static int
submit(int ch, void *arg)
{
	static const struct queue_to to = { "a@far.test", "", 0 };
	struct queue_envelope e = { .from = "me@node.test", .msgid =
	    "one@node.test", .subject = "s", .envid = "", .to = &to,
	    .nto = 1 };
	char id[QUEUE_ID_MAX];

	(void)arg;
	return queue_submit(ch, &e, letter, sizeof letter - 1, id);
}

static int
commit(int ch, const char *folder, const char *text)
{
	static const char *const me[] = { "me@node.test" };
	struct spool_msg m = { .trace = "t.1", .sender = "", .rcpt = me,
	    .nrcpt = 1, .folder = folder, .tags = "", .verdict = "ok",
	    .peer = "192.0.2.1", .received = 1700000000 };
	struct op_reply r;
	uint16_t status;

	op_reply_init(&r);
	status = spool_commit(ch, &r, 0, &m, "", 0, text, strlen(text));
	op_reply_clear(&r);
	return status;
}

static int
file_copy(int ch, void *arg)
{
	(void)arg;
	return commit(ch, "Sent", letter);
}

static int
file_notice(int ch, void *arg)
{
	return commit(ch, arg, notice);
}

static bool
settled(struct node *n, void *arg)
{
	(void)arg;
	return sync_idle(&n->st) && strcmp(column(n, STORE_NODE,
	    "SELECT count(*) FROM rule_todo"), "0;") != 0 &&
	    strcmp(column(n, STORE_NODE, "SELECT count(*) FROM rule_todo"
	    " WHERE todo <> 0"), "0;") == 0;
}

/* A notice comes into that folder, and all is done that follows of it. */
static void
comes(struct node *n, const char *folder)
{
	char where[64];

	snprintf(where, sizeof where, "%s", folder);
	asked = 0;
	assert_int_equal(node_ask(n, ROLE_SMTP, file_notice, where), OP_OK);
	assert_true(node_until(n, settled, NULL));
}

static void
begin(struct node *n)
{
	node_begin(n);
	op_server_more(&n->parser, ops);
	who = (struct report_rcpt){ .action = REPORT_FAILED, .original = "",
	    .final = "a@far.test", .status = "5.1.1", .said = "no",
	    .mta = "" };
	said = (struct report){ .envid = "", .msgid = "one@node.test",
	    .by = "far.test", .total = 1, .rcpt = &who, .n = 1 };
}

#define BOX	"SELECT b.name FROM msg m JOIN mailbox b ON b.id = m.mbox" \
		" WHERE m.subject = 'Undelivered'"
#define TAGS	"SELECT tags FROM msg WHERE subject = 'Undelivered'"

static void
believed(void **state)
{
	static const struct { bool proof; enum report_action action;
	    const char *box, *tags; } c[] = {
		{ true, REPORT_FAILED, "INBOX;", "bounced;" },
		{ true, REPORT_DELAYED, "INBOX;", ";" },
		{ false, REPORT_FAILED, "Junk;", ";" },
	};
	char envid[64];
	struct node n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		begin(&n);
		assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL),
		    STORE_OK);
		assert_int_equal(node_ask(&n, ROLE_SENDER, file_copy, NULL),
		    OP_OK);
		snprintf(envid, sizeof envid, "%s", column(&n, STORE_NODE,
		    "SELECT envid FROM queue_letter"));
		envid[strcspn(envid, ";")] = '\0';
		said.envid = c[i].proof ? envid : "";
		who.action = c[i].action;
		answer = SAYS;
		comes(&n, "Junk");
		assert_int_equal(asked, 1);
		assert_string_equal(column(&n, STORE_CACHE, BOX), c[i].box);
		assert_string_equal(column(&n, STORE_CACHE, "SELECT tags FROM"
		    " msg WHERE subject = 's'"), c[i].tags);
		node_end(&n);
	}
}

/* Of no letter; by its words of one that the owner has. */
static void
backscatter(void **state)
{
	struct node n;

	(void)state;
	begin(&n);
	answer = SAYS;
	comes(&n, "");
	assert_string_equal(column(&n, STORE_CACHE, TAGS), "backscatter;");
	node_end(&n);
	begin(&n);
	assert_int_equal(node_ask(&n, ROLE_SENDER, file_copy, NULL), OP_OK);
	comes(&n, "");
	assert_string_equal(column(&n, STORE_CACHE, TAGS), ";");
	node_end(&n);
}

/* It is asked as often as a parser may end over it, and never again. */
static void
unreadable(void **state)
{
	static const struct { unsigned int how, asked; } c[] = {
		{ NONSENSE, 1 }, { NO, 1 }, { ENDS, 3 },
	};
	struct node n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		begin(&n);
		answer = c[i].how;
		comes(&n, "");
		assert_int_equal(asked, c[i].asked);
		assert_string_equal(column(&n, STORE_CACHE, BOX), "INBOX;");
		assert_string_equal(column(&n, STORE_CACHE, TAGS), ";");
		node_end(&n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(believed),
		cmocka_unit_test(backscatter),
		cmocka_unit_test(unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
