#define _DEFAULT_SOURCE
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/sign.h"
#include "mailnode/base/bug.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/date.h"
#include "store/field.h"
#include "store/mime_cap.h"
#include "store/mime_imap.h"
#include "store/mime_report.h"
#include "store/mime_row.h"
#include "store/mime_text.h"
#include "store/mtext.h"
#include "store/mword.h"

enum { SNIPPET_FROM = 8192 /* octets of text that the snippet is cut from */ };

/* ---- fields ---- */

size_t
mime_ids(const char *field, size_t most, struct buf *out)
{
	const char *p, *id[ROW_REFS_MAX];
	size_t len[ROW_REFS_MAX], n = 0, i, k;

	BUG_ON(most == 0 || most > ROW_REFS_MAX);
	for (p = field; (p = strchr(p, '<')) != NULL; p += k) {
		k = strcspn(++p, "<> \t\r\n");
		if (p[k] != '>' || k == 0 || k > ROW_MSGID_MAX)
			continue;
		id[n % most] = p;
		len[n++ % most] = k;
	}
	for (i = n > most ? n - most : 0; i < n; i++) {
		if (out->len > 0)
			buf_addc(out, ' ');
		(void)mtext_line(out, id[i % most], len[i % most],
		    ROW_MSGID_MAX);
	}
	return n < most ? n : most;
}

/* "Re", "Fwd" and what other languages write, with "[2]" or "^2". */
static const char *
skip_prefix(const char *s)
{
	static const char *const word[] = { "re", "fwd", "fw", "aw", "wg",
	    "sv", "vs", "antw", "odp", "tr", "rif", "res", "enc",
	    "\xe5\x9b\x9e\xe5\xa4\x8d", "\xe8\xbd\xac\xe5\x8f\x91" };
	const char *p;
	size_t i;

	for (i = 0; i < sizeof word / sizeof word[0]; i++)
		if (strncasecmp(s, word[i], strlen(word[i])) == 0) {
			p = s + strlen(word[i]);
			if (*p == '[' || *p == '(' || *p == '^') {
				p += 1 + strspn(p + 1, "0123456789");
				p += *p == ']' || *p == ')';
			}
			p += *p == ' ';
			if (*p == ':')
				return p + 1;
			if (strncmp(p, "\xef\xbc\x9a", 3) == 0)
				return p + 3;	/* full-width colon */
		}
	return NULL;
}

const char *
mime_base_subject(const char *s)
{
	const char *next;

	for (;;) {
		s += strspn(s, " \t");
		next = skip_prefix(s);
		if (next == NULL)
			return s;
		s = next;
	}
}

/* A field decoded, on one line; of addresses: RFC 5322 still. */
static void
put_decoded(const struct mime *m, const char *name, size_t max,
    struct buf *out)
{
	char *raw = mime_field(m, name);
	struct buf utf8;

	if (raw == NULL)
		return;
	buf_init(&utf8, MIME_HEAD_MAX);
	if (mword_field(&utf8, name, raw, strlen(raw)) == 0)
		(void)mtext_line(out, (char *)utf8.data, utf8.len, max);
	buf_clear(&utf8);
	free(raw);
}

static void
put_author(const struct mime *m, struct buf *out)
{
	char *raw = mime_field(m, "From");
	InternetAddressList *l = NULL;
	InternetAddress *a;
	struct buf utf8;
	const char *s;

	buf_init(&utf8, MIME_HEAD_MAX);
	if (raw != NULL && mword_addresses(&utf8, raw, strlen(raw)) == 0)
		l = m->gm->internet_address_list_parse(NULL, buf_str(&utf8));
	buf_clear(&utf8);
	free(raw);
	if (l == NULL)
		return;
	if (m->gm->internet_address_list_length(l) > 0) {
		a = m->gm->internet_address_list_get_address(l, 0);
		s = m->gm->internet_address_get_name(a);
		if ((s == NULL || *s == '\0') &&
		    m->gm->g_type_check_instance_is_a((GTypeInstance *)a,
		    m->gm->internet_address_mailbox_get_type()))
			s = m->gm->internet_address_mailbox_get_addr(
			    (InternetAddressMailbox *)a);
		if (s != NULL)
			(void)mtext_line(out, s, strlen(s), ROW_AUTHOR_MAX);
	}
	m->gm->g_object_unref(l);
}

static int64_t
date_of(const struct mime *m)
{
	char *raw = mime_field(m, "Date");
	int64_t t = 0;

	if (raw != NULL)
		(void)date_mail(raw, strlen(raw), &t);
	free(raw);
	return t;
}

