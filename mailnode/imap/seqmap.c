#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/seqmap.h"

void
seqmap_init(struct seqmap *m)
{
	memset(m, 0, sizeof *m);
}

void
seqmap_clear(struct seqmap *m)
{
	free(m->run);
	seqmap_init(m);
}

uint32_t
seqmap_count(const struct seqmap *m)
{
	const struct seqmap_run *last;

	if (m->n == 0)
		return 0;
	last = &m->run[m->n - 1];
	return last->seq + last->n - 1;
}

static bool
room(struct seqmap *m)
{
	size_t cap = m->cap != 0 ? m->cap * 2 : 16;
	struct seqmap_run *r;

	if (m->n < m->cap)
		return true;
	r = reallocarray(m->run, cap, sizeof *r);
	if (r == NULL)
		return false;
	m->run = r;
	m->cap = cap;
	return true;
}

bool
seqmap_add(struct seqmap *m, uint32_t lo, uint32_t hi)
{
	struct seqmap_run *last = m->n > 0 ? &m->run[m->n - 1] : NULL;
	uint32_t seq = seqmap_count(m) + 1;

	if (last != NULL && last->uid + last->n == lo) {
		last->n += hi - lo + 1;
		return true;
	}
	if (!room(m))
		return false;
	m->run[m->n++] = (struct seqmap_run){ lo, seq, hi - lo + 1 };
	return true;
}

/* The first run that ends at or behind the number. */
static size_t
run_at(const struct seqmap *m, uint32_t v, bool is_uid)
{
	size_t lo = 0, hi = m->n, mid;
	uint32_t first;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		first = is_uid ? m->run[mid].uid : m->run[mid].seq;
		if (first + (m->run[mid].n - 1) < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t
seqmap_uid(const struct seqmap *m, uint32_t seq)
{
	size_t i = run_at(m, seq, false);

	return seq == 0 || i == m->n ? 0 :
	    m->run[i].uid + (seq - m->run[i].seq);
}

uint32_t
seqmap_seq(const struct seqmap *m, uint32_t uid)
{
	size_t i = run_at(m, uid, true);

	return i == m->n || m->run[i].uid > uid ? 0 :
	    m->run[i].seq + (uid - m->run[i].uid);
}

uint32_t
seqmap_remove(struct seqmap *m, uint32_t uid)
{
	uint32_t seq = seqmap_seq(m, uid), before;
	size_t i = run_at(m, uid, true);
	struct seqmap_run *r;

	if (seq == 0)
		return 0;
	if (!room(m))
		return UINT32_MAX;
	r = &m->run[i];
	before = uid - r->uid;
	if (before > 0 && before + 1 < r->n) {
		memmove(r + 1, r, (m->n - i) * sizeof *r);
		m->n++;
		r->n = before;
		r++;
		r->n -= before + 1;
		r->uid = uid + 1;
		r->seq = seq + 1;	/* less one, below */
	} else if (--r->n == 0) {
		m->n--;
		memmove(r, r + 1, (m->n - i) * sizeof *r);
	} else {
		if (before == 0) {
			r->uid++;
			r->seq++;	/* less one, below */
		} else
			r++;
	}
	for (; r < m->run + m->n; r++)
		r->seq--;
	return seq;
}

bool
seqmap_uids(const struct seqmap *m, const struct set *seqs, struct set *uids)
{
	const struct seqmap_run *r;
	uint32_t lo, hi, part;
	size_t i;

	uids->n = 0;
	if (set_last(seqs) > seqmap_count(m))
		return false;
	for (i = 0; i < seqs->n; i++) {
		lo = seqs->range[i].lo;
		hi = seqs->range[i].hi;
		for (r = m->run + run_at(m, lo, false); lo <= hi; r++) {
			part = r->seq + (r->n - 1) < hi ?
			    r->seq + (r->n - 1) : hi;
			if (!set_add(uids, r->uid + (lo - r->seq),
			    r->uid + (part - r->seq)))
				return false;
			lo = part + 1;
		}
	}
	return true;
}

bool
seqmap_here(const struct seqmap *m, const struct set *uids, struct set *out)
{
	const struct seqmap_run *r = m->run, *end = m->run + m->n;
	const struct view_range *u = uids->range, *last = u + uids->n;
	uint32_t hi, lo;

	while (r < end && u < last) {
		hi = r->uid + (r->n - 1);
		lo = u->lo > r->uid ? u->lo : r->uid;
		if (lo <= hi && lo <= u->hi &&
		    !set_add(out, lo, hi < u->hi ? hi : u->hi))
			return false;
		if (hi < u->hi)
			r++;
		else
			u++;
	}
	return true;
}
