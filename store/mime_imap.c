#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/quote.h"
#include "store/mime_envelope.h"
#include "store/mime_imap.h"

uint32_t
mime_lines(const uint8_t *p, size_t n, uint32_t *bare)
{
	const uint8_t *at = p, *end = p + n, *nl;
	uint32_t lines = 0;

	*bare = 0;
	while (at < end &&
	    (nl = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		lines++;
		*bare += nl == p || nl[-1] != '\r';
		at = nl + 1;
	}
	return lines;
}

/* ---- body structure ---- */

/* A type, subtype or name of a parameter: a token, upper or lower. */
static void
put_or(struct buf *out, const char *s, const char *otherwise)
{
	mime_put(out, s != NULL && *s != '\0' ? s : otherwise);
}

/* RFC 2231: a value beyond ASCII goes out under NAME*. */
static void
put_param(struct buf *out, const char *name, const char *value)
{
	const uint8_t *p;
	struct buf b;
	bool plain = true;

	for (p = (const uint8_t *)value; *p != '\0'; p++)
		if (*p > 126 || *p < ' ')
			plain = false;
	if (plain) {
		mime_put(out, name);
		buf_addc(out, ' ');
		mime_put(out, value);
		return;
	}
	buf_init(&b, out->max);
	buf_addf(&b, "%s*", name);
	quote_or_literal(out, (char *)b.data, b.len);
	buf_reset(&b);
	buf_adds(&b, "utf-8''");
	for (p = (const uint8_t *)value; *p != '\0'; p++) {
		if (isalnum(*p) || strchr("!#$&+-.^_`|~", *p) != NULL)
			buf_addc(&b, *p);
		else
			buf_addf(&b, "%%%02X", *p);
	}
	buf_addc(out, ' ');
	if (b.data != NULL)
		quote_or_literal(out, (char *)b.data, b.len);
	else
		buf_adds(out, "NIL");
	buf_clear(&b);
}

/* charset: it has one, be it the default of RFC 2045 section 5.2. */
static void
put_params(struct buf *out, const struct mparams *l, bool charset)
{
	size_t i, start = out->len;

	buf_addc(out, '(');
	for (i = 0; i < l->n; i++) {
		if (i > 0)
			buf_addc(out, ' ');
		/* Encoded words are none in quotes (RFC 2047 section 5), but
		 * senders put them there and clients undo them. */
		put_param(out, l->v[i].name, l->v[i].words != NULL ?
		    l->v[i].words : l->v[i].value);
	}
	if (charset && mparams_get(l, "charset") == NULL) {
		if (l->n > 0)
			buf_addc(out, ' ');
		buf_adds(out, "\"charset\" \"us-ascii\"");
	}
	if (out->len > start + 1) {
		buf_addc(out, ')');
		return;
	}
	out->len = start;
	buf_adds(out, "NIL");
}

static void
put_disposition(const struct mime *m, struct buf *out,
    const struct mime_part *p)
{
	GMimeContentDisposition *d = NULL;

	if (p->obj != NULL)
		d = m->gm->g_mime_object_get_content_disposition(p->obj);
	if (d == NULL) {
		buf_adds(out, " NIL");
		return;
	}
	buf_adds(out, " (");
	put_or(out, m->gm->g_mime_content_disposition_get_disposition(d),
	    "attachment");
	buf_addc(out, ' ');
	put_params(out, &p->disposition, false);
	buf_addc(out, ')');
}

/* body-fld-lang: one string, or a list of several. */
static void
put_language(const struct mime *m, struct buf *out, GMimeHeaderList *hl)
{
	char *raw = mime_field_of(m, hl, "Content-Language"), *s, *save;
	size_t start = out->len;

	buf_addc(out, '(');
	for (s = raw != NULL ? strtok_r(raw, ", \t", &save) : NULL;
	    s != NULL; s = strtok_r(NULL, ", \t", &save)) {
		if (out->len > start + 1)
			buf_addc(out, ' ');
		mime_put(out, s);
	}
	if (out->len > start + 1)
		buf_addc(out, ')');
	else {
		out->len = start;
		buf_adds(out, "NIL");
	}
	free(raw);
}

/* What every kind ends with: disposition, language, location. */
static void
put_extension(const struct mime *m, struct buf *out,
    const struct mime_part *p)
{
	GMimeHeaderList *hl = mime_headers(m, p->obj);

	put_disposition(m, out, p);
	buf_addc(out, ' ');
	put_language(m, out, hl);
	buf_addc(out, ' ');
	mime_put_field(m, out, hl, "Content-Location");
}

static void
put_encoding(const struct mime *m, struct buf *out,
    const struct mime_part *p)
{
	char *raw = mime_field_of(m, mime_headers(m, p->obj),
	    "Content-Transfer-Encoding");
	const char *s = raw != NULL ? raw + strspn(raw, " \t") : "";
	size_t n = strcspn(s, " \t;(");

	if (n > 0)
		quote_or_literal(out, s, n);
	else
		mime_put(out, "7BIT");
	free(raw);
}

static size_t	put_body(const struct mime *, struct buf *, size_t);

/* Type, parameters, id, description, encoding, octets. */
static void
put_basic(const struct mime *m, struct buf *out, const struct mime_part *p,
    uint32_t bare)
{
	GMimeHeaderList *hl = mime_headers(m, p->obj);
	bool text = mime_is(m, p, "text", NULL);
	/* A message/rfc822 without its message has another syntax. */
	bool hollow = p->nchild == 0 && (mime_is(m, p, "message", "rfc822") ||
	    mime_is(m, p, "message", "global"));

	mime_put(out, hollow ? "application" : mime_type(m, p));
	buf_addc(out, ' ');
	mime_put(out, hollow ? "octet-stream" : mime_subtype(m, p));
	buf_addc(out, ' ');
	put_params(out, &p->type, text);
	buf_addc(out, ' ');
	mime_put_field(m, out, hl, "Content-ID");
	buf_addc(out, ' ');
	mime_put_field(m, out, hl, "Content-Description");
	buf_addc(out, ' ');
	put_encoding(m, out, p);
	buf_addf(out, " %zu", p->nbody + bare);
}

static size_t
put_multi(const struct mime *m, struct buf *out, size_t i)
{
	const struct mime_part *p = &m->part[i];
	size_t next = i + 1;

	/* RFC 9051 wants at least one body; an empty one stands for none. */
	if (p->nchild == 0)
		buf_adds(out, "(\"text\" \"plain\" (\"charset\" "
		    "\"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)");
	while (next < m->npart && m->part[next].depth > p->depth)
		next = put_body(m, out, next);
	buf_addc(out, ' ');
	mime_put(out, mime_subtype(m, p));
	buf_addc(out, ' ');
	put_params(out, &p->type, false);
	put_extension(m, out, p);
	return next;
}

/* Returns the index behind what was put.  Depth is limited by mime.c. */
static size_t
put_body(const struct mime *m, struct buf *out, size_t i)
{
	const struct mime_part *p = &m->part[i];
	size_t next = i + 1;
	uint32_t lines, bare;

	buf_addc(out, '(');
	if (p->kind == MIME_MULTI) {
		next = put_multi(m, out, i);
		buf_addc(out, ')');
		return next;
	}
	lines = mime_lines(m->data + p->body, p->nbody, &bare);
	put_basic(m, out, p, bare);
	if (p->kind == MIME_MESSAGE && p->nchild > 0) {
		buf_addc(out, ' ');
		mime_put_envelope(m, out, mime_headers(m, p->msg));
		buf_addc(out, ' ');
		next = put_body(m, out, next);
		buf_addf(out, " %u", lines);
	} else if (mime_is(m, p, "text", NULL))
		buf_addf(out, " %u", lines);
	buf_addc(out, ' ');
	mime_put_field(m, out, mime_headers(m, p->obj), "Content-MD5");
	put_extension(m, out, p);
	buf_addc(out, ')');
	return next;
}

int
mime_bodystructure(const struct mime *m, struct buf *out)
{
	(void)put_body(m, out, 0);
	return out->err ? -1 : 0;
}

/* ---- table of offsets ---- */

static void
put32(struct buf *b, uint32_t v)
{
	buf_add(b, &v, sizeof v);
}

static void
put64(struct buf *b, uint64_t v)
{
	buf_add(b, &v, sizeof v);
}

int
mime_parts(const struct mime *m, struct buf *out)
{
	const struct mime_part *p;
	uint32_t lines, bare, bare_head;

	put32(out, MIME_PARTS_VERSION);
	put32(out, (uint32_t)m->npart);
	for (p = m->part; p < m->part + m->npart; p++) {
		(void)mime_lines(m->data + p->head, p->nhead, &bare_head);
		lines = mime_lines(m->data + p->body, p->nbody, &bare);
		put32(out, p->kind);
		put32(out, (uint32_t)p->parent);
		put32(out, p->nth);
		put32(out, p->nchild);
		put64(out, p->head);
		put64(out, p->nhead);
		put64(out, p->body);
		put64(out, p->nbody);
		put32(out, bare_head);
		put32(out, bare);
		put32(out, lines);
		put32(out, p->depth);
	}
	return out->err ? -1 : 0;
}