static void
put_msgid(const struct mime *m, const uint8_t hash[32], struct buf *out)
{
	char *raw = mime_field(m, "Message-ID");
	const char *s;
	size_t n;

	if (raw != NULL && mime_ids(raw, 1, out) == 0) {
		/* Not by the rules, yet better than none; as notmuch does. */
		s = raw + strspn(raw, " \t<");
		n = strcspn(s, "<> \t\r\n");
		if (n <= ROW_MSGID_MAX)
			(void)mtext_line(out, s, n, ROW_MSGID_MAX);
	}
	free(raw);
	if (out->len == 0) {
		codec_hex_put(out, hash, 16);
		buf_adds(out, "@mailnode.invalid");
	}
}

/* ---- flags ---- */

static bool
has_field(const struct mime *m, const char *name, const char *not_this)
{
	char *raw = mime_field(m, name);
	bool is = raw != NULL && (not_this == NULL ||
	    strcasecmp(raw + strspn(raw, " \t"), not_this) != 0);

	free(raw);
	return is;
}

static bool
is_bulk(const struct mime *m)
{
	return has_field(m, "List-Id", NULL) ||
	    has_field(m, "List-Unsubscribe", NULL) ||
	    has_field(m, "Precedence", "first-class") ||
	    has_field(m, "Auto-Submitted", "no");
}

/* The Return-Path on top is ours. */
static bool
from_nobody(const struct mime *m)
{
	char *raw = mime_field(m, "Return-Path");
	bool is = raw != NULL && strncmp(raw + strspn(raw, " \t"), "<>", 2) ==
	    0;

	free(raw);
	return is;
}

static uint32_t
row_flags_of(const struct mime *m, const uint32_t *flags)
{
	const struct mime_part *root = m->part;
	uint32_t f = 0;

	if (mime_has_attachment(m, flags))
		f |= PARSE_ATTACH;
	if (m->limit < m->size)
		f |= PARSE_CUT;
	if (m->nohead)
		f |= PARSE_NOHEAD;
	if (mime_is_report(m) || from_nobody(m))
		f |= PARSE_REPORT;
	if (mime_is(m, root, "multipart", "signed") ||
	    mime_is(m, root, "application", "pkcs7-mime"))
		f |= PARSE_SIGNED;
	if (mime_is(m, root, "multipart", "encrypted"))
		f |= PARSE_ENCRYPTED;
	return f | (is_bulk(m) ? PARSE_BULK : 0);
}

/* ---- the row ---- */

static bool
quoted(const char *line, size_t n)
{
	return n == 0 || line[0] == '>' || line[0] == '|' ||
	    (n > 6 && memcmp(line + n - 6, "wrote:", 6) == 0) ||
	    (n > 7 && memcmp(line + n - 7, "writes:", 7) == 0);
}

/* The first words that are the writer's own. */
static void
put_snippet(const struct mime *m, const uint32_t *flags, struct buf *out)
{
	struct buf text, own;
	const char *p, *end, *nl;
	size_t i;

	buf_init(&text, PARSE_ANSWER_MAX);
	buf_init(&own, PARSE_ANSWER_MAX);
	for (i = 0; i < m->npart && text.len == 0; i++)
		if ((flags[i] & PARSE_P_BODY) &&
		    m->part[i].kind == MIME_LEAF)
			(void)mime_plain(m, &m->part[i], &text);
	if (text.len > SNIPPET_FROM)
		text.len = SNIPPET_FROM;
	p = text.data != NULL ? (char *)text.data : "";
	for (end = p + text.len; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl != NULL ? nl : end;
		if (quoted(p, (size_t)(nl - p)))
			continue;
		if (nl - p == 3 && memcmp(p, "-- ", 3) == 0)
			break;
		buf_add(&own, p, (size_t)(nl - p));
		buf_addc(&own, ' ');
	}
	if (own.len > 0)
		(void)mtext_line(out, (char *)own.data, own.len,
		    ROW_SNIPPET_MAX);
	buf_clear(&own);
	buf_clear(&text);
}

enum text { MSGID, IRT, REFS, SUBJECT, FROM, TO, CC, AUTHOR, LIST_ID,
	SNIPPET, NTEXT };
enum blob { ENV, BODY, PARTS, NAMES, NBLOB };

struct build {
	struct buf	text[NTEXT], blob[NBLOB];
	uint32_t	*flags;
};

