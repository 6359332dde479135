/* What a device's session may ask of keeper: before its login, within its
 * scope, in its folder, after it was revoked. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "store/box.h"
#include "tests/unit/node.h"

static const char letter[] = "From: a@b.test\r\nSubject: hello\r\n"
    "Message-ID: <one@b.test>\r\n\r\nText.\r\n";

struct want {
	uint16_t	type;
	uint64_t	mbox, replaces;
	const char	*text;
};

/* The status of one request, an append as often as any. */
static int
ask(int ch, void *arg)
{
	static const uint64_t ids[] = { 1 };
	struct want *w = arg;
	const struct mail_set set = { w->mbox, ids, 1 };
	struct mail_new m = { .folder = w->text, .tags = "", .trace = "",
	    .replaces = w->replaces };
	const struct queue_to to = { "a@far.test", "", 0 };
	const struct queue_envelope e = { .from = "me@node.test",
	    .msgid = "x@node.test", .subject = "s", .envid = "", .to = &to,
	    .nto = 1 };
	struct mail_done d;
	struct op_reply r;
	struct box_list l = { .box = NULL };
	char id[QUEUE_ID_MAX];
	uint16_t s = 90;
	int fd;

	op_reply_init(&r);
	switch (w->type) {
	case MAIL_FLAGS:
		s = mail_flags(ch, &r, &set, STORE_SEEN, 0, &d);
		break;
	case MAIL_EXPUNGE:
		s = mail_expunge(ch, &r, &set, &d);
		break;
	case MAIL_MOVE:
		s = mail_move(ch, &r, &set, w->text, &d);
		break;
	case MAIL_APPEND:
		fd = memfd_create("m", MFD_CLOEXEC);
		if (write(fd, letter, strlen(letter)) == -1)
			return 96;
		s = mail_append(ch, &r, &m, fd, &d);
		break;
	case BOX_CREATE:
		s = box_create(ch, &r, w->text, &(uint64_t){ 0 });
		break;
	case BOX_LIST:
		s = box_list(ch, &r, &l);
		if (s == OP_OK)
			s = l.n > 1 ? 80 : l.n == 1 && strcmp(l.box[0].name,
			    w->text) == 0 ? 81 : 82;
		break;
	case WATCH_SUBSCRIBE:
		s = watch_subscribe(ch, &r, WATCH_MAIL);
		break;
	case QUEUE_BEGIN:
		s = queue_submit(ch, &e, letter, strlen(letter), id);
		break;
	case SPOOL_BEGIN:
		s = spool_begin(ch, &r, &(uint64_t){ 0 });
		break;
	case EVENT_ADD:
		s = event_tell(ch, "t", "", "session", "x") == 0 ? OP_OK : 1;
		break;
	}
	op_reply_clear(&r);
	return s;
}

static bool
boxes_there(struct node *n, void *arg)
{
	struct box *b = box_by_name(&n->st, "Trash");

	(void)arg;
	return b != NULL && b->here && b->uidlease > b->uidnext &&
	    b->modlease > 0 && sync_idle(&n->st) && !n->st.rebuild;
}

static void
begin(struct node *n)
{
	memset(n, 0, sizeof *n);
	node_dirs(n);
	node_start(n);
	assert_true(node_until(n, boxes_there, NULL));
}

static void
end(struct node *n)
{
	node_stop(n);
	node_remove(n);
}

/* Each request on a channel of its own: a login is of one session. */
static void
check(struct node *n, enum role role, struct want w, int status)
{
	int got = node_ask(n, role, ask, &w);

	if (got != status)
		fail_msg("op %#x mbox %llu %s: %d, not %d", w.type,
		    (unsigned long long)w.mbox, w.text, got, status);
}

static void
nothing_before_the_login(void **state)
{
	static const uint16_t types[] = { MAIL_FLAGS, MAIL_EXPUNGE,
	    MAIL_MOVE, MAIL_APPEND, BOX_CREATE, BOX_LIST, WATCH_SUBSCRIBE };
	struct node n;
	size_t i;

	(void)state;
	begin(&n);
	for (i = 0; i < sizeof types / sizeof types[0]; i++)
		check(&n, ROLE_IMAP, (struct want){ .type = types[i],
		    .text = "INBOX" }, OP_LOGIN);
	check(&n, ROLE_SUBMISSION, (struct want){ .type = QUEUE_BEGIN },
	    OP_LOGIN);
	/* its story may be told, and masks hold besides */
	check(&n, ROLE_IMAP, (struct want){ .type = EVENT_ADD }, OP_OK);
	check(&n, ROLE_IMAP, (struct want){ .type = QUEUE_BEGIN },
	    OP_DENIED);
	check(&n, ROLE_IMAP, (struct want){ .type = SPOOL_BEGIN },
	    OP_DENIED);
	end(&n);
}

static void
within_its_scope(void **state)
{
	static const struct device reads = { .name = "r",
	    .scope = DEVICE_READ }, sends = { .name = "s",
	    .scope = DEVICE_SEND }, all = { .name = "a",
	    .scope = DEVICE_ALL }, none = { .name = "n" };
	struct node n;

	(void)state;
	begin(&n);
	n.device = &reads;
	check(&n, ROLE_IMAP, (struct want){ .type = BOX_LIST, .text = "" },
	    80);
	check(&n, ROLE_IMAP, (struct want){ .type = WATCH_SUBSCRIBE },
	    OP_OK);
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_FLAGS }, OP_SCOPE);
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_APPEND,
	    .text = "INBOX" }, OP_SCOPE);
	check(&n, ROLE_IMAP, (struct want){ .type = BOX_CREATE,
	    .text = "New" }, OP_SCOPE);
	check(&n, ROLE_SUBMISSION, (struct want){ .type = QUEUE_BEGIN },
	    OP_SCOPE);
	n.device = &sends;
	check(&n, ROLE_IMAP, (struct want){ .type = BOX_LIST, .text = "" },
	    OP_SCOPE);
	check(&n, ROLE_SUBMISSION, (struct want){ .type = QUEUE_BEGIN },
	    OP_OK);
	n.device = &all;
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_APPEND,
	    .text = "INBOX" }, OP_OK);
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_FLAGS,
	    .mbox = box_by_name(&n.st, "INBOX")->id }, OP_OK);
	check(&n, ROLE_IMAP, (struct want){ .type = BOX_CREATE,
	    .text = "New" }, OP_OK);
	/* revoked: as if it had never been */
	n.device = &none;
	check(&n, ROLE_IMAP, (struct want){ .type = BOX_LIST, .text = "" },
	    OP_LOGIN);
	end(&n);
}

