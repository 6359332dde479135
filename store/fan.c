#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/srs.h"
#include "mailnode/base/clock.h"
#include "store/alias.h"
#include "store/box.h"
#include "store/change.h"
#include "store/fan.h"
#include "store/fan_copy.h"
#include "store/op_event.h"
#include "store/op_rcpt.h"
#include "store/queue.h"
#include "store/queue_envelope.h"
#include "store/spool.h"
#include "store/upload.h"

enum {
	PIECE = 64 * 1024,	/* octets read at once */
	KEY_MAX = ALIAS_DEST_MAX + 64
};

const char fan_schema[] =
    "CREATE TABLE IF NOT EXISTS fanned("
    " what TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;";

/* ---- what was done ---- */

static void
key(const struct fan *f, const char *dest, char *dst, size_t size)
{
	snprintf(dst, size, "%llu/%u/%u/%s", (unsigned long long)f->mbox,
	    (unsigned int)f->uidvalidity, (unsigned int)f->uid, dest);
}

static bool
done_before(struct store *st, const char *what)
{
	static struct store_slot slot;

	return store_int(st, STORE_NODE, &slot,
	    "SELECT 1 FROM fanned WHERE what = ?1", "s", what) != 0;
}

static enum store_err
note_done(struct store *st, const char *what)
{
	static struct store_slot put, clean;
	int64_t now = clock_wall_s();
	enum store_err rc;

	rc = store_do(st, STORE_NODE, &clean,
	    "DELETE FROM fanned WHERE at < ?1", "i", now - FAN_KEEP_S);
	return rc != STORE_OK ? rc : store_do(st, STORE_NODE, &put,
	    "INSERT INTO fanned VALUES(?1, ?2)", "si", what, now);
}

/* ---- a letter ---- */

/* A file on its way into the queue. */
struct sending {
	struct store	*st;
	uint64_t	 id, octets;
};

static void
add(struct sending *x, const void *p, size_t n)
{
	upload_data(x->st, NULL, x->id, p, n);
	x->octets += n;
}

static bool
ascii(const void *p, size_t n)
{
	const uint8_t *q = p;
	size_t i;

	for (i = 0; i < n; i++)
		if (q[i] > 127)
			return false;
	return true;
}

/* What lies in a file; x NULL: is it ascii? */
static enum store_err
add_file(struct sending *x, const struct fan_text *t, bool *plain)
{
	static uint8_t piece[PIECE];
	off_t at = t->at;
	ssize_t n;

	while ((n = pread(t->fd, piece, sizeof piece, at)) > 0) {
		if (x != NULL)
			add(x, piece, (size_t)n);
		else
			*plain = *plain && ascii(piece, (size_t)n);
		at += n;
	}
	return n == 0 ? STORE_OK : STORE_IO;
}

/* Behind the field of that name at `at`, if it stands there. */
static size_t
past_field(const char *head, size_t n, size_t at, const char *name)
{
	size_t k = strlen(name);
	const char *end;

	if (n - at < k || memcmp(head + at, name, k) != 0)
		return at;
	do {
		end = memchr(head + at, '\n', n - at);
		at = end != NULL ? (size_t)(end + 1 - head) : n;
	} while (at < n && (head[at] == ' ' || head[at] == '\t'));
	return at;
}

/* Our head without what is for the last delivery alone: RFC 5321 section 4.4
 * wants the Return-Path there; to whom else it came is nobody's business. */
static size_t
last_delivery(const char *head, size_t n)
{
	return past_field(head, n, past_field(head, n, 0, "Return-Path:"),
	    "Envelope-To:");
}

static enum store_err
set_flags(struct queue_envelope *env, const struct fan_text *t)
{
	enum store_err rc = STORE_OK;
	bool plain = ascii(t->head, t->nhead) && ascii(t->body, t->nbody);

	if (t->fd != -1)
		rc = add_file(NULL, t, &plain);
	if (!plain)
		env->flags |= QUEUE_8BIT;
	if (!ascii(env->from, strlen(env->from)) ||
	    !ascii(env->to->addr, strlen(env->to->addr)))
		env->flags |= QUEUE_UTF8;
	return rc;
}

/* Head, what stands before the message, the message, end. */
static enum store_err
write_file(struct sending *x, struct queue_head *h,
    const struct fan_text *t, const char *given)
{
	size_t skip = last_delivery(t->head, t->nhead);
	enum store_err rc = STORE_OK;
	struct buf b;

	h->id = x->id;
	buf_init(&b, QUEUE_HEAD_MAX);
	queue_head_put(&b, h);
	h->offset = (uint32_t)b.len;
	if (given != NULL)
		buf_addf(&b, "Delivered-To: %s\r\n", given);
	if (b.err == 0)
		add(x, b.data, b.len);
	else
		rc = STORE_TOOBIG;
	buf_reset(&b);
	if (rc == STORE_OK) {
		add(x, (const char *)t->head + skip, t->nhead - skip);
		add(x, t->body, t->nbody);
	}
	if (rc == STORE_OK && t->fd != -1)
		rc = add_file(x, t, NULL);
	h->size = x->octets - h->offset;
	queue_trailer_put(&b, h->size);
	add(x, b.data, b.len);
	buf_clear(&b);
	return rc;
}

