#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/filter/origin.h"
#include "mailnode/node/conf.h"
#include "mailnode/queue/bounce_note.h"
#include "mailnode/queue/report.h"
#include "mailnode/queue/route.h"
#include "store/err.h"
#include "store/mime_report.h"
#include "store/mime_text.h"
#include "store/mtext.h"
#include "store/mword.h"
#include "store/op_report.h"

enum {
	STATUS_MAX = 4 * 1024 * 1024,	/* octets of a status part */
	TEXT_MAX = 256 * 1024,		/* of what is said to people */
	FIELD_MAX = 4096,
	FILE_MAX = 64 * 1024 * 1024	/* octets of a file that are read */
};

_Static_assert((int)REPORT_FAILED == BOUNCE_FAILED &&
    (int)REPORT_DELAYED == BOUNCE_DELAYED &&
    (int)REPORT_DELIVERED == BOUNCE_DELIVERED &&
    (int)REPORT_RELAYED == BOUNCE_RELAYED &&
    (int)REPORT_EXPANDED == BOUNCE_EXPANDED &&
    (int)REPORT_READ_BY == BOUNCE_READ, "two names of one thing");
_Static_assert((int)REPORT_RCPTS_MAX == BOUNCE_RCPTS_MAX, "all are kept");

/* Some have one part for people, and one for programs. */
static void
read_parts(const struct mime *m, enum mime_report what, struct bounce *b)
{
	struct buf text;

	buf_init(&text, STATUS_MAX);
	mime_report_text(m, what, &text);
	bounce_parse(b, text.data != NULL ? (const char *)text.data : "",
	    text.len);
	buf_clear(&text);
}

/* A field for bounce_note(), cut; owned by b. */
static const char *
note_field(const struct mime *m, const char *name, struct buf *b)
{
	char *raw = mime_field(m, name);
	const char *s;

	buf_init(b, FIELD_MAX);
	if (raw != NULL)
		(void)mword_field(b, name, raw, strlen(raw));
	free(raw);
	s = buf_str(b);
	return s != NULL ? s + strspn(s, " ") : "";
}

/* The text for people: all before what came back. */
static void
note_text(const struct mime *m, struct buf *text)
{
	const struct mime_part *p;

	buf_init(text, TEXT_MAX);
	for (p = m->part; p < m->part + m->npart && p->kind != MIME_MESSAGE;
	    p++)
		if (p->kind == MIME_LEAF && mime_is(m, p, "text", NULL) &&
		    !mime_is(m, p, "text", "rfc822-headers")) {
			(void)mime_plain(m, p, text);
			(void)buf_addc(text, '\n');
		}
}

/* multipart/report of deliveries: RFC 3464 section 2. */
static bool
is_report(const struct mime *m)
{
	const char *type = mime_param(m, m->part, "report-type");

	return mime_is(m, m->part, "multipart", "report") && type != NULL &&
	    strcasecmp(type, "delivery-status") == 0;
}

/* named: the header must say that it is such a notice, for answers of who is
 * away have no sender either. */
static void
read_note(const struct mime *m, bool named, struct bounce *b)
{
	struct buf path, from, to, subject, failed, text;
	const char *sender = note_field(m, "Return-Path", &path);
	struct bounce_note n = {
		.path = named ? "" : sender,
		.from = note_field(m, "From", &from),
		.to = note_field(m, "To", &to),
		.subject = note_field(m, "Subject", &subject),
		.failed = note_field(m, "X-Failed-Recipients", &failed),
		.report = is_report(m)
	};

	note_text(m, &text);
	n.text = text.len > 0 ? (const char *)text.data : "";
	n.n = text.len;
	(void)bounce_note(b, &n);
	buf_clear(&path);
	buf_clear(&from);
	buf_clear(&to);
	buf_clear(&subject);
	buf_clear(&failed);
	buf_clear(&text);
}

/* The report's own status stays where it says more than its class. */
static void
take_reason(struct bounce_rcpt *r, const struct bounce_rcpt *said)
{
	memcpy(r->diagnostic, said->diagnostic, sizeof r->diagnostic);
	if (r->status[0] == '\0' || (r->status[0] == said->status[0] &&
	    strcmp(r->status + 1, ".0.0") == 0))
		memcpy(r->status, said->status, sizeof r->status);
}

static bool
wants_reason(const struct bounce_rcpt *r)
{
	return r->diagnostic[0] == '\0' && (r->action == BOUNCE_FAILED ||
	    r->action == BOUNCE_DELAYED);
}

