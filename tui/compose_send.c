/* A letter goes to the queue, or into Drafts. */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/flag.h"
#include "store/op_mail.h"
#include "tui/compose.h"
#include "tui/compose_view.h"
#include "tui/doc.h"
#include "tui/outgoing.h"
#include "tui/pgp.h"
#include "tui/send.h"
#include "tui/undo.h"

/* What it takes to recall a letter that was handed in. */
struct handed_in {
	char		 id[QUEUE_ID_MAX];
	char		 path[JOURNAL_PATH_MAX];
};

static struct compose_view *
self(struct view *v)
{
	return (struct compose_view *)v;
}

void
compose_close(struct compose_view *c)
{
	app_remove(c->v.t, &c->v);
}

/* ---- sending ---- */

static bool
recall_sent(struct tui *t, const void *arg)
{
	const struct handed_in *h = arg;
	char path[JOURNAL_PATH_MAX];

	if (!send_recall(t, h->id))
		return false;
	if (journal_unsent(h->path, path))
		compose_file(t, path);
	app_note(t, "recalled: it was not sent");
	return true;
}

static void
flag_original(struct tui *t, uint64_t id, uint32_t flag)
{
	struct mail_set set = { .mbox = 0, .id = &id, .n = 1 };
	struct buf b;

	if (id == 0)
		return;
	buf_init(&b, CHAN_DATA_MAX);
	mail_flags_put(&b, &set, flag, 0);
	talk_send(t->keeper, MAIL_FLAGS, &b, -1, NULL, NULL);
	buf_clear(&b);
}

static void
forget_draft(struct tui *t, uint64_t id)
{
	struct mail_set set = { .mbox = 0, .id = &id, .n = 1 };
	struct buf b;

	if (id == 0)
		return;
	buf_init(&b, CHAN_DATA_MAX);
	mail_expunge_put(&b, &set);
	talk_send(t->keeper, MAIL_EXPUNGE, &b, -1, NULL, NULL);
	buf_clear(&b);
}

static void
sent(void *arg, uint16_t status, const char *id)
{
	struct compose_view *c = arg;
	struct tui *t = c->v.t;
	char when[SEND_WHEN_MAX];
	struct handed_in *h;
	struct change *undo;
	bool leaves;

	c->busy = false;
	if (status != OP_OK) {
		app_status_error(t, "not sent", status);
		return;
	}
	flag_original(t, c->from.answers, STORE_ANSWERED);
	flag_original(t, c->from.forwards, STORE_PASSED);
	forget_draft(t, c->from.draft);
	h = calloc(1, sizeof *h);
	if (h != NULL && journal_sent(c->path, h->path)) {
		memcpy(h->id, id, strlen(id) + 1);
		undo = change_new("letter");
		change_special(undo, recall_sent, h);
		undo_done(t->undo, undo);
	} else {
		free(h);
		journal_remove(c->path);
	}
	leaves = send_when(t, when, sizeof when);
	app_note(t, "%s: %s", leaves ? "sent" : "queued", when);
	compose_close(c);
}

static void
put_envelope(struct queue_envelope *e, const struct compose_view *c,
    const struct outgoing *o, struct queue_to *to, const struct addrs *rcpts)
{
	memset(e, 0, sizeof *e);
	e->from = o->from;
	e->msgid = o->msgid;
	e->subject = c->l.field[LETTER_SUBJECT];
	e->envid = "";
	e->flags = QUEUE_COPY;
	send_rcpts(e, to, rcpts);
}

static void
make_error(struct compose_view *c, enum outgoing_err rc,
    const struct outgoing *o)
{
	static const char *const texts[] = {
		[OUTGOING_OK] = "", [OUTGOING_MEMORY] = "out of memory",
		[OUTGOING_ATTACH] = "attachment", [OUTGOING_SIZE] =
		"too large", [OUTGOING_HEADER] = "no header field", [OUTGOING_ADDRESS] = "no sender" };

	app_error(c->v.t, "%s: %s", texts[rc], o->why);
}

/* Takes c->out's file. */
static void
queue(struct compose_view *c)
{
	struct queue_to to[QUEUE_RCPTS_MAX];
	struct addrs rcpts = { NULL, 0 };
	struct queue_envelope e;

	(void)outgoing_rcpts(&c->l, &rcpts, NULL);
	if (rcpts.n > QUEUE_RCPTS_MAX) {
		app_error(c->v.t, "more than %d recipients", QUEUE_RCPTS_MAX);
		close(c->out.fd);
	} else {
		put_envelope(&e, c, &c->out, to, &rcpts);
		c->busy = true;
		send_letter(c->v.t, &e, c->out.fd, sent, c);
	}
	c->out.fd = -1;
	addrs_clear(&rcpts);
}

