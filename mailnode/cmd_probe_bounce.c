/* probe bounce: what a notification says of each recipient. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/queue/bounce.h"
#include "mailnode/queue/bounce_note.h"
#include "store/mime.h"
#include "store/mime_text.h"
#include "store/mtext.h"
#include "store/mword.h"

enum {
	STATUS_MAX = 4 * 1024 * 1024,	/* octets of a status part */
	OUT_MAX = 4 * 1024 * 1024,
	TEXT_MAX = 256 * 1024,		/* of what is said to people */
	FIELD_MAX = 4096,
	ID_MAX = 1024
};

/* The first, or the next behind `after`. */
static const struct mime_part *
find_next(const struct mime *m, const char *const types[],
    const struct mime_part *after)
{
	size_t i = after != NULL ? (size_t)(after - m->part) + 1 : 0, k;

	for (; i < m->npart; i++)
		for (k = 0; types[k] != NULL; k += 2)
			if (mime_is(m, &m->part[i], types[k], types[k + 1]))
				return &m->part[i];
	return NULL;
}

static const struct mime_part *
find(const struct mime *m, const char *const types[])
{
	return find_next(m, types, NULL);
}

/* Message-ID of the letter that came back, from whatever came back of it. */
static void
letter_id(const struct mime *m, char id[ID_MAX])
{
	static const char *const types[] = { "message", "rfc822", "text",
	    "rfc822-headers", "message", "global", "message",
	    "global-headers", NULL };
	const struct mime_part *p = find(m, types);
	const char *at, *end, *lf;

	id[0] = '\0';
	if (p == NULL)
		return;
	at = (const char *)m->data + p->body;
	for (end = at + p->nbody; at < end; at = lf + 1) {
		lf = memchr(at, '\n', (size_t)(end - at));
		if (lf == NULL || lf - at < 2)
			break;
		if (lf - at > 11 && strncasecmp(at, "Message-ID:", 11) == 0) {
			(void)snprintf(id, ID_MAX, "%.*s", (int)(lf - at - 11 >
			    ID_MAX ? ID_MAX : lf - at - 11), at + 11);
			break;
		}
	}
}

static void
trim(char *s)
{
	size_t n = strlen(s), skip = strspn(s, " \t");

	while (n > skip && strchr(" \t\r", s[n - 1]) != NULL)
		n--;
	memmove(s, s + skip, n - skip);
	s[n - skip] = '\0';
}

static void
put_json(struct buf *out, const struct bounce *b, const char *id)
{
	const struct bounce_rcpt *r;
	size_t i;

	buf_addf(out, "{\"recipients\":%zu", b->total);
	json_field(out, "reporting-mta", b->reporting_mta);
	json_field(out, "envid", b->envid);
	json_field(out, "message-id", id);
	buf_adds(out, "}\n");
	for (i = 0; i < b->n; i++) {
		r = &b->rcpt[i];
		buf_addf(out, "{\"action\":\"%s\"",
		    bounce_action_text(r->action));
		json_field(out, "status", r->status);
		json_field(out, "recipient", r->final);
		json_field(out, "original", r->original);
		json_field(out, "remote-mta", r->mta);
		json_field(out, "diagnostic", r->diagnostic);
		buf_adds(out, "}\n");
	}
}

static void
put_clean(struct buf *out, const char *s)
{
	(void)mtext_line(out, s, strlen(s), BOUNCE_TEXT_MAX);
}

static void
put_plain(struct buf *out, const struct bounce *b)
{
	const struct bounce_rcpt *r;
	size_t i;

	for (i = 0; i < b->n; i++) {
		r = &b->rcpt[i];
		buf_addf(out, "%s %s ", bounce_action_text(r->action),
		    r->status[0] != '\0' ? r->status : "-");
		put_clean(out, r->final[0] != '\0' ? r->final : "-");
		if (r->diagnostic[0] != '\0') {
			buf_adds(out, " (");
			put_clean(out, r->diagnostic);
			buf_addc(out, ')');
		}
		buf_addc(out, '\n');
	}
	if (b->total == 0)
		buf_adds(out, "no delivery status\n");
}

/* The status parts: some have one for people, and one for programs. */
static void
read_status(const struct mime *m, struct bounce *b)
{
	static const char *const types[] = { "message", "delivery-status",
	    "message", "global-delivery-status", NULL };
	const struct mime_part *p = NULL;
	struct buf text;

	buf_init(&text, STATUS_MAX);
	/* What is over a limit is read as far as it goes. */
	while ((p = find_next(m, types, p)) != NULL) {
		(void)mime_decode(m, p, &text);
		(void)buf_adds(&text, "\n\n");
	}
	text.err = 0;
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

static void
read_note(const struct mime *m, struct bounce *b)
{
	struct buf path, from, subject, failed, text;
	struct bounce_note n = {
		.path = note_field(m, "Return-Path", &path),
		.from = note_field(m, "From", &from),
		.subject = note_field(m, "Subject", &subject),
		.failed = note_field(m, "X-Failed-Recipients", &failed)
	};

	note_text(m, &text);
	n.text = text.len > 0 ? (const char *)text.data : "";
	n.n = text.len;
	(void)bounce_note(b, &n);
	buf_clear(&path);
	buf_clear(&from);
	buf_clear(&subject);
	buf_clear(&failed);
	buf_clear(&text);
}

static int
print_bounce(const struct mime *m, bool json)
{
	static struct bounce b;
	struct buf out;
	char id[ID_MAX];
	int rc = 0;

	buf_init(&out, OUT_MAX);
	read_status(m, &b);
	if (b.total == 0)
		read_note(m, &b);
	letter_id(m, id);
	trim(id);
	if (json)
		put_json(&out, &b, id);
	else
		put_plain(&out, &b);
	fwrite(out.data, 1, out.len, stdout);
	if (fflush(stdout) != 0)
		rc = cmd_fail("stdout", strerror(errno));
	buf_clear(&out);
	return rc;
}

int
cmd_probe_bounce(int argc, char **argv)
{
	return cmd_probe_message(argc, argv, print_bounce);
}