/* Some say why to people alone: OpenSMTPD, and Exim of what it refused. */
static void
read_reasons(const struct mime *m, struct bounce *b)
{
	static struct bounce note;
	bool read = false;
	size_t i, k;

	for (i = 0; i < b->n; i++) {
		if (!wants_reason(&b->rcpt[i]))
			continue;
		if (!read)
			read_note(m, true, &note);
		read = true;
		for (k = 0; k < note.n; k++)
			if (strcasecmp(note.rcpt[k].final,
			    b->rcpt[i].final) == 0)
				take_reason(&b->rcpt[i], &note.rcpt[k]);
	}
}

static void
read_delivery(const struct mime *m, bool named, struct bounce *b)
{
	read_parts(m, MIME_REPORT_DELIVERY, b);
	if (b->total == 0)
		read_note(m, named, b);
	else
		read_reasons(m, b);
}

void
report_delivery(const struct mime *m, struct bounce *b)
{
	read_delivery(m, false, b);
}

/* ---- for keeper ---- */

/* In place: UTF-8 on one line, without what must not be shown. */
static const char *
clean(char *s, size_t size)
{
	struct buf b;

	buf_init(&b, size);
	(void)mtext_line(&b, s, strlen(s), size - 1);
	(void)snprintf(s, size, "%s", buf_str(&b) != NULL ? buf_str(&b) : "");
	buf_clear(&b);
	return s;
}

static const char *
clean_id(char id[MIME_REPORT_ID_MAX])
{
	size_t n;

	(void)clean(id, MIME_REPORT_ID_MAX);
	n = strlen(id);
	if (n > 2 && id[0] == '<' && id[n - 1] == '>') {
		memmove(id, id + 1, n - 2);
		id[n - 2] = '\0';
	}
	return id;
}

static void
fill_rcpts(struct report *r, struct bounce *b)
{
	struct bounce_rcpt *x;
	size_t i;

	for (i = 0; i < b->n; i++) {
		x = &b->rcpt[i];
		r->rcpt[i] = (struct report_rcpt){
		    .action = (enum report_action)x->action,
		    .original = clean(x->original, sizeof x->original),
		    .final = clean(x->final, sizeof x->final),
		    .status = clean(x->status, sizeof x->status),
		    .said = clean(x->diagnostic, REPORT_TEXT_MAX),
		    .mta = clean(x->mta, sizeof x->mta) };
	}
	r->n = b->n;
	r->total = (uint32_t)b->total;
}

static void
put_report(const struct mime *m, const struct origin *o, struct buf *out)
{
	static struct report_rcpt rcpt[REPORT_RCPTS_MAX];
	static struct bounce b;
	struct report r = { .rcpt = rcpt };
	char id[MIME_REPORT_ID_MAX];

	read_parts(m, MIME_REPORT_READING, &b);
	if (b.total == 0)
		read_delivery(m, true, &b);
	mime_report_id(m, id);
	r.msgid = clean_id(id);
	r.envid = clean(b.envid, sizeof b.envid);
	r.by = clean(b.reporting_mta, sizeof b.reporting_mta);
	for (r.nids = 0; r.nids < o->nids && r.nids < REPORT_IDS_MAX;
	    r.nids++)
		r.id[r.nids] = o->id[r.nids];
	r.author = o->aligned ? route_domain(o->author) : "";
	fill_rcpts(&r, &b);
	report_put(out, &r);
}

int
report_message(uint8_t *data, size_t n, struct buf *out)
{
	struct origin o;
	struct mime m;

	if (origin_read(data, n, conf.hostname, &o) == -1) {
		free(data);
		return -1;
	}
	if (mime_open(&m, data, n) == -1)
		return -1;
	put_report(&m, &o, out);
	mime_close(&m);
	return out->err == 0 ? 0 : -1;
}

static uint16_t
on_read(void *service, struct op_call *c)
{
	uint8_t *data;
	size_t n;

	(void)service;
	if (!chan_end(&c->in) || c->fd == -1)
		return OP_BAD;
	data = mime_slurp(c->fd, FILE_MAX, &n);
	if (data == NULL)
		return STORE_IO;
	return report_message(data, n, c->out) == 0 ? OP_OK : STORE_NOMEM;
}

const struct op report_ops[] = {
	{ REPORT_READ,	ROLE_BIT(ROLE_KEEPER),	on_read },
	{ 0, 0, NULL }
};
