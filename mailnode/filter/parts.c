#define _DEFAULT_SOURCE	/* strncasecmp */
#include <string.h>
#include <strings.h>

#include "mailnode/filter/parts.h"

/* Of one header: what its MIME fields say. */
struct head {
	struct parts_leaf	leaf;
	struct parts_text	boundary;
	bool			typed, encoded, disposed;
};

struct scan {
	struct parts		*out;
	const char		*end;
	struct parts_text	bound[PARTS_DEPTH_MAX];
	size_t			depth;
	struct parts_leaf	*open;	/* its body goes on; NULL */
};

static const struct parts_text text_type = { "text", 4 };
static const struct parts_text plain_type = { "plain", 5 };

/* ---- fields ---- */

bool
parts_is(const struct parts_text *t, const char *word)
{
	return t->n == strlen(word) && strncasecmp(t->p, word, t->n) == 0;
}

static const char *
skip(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' ||
	    *p == '\n'))
		p++;
	return p;
}

/* RFC 2045 section 5.1, and what is common without quotes. */
static const char *
token(const char *p, const char *end, struct parts_text *t)
{
	t->p = p;
	while (p < end && *p > ' ' && *p < 127 &&
	    strchr("()<>@,;\\\"[]?=*/", *p) == NULL)
		p++;
	t->n = (size_t)(p - t->p);
	return t->n > 0 ? p : NULL;
}

/* A value, quoted or not; nothing that is to be undone first. */
static const char *
value(const char *p, const char *end, struct parts_text *t)
{
	bool quoted = p < end && *p == '"';

	p += quoted;
	t->p = p;
	while (p < end && (quoted ? *p != '"' : *p > ' ' && *p != ';')) {
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 127 ||
		    *p == '\\' || (!quoted && strchr("()\"", *p) != NULL) ||
		    (*p == '=' && p + 1 < end && p[1] == '?'))
			return NULL;
		p++;
	}
	t->n = (size_t)(p - t->p);
	if (quoted && p == end)
		return NULL;
	return t->n > 0 ? p + quoted : NULL;
}

/* "; name=value" …: those in `names` into `to`.  False: not plain. */
static bool
params(const char *p, const char *end, const char *const names[2],
    struct parts_text *const to[2])
{
	struct parts_text name, v;
	unsigned int i;

	for (;;) {
		p = skip(p, end);
		if (p == end)
			return true;
		if (*p++ != ';')
			return false;
		p = skip(p, end);
		if (p == end)
			return true;
		p = token(p, end, &name);
		p = p != NULL ? skip(p, end) : NULL;
		if (p == NULL || p == end || *p != '=')
			return false;
		p = value(skip(p + 1, end), end, &v);
		if (p == NULL)
			return false;
		for (i = 0; i < 2; i++)
			if (to[i] != NULL && parts_is(&name, names[i])) {
				if (to[i]->n > 0)
					return false;
				*to[i] = v;
			}
	}
}

static bool
type_field(struct head *h, const char *p, const char *end)
{
	static const char *const leaf[2] = { "charset", "name" };
	static const char *const multi[2] = { "boundary", "" };
	struct parts_leaf *l = &h->leaf;
	struct parts_text name = { NULL, 0 };

	if (h->typed)
		return false;
	h->typed = true;
	p = token(skip(p, end), end, &l->type);
	if (p == NULL || p == end || *p != '/')
		return false;
	p = token(p + 1, end, &l->subtype);
	if (p == NULL)
		return false;
	if (parts_is(&l->type, "multipart"))
		return !parts_is(&l->subtype, "digest") && params(p, end, multi,
		    (struct parts_text *const[2]){ &h->boundary, NULL }) &&
		    h->boundary.n > 0 && h->boundary.n <= PARTS_BOUNDARY_MAX;
	if (parts_is(&l->type, "message") || !params(p, end, leaf,
	    (struct parts_text *const[2]){ &l->charset, &name }))
		return false;
	if (l->file.n == 0)
		l->file = name;
	return true;
}

static bool
disposition_field(struct head *h, const char *p, const char *end)
{
	static const char *const names[2] = { "filename", "" };
	struct parts_text how, file = { NULL, 0 };

	if (h->disposed)
		return false;
	h->disposed = true;
	p = token(skip(p, end), end, &how);
	if (p == NULL || !params(p, end, names,
	    (struct parts_text *const[2]){ &file, NULL }))
		return false;
	if (file.n > 0)
		h->leaf.file = file;
	return true;
}

static bool
encoding_field(struct head *h, const char *p, const char *end)
{
	if (h->encoded)
		return false;
	h->encoded = true;
	h->leaf.cte = decode_named(p, (size_t)(end - p));
	return h->leaf.cte != CTE_UNKNOWN;
}

