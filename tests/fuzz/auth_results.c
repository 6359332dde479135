/*
 * auth/results: a field decided early is decided the same when whole; what
 * can be read is written so that it reads the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/results.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
claims(const char *p, size_t n)
{
	static const char *const ids[] = { "a.test" };
	enum results_claim whole = results_claim(p, n, true, ids, 1), c;
	size_t i;

	if (whole == RESULTS_MORE)
		abort();
	for (i = 0; i < n; i += 1 + n / 16) {
		c = results_claim(p, i, false, ids, 1);
		if (c != RESULTS_MORE && c != whole)
			abort();
	}
}

static void
same(const char *a, const char *b)
{
	if (strcmp(a != NULL ? a : "", b != NULL ? b : "") != 0)
		abort();
}

static bool
plain(const char *s)
{
	for (; *s != '\0'; s++)
		if ((uint8_t)*s < ' ' || (uint8_t)*s >= 0x7f)
			return false;
	return true;
}

static bool
all_plain(const struct results *r)
{
	size_t i, k;

	if (!plain(r->id))
		return false;
	for (i = 0; i < r->nitems; i++) {
		/* Methods and names are written as they are. */
		if (strpbrk(r->items[i].method, " \t\"()\\;/=@,:<>[]?") ||
		    strpbrk(r->items[i].result, " \t\"()\\;/=@,:<>[]?") ||
		    r->items[i].method[0] == '\0' ||
		    r->items[i].result[0] == '\0' ||
		    !plain(r->items[i].method) || !plain(r->items[i].result) ||
		    (r->items[i].reason && !plain(r->items[i].reason)))
			return false;
		for (k = 0; k < r->items[i].nprops; k++)
			if (strpbrk(r->items[i].props[k].ptype,
			    " \t\"()\\;/=@,:<>[]?") ||
			    strpbrk(r->items[i].props[k].name,
			    " \t\"()\\;/=@,:<>[]?") ||
			    r->items[i].props[k].ptype[0] == '\0' ||
			    !plain(r->items[i].props[k].ptype) ||
			    !plain(r->items[i].props[k].name) ||
			    !plain(r->items[i].props[k].value))
				return false;
	}
	return true;
}

static void
round_trip(const struct results *r)
{
	struct results again;
	struct buf b;
	size_t i, k;

	buf_init(&b, 1 << 20);
	if (results_put(&b, r->id, r->items, r->nitems) == -1 ||
	    results_parse(&again, (char *)b.data + 23, b.len - 23) == -1)
		abort();
	same(r->id, again.id);
	if (r->nitems != again.nitems)
		abort();
	for (i = 0; i < r->nitems; i++) {
		same(r->items[i].method, again.items[i].method);
		same(r->items[i].result, again.items[i].result);
		same(r->items[i].reason, again.items[i].reason);
		if (r->items[i].nprops != again.items[i].nprops)
			abort();
		for (k = 0; k < r->items[i].nprops; k++)
			same(r->items[i].props[k].value,
			    again.items[i].props[k].value);
	}
	results_clear(&again);
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct results r;

	claims((const char *)p, n);
	if (results_parse(&r, (const char *)p, n) == 0) {
		if (n < RESULTS_FIELD_MAX / 4 && all_plain(&r))
			round_trip(&r);
		results_clear(&r);
	}
	return 0;
}