struct settling {
	struct upload	*u;
	bool		 row;		/* there is one */
};

static void
committed(void *arg, enum store_err rc)
{
	struct settling *x = arg;

	if (rc == STORE_OK && x->row)
		upload_keep(x->u);
	else
		upload_abort(x->u);
	free(x);
}

/* File first, durably, then the row that promises it. */
static enum store_err
durable(struct sending *x, struct settling **out)
{
	struct settling *s = calloc(1, sizeof *s);
	enum store_err rc = s != NULL ? STORE_OK : STORE_NOMEM;

	*out = NULL;
	if (rc == STORE_OK)
		rc = upload_finish(x->st, NULL, x->id, x->octets, &s->u);
	if (rc != STORE_OK) {
		upload_abort_id(x->st, NULL, x->id);
		free(s);
		return rc;
	}
	rc = upload_sync(s->u);
	if (rc == STORE_OK)
		rc = upload_sync_dir(s->u);
	if (rc == STORE_OK)
		rc = store_begin(x->st, STORE_NODE);
	if (rc == STORE_OK)
		rc = store_after(x->st, STORE_BIT(STORE_NODE), committed, s);
	if (rc != STORE_OK) {
		upload_abort(s->u);
		free(s);
		return rc;
	}
	*out = s;
	return STORE_OK;
}

static enum store_err
add_row(struct store *st, const struct fan *f, const struct queue_head *h,
    const char *what, struct settling *s)
{
	enum store_err rc;

	rc = store_mark(st, STORE_NODE, STORE_MARK_SET);
	if (rc != STORE_OK)
		return rc;
	rc = queue_insert(st, h, QUEUE_ACTIVE, "", h->created);
	if (rc == STORE_OK)
		rc = note_done(st, what);
	if (rc == STORE_OK && f->goes)
		rc = fan_copy_letter(st, f, h->id);
	if (rc == STORE_OK)
		rc = queue_settle(st, h->id);
	/* A row that cannot be taken back keeps its file. */
	s->row = rc == STORE_OK || store_mark(st, STORE_NODE,
	    STORE_MARK_BACK) != STORE_OK;
	(void)store_mark(st, STORE_NODE, STORE_MARK_DROP);
	return rc;
}

static void
tell(struct store *st, const struct fan *f, const struct queue_head *h,
    const char *given, const char *dest)
{
	char id[QUEUE_ID_MAX], text[EVENT_TEXT_MAX];

	queue_id_text(h->id, id);
	snprintf(text, sizeof text, "id=%s for=%.300s", id, given);
	event_add(st, f->trace, dest, h->env.flags & QUEUE_HOME ? "return" :
	    "forward", text);
	snprintf(text, sizeof text, "from=<%.320s> trace=%s for=%.300s",
	    h->env.from, f->trace, given);
	event_add(st, id, dest, "queued", text);
}

static enum store_err
letter(struct store *st, const struct fan *f, const struct fan_text *t,
    const struct fan_to *to)
{
	uint32_t flags = (to->home ? QUEUE_HOME : 0) |
	    (t->own ? 0 : QUEUE_FORWARD);
	struct queue_to one = { .addr = to->dest, .orcpt = to->home ?
	    to->given : "" };
	struct queue_head h = { .created = clock_wall_s(), .role = ROLE_SMTP,
	    .env = { .from = t->sender, .msgid = f->msgid,
	    .subject = f->subject, .envid = "", .flags = flags, .to = &one,
	    .nto = 1 } };
	struct sending x = { .st = st };
	char what[KEY_MAX], envid[QUEUE_ENVID_MAX];
	struct settling *s;
	enum store_err rc;

	key(f, to->dest, what, sizeof what);
	if (done_before(st, what))
		return STORE_OK;
	queue_envid(&h.env, envid);
	rc = set_flags(&h.env, t);
	if (rc == STORE_OK)
		rc = upload_begin(st, NULL, st->queue->dir, false, &x.id);
	if (rc != STORE_OK)
		return rc;
	rc = write_file(&x, &h, t, to->home ? NULL : to->given);
	if (rc != STORE_OK) {
		upload_abort_id(st, NULL, x.id);
		return rc;
	}
	rc = durable(&x, &s);
	if (rc == STORE_OK)
		rc = add_row(st, f, &h, what, s);
	if (rc == STORE_OK)
		tell(st, f, &h, to->given, to->dest);
	return rc;
}

/* Behind Return-Path, and the Envelope-To below it. */
static enum store_err
skip_last_delivery(struct fan_text *t)
{
	char head[FAN_LINE_MAX];
	ssize_t n = pread(t->fd, head, sizeof head, 0);

	if (n == -1)
		return STORE_IO;
	t->at = (off_t)last_delivery(head, (size_t)n);
	return STORE_OK;
}