/* If it cannot be, it is not sent in clear instead. */
static void
wrapped(void *arg, int fd, const char *text)
{
	struct compose_view *c = arg;

	c->wrap = NULL;
	c->busy = false;
	c->out.fd = fd;
	if (fd == -1)
		app_error(c->v.t, "not sent: %s", text);
	else
		queue(c);
}

static void
hand_in(struct compose_view *c)
{
	enum outgoing_err rc = outgoing_make(&c->out, &c->l, false);

	if (rc != OUTGOING_OK) {
		make_error(c, rc, &c->out);
	} else if (pgp_wanted(&c->l) == 0) {
		queue(c);
	} else {
		c->busy = true;
		c->wrap = pgp_wrap(c->v.t, c->out.fd, c->out.msgid, &c->l,
		    wrapped, c);
		if (c->wrap == NULL)
			wrapped(c, -1, "out of memory");
	}
}

/* ---- asking before it goes ---- */

/* The text speaks of an attachment, outside of quotes, and has none. */
static bool
attachment_forgotten(const struct letter *l)
{
	static const char *const words[] = { "attached", "attachment",
	    "enclosed", "angeh\xc3\xa4ngt", "Anhang", "im Anhang" };
	const char *s = l->body, *lf;
	size_t i, n;

	if (l->nattach > 0)
		return false;
	for (; *s != '\0'; s = lf + (*lf == '\n')) {
		lf = s + strcspn(s, "\n");
		n = (size_t)(lf - s);
		if (n == 3 && memcmp(s, "-- ", 3) == 0)
			return false;
		for (i = 0; *s != '>' && i < sizeof words / sizeof words[0];
		    i++)
			if (doc_match(s, n, words[i]) != SIZE_MAX)
				return true;
	}
	return false;
}

static void
send_anyway(void *arg, const char *text)
{
	struct compose_view *c = arg;

	c->sure = text != NULL && *text == 'y';
	if (c->sure)
		hand_in(c);
}

void
compose_send(struct view *v, const char *arg)
{
	struct compose_view *c = self(v);
	struct prompt_ask ask = { .keys = "yn", .done = send_anyway,
	    .arg = c };
	struct addrs rcpts = { NULL, 0 };
	const char *bad = NULL;
	size_t wrong = outgoing_rcpts(&c->l, &rcpts, &bad), n = rcpts.n;

	(void)arg;
	addrs_clear(&rcpts);
	if (c->busy)
		return;
	if (wrong > 0) {
		app_error(v->t, "no address: %s", bad != NULL ? bad : "");
		return;
	}
	if (n == 0) {
		app_error(v->t, "no recipient");
		return;
	}
	if (attachment_forgotten(&c->l))
		ask.label = "It speaks of an attachment and has none. "
		    "Send? (y/n) ";
	else if (c->l.field[LETTER_SUBJECT][0] == '\0')
		ask.label = "It has no subject. Send? (y/n) ";
	if (ask.label != NULL && !c->sure)
		app_prompt(v->t, &ask);
	else
		hand_in(c);
}

/* ---- postponing ---- */

static void
postponed(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct compose_view *c = arg;
	struct mail_done done;

	(void)fd;
	c->busy = false;
	if (status != OP_OK) {
		app_status_error(c->v.t, "not postponed", status);
		return;
	}
	if (c->from.draft != 0 && mail_done_get(in, &done) && done.id != 0)
		compose_replaced(c->v.t, c->from.draft, done.id);
	journal_remove(c->path);
	app_note(c->v.t, (pgp_wanted(&c->l) & PGP_ENCRYPT) != 0 ?
	    "kept in Drafts, not encrypted there" : "kept in Drafts");
	compose_close(c);
}

void
compose_postpone(struct view *v, const char *arg)
{
	struct compose_view *c = self(v);
	struct mail_new m = { .folder = "Drafts", .tags = "", .trace = "",
	    .flags = STORE_DRAFT | STORE_SEEN, .replaces = c->from.draft };
	enum outgoing_err rc;
	struct outgoing o;
	struct buf b;

	(void)arg;
	if (c->busy)
		return;
	rc = outgoing_make(&o, &c->l, true);
	if (rc != OUTGOING_OK) {
		make_error(c, rc, &o);
		return;
	}
	buf_init(&b, CHAN_DATA_MAX);
	mail_append_put(&b, &m);
	c->busy = true;
	talk_send(v->t->keeper, MAIL_APPEND, &b, o.fd, postponed, c);
	buf_clear(&b);
	close(o.fd);
}
