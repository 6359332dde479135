/*
 * The leaves of a mailbox's rows lie all over store.db, as they were made
 * between those of other tables: where none of it is in memory, a scan waits
 * for the disk once for each leaf.  Here the pages above them, of which there
 * are few, are looked through for their numbers, and the kernel is told of all
 * at once.  The log is not looked at: what is there is in memory.  A page may
 * be written just now, hence whatever does not fit ends it.
 *
 * A page (SQLite's file format, 1.6): at 0 its type, at 3 how many cells, at
 * 8 the last child, at 12 where each cell is.  A cell: the child before it,
 * octets of the record; the record: octets of its head, types, values.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "store/ahead.h"

enum {
	PAGE = 4096,		/* of store.db: schema.c */
	ABOVE = 2, LEAF = 10,	/* types of a page without rowid */
	CELLS = 12,
	DEPTH = 5,
	LOOKED_AT = 256,	/* pages, at most: one that is damaged may name
				   itself */
	LEAVES = 4096		/* at most, 16 MiB */
};

struct key { uint64_t mbox, uid; };

struct walk {
	int		 fd;
	struct key	 from, to;
	unsigned int	 n, looked_at;
};

static bool
before(const struct key *a, const struct key *b)
{
	return a->mbox != b->mbox ? a->mbox < b->mbox : a->uid < b->uid;
}

static uint32_t
be(const uint8_t *p, size_t n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

/* A number of a record; none is negative. */
static bool
number(uint8_t type, const uint8_t **p, const uint8_t *end, uint64_t *v)
{
	static const uint8_t octets[] = { 0, 1, 2, 3, 4, 6, 8, 0, 0, 0 };
	size_t n;

	if (type >= sizeof octets || octets[type] > end - *p)
		return false;
	*v = type == 9;			/* 8 and 9 are 0 and 1 */
	for (n = octets[type]; n > 0; n--)
		*v = *v << 8 | *(*p)++;
	return true;
}

static bool
cell(const uint8_t page[PAGE], unsigned int i, uint32_t *child,
    struct key *k)
{
	size_t at = be(page + CELLS + 2 * i, 2);
	const uint8_t *record = page + at + 5, *end, *p;

	if (at + 8 > PAGE)
		return false;
	*child = be(page + at, 4);
	end = record + page[at + 4];
	if (page[at + 4] > INT8_MAX || end > page + PAGE || record[0] < 3 ||
	    record[0] > end - record)
		return false;
	p = record + record[0];
	return number(record[1], &p, end, &k->mbox) &&
	    number(record[2], &p, end, &k->uid);
}

static bool
is_leaf(int fd, uint32_t page)
{
	uint8_t type = 0;

	return pread(fd, &type, 1, ((off_t)page - 1) * PAGE) == 1 &&
	    type == LEAF;
}

static void
visit(struct walk *w, uint32_t number_of, int depth)
{
	struct key k = { 0, 0 }, last = { 0, 0 };
	uint8_t page[PAGE];
	bool known = false, leaves = false;
	unsigned int i, n;
	uint32_t child;

	if (number_of == 0 || depth == 0 || w->looked_at++ >= LOOKED_AT ||
	    pread(w->fd, page, PAGE, ((off_t)number_of - 1) * PAGE) != PAGE ||
	    page[0] != ABOVE)
		return;
	n = be(page + 3, 2);
	for (i = 0; i <= n && CELLS + 2 * n <= PAGE; i++, last = k) {
		child = be(page + 8, 4);
		if (i < n && !cell(page, i, &child, &k))
			return;
		if ((i < n && before(&k, &w->from)) ||
		    (i > 0 && before(&w->to, &last)) || w->n == LEAVES)
			continue;
		if (!known)		/* all of a level are alike */
			leaves = is_leaf(w->fd, child);
		known = true;
		if (!leaves) {
			visit(w, child, depth - 1);
			continue;
		}
		(void)posix_fadvise(w->fd, ((off_t)child - 1) * PAGE, PAGE,
		    POSIX_FADV_WILLNEED);
		w->n++;
	}
}

unsigned int
ahead_mail(int fd, uint32_t root, const struct ahead *a)
{
	struct walk w = { .fd = fd, .from = { a->mbox, a->lo },
	    .to = { a->mbox, a->hi } };

	visit(&w, root, DEPTH);
	return w.n;
}