static bool
field(struct head *h, const char *p, const char *colon, const char *end)
{
	static const struct {
		const char	*name;
		bool		(*fn)(struct head *, const char *,
				    const char *);
	} fields[] = {
		{ "content-type", type_field },
		{ "content-transfer-encoding", encoding_field },
		{ "content-disposition", disposition_field },
	};
	struct parts_text name = { p, (size_t)(colon - p) };
	size_t i;

	for (i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (parts_is(&name, fields[i].name))
			return fields[i].fn(h, colon + 1, end);
	return true;
}

/* ---- lines ---- */

static const char *
line_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	return nl != NULL ? nl + 1 : end;
}

static bool
is_empty(const char *p, const char *next)
{
	return next - p <= 2 && (*p == '\n' || (*p == '\r' && next - p == 2));
}

/* A header and the blank line behind it; returns where the body is. */
static const char *
take_head(struct head *h, const char *p, const char *end)
{
	const char *next, *colon;

	memset(h, 0, sizeof *h);
	h->leaf.cte = CTE_IDENTITY;
	for (; p < end; p = next) {
		next = line_end(p, end);
		if (is_empty(p, next))
			return next;
		colon = memchr(p, ':', (size_t)(next - p));
		if (colon == NULL || colon == p || *p == ' ' ||
		    *p == '\t' || *p == '-')
			return NULL;	/* perhaps a boundary */
		while (next < end && (*next == ' ' || *next == '\t'))
			next = line_end(next, end);
		if (!field(h, p, colon, next))
			return NULL;
	}
	return end;
}

/* A header was read: a leaf begins, or a multipart. */
static bool
begin(struct scan *s, const struct head *h, const char *body)
{
	struct parts_leaf *l;

	if (h->boundary.n > 0) {
		if (s->depth == PARTS_DEPTH_MAX ||
		    h->leaf.cte != CTE_IDENTITY)
			return false;
		s->bound[s->depth++] = h->boundary;
		return true;
	}
	if (s->out->n == PARTS_MAX)
		return false;
	l = &s->out->leaf[s->out->n++];
	*l = h->leaf;
	if (l->type.n == 0) {
		l->type = text_type;
		l->subtype = plain_type;
	}
	l->body.p = body;
	l->body.n = (size_t)(s->end - body);
	s->open = l;
	return true;
}

/* The line break before a boundary belongs to it: RFC 2046 section 5.1.1. */
static void
close_leaf(struct scan *s, const char *at)
{
	const char *p;

	if (s->open == NULL)
		return;
	p = s->open->body.p;
	if (at > p && at[-1] == '\n')
		at--;
	if (at > p && at[-1] == '\r')
		at--;
	s->open->body.n = (size_t)(at - p);
	s->open = NULL;
}

/* Of which open multipart, plus 1, is [p, next) a boundary?  0: none. */
static size_t
bound_of(const struct scan *s, const char *p, const char *next, bool *last)
{
	const struct parts_text *b;
	const char *q;
	size_t i;

	for (i = s->depth; i > 0; i--) {
		b = &s->bound[i - 1];
		if ((size_t)(next - p) < b->n + 2 ||
		    memcmp(p + 2, b->p, b->n) != 0)
			continue;
		q = p + 2 + b->n;
		*last = next - q >= 2 && q[0] == '-' && q[1] == '-';
		if (skip(q + (*last ? 2 : 0), next) == next)
			return i;
	}
	return 0;
}

/* At a boundary; returns where it goes on, NULL: not plain. */
static const char *
next_part(struct scan *s, const char *p, const char *next)
{
	struct head h;
	bool last;
	size_t of = bound_of(s, p, next, &last);

	if (of == 0)
		return next;
	close_leaf(s, p);
	s->depth = last ? of - 1 : of;
	if (last)
		return next;
	next = take_head(&h, next, s->end);
	return next != NULL && begin(s, &h, next) ? next : NULL;
}

bool
parts_find(struct parts *out, const char *head, size_t nhead,
    const char *body, size_t n)
{
	struct scan s = { .out = out, .end = body + n };
	const char *p, *next;
	struct head h;

	out->n = 0;
	if (take_head(&h, head, head + nhead) == NULL || !begin(&s, &h,
	    body))
		return false;
	for (p = body; s.depth > 0 && p < s.end; p = next) {
		next = line_end(p, s.end);
		if (next - p > 2 && p[0] == '-' && p[1] == '-')
			next = next_part(&s, p, next);
		if (next == NULL)
			return false;
	}
	return out->n > 0;
}