enum store_err
fan_filed(struct store *st, const struct fan *f, struct fan_text *t,
    const struct fan_to *to)
{
	enum store_err rc = skip_last_delivery(t);

	return rc == STORE_OK ? letter(st, f, t, to) : rc;
}

static enum store_err
from_spool(struct store *st, const struct fan *f, const struct spool_entry *e,
    const struct fan_to *to)
{
	struct fan_text t = { .sender = e->sender, .own = e->fans == FAN_OWN,
	    .head = e->head, .nhead = e->nhead, .body = e->body,
	    .nbody = e->nbody, .fd = -1 };
	enum store_err rc;

	if (e->file != 0) {
		t.body = "";
		t.nbody = 0;
		t.fd = spool_body(st, e->file);
		if (t.fd == -1)
			return errno == ENOENT ? STORE_NOTFOUND : STORE_IO;
	}
	rc = letter(st, f, &t, to);
	if (t.fd != -1)
		close(t.fd);
	return rc;
}

/* ---- a copy ---- */

static enum store_err
copy(struct store *st, const struct fan *f, const char *folder)
{
	struct change c = { .type = MAIL_COPY, .ruled = true };
	struct box *b = box_by_name(st, folder);
	char what[KEY_MAX];
	enum store_err rc;

	key(f, folder, what, sizeof what);
	if (b == NULL && st->rebuild)
		return STORE_BUSY;
	if (b == NULL || !b->here || b->id == f->mbox ||
	    done_before(st, what))
		return STORE_OK;	/* a mailbox that is gone: it is here */
	c.dest = b->id;
	rc = store_begin(st, STORE_NODE);
	if (rc == STORE_OK)
		rc = store_mark(st, STORE_NODE, STORE_MARK_SET);
	if (rc != STORE_OK)
		return rc;
	rc = change_one(st, &c, f->row);
	if (rc == STORE_OK)
		rc = note_done(st, what);
	if (rc != STORE_OK)
		(void)store_mark(st, STORE_NODE, STORE_MARK_BACK);
	else
		event_add(st, f->trace, "", "copied", folder);
	(void)store_mark(st, STORE_NODE, STORE_MARK_DROP);
	return rc;
}

/* ---- all of them ---- */

/* What never will be holds up nobody: neither the others it is for, nor all
 * that waits behind it in the spool. */
static enum store_err
or_never(struct store *st, const struct fan *f, const char *dest,
    enum store_err rc)
{
	if (rc != STORE_TOOBIG && rc != STORE_NAME && rc != STORE_NOTFOUND)
		return rc;
	event_add(st, f->trace, dest, "stays", store_err_text(rc));
	return STORE_OK;
}

static enum store_err
to_dests(struct store *st, const struct fan *f, const struct spool_entry *e,
    const char *given, const char *dests)
{
	char one[ALIAS_DEST_MAX];
	struct fan_to to = { .given = given, .dest = one };
	enum store_err rc = STORE_OK;
	size_t n;

	for (; *dests != '\0' && rc == STORE_OK; dests += n) {
		dests += *dests == '\n';
		n = strcspn(dests, "\n");
		snprintf(one, sizeof one, "%.*s", (int)n, dests);
		if (strchr(one, '@') != NULL)
			rc = from_spool(st, f, e, &to);
		else if (one[0] != '\0')
			rc = copy(st, f, one);
		rc = or_never(st, f, one, rc);
	}
	return rc;
}

/* One line of the spool: the address given, and what it is here. */
static enum store_err
one_rcpt(struct store *st, const struct fan *f, const struct spool_entry *e,
    char *given, const char *address)
{
	char inner[SRS_ADDR_MAX];
	struct fan_to home = { .given = given, .dest = inner, .home = true };
	struct alias a;
	enum store_err rc;

	if (srs_is(given) && e->sender[0] == '\0')
		return srs_inner(given, inner) && strchr(inner, ' ') == NULL ?
		    or_never(st, f, inner, from_spool(st, f, e, &home)) :
		    STORE_OK;
	rc = alias_get(st, address, &a);
	if (rc == STORE_NOTFOUND)
		return STORE_OK;
	return rc == STORE_OK ? to_dests(st, f, e, given, a.dest) : rc;
}

enum store_err
fan_out(struct store *st, struct fan *f)
{
	struct spool_entry e;
	enum store_err rc;
	char *line, *p, *end, *sep;

	rc = spool_next(st, f->entry - 1, &e);
	if (rc != STORE_OK || e.id != f->entry)
		return rc == STORE_NOTFOUND || rc == STORE_OK ? STORE_OK : rc;
	f->goes = e.goes;
	line = strdup(e.rcpt);
	if (line == NULL)
		return STORE_NOMEM;
	for (p = line; rc == STORE_OK && *p != '\0'; p = end) {
		end = p + strcspn(p, "\n");
		if (*end != '\0')
			*end++ = '\0';
		sep = strrchr(p, ' ');
		if (sep == NULL)
			continue;
		*sep = '\0';
		rc = one_rcpt(st, f, &e, p, sep + 1);
	}
	free(line);
	return rc;
}
