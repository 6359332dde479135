/* Batches of what keeper has for the index. */
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/log.h"
#include "mailnode/role/indexer.h"
#include "store/op_index_try.h"

enum {
	BATCH_MS = 1000,	/* then the user's own notmuch gets its turn */
	RENAME_MS = 5000,	/* for a file to follow its row */
	BROKEN_MS = 20 * 1000,	/* of refusals: then it is damaged */
	HEAP_MAX = 96 * 1024 * 1024,	/* octets: then the batch ends */
	HEAP_KEPT = 32 * 1024 * 1024	/* what is above goes back */
};

int
indexer_keeper(const struct indexer *ix)
{
	return ix->pr->link[ROLE_KEEPER];
}

/* Files follow their rows soon; one that does not was lost meanwhile. */
static bool
waited_for(const struct indexer *ix, uint64_t seq)
{
	return ix->stuck_seq == seq &&
	    clock_mono_ms() - ix->stuck_ms > RENAME_MS;
}

/* All words of a batch are in memory until its end. */
static size_t
heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* libnotmuch goes on with what is left of its memory; we do not.  keeper
 * takes it for a death over what was begun. */
static void
end_if_short(enum store_err e)
{
	if (e != STORE_NOMEM)
		return;
	log_line(LOG_ERROR, "index", "error=%s", store_err_text(e));
	_exit(1);
}

/* It opened to write, and took it or not.  One that goes on refusing with
 * room on the disk is damaged where an opening does not look. */
static void
written(struct indexer *ix, bool ok)
{
	int64_t now = clock_mono_ms();

	if (ok)
		ix->refused_ms = 0;
	else if (ix->refused_ms == 0)
		ix->refused_ms = now;
	else if (now - ix->refused_ms > BROKEN_MS && index_give_up(ix->x)) {
		log_line(LOG_ERROR, "index", "text=%s",
		    "it refuses what is written: it is given up");
		loop_stop(ix->pr->loop);
	}
}

/* The first n items, in turn: *seq is the last, of *did. */
static enum store_err
learn_items(struct indexer *ix, const struct index_work *w, size_t n,
    uint64_t *seq, size_t *did)
{
	int64_t until = clock_mono_ms() + BATCH_MS;
	enum store_err e;

	while (*did < n && clock_mono_ms() < until && heap() < HEAP_MAX) {
		e = index_apply(ix->x, &w->item[*did],
		    waited_for(ix, w->item[*did].seq));
		end_if_short(e);
		if (e == STORE_NAME || e == STORE_NOTFOUND)
			(void)index_less(indexer_keeper(ix), &ix->r,
			    w->item[*did].seq, INDEX_NOT);
		else if (e != STORE_OK)
			return e;
		*seq = w->item[(*did)++].seq;
	}
	return STORE_OK;
}

/* The batch is open and as `now` says, and keeper knows what is begun.  False
 * with STORE_OK: somebody was here since take_changes(), that first. */
static bool
begin(struct indexer *ix, const struct index_work *w, size_t n,
    const char *now, enum store_err *e)
{
	char begun[INDEX_STATE_MAX];

	end_if_short(*e);
	if (*e != STORE_OK)
		return false;
	index_state(ix->x, begun, sizeof begun);
	if (strcmp(begun, now) == 0) {
		if (index_try(indexer_keeper(ix), &ix->r, w->item[0].seq,
		    w->item[n - 1].seq) == OP_OK)
			return true;
		*e = STORE_GONE;
	}
	(void)index_end(ix->x, begun);
	return false;
}

/* A large message, or one that we died over. */
static bool
learn_one(struct indexer *ix, const struct index_work *w, char *now,
    uint64_t *seq, size_t *n)
{
	enum store_err e = index_begin_cut(ix->x, &w->item[0]);
	bool ok;

	if (!begin(ix, w, 1, now, &e))
		return e == STORE_OK;
	e = learn_items(ix, w, 1, seq, n);
	ok = index_end(ix->x, now) == STORE_OK && (e == STORE_OK ||
	    e == STORE_BUSY);
	written(ix, ok);
	if (ok && e == STORE_OK && index_has_less(ix->x))
		(void)index_less(indexer_keeper(ix), &ix->r, w->item[0].seq,
		    INDEX_CUT);
	return ok;
}

bool
indexer_learn(struct indexer *ix, const struct index_work *w, char *now,
    uint64_t *seq, size_t *n)
{
	enum store_err e = index_begin(ix->x);
	bool large, ok;

	*n = 0;
	if (!begin(ix, w, w->n, now, &e))
		return e == STORE_OK;
	if (ix->drained)
		index_untouched(ix->x);
	e = learn_items(ix, w, w->n, seq, n);
	if (e == STORE_BUSY && ix->stuck_seq != w->item[*n].seq) {
		ix->stuck_seq = w->item[*n].seq;
		ix->stuck_ms = clock_mono_ms();
	}
	large = heap() > HEAP_KEPT;
	ok = index_end(ix->x, now) == STORE_OK && (e == STORE_OK ||
	    e == STORE_BUSY || e == STORE_TOOBIG);
	written(ix, ok);
	if (ok && e == STORE_TOOBIG && *n == 0) {
		large = true;
		ok = learn_one(ix, w, now, seq, n);
	}
	if (large)
		(void)malloc_trim(0);
	return ok;
}

bool
indexer_everything(struct indexer *ix)
{
	uint64_t from = 0;

	ix->drained = false;
	do {
		if (index_all(indexer_keeper(ix), &ix->r, &from) != OP_OK)
			return false;
	} while (from != 0);
	ix->all = false;
	return true;
}
