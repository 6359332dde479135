#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/num.h"
#include "mailnode/base/set.h"

void
set_clear(struct set *s)
{
	free(s->range);
	memset(s, 0, sizeof *s);
}

static uint32_t
size(const struct set_range *r)
{
	return r->hi - r->lo + 1;
}

uint32_t
set_count(const struct set *s)
{
	const struct set_range *last;

	if (s->n == 0)
		return 0;
	last = &s->range[s->n - 1];
	return last->before + size(last);
}

uint32_t
set_first(const struct set *s)
{
	return s->n > 0 ? s->range[0].lo : 0;
}

uint32_t
set_last(const struct set *s)
{
	return s->n > 0 ? s->range[s->n - 1].hi : 0;
}

/* ---- changes ---- */

static bool
room(struct set *s)
{
	size_t cap = s->cap != 0 ? s->cap * 2 : 8;
	struct set_range *r;

	if (s->n < s->cap)
		return true;
	r = reallocarray(s->range, cap, sizeof *r);
	if (r == NULL)
		return false;
	s->range = r;
	s->cap = cap;
	return true;
}

static bool
put(struct set *s, uint32_t lo, uint32_t hi)
{
	uint32_t before = set_count(s);

	if (!room(s))
		return false;
	s->range[s->n++] = (struct set_range){ lo, hi, before };
	return true;
}

bool
set_add(struct set *s, uint32_t lo, uint32_t hi)
{
	struct set_range *last = s->n > 0 ? &s->range[s->n - 1] : NULL;

	if (last == NULL || (lo > last->hi && lo - last->hi > 1))
		return put(s, lo, hi);
	if (hi > last->hi)
		last->hi = hi;
	return true;
}

bool
set_note(struct set *s, uint32_t v)
{
	return put(s, v, v);
}

