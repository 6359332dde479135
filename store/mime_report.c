#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/field.h"
#include "store/mime_report.h"
#include "store/mime_text.h"

enum { COPY_MAX = 256 * 1024 };	/* octets looked at for a field */

/* Pairs of type and subtype. */
static const char *const types[][5] = {
	[MIME_REPORT_NONE] = { NULL },
	[MIME_REPORT_DELIVERY] = { "message", "delivery-status", "message",
	    "global-delivery-status", NULL },
	[MIME_REPORT_READING] = { "message", "disposition-notification",
	    NULL }
};

static bool
is_any(const struct mime *m, const struct mime_part *p,
    const char *const pairs[])
{
	for (; pairs[0] != NULL; pairs += 2)
		if (mime_is(m, p, pairs[0], pairs[1]))
			return true;
	return false;
}

void
mime_report_text(const struct mime *m, enum mime_report what,
    struct buf *out)
{
	size_t i;

	for (i = 0; i < m->npart; i++)
		if (is_any(m, &m->part[i], types[what])) {
			(void)mime_decode(m, &m->part[i], out);
			(void)buf_adds(out, "\n\n");
		}
	/* What is over a limit is read as far as it goes. */
	out->err = 0;
}

bool
mime_is_report(const struct mime *m)
{
	const struct mime_part *p;

	for (p = m->part; p < m->part + m->npart; p++)
		if (p->parent == 0 &&
		    (is_any(m, p, types[MIME_REPORT_DELIVERY]) ||
		    is_any(m, p, types[MIME_REPORT_READING])))
			return true;
	return false;
}

static void
trimmed(char id[MIME_REPORT_ID_MAX], const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p) != NULL)
		p++;
	while (end > p && strchr(" \t\r\n", end[-1]) != NULL)
		end--;
	if (end - p < MIME_REPORT_ID_MAX)
		(void)snprintf(id, MIME_REPORT_ID_MAX, "%.*s", (int)(end - p),
		    p);
}

/* The field of a header, or of any lines where `all`. */
static bool
find_id(char id[MIME_REPORT_ID_MAX], const char *p, const char *end, bool all)
{
	struct field f;

	while (p < end) {
		if (field_next(&p, end, &f)) {
			if (field_is(&f, "Message-ID")) {
				trimmed(id, f.value, f.end);
				return id[0] != '\0';
			}
			continue;
		}
		if (!all)
			break;
		/* A blank line: more may follow. */
		p = field_line(p, end);
	}
	return false;
}

/* What came back of the letter, as a part of its own. */
static bool
from_copy(const struct mime *m, char id[MIME_REPORT_ID_MAX])
{
	static const char *const copies[] = { "message", "rfc822", "text",
	    "rfc822-headers", "message", "global", "message",
	    "global-headers", NULL };
	const struct mime_part *p;
	struct buf b;
	const char *at;

	for (p = m->part; p < m->part + m->npart; p++)
		if (is_any(m, p, copies))
			break;
	if (p == m->part + m->npart)
		return false;
	if (p->kind != MIME_LEAF) {
		at = (const char *)m->data + p->body;
		return find_id(id, at, at + (p->nbody < COPY_MAX ? p->nbody :
		    COPY_MAX), false);
	}
	buf_init(&b, COPY_MAX);
	(void)mime_decode(m, p, &b);
	at = b.data != NULL ? (const char *)b.data : "";
	(void)find_id(id, at, at + b.len, false);
	buf_clear(&b);
	return id[0] != '\0';
}

/* Of a disposition: RFC 8098 section 3.2.5. */
static bool
from_reading(const struct mime *m, char id[MIME_REPORT_ID_MAX])
{
	const char *p, *end;
	struct field f;
	struct buf b;

	buf_init(&b, COPY_MAX);
	mime_report_text(m, MIME_REPORT_READING, &b);
	p = b.data != NULL ? (const char *)b.data : "";
	for (end = p + b.len; field_next(&p, end, &f); )
		if (field_is(&f, "Original-Message-ID"))
			trimmed(id, f.value, f.end);
	buf_clear(&b);
	return id[0] != '\0';
}

/* qmail, Exim and their like put the letter below what they say. */
static void
from_text(const struct mime *m, char id[MIME_REPORT_ID_MAX])
{
	const struct mime_part *p;
	struct buf b;
	const char *at;

	for (p = m->part; p < m->part + m->npart; p++)
		if (p->kind == MIME_LEAF && mime_is(m, p, "text", NULL))
			break;
	if (p == m->part + m->npart)
		return;
	buf_init(&b, COPY_MAX);
	(void)mime_plain(m, p, &b);
	at = b.data != NULL ? (const char *)b.data : "";
	(void)find_id(id, at, at + b.len, true);
	buf_clear(&b);
}

void
mime_report_id(const struct mime *m, char id[MIME_REPORT_ID_MAX])
{
	id[0] = '\0';
	if (!from_copy(m, id) && !from_reading(m, id))
		from_text(m, id);
}
