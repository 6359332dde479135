#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/num.h"
#include "mailnode/imap/set.h"

void
set_init(struct set *s)
{
	memset(s, 0, sizeof *s);
}

void
set_clear(struct set *s)
{
	free(s->range);
	set_init(s);
}

static bool
put(struct set *s, uint32_t lo, uint32_t hi)
{
	struct view_range *r;
	size_t cap = s->cap != 0 ? s->cap * 2 : 8;

	if (s->n == s->cap) {
		r = reallocarray(s->range, cap, sizeof *r);
		if (r == NULL)
			return false;
		s->range = r;
		s->cap = cap;
	}
	s->range[s->n++] = (struct view_range){ lo, hi };
	return true;
}

bool
set_add(struct set *s, uint32_t lo, uint32_t hi)
{
	struct view_range *last = s->n > 0 ? &s->range[s->n - 1] : NULL;

	if (last != NULL && (lo <= last->hi || lo == last->hi + 1)) {
		if (hi > last->hi)
			last->hi = hi;
		return true;
	}
	return put(s, lo, hi);
}

/* One end of a range: a number that is not 0, or "*". */
static bool
end_of(const char *p, const char *end, uint32_t max, uint32_t *v)
{
	if (end - p == 1 && *p == '*') {
		*v = max;
		return true;
	}
	return p < end && *p != '0' &&
	    num_u32(p, end, 1, UINT32_MAX, v) == 0;
}

static bool
one_range(struct set *s, const char *p, const char *end, uint32_t max)
{
	const char *colon = memchr(p, ':', (size_t)(end - p));
	uint32_t a, b, swap;

	if (!end_of(p, colon != NULL ? colon : end, max, &a))
		return false;
	b = a;
	if (colon != NULL && !end_of(colon + 1, end, max, &b))
		return false;
	if (a > b) {
		swap = a;
		a = b;
		b = swap;
	}
	if (b == 0)
		return true;		/* "*" of nothing */
	return s->n < SET_RANGES_MAX && put(s, a != 0 ? a : 1, b);
}

static int
by_start(const void *x, const void *y)
{
	const struct view_range *a = x, *b = y;

	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

bool
set_note(struct set *s, uint32_t v)
{
	return put(s, v, v);
}

void
set_order(struct set *s)
{
	size_t i, n = s->n;

	if (n == 0)
		return;
	qsort(s->range, n, sizeof s->range[0], by_start);
	s->n = 1;
	for (i = 1; i < n; i++)
		(void)set_add(s, s->range[i].lo, s->range[i].hi);
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

bool
set_has(const struct set *s, uint32_t v)
{
	size_t lo = 0, hi = s->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (s->range[mid].hi < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n && s->range[lo].lo <= v;
}

uint64_t
set_count(const struct set *s)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < s->n; i++)
		n += (uint64_t)s->range[i].hi - s->range[i].lo + 1;
	return n;
}

uint32_t
set_last(const struct set *s)
{
	return s->n > 0 ? s->range[s->n - 1].hi : 0;
}