static void
in_its_folder(void **state)
{
	static const struct device d = { .name = "f",
	    .scope = DEVICE_READ | DEVICE_CHANGE, .folder = "Archive" };
	uint64_t archive, inbox;
	struct node n;

	(void)state;
	begin(&n);
	n.device = &d;
	archive = box_by_name(&n.st, "Archive")->id;
	inbox = box_by_name(&n.st, "INBOX")->id;
	check(&n, ROLE_IMAP, (struct want){ .type = BOX_LIST,
	    .text = "Archive" }, 81);
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_APPEND,
	    .text = "Archive" }, OP_OK);
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_APPEND,
	    .text = "INBOX" }, OP_SCOPE);
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_APPEND,
	    .text = "Archive", .replaces = 1 }, OP_SCOPE);
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_FLAGS,
	    .mbox = archive }, OP_OK);
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_FLAGS,
	    .mbox = inbox }, OP_SCOPE);
	/* by row ids, which may be of any folder */
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_EXPUNGE },
	    OP_SCOPE);
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_MOVE,
	    .mbox = archive, .text = "INBOX" }, OP_SCOPE);
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_MOVE,
	    .mbox = inbox, .text = "Archive" }, OP_SCOPE);
	check(&n, ROLE_IMAP, (struct want){ .type = BOX_CREATE,
	    .text = "Archive/Sub" }, OP_SCOPE);
	end(&n);
}

static int
note(int ch, void *arg)
{
	struct device_note d = { "Thunder\nbird", "INBOX", 0 };
	struct device_note bad = { NULL, "No/Such", 1 };

	(void)arg;
	return device_note(ch, &d) == 0 && device_note(ch, &bad) == 0 ? 0 :
	    1;
}

static int
list(int ch, void *arg)
{
	struct device_seen s;
	struct op_reply r;
	int rc = 0;

	(void)arg;
	op_reply_init(&r);
	if (device_seen_next(ch, &r, "", &s) != OP_OK)
		rc = 1;
	else if (strcmp(s.name, "phone") != 0 || s.at == 0 ||
	    strcmp(s.service, "imap") != 0 ||
	    strcmp(s.addr, "192.0.2.1") != 0 ||
	    strcmp(s.client, "Thunder bird") != 0 ||
	    strcmp(s.folder, "INBOX") != 0 || s.unsynced != 1 ||
	    s.sessions != 0)
		rc = 2;
	else if (device_seen_next(ch, &r, "phone", &s) != STORE_NOTFOUND)
		rc = 3;
	else if (device_forget(ch, &r, "phone") != OP_OK ||
	    device_seen_next(ch, &r, "", &s) != STORE_NOTFOUND)
		rc = 4;
	op_reply_clear(&r);
	return rc;
}

/* As a session could ask that wants an answer. */
static int
note_secret(int ch, void *arg)
{
	static const struct { const char *folder; uint16_t want; } t[] = {
		{ "Archive", OP_OK }, { "INBOX", OP_SCOPE },
		{ "No", OP_SCOPE }, { "", OP_OK } };
	struct op_reply r;
	struct buf b;
	int bad = 0;
	size_t i;

	(void)arg;
	op_reply_init(&r);
	for (i = 0; i < sizeof t / sizeof t[0] && bad == 0; i++) {
		buf_init(&b, 1024);
		chan_put_str(&b, "client");
		chan_put_str(&b, t[i].folder);
		chan_put_u64(&b, 1);
		if (op_call(ch, DEVICE_NOTE, &b, -1, &r, 10000) != t[i].want)
			bad = (int)i + 1;
		buf_clear(&b);
	}
	op_reply_clear(&r);
	return bad;
}

/* Whether there is a folder of a name is told to nobody who may not see. */
static void
no_folder_but_its_own_is_noted(void **state)
{
	static const struct device d = { .name = "tablet",
	    .scope = DEVICE_READ, .folder = "Archive" };
	struct node n;

	(void)state;
	begin(&n);
	n.device = &d;
	assert_int_equal(node_ask(&n, ROLE_IMAP, note_secret, NULL), 0);
	end(&n);
}

static void
what_was_last_heard_of_it(void **state)
{
	static const struct device d = { .name = "phone",
	    .scope = DEVICE_ALL };
	struct node n;

	(void)state;
	begin(&n);
	n.device = &d;
	assert_int_equal(node_ask(&n, ROLE_IMAP, note, NULL), 0);
	check(&n, ROLE_IMAP, (struct want){ .type = MAIL_APPEND,
	    .text = "INBOX" }, OP_OK);
	n.device = NULL;
	assert_int_equal(node_ask(&n, ROLE_OWNER, list, NULL), 0);
	end(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_before_the_login),
		cmocka_unit_test(within_its_scope),
		cmocka_unit_test(in_its_folder),
		cmocka_unit_test(no_folder_but_its_own_is_noted),
		cmocka_unit_test(what_was_last_heard_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
