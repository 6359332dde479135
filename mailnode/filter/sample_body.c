#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/filter/markup.h"
#include "mailnode/filter/parts.h"
#include "mailnode/filter/sample.h"
#include "mailnode/filter/sample_body.h"
#include "mailnode/filter/words.h"
#include "store/mime.h"
#include "store/mime_text.h"
#include "store/mtext.h"

enum {
	ATTACHED_MAX = 1000,	/* octets of a file name */
	PREAMBLE_MAX = 400,	/* octets that are looked at */
	NAME_SEEN = 40		/* octets of a type or charset */
};

_Static_assert(2 * NAME_SEEN + 9 <= TOKEN_NAME_MAX, "both names fit");

struct body {
	struct tokens	*t;
	struct buf	 text, raw;	/* of a part: UTF-8, octets; reused */
};

static void
plain(struct body *s, const char *p, size_t n)
{
	words_text(s->t, TOKEN_BODY, p, n < SAMPLE_TEXT_MAX ? n :
	    SAMPLE_TEXT_MAX);
}

static void
text(struct body *s, const void *p, size_t n, bool html)
{
	if (html)
		markup_tokens(s->t, p, n < SAMPLE_MAX ? n : SAMPLE_MAX);
	else
		plain(s, p, n);
}

static bool
is_text(const struct parts_leaf *l)
{
	return parts_is(&l->type, "text");
}

static bool
ends(const struct parts_text *x, const char *with)
{
	size_t n = strlen(with);

	return x->n > n && strncasecmp(x->p + x->n - n, with, n) == 0;
}

/* What is attached as octets is opened by its name. */
static bool
is_html(const struct parts_leaf *l)
{
	return is_text(l) ? parts_is(&l->subtype, "html") :
	    parts_is(&l->subtype, "octet-stream") &&
	    (ends(&l->file, ".htm") || ends(&l->file, ".html"));
}

/* Text that need not end in NUL, cut, behind n octets of name. */
static size_t
name_add(char *name, size_t n, const struct parts_text *x)
{
	size_t more = x->n < NAME_SEEN ? x->n : NAME_SEEN;

	if (more > 0)
		memcpy(name + n, x->p, more);
	return n + more;
}

static void
part_is(struct body *s, const struct parts_leaf *l)
{
	char name[TOKEN_NAME_MAX] = "part=", charset[TOKEN_NAME_MAX] =
	    "charset=";
	size_t n;

	n = name_add(name, strlen(name), &l->type);
	name[n++] = '/';
	tokens_put(s->t, TOKEN_HTML, name, name_add(name, n, &l->subtype));
	if (l->charset.n > 0)
		tokens_put(s->t, TOKEN_HTML, charset, name_add(charset,
		    strlen(charset), &l->charset));
	if (l->file.n > 0)
		words_text(s->t, TOKEN_FILE, l->file.p, l->file.n <
		    ATTACHED_MAX ? l->file.n : ATTACHED_MAX);
}

/* What stands before the first part is for programs that know no parts: its
 * words say, as the form of the header does, which one wrote it. */
static void
preamble(struct body *s, const char *p, size_t n)
{
	static const char name[] = "preamble";
	const char *end = p + (n < PREAMBLE_MAX ? n : PREAMBLE_MAX), *q = p;
	struct words w;

	while (end - q > 1 && memcmp(q, "--", 2) != 0) {
		q = memchr(q, '\n', (size_t)(end - q));
		q = q != NULL ? q + 1 : end;
	}
	s->t->head = true;
	words_begin(&w, s->t, TOKEN_HEAD, false);
	w.begin = token_text(w.begin, name, sizeof name - 1,
	    false);
	words_feed(&w, p, (size_t)(q - p));
	words_break(&w);
	s->t->head = false;
}

/* ---- the body, by GMime ---- */

static struct parts_text
as_text(const char *p)
{
	return (struct parts_text){ p, p != NULL ? strlen(p) : 0 };
}

static void
leaf(struct body *s, const struct mime *m, const struct mime_part *p)
{
	const struct parts_leaf l = {
		.type = as_text(mime_type(m, p)),
		.subtype = as_text(mime_subtype(m, p)),
		.charset = as_text(mime_param(m, p, "charset")),
		.file = as_text(mime_filename(m, p)),
	};

	part_is(s, &l);
	buf_reset(&s->text);
	if ((is_text(&l) || is_html(&l)) && mime_utf8(m, p, &s->text) == 0)
		text(s, s->text.data, s->text.len, is_html(&l));
}

/* Takes copy, of which the body begins at `at`.  How many leaves there were,
 * or -1. */