static void
put_ids(const struct mime *m, const char *name, size_t most, struct buf *out)
{
	char *raw = mime_field(m, name);

	if (raw != NULL)
		(void)mime_ids(raw, most, out);
	free(raw);
}

/* Who reports seldom says what that is an answer to. */
static void
put_reported(const struct mime *m, struct buf *out)
{
	char id[MIME_REPORT_ID_MAX];

	mime_report_id(m, id);
	(void)mime_ids(id, 1, out);
}

static void
fill_texts(const struct mime *m, struct build *b, const uint8_t hash[32],
    bool report)
{
	put_msgid(m, hash, &b->text[MSGID]);
	put_ids(m, "In-Reply-To", 1, &b->text[IRT]);
	put_ids(m, "References", ROW_REFS_MAX, &b->text[REFS]);
	if (b->text[IRT].len == 0 && b->text[REFS].len == 0 && report)
		put_reported(m, &b->text[IRT]);
	put_decoded(m, "Subject", ROW_SUBJECT_MAX, &b->text[SUBJECT]);
	put_decoded(m, "From", ROW_PEOPLE_MAX, &b->text[FROM]);
	put_decoded(m, "To", ROW_PEOPLE_MAX, &b->text[TO]);
	put_decoded(m, "Cc", ROW_PEOPLE_MAX, &b->text[CC]);
	put_decoded(m, "List-Id", ROW_SUBJECT_MAX, &b->text[LIST_ID]);
	put_author(m, &b->text[AUTHOR]);
	put_snippet(m, b->flags, &b->text[SNIPPET]);
}

static int
finish(const struct mime *m, struct build *b, struct parse_row *r,
    struct buf *out)
{
	const char *s[NTEXT];
	uint32_t bare;
	size_t i;

	for (i = 0; i < NTEXT; i++)
		if ((s[i] = buf_str(&b->text[i])) == NULL)
			return -1;
	(void)mime_lines(m->data, m->size, &bare);
	r->flags |= bare > 0 ? PARSE_LF : 0;
	r->wire = r->size + bare;
	r->msgid = s[MSGID];
	r->irt = s[IRT];
	r->refs = s[REFS];
	r->subject = s[SUBJECT];
	r->base = mime_base_subject(s[SUBJECT]);
	r->from = s[FROM];
	r->to = s[TO];
	r->cc = s[CC];
	r->author = s[AUTHOR];
	r->list_id = s[LIST_ID];
	r->snippet = s[SNIPPET];
	r->env = b->blob[ENV].data;
	r->nenv = b->blob[ENV].len;
	r->body = b->blob[BODY].data;
	r->nbody = b->blob[BODY].len;
	r->parts = b->blob[PARTS].data;
	r->nparts = b->blob[PARTS].len;
	r->names = b->blob[NAMES].data;
	r->nnames = b->blob[NAMES].len;
	parse_row_put(out, r);
	return out->err ? -1 : 0;
}

int
mime_row(const struct mime *m, struct buf *out)
{
	struct parse_row r = { 0 };
	struct build b = { .flags = NULL };
	int rc = -1;
	size_t i;

	for (i = 0; i < NTEXT; i++)
		buf_init(&b.text[i], PARSE_ANSWER_MAX);
	for (i = 0; i < NBLOB; i++)
		buf_init(&b.blob[i], PARSE_ANSWER_MAX);
	b.flags = calloc(m->npart, sizeof *b.flags);
	if (b.flags == NULL)
		goto out;
	mime_pick(m, PARSE_PLAIN, b.flags);
	r.size = m->size;
	r.date = date_of(m);
	r.flags = row_flags_of(m, b.flags);
	r.flags |= r.date == 0 ? PARSE_NODATE : 0;
	sha256_of(m->data, m->size, r.hash);
	fill_texts(m, &b, r.hash, (r.flags & PARSE_REPORT) != 0);
	field_names_put(&b.blob[NAMES], (const char *)m->data,
	    (const char *)m->data + m->size);
	if (mime_envelope(m, &b.blob[ENV]) == 0 &&
	    mime_bodystructure(m, &b.blob[BODY]) == 0 &&
	    mime_parts(m, &b.blob[PARTS]) == 0)
		rc = finish(m, &b, &r, out);
out:
	for (i = 0; i < NTEXT; i++)
		buf_clear(&b.text[i]);
	for (i = 0; i < NBLOB; i++)
		buf_clear(&b.blob[i]);
	free(b.flags);
	return rc;
}