static int
by_start(const void *x, const void *y)
{
	const struct set_range *a = x, *b = y;

	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

void
set_order(struct set *s)
{
	size_t i, n = s->n;

	if (n == 0)
		return;
	qsort(s->range, n, sizeof s->range[0], by_start);
	s->range[0].before = 0;
	s->n = 1;
	for (i = 1; i < n; i++)
		(void)set_add(s, s->range[i].lo, s->range[i].hi);
}

/* The first range that ends at or behind v. */
static size_t
range_of(const struct set *s, uint32_t v)
{
	size_t lo = 0, hi = s->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (s->range[mid].hi < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* How many are less than v. */
static uint32_t
below(const struct set *s, uint32_t v)
{
	size_t i = range_of(s, v);

	if (i == s->n)
		return set_count(s);
	return s->range[i].before + (v > s->range[i].lo ?
	    v - s->range[i].lo : 0);
}

uint32_t
set_remove(struct set *s, uint32_t v)
{
	uint32_t rank = set_rank(s, v);
	size_t i = range_of(s, v);
	struct set_range *r;

	if (rank == 0)
		return 0;
	if (!room(s))
		return UINT32_MAX;
	r = &s->range[i];
	if (r->lo < v && v < r->hi) {
		memmove(r + 1, r, (s->n++ - i) * sizeof *r);
		r->hi = v - 1;
		r++;
		r->lo = v + 1;
		r->before = rank;	/* less one, below */
	} else if (r->lo == r->hi) {
		memmove(r, r + 1, (--s->n - i) * sizeof *r);
	} else {
		r->lo += v == r->lo;
		r->hi -= v == r->hi;
		r++;
	}
	for (; r < s->range + s->n; r++)
		r->before--;
	return rank;
}

/* ---- questions ---- */

bool
set_has(const struct set *s, uint32_t v)
{
	size_t i = range_of(s, v);

	return i < s->n && s->range[i].lo <= v;
}

uint32_t
set_rank(const struct set *s, uint32_t v)
{
	size_t i = range_of(s, v);

	return i == s->n || v < s->range[i].lo ? 0 :
	    s->range[i].before + (v - s->range[i].lo) + 1;
}

bool
set_ranks(const struct set *s, const struct set *list, struct set *out)
{
	uint32_t first, last;
	size_t i;

	for (i = 0; i < list->n; i++) {
		first = below(s, list->range[i].lo) + 1;
		last = below(s, list->range[i].hi) +
		    set_has(s, list->range[i].hi);
		if (first <= last && !put(out, first, last))
			return false;
	}
	return true;
}

/* The range that holds the nth; s->n: none does. */
static size_t
range_with(const struct set *s, uint32_t nth)
{
	size_t lo = 0, hi = s->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (s->range[mid].before + size(&s->range[mid]) < nth)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t
set_at(const struct set *s, uint32_t nth)
{
	size_t i = range_with(s, nth);

	return nth == 0 || i == s->n ? 0 :
	    s->range[i].lo + (nth - 1 - s->range[i].before);
}

bool
set_slice(const struct set *s, uint32_t nth, uint32_t n, struct set *out)
{
	const struct set_range *r;
	uint32_t lo, part;
	size_t i;

	for (i = range_with(s, nth); n > 0 && i < s->n; i++, nth += part,
	    n -= part) {
		r = &s->range[i];
		lo = r->lo + (nth - 1 - r->before);
		part = r->hi - lo < n ? r->hi - lo + 1 : n;
		if (!put(out, lo, lo + (part - 1)))
			return false;
	}
	return true;
}

bool
set_both(const struct set *a, const struct set *b, struct set *out)
{
	const struct set_range *x = a->range, *y = b->range;
	uint32_t lo, hi;

	if (a->n == 0 || b->n == 0)
		return true;
	while (x < a->range + a->n && y < b->range + b->n) {
		lo = x->lo > y->lo ? x->lo : y->lo;
		hi = x->hi < y->hi ? x->hi : y->hi;
		if (lo <= hi && !set_add(out, lo, hi))
			return false;
		if (x->hi < y->hi)
			x++;
		else
			y++;
	}
	return true;
}

bool
set_less(const struct set *a, const struct set *b, struct set *out)
{
	const struct set_range *x, *y = b->range;
	const struct set_range *end = b->n > 0 ? y + b->n : y;
	uint64_t lo;

	for (x = a->range; a->n > 0 && x < a->range + a->n; x++) {
		while (y < end && y->hi < x->lo)
			y++;
		for (lo = x->lo; y < end && y->lo <= x->hi; y++) {
			if (y->lo > lo &&
			    !set_add(out, (uint32_t)lo, y->lo - 1))
				return false;
			lo = (uint64_t)y->hi + 1;
			if (y->hi > x->hi)
				break;
		}
		if (lo <= x->hi && !set_add(out, (uint32_t)lo, x->hi))
			return false;
	}
	return true;
}

/* ---- text ---- */

/* One end of a range: a number that is not 0, or "*". */
static bool
end_of(const char *p, const char *end, uint32_t max, uint32_t *v)
{
	*v = max;
	if (end - p == 1 && *p == '*')
		return true;
	return p < end && *p != '0' &&
	    num_u32(p, end, 1, UINT32_MAX, v) == 0;
}

static bool
one_range(struct set *s, const char *p, const char *end, uint32_t max)
{
	const char *colon = memchr(p, ':', (size_t)(end - p));
	uint32_t a, b, lo, hi;

	if (!end_of(p, colon != NULL ? colon : end, max, &a))
		return false;
	b = a;
	if (colon != NULL && !end_of(colon + 1, end, max, &b))
		return false;
	lo = a < b ? a : b;
	hi = a < b ? b : a;
	if (hi == 0)
		return true;		/* "*" of nothing */
	return s->n < SET_RANGES_MAX && put(s, lo != 0 ? lo : 1, hi);
}

bool
set_parse(struct set *s, const char *p, size_t n, uint32_t max)
{
	const char *end = p + n, *comma;

	s->n = 0;
	while (p <= end) {
		comma = memchr(p, ',', (size_t)(end - p));
		if (comma == NULL)
			comma = end;
		if (!one_range(s, p, comma, max)) {
			s->n = 0;
			return false;
		}
		p = comma + 1;
	}
	set_order(s);
	return true;
}

void
set_text(const struct set *s, struct buf *b)
{
	uint32_t lo, hi;
	size_t i;

	for (i = 0; i < s->n; i++) {
		lo = s->range[i].lo;
		hi = s->range[i].hi;
		while (i + 1 < s->n && s->range[i + 1].lo == hi + 1)
			hi = s->range[++i].hi;
		(void)buf_addu(b, lo);
		if (hi != lo) {
			(void)buf_addc(b, ':');
			(void)buf_addu(b, hi);
		}
		if (i + 1 < s->n)
			(void)buf_addc(b, ',');
	}
}

bool
set_part_parse(struct set_part *part, const char *p, size_t n)
{
	const char *end = p + n, *colon = memchr(p, ':', n);
	uint32_t a, b;

	part->last = n > 0 && *p == '-';
	if (colon == NULL ||
	    part->last != (colon + 1 < end && colon[1] == '-') ||
	    num_u32(p + part->last, colon, 1, UINT32_MAX, &a) == -1 ||
	    num_u32(colon + 1 + part->last, end, 1, UINT32_MAX, &b) == -1)
		return false;
	part->lo = a < b ? a : b;
	part->hi = a < b ? b : a;
	return true;
}

bool
set_part(const struct set_part *part, const struct set *s, struct set *out)
{
	uint32_t n = set_count(s), hi = part->hi < n ? part->hi : n;

	return part->lo > hi || set_slice(s, part->last ? n - hi + 1 :
	    part->lo, hi - part->lo + 1, out);
}