static int
by_gmime(struct body *s, uint8_t *copy, size_t at, size_t n)
{
	struct mime m;
	size_t i;
	int leaves = 0;

	if (mime_open(&m, copy, n) == -1)
		return -1;
	m.text_max = SAMPLE_TEXT_MAX;
	if (m.npart > 0 && m.part[0].kind == MIME_MULTI)
		preamble(s, (char *)copy + at, n - at);
	for (i = 0; i < m.npart && leaves < SAMPLE_PARTS_MAX; i++)
		if (m.part[i].kind == MIME_LEAF) {
			leaf(s, &m, &m.part[i]);
			leaves++;
		}
	mime_close(&m);
	return leaves;
}

static int
unplain(struct body *s, const struct buf *mime, const char *p, size_t n)
{
	size_t at = mime->len;
	uint8_t *copy = malloc(at + 1 + n);

	if (copy == NULL)
		return -1;
	memcpy(copy, mime->data, at);
	copy[at] = '\n';
	memcpy(copy + at + 1, p, n);
	return by_gmime(s, copy, at + 1, at + 1 + n);
}

/* ---- the body, as it is ---- */

static void
take(void *arg, const char *p, size_t n)
{
	(void)buf_add(arg, p, n);
}

/* Base64 ends at its padding: lists put lines of their own behind it. */
static struct parts_text
undone(struct body *s, const struct parts_leaf *l)
{
	const char *pad = memchr(l->body.p, '=', l->body.n);
	size_t n = l->body.n;
	struct decoder d;

	if (l->cte == CTE_IDENTITY)
		return l->body;
	if (l->cte == CTE_BASE64 && pad != NULL)
		n = (size_t)(pad - l->body.p);
	buf_reset(&s->raw);
	(void)buf_reserve(&s->raw, n);
	decode_init(&d, l->cte, take, &s->raw);
	decode_put(&d, l->body.p, n);
	decode_end(&d);
	return (struct parts_text){ (char *)s->raw.data, s->raw.len };
}

static int
plain_leaf(struct body *s, const struct parts_leaf *l)
{
	bool html = is_html(l);
	char name[NAME_SEEN + 1];
	const char *charset = NULL;
	struct parts_text raw;

	part_is(s, l);
	if (!is_text(l) && !html)
		return 0;
	raw = undone(s, l);
	if (l->charset.n > 0 && l->charset.n < sizeof name) {
		memcpy(name, l->charset.p, l->charset.n);
		name[l->charset.n] = '\0';
		charset = name;
	} else if (l->charset.n == 0 && html && is_text(l))
		charset = mime_sniff(raw.p, raw.n, name, sizeof name);
	buf_reset(&s->text);
	if (mtext_utf8(&s->text, charset, raw.p, raw.n) == -1)
		return -1;
	text(s, s->text.data, s->text.len, html);
	return 0;
}

/* As people see what their program does not understand. */
static int
whole(struct body *s, const char *p, size_t n, bool html)
{
	if (n > SAMPLE_TEXT_MAX)
		n = SAMPLE_TEXT_MAX;
	buf_reset(&s->text);
	if (mtext_utf8(&s->text, NULL, p, n) == -1)
		return -1;
	text(s, s->text.data, s->text.len, html);
	return 0;
}

/* Without a field that says otherwise it is plain text (RFC 2045 section
 * 5.2). */
static int
untyped(struct body *s, const char *p, size_t n)
{
	tokens_puts(s->t, TOKEN_HTML, "part=none");
	return whole(s, p, n, false);
}

static int
typed(struct body *s, const struct buf *mime, const char *p, size_t n)
{
	struct parts parts;
	int leaves;
	size_t i;

	if (!parts_find(&parts, (char *)mime->data, mime->len, p, n)) {
		leaves = unplain(s, mime, p, n);
		/* The boundary stands nowhere. */
		return leaves == 0 ? whole(s, p, n, true) :
		    leaves > 0 ? 0 : -1;
	}
	if (parts.leaf[0].body.p != p)
		preamble(s, p, n);
	for (i = 0; i < parts.n; i++)
		if (plain_leaf(s, &parts.leaf[i]) == -1)
			return -1;
	return 0;
}

int
sample_body(struct tokens *t, const struct buf *mime, const char *p,
    size_t n)
{
	struct body s = { .t = t };
	int rc;

	buf_init(&s.text, 4 * SAMPLE_MAX);
	buf_init(&s.raw, 2 * SAMPLE_MAX);
	rc = mime->len > 0 ? typed(&s, mime, p, n) : untyped(&s, p, n);
	buf_clear(&s.text);
	buf_clear(&s.raw);
	return rc;
}
