#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/num.h"
#include "mailnode/base/quote.h"
#include "store/mparam.h"
#include "store/mtext.h"
#include "store/mword.h"

enum {
	PLAIN = -2,
	EXTENDED = -1,
	SECTION_MAX = 999,
	COMMENT_MAX = 200	/* octets: what is longer is none */
};

/* One as it stands: name*section*=value. */
struct piece {
	const char	*name;
	size_t		 nname;
	int		 section;	/* or PLAIN, EXTENDED */
	bool		 encoded, quoted, done;
	const char	*value, *end;
};

struct reader {
	struct piece	 piece[MPARAM_MAX];
	size_t		 n;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 2045 section 5.1, and 8-bit, as it comes. */
static bool
is_token(char c)
{
	return ((unsigned char)c > ' ' && c != 127 &&
	    strchr("()<>@,;:\\\"/[]?=", c) == NULL) || (unsigned char)c > 127;
}

/* Behind the comment that begins at p; p: it has no end. */
static const char *
comment_end(const char *p, const char *end)
{
	return p + comment_octets(p, end - p > COMMENT_MAX ?
	    p + COMMENT_MAX : end);
}

static const char *
skip(const char *p, const char *end)
{
	const char *next;

	while (p < end) {
		next = is_blank(*p) ? p + 1 : *p == '(' ?
		    comment_end(p, end) : p;
		if (next == p)
			break;
		p = next;
	}
	return p;
}

static const char *
blanks_end(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

static const char *
token_end(const char *p, const char *end)
{
	while (p < end && is_token(*p))
		p++;
	return p;
}

/* ---- pieces ---- */

/* Does a parameter begin behind these blanks, though no semicolon says it? */
static bool
begins_param(const char *p, const char *end)
{
	static const char *const names[] = { "charset", "name", "filename",
	    "format", "delsp", "boundary", "type", "size" };
	const char *stop;
	size_t i;

	p = blanks_end(p, end);
	stop = token_end(p, end);
	if (stop > p && end - stop > 1 && stop[0] == '=' && stop[1] == '"')
		return true;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i]) == (size_t)(stop - p) &&
		    strncasecmp(names[i], p, (size_t)(stop - p)) == 0) {
			stop = blanks_end(stop, end);
			return stop < end && *stop == '=';
		}
	return false;
}

/* Where a value ends, or what follows it without one. */
static const char *
bare_end(const char *p, const char *end)
{
	while (p < end && *p != ';') {
		if (is_blank(*p) && begins_param(p, end))
			break;
		p = is_blank(*p) ? blanks_end(p, end) : p + 1;
	}
	return p;
}

/* Of a value that ends with a comment what stands before it. */
static const char *
without_comment(const char *p, const char *end)
{
	unsigned int depth = 0;
	const char *q = end;

	if (q == p || q[-1] != ')')
		return end;
	while (q > p) {
		q--;
		depth += *q == ')';
		if (*q == '(' && --depth == 0)
			break;
	}
	if (depth > 0 || q == p || !is_blank(q[-1]))
		return end;
	while (q > p && is_blank(q[-1]))
		q--;
	return q > p ? q : end;
}

/* Up to a semicolon: names with blanks and other octets are common. */
static const char *
bare(struct piece *t, const char *p, const char *end)
{
	const char *q = bare_end(p, end);

	t->value = p + (p < q && *p == '"');
	t->end = q;
	while (t->end > t->value && is_blank(t->end[-1]))
		t->end--;
	t->end = without_comment(t->value, t->end);
	/* Quotes of no RFC, which no charset has. */
	if (t->nname == 7 && strncasecmp(t->name, "charset", 7) == 0 &&
	    t->end - t->value >= 2 && *t->value == '\'' &&
	    t->end[-1] == '\'') {
		t->value++;
		t->end--;
	}
	return q;
}

/* name, name*, name*0 and name*0* */
static void
name_of(struct piece *t)
{
	const char *end = t->name + t->nname, *star;
	uint32_t v;

	t->section = PLAIN;
	if (t->nname > 1 && end[-1] == '*') {
		t->encoded = true;
		t->section = EXTENDED;
		t->nname--;
		end--;
	}
	star = memchr(t->name, '*', t->nname);
	if (star != NULL && star > t->name && (star[1] != '0' ||
	    end - star == 2) && num_u32(star + 1, end, 0, SECTION_MAX, &v) ==
	    0) {
		t->section = (int)v;
		t->nname = (size_t)(star - t->name);
	}
}

