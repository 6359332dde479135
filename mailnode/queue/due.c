#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>

#include "mailnode/queue/due.h"

void
due_clear(struct due *d)
{
	free(d->item);
	memset(d, 0, sizeof *d);
}

static void
swap(struct due *d, size_t a, size_t b)
{
	struct due_item t = d->item[a];

	d->item[a] = d->item[b];
	d->item[b] = t;
}

static void
settle(struct due *d, size_t i)
{
	size_t least, k;

	while (i > 0 && d->item[i].at < d->item[(i - 1) / 2].at) {
		swap(d, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
	for (;;) {
		least = i;
		for (k = 2 * i + 1; k <= 2 * i + 2 && k < d->n; k++)
			if (d->item[k].at < d->item[least].at)
				least = k;
		if (least == i)
			return;
		swap(d, i, least);
		i = least;
	}
}

/* A person's queue is short: a scan costs less than an index of it. */
static size_t
find(const struct due *d, uint64_t id)
{
	size_t i;

	for (i = 0; i < d->n && d->item[i].id != id; i++)
		;
	return i;
}

int
due_set(struct due *d, uint64_t id, int64_t at)
{
	size_t i = find(d, id), cap;
	struct due_item *p;

	if (i == d->n) {
		if (d->n == d->cap) {
			cap = d->cap > 0 ? d->cap * 2 : 64;
			p = reallocarray(d->item, cap, sizeof *p);
			if (p == NULL)
				return -1;
			d->item = p;
			d->cap = cap;
		}
		d->n++;
	}
	d->item[i] = (struct due_item){ id, at };
	settle(d, i);
	return 0;
}

void
due_drop(struct due *d, uint64_t id)
{
	size_t i = find(d, id);

	if (i == d->n)
		return;
	d->item[i] = d->item[--d->n];
	if (i < d->n)
		settle(d, i);
}

bool
due_later(const struct due *d, uint64_t id, int64_t now)
{
	size_t i = find(d, id);

	return i < d->n && d->item[i].at > now;
}

bool
due_first(const struct due *d, struct due_item *first)
{
	if (d->n == 0)
		return false;
	*first = d->item[0];
	return true;
}
