#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/results.h"
#include "mailnode/base/codec.h"
#include "mailnode/node/idna.h"

enum {
	LINE = 78,		/* octets of a folded line, RFC 5322 2.1.1 */
	COMMENT_DEPTH = 32	/* nested comments read */
};

/* RFC 2045 section 5.1: token. */
static bool
token_char(uint8_t c)
{
	return c > ' ' && c < 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

/* ---- writing ---- */

/* RFC 8601 section 2.2: a token; of a property also [local] "@" domain. */
static bool
bare(const char *v, bool property)
{
	const char *at = property ? strchr(v, '@') : NULL;
	size_t i, n = strlen(v);

	for (i = 0; i < n; i++)
		if (!token_char((uint8_t)v[i]) && v + i != at)
			return false;
	return n > 0 && (at == NULL || at[1] != '\0');
}

static void
put_value(struct buf *b, const char *v, bool property)
{
	bool utf8 = codec_utf8_ok(v, strlen(v));

	if (bare(v, property)) {
		buf_adds(b, v);
		return;
	}
	buf_addc(b, '"');
	for (; *v != '\0'; v++) {
		if (*v == '"' || *v == '\\')
			buf_addc(b, '\\');
		if ((uint8_t)*v < ' ' || *v == 0x7f ||
		    ((uint8_t)*v >= 0x80 && !utf8))
			buf_addc(b, '?');
		else
			buf_addc(b, *v);
	}
	buf_addc(b, '"');
}

/* Takes a finished word to the line, or to a new one. */
static void
put_word(struct buf *out, size_t *line, struct buf *word)
{
	if (*line + 1 + word->len > LINE && *line > 2) {
		buf_adds(out, "\r\n\t ");
		*line = 9;
	} else {
		buf_addc(out, ' ');
		(*line)++;
	}
	if (word->err != 0)
		out->err = word->err;
	buf_add(out, word->data, word->len);
	*line += word->len;
	buf_reset(word);
}

static void
put_item(struct buf *out, const struct results_item *item, struct buf *word)
{
	size_t line = 8, i;

	buf_addf(out, ";\r\n\t%s=%s", item->method, item->result);
	line += strlen(item->method) + 1 + strlen(item->result);
	if (item->reason != NULL && item->reason[0] != '\0') {
		buf_adds(word, "reason=");
		put_value(word, item->reason, false);
		put_word(out, &line, word);
	}
	for (i = 0; i < item->nprops; i++) {
		buf_addf(word, "%s.%s=", item->props[i].ptype,
		    item->props[i].name);
		put_value(word, item->props[i].value, true);
		put_word(out, &line, word);
	}
}

int
results_put(struct buf *out, const char *authserv_id,
    const struct results_item *items, size_t n)
{
	struct buf word;
	size_t i;

	buf_init(&word, RESULTS_FIELD_MAX);
	buf_adds(out, "Authentication-Results: ");
	put_value(out, authserv_id, false);
	for (i = 0; i < n; i++)
		put_item(out, &items[i], &word);
	buf_adds(out, n == 0 ? "; none\r\n" : "\r\n");
	buf_clear(&word);
	return out->err != 0 ? -1 : 0;
}

/* ---- reading ---- */

struct lex {
	const char	*p, *end;
	bool		 more;		/* ran into the end */
	struct buf	*out;		/* where values go, or NULL */
};

static bool
at_end(struct lex *l)
{
	if (l->p < l->end)
		return false;
	l->more = true;
	return true;
}

/* A comment, from its parenthesis.  -1: it has no end, or is too deep. */
static int
comment(struct lex *l)
{
	int depth = 0;

	for (; !at_end(l); l->p++) {
		if (*l->p == '\\' && l->p + 1 < l->end)
			l->p++;
		else if (*l->p == '(' && ++depth > COMMENT_DEPTH)
			return -1;
		else if (*l->p == ')' && --depth == 0) {
			l->p++;
			return 0;
		}
	}
	return -1;
}

static int
cfws(struct lex *l)
{
	while (!at_end(l)) {
		if (*l->p == '(') {
			if (comment(l) == -1)
				return -1;
		} else if (*l->p == ' ' || *l->p == '\t' ||
		    *l->p == '\r' || *l->p == '\n') {
			l->p++;
		} else {
			break;
		}
	}
	return 0;
}

static void
emit(struct lex *l, char c)
{
	if (l->out != NULL)
		buf_addc(l->out, c);
}

static int
quoted(struct lex *l)
{
	for (l->p++; !at_end(l); l->p++) {
		if (*l->p == '"') {
			l->p++;
			return 0;
		}
		if (*l->p == '\\' && l->p + 1 < l->end)
			l->p++;
		if (*l->p != '\r' && *l->p != '\n')
			emit(l, *l->p);
	}
	return -1;
}

/*
 * A value into out, terminated: token or quoted-string; with `address` also
 * what addresses, domains and base64 look like unquoted.
 */
static int
value(struct lex *l, bool address, const char **v)
{
	const char *start = l->p;
	size_t at = l->out != NULL ? l->out->len : 0;

	if (at_end(l))
		return -1;
	if (*l->p == '"') {
		if (quoted(l) == -1)
			return -1;
	} else {
		for (; !at_end(l) && (token_char((uint8_t)*l->p) ||
		    (uint8_t)*l->p >= 0x80 || (address && strchr("@/=:",
		    *l->p) != NULL)); l->p++)
			emit(l, *l->p);
		if (l->p == start)
			return -1;
	}
	emit(l, '\0');
	if (v != NULL)
		*v = (const char *)l->out->data + at;
	return 0;
}

static int
expect(struct lex *l, char c)
{
	if (cfws(l) == -1 || at_end(l) || *l->p != c)
		return -1;
	l->p++;
	return cfws(l);
}

static bool
below(const char *id, size_t n, const char *ours)
{
	size_t len = strlen(ours);

	return n >= len && strncasecmp(id + n - len, ours, len) == 0 &&
	    (n == len || id[n - len - 1] == '.');
}

/*
 * Also in another spelling of the same name: U-labels, wide letters, other
 * full stops.
 */
static bool
is_ours(const char *id, size_t n, const char *const *ids, size_t nids)
{
	char ascii[DNS_NAME_MAX], ours[DNS_NAME_MAX];
	size_t i;

	if (n > 0 && id[n - 1] == '.')
		n--;
	(void)idna_ascii(id, n, ascii);
	for (i = 0; i < nids; i++) {
		if (below(id, n, ids[i]))
			return true;
		if (ascii[0] != '\0' && idna_ascii(ids[i], strlen(ids[i]),
		    ours) == 0 && below(ascii, strlen(ascii), ours))
			return true;
	}
	return false;
}

static enum results_claim
claim_of(struct lex *l, const char *const *ids, size_t nids)
{
	if (cfws(l) == -1 || value(l, false, NULL) == -1)
		return RESULTS_OURS;
	/* What goes on at the end of what we have may still grow. */
	if (at_end(l))
		return RESULTS_MORE;
	/* No id at all, as some large hosts write: nobody takes it for ours. */
	if (*l->p == '=')
		return RESULTS_OTHER;
	if (is_ours((const char *)l->out->data, l->out->len - 1, ids, nids))
		return RESULTS_OURS;
	return strchr(" \t\r\n(;", *l->p) != NULL ? RESULTS_OTHER :
	    RESULTS_OURS;
}

enum results_claim
results_claim(const char *p, size_t n, bool whole, const char *const *ids,
    size_t nids)
{
	static const char name[] = "Authentication-Results";
	size_t len = sizeof name - 1;
	struct lex l = { 0 };
	enum results_claim rc;
	struct buf id;

	if (n >= RESULTS_PREFIX_MAX) {
		n = RESULTS_PREFIX_MAX;	/* the same however much there is */
		whole = true;
	}
	l.end = p + n;
	if (strncasecmp(p, name, n < len ? n : len) != 0)
		return RESULTS_OTHER;
	for (l.p = p + (n < len ? n : len); l.p < l.end &&
	    (*l.p == ' ' || *l.p == '\t'); )
		l.p++;
	if (l.p == l.end)
		return whole ? RESULTS_OTHER : RESULTS_MORE;
	if (*l.p++ != ':')
		return RESULTS_OTHER;
	buf_init(&id, RESULTS_PREFIX_MAX + 1);
	l.out = &id;
	rc = claim_of(&l, ids, nids);
	if (l.more && !whole)
		rc = RESULTS_MORE;
	else if (rc == RESULTS_MORE)
		rc = id.len == 0 || is_ours((const char *)id.data,
		    id.len - 1, ids, nids) ? RESULTS_OURS : RESULTS_OTHER;
	buf_clear(&id);
	return rc;
}

static int
properties(struct lex *l, struct results_item *item)
{
	struct results_prop prop;
	const char *word, *dot;

	for (;;) {
		if (cfws(l) == -1)
			return -1;
		if (at_end(l) || *l->p == ';')
			return 0;
		if (value(l, false, &word) == -1)
			return -1;
		if (strcasecmp(word, "reason") == 0) {
			if (expect(l, '=') == -1 ||
			    value(l, false, &item->reason) == -1)
				return -1;
			continue;
		}
		/* A token may hold dots: "header.d" is read as one. */
		dot = strchr(word, '.');
		if (dot == NULL)
			return -1;
		l->out->data[dot - (const char *)l->out->data] = '\0';
		prop.ptype = word;
		prop.name = dot + 1;
		if (expect(l, '=') == -1 || value(l, true, &prop.value) == -1)
			return -1;
		if (item->nprops < RESULTS_PROPS)
			item->props[item->nprops++] = prop;
	}
}

static int
item(struct lex *l, struct results *r)
{
	struct results_item *it = &r->items[r->nitems];
	const char *version;

	if (value(l, false, &it->method) == -1 || cfws(l) == -1)
		return -1;
	if (r->nitems == 0 && strcasecmp(it->method, "none") == 0 &&
	    at_end(l))
		return 0;
	if (!at_end(l) && *l->p == '/' && (expect(l, '/') == -1 ||
	    value(l, false, &version) == -1))
		return -1;
	if (expect(l, '=') == -1 || value(l, false, &it->result) == -1)
		return -1;
	r->nitems++;
	return properties(l, it);
}

int
results_parse(struct results *r, const char *p, size_t n)
{
	struct lex l = { .p = p, .end = p + n, .out = &r->store };
	const char *version;
	size_t i;

	memset(r, 0, sizeof *r);
	buf_init(&r->store, 2 * RESULTS_FIELD_MAX + 64);
	r->items = calloc(RESULTS_MAX, sizeof *r->items);
	/* All at once, so that nothing moves what points into it. */
	if (n > RESULTS_FIELD_MAX || r->items == NULL || memchr(p, 0, n) ||
	    buf_reserve(&r->store, 2 * n + 64) == -1)
		goto bad;
	if (cfws(&l) == -1 || value(&l, false, &r->id) == -1 ||
	    cfws(&l) == -1)
		goto bad;
	for (i = 0; i < strlen(r->id); i++)
		if (r->store.data[i] >= 'A' && r->store.data[i] <= 'Z')
			r->store.data[i] |= 0x20;
	if (!at_end(&l) && *l.p >= '0' && *l.p <= '9' &&
	    (value(&l, false, &version) == -1 || cfws(&l) == -1))
		goto bad;
	while (!at_end(&l)) {
		if (expect(&l, ';') == -1 || r->nitems == RESULTS_MAX)
			goto bad;
		if (at_end(&l))		/* a last semicolon, often seen */
			break;
		if (item(&l, r) == -1)
			goto bad;
	}
	return 0;
bad:
	results_clear(r);
	return -1;
}

void
results_clear(struct results *r)
{
	free(r->items);
	buf_clear(&r->store);
	memset(r, 0, sizeof *r);
}