/* Behind blanks, and comments of their own: "(1).pdf" is a name. */
static const char *
value_begin(const char *p, const char *end)
{
	const char *close;

	p = blanks_end(p, end);
	while (p < end && *p == '(' && (close = comment_end(p, end)) > p &&
	    close < end && is_blank(*close))
		p = blanks_end(close, end);
	return p;
}

/* The parameter at p; returns where the next may be. */
static const char *
piece(struct reader *r, const char *p, const char *end)
{
	struct piece t = { .name = p }, *to = &r->piece[r->n];
	const char *q = token_end(p, end);
	size_t quoted;

	t.nname = (size_t)(q - p);
	q = skip(q, end);
	if (t.nname == 0 || q == end || *q != '=') {
		while (q < end && *q != ';') {
			quoted = *q == '"' ? quote_octets(q, end) : 1;
			q = quoted > 0 ? q + quoted : end;
		}
		return q;
	}
	name_of(&t);
	q = value_begin(q + 1, end);
	quoted = q < end && *q == '"' ? quote_octets(q, end) : 0;
	if (quoted > 0) {
		t.quoted = true;
		t.value = q + 1;
		q += quoted;
		t.end = q - 1;
	} else
		q = bare(&t, q, end);
	if (t.nname < MPARAM_NAME_MAX && r->n < MPARAM_MAX) {
		*to = t;
		r->n++;
	}
	return q;
}

/* ---- their values ---- */

static void
put_raw(struct buf *b, const struct piece *t)
{
	const char *p = t->value;

	for (; p < t->end; p++) {
		if (*p == '\r' || *p == '\n')
			continue;
		if (t->quoted && *p == '\\' && t->end - p > 1)
			p++;
		if (*p != '\0')
			(void)buf_addc(b, *p == '\t' ? ' ' : *p);
	}
}

static void
put_percent(struct buf *b, const char *p, const char *end)
{
	size_t was;

	for (; p < end; p++) {
		was = b->len;
		if (*p == '%' && end - p > 2 &&
		    codec_hex_get(b, p + 1, 2) == 0 && b->len > was)
			p += 2;
		else if (*p != '\r' && *p != '\n')
			(void)buf_addc(b, *p);
	}
}

/* Of utf-8'en'text the text, and the charset into dst. */
static const char *
behind_charset(const char *p, const char *end, char *dst, size_t size)
{
	const char *one = memchr(p, '\'', (size_t)(end - p)), *two = NULL;

	dst[0] = '\0';
	if (one != NULL)
		two = memchr(one + 1, '\'', (size_t)(end - one - 1));
	if (two == NULL)
		return p;
	if ((size_t)(one - p) < size) {
		memcpy(dst, p, (size_t)(one - p));
		dst[one - p] = '\0';
	}
	return two + 1;
}

static bool
same(const struct piece *a, const char *name, size_t n)
{
	return a->nname == n && strncasecmp(a->name, name, n) == 0;
}

/* The section k of `first`'s parameter, taken; NULL: there is none. */
static struct piece *
section(struct reader *r, const struct piece *first, int k)
{
	struct piece *t;

	for (t = r->piece; t < r->piece + r->n; t++)
		if (!t->done && t->section == k && same(t, first->name,
		    first->nname)) {
			t->done = true;
			return t;
		}
	return NULL;
}

/* All of one parameter, still in its charset; how many pieces it had. */
static size_t
join(struct reader *r, const struct piece *first, struct buf *b,
    char *charset, size_t size)
{
	struct piece *t, *s[MPARAM_MAX];
	bool encoded = false;
	size_t i, n = 0;
	const char *p;
	int k;

	k = first->section < 0 ? first->section : 0;
	t = section(r, first, k);
	if (t == NULL && k == 0)
		t = section(r, first, k = 1);
	for (; t != NULL && n < MPARAM_MAX; t = section(r, first, ++k)) {
		encoded = encoded || t->encoded;
		s[n++] = t;
		if (k < 0)
			break;
	}
	for (i = 0; i < n; i++) {
		p = s[i]->value;
		/* Some forget the star of the first one. */
		if (i == 0 && encoded && (s[0]->encoded || !s[0]->quoted))
			p = behind_charset(p, s[i]->end, charset, size);
		if (s[i]->encoded) {
			put_percent(b, p, s[i]->end);
			continue;
		}
		s[i]->value = p;
		put_raw(b, s[i]);
	}
	return n;
}

