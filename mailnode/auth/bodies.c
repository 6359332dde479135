#include <string.h>

#include "mailnode/auth/bodies.h"
#include "mailnode/base/bug.h"

void
bodies_init(struct bodies *b, struct trace *trace)
{
	size_t i;

	memset(b, 0, sizeof *b);
	b->trace = trace;
	for (i = 0; i < BODIES_CANONS; i++)
		buf_init(&b->shown[i], TRACE_BYTES_MAX);
}

void
bodies_clear(struct bodies *b)
{
	size_t i;

	for (i = 0; i < BODIES_CANONS; i++)
		buf_clear(&b->shown[i]);
}

/* The next length at which the digest is wanted, from `count` on. */
static struct body_hash *
next_limit(struct bodies *b, enum canon how)
{
	struct body_hash *best = NULL;
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->hash[i].how == how && !b->hash[i].done &&
		    (best == NULL || b->hash[i].limit < best->limit))
			best = &b->hash[i];
	return best;
}

static void
finish(struct bodies *b, struct body_hash *h)
{
	struct sha256 copy = b->sha[h->how];

	sha256_end(&copy, h->digest);
	h->done = true;
}

static void
show(struct bodies *b, enum canon how, const void *p, size_t n)
{
	struct buf *s = &b->shown[how];

	if (b->trace == NULL)
		return;
	if (n > s->max - s->len)
		n = s->max - s->len;
	(void)buf_add(s, p, n);
}

static void
hash(struct bodies *b, enum canon how, const uint8_t *p, size_t n)
{
	struct body_hash *next;
	size_t part;

	show(b, how, p, n);
	while ((next = next_limit(b, how)) != NULL) {
		part = n;
		if (next->limit - b->count[how] <= part)
			part = (size_t)(next->limit - b->count[how]);
		sha256_add(&b->sha[how], p, part);
		b->count[how] += part;
		p += part;
		n -= part;
		if (b->count[how] < next->limit)
			break;
		finish(b, next);
	}
}

static void
to_simple(void *arg, const void *p, size_t n)
{
	hash(arg, CANON_SIMPLE, p, n);
}

static void
to_relaxed(void *arg, const void *p, size_t n)
{
	hash(arg, CANON_RELAXED, p, n);
}

int
bodies_want(struct bodies *b, enum canon how, uint64_t limit)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->hash[i].how == how && b->hash[i].limit == limit)
			return (int)i;
	if (b->n == BODIES_MAX)
		return -1;
	b->hash[b->n] = (struct body_hash){ .how = how, .limit = limit };
	if (!b->used[how]) {
		sha256_init(&b->sha[how]);
		canon_body_init(&b->body[how], how, how == CANON_RELAXED ?
		    to_relaxed : to_simple, b);
	}
	b->used[how] = true;
	return (int)b->n++;
}

void
bodies_feed(struct bodies *b, const void *p, size_t n)
{
	size_t i;

	for (i = 0; i < BODIES_CANONS; i++)
		if (b->used[i])
			canon_body_feed(&b->body[i], p, n);
}

static void
trace_body(const struct bodies *b, const struct body_hash *h)
{
	const struct buf *s = &b->shown[h->how];
	uint64_t total = b->body[h->how].total, used;

	used = h->limit < total ? h->limit : total;
	trace_begin(b->trace, "body");
	trace_str(b->trace, "canonicalization", h->how == CANON_RELAXED ?
	    "relaxed" : "simple");
	trace_num(b->trace, "octets", used);
	trace_num(b->trace, "total", total);
	trace_hex(b->trace, "sha256", h->digest, sizeof h->digest);
	trace_bytes(b->trace, "bytes", s->data, used < s->len ?
	    (size_t)used : s->len);
	trace_end(b->trace);
}

void
bodies_end(struct bodies *b)
{
	size_t i;

	for (i = 0; i < BODIES_CANONS; i++)
		if (b->used[i])
			canon_body_end(&b->body[i]);
	for (i = 0; i < b->n; i++) {
		if (!b->hash[i].done)
			finish(b, &b->hash[i]);
		if (b->trace != NULL)
			trace_body(b, &b->hash[i]);
	}
}