/* As UTF-8 of one line, without NULs; returns owned, or NULL. */
static char *
decoded(const struct buf *raw, const char *charset)
{
	struct buf b;
	size_t i;

	buf_init(&b, MPARAM_VALUE_MAX);
	if (charset[0] != '\0')
		(void)mtext_utf8(&b, charset, raw->data, raw->len);
	else
		(void)mword_text(&b, (const char *)raw->data, raw->len);
	if (b.err == EMSGSIZE)
		buf_reset(&b);
	for (i = 0; i < b.len; i++)
		if (b.data[i] < ' ' || b.data[i] == 127)
			b.data[i] = ' ';
	return buf_take(&b, &i);
}

/* The piece that counts for a name: RFC 2231's before what stands there for
 * those that do not know it. */
static const struct piece *
best(const struct reader *r, const struct piece *first)
{
	const struct piece *t;

	for (t = first; t < r->piece + r->n; t++)
		if (!t->done && t->section != PLAIN && same(t, first->name,
		    first->nname))
			return t;
	return first;
}

/* Encoded words in US-ASCII, as they stand; returns owned, or NULL. */
static char *
words_of(const struct buf *raw)
{
	char *text = raw->len > 0 && raw->err == 0 ?
	    strndup((const char *)raw->data, raw->len) : NULL;
	const char *p;

	for (p = text; p != NULL && *p >= ' ' && *p < 127; )
		p++;
	if (p != NULL && (*p != '\0' || strstr(text, "=?") == NULL)) {
		free(text);
		return NULL;
	}
	return text;
}

static int
put(struct mparams *m, struct reader *r, struct piece *first)
{
	char charset[MPARAM_NAME_MAX] = "", *text;
	struct mparam *to = &m->v[m->n];
	struct buf raw;
	size_t i, n;

	first->done = true;
	for (i = 0; i < m->n; i++)
		if (same(first, m->v[i].name, strlen(m->v[i].name)))
			return 0;
	first->done = false;
	buf_init(&raw, MPARAM_VALUE_MAX);
	n = join(r, best(r, first), &raw, charset, sizeof charset);
	first->done = true;
	text = n > 0 ? decoded(&raw, charset) : NULL;
	to->words = text != NULL && charset[0] == '\0' ? words_of(&raw) : NULL;
	buf_clear(&raw);
	if (text == NULL)
		return n > 0 ? -1 : 0;
	memcpy(to->name, first->name, first->nname);
	to->name[first->nname] = '\0';
	to->value = text;
	m->n++;
	return 0;
}

/* RFC 2045 section 5.1: is it a type? */
static const char *
value(struct mparams *m, const char *p, const char *end)
{
	const char *q;

	p = skip(p, end);
	q = token_end(p, end);
	m->good = q > p;
	p = skip(q, end);
	if (p < end && *p == '/') {
		p = skip(p + 1, end);
		q = token_end(p, end);
		m->good = m->good && q > p;
	} else
		m->good = false;
	return bare_end(q, end);
}

int
mparams_read(struct mparams *m, const char *p, size_t n)
{
	const char *end = p + n;
	struct reader r = { .n = 0 };
	int rc = 0;
	size_t i;

	memset(m, 0, sizeof *m);
	m->there = true;
	for (p = value(m, p, end); p < end; ) {
		p = skip(p, end);
		if (p < end && *p == ';')
			p++;
		else if (p < end)
			p = piece(&r, p, end);
	}
	m->v = r.n > 0 ? calloc(r.n, sizeof *m->v) : NULL;
	if (r.n > 0 && m->v == NULL)
		return -1;
	for (i = 0; i < r.n && rc == 0; i++)
		if (!r.piece[i].done)
			rc = put(m, &r, &r.piece[i]);
	return rc;
}

void
mparams_clear(struct mparams *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		free(m->v[i].value);
		free(m->v[i].words);
	}
	free(m->v);
	memset(m, 0, sizeof *m);
}

const char *
mparams_get(const struct mparams *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (strcasecmp(m->v[i].name, name) == 0)
			return m->v[i].value;
	return NULL;
}
