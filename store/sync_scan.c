/*
 * One folder read through: every name is held against its row, then every
 * row against the names that were seen.  A page of names at a time, and no
 * further while more was found than can be parsed.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "store/intake.h"
#include "store/parts.h"
#include "store/sync_parts.h"

enum { SCAN_SLICE = 500 };	/* names compared in one turn */

static void	ask_page(struct store *, struct box *, bool);

void
sync_scan_stop(struct store *st)
{
	struct sync *sy = st->sync;

	sy->box = 0;
	sy->asked = sy->started = sy->done = sy->dropping = false;
	sy->after = 0;
	buf_clear(&sy->page);
	free(sy->seen);
	sy->seen = NULL;
	sy->nseen = sy->cap = 0;
}

static void
give_up(struct store *st)
{
	struct box *b = box_by_id(st, st->sync->box);

	if (b != NULL)
		b->scan = true;
	sync_scan_stop(st);
}

static void
denied(struct store *st, uint16_t status)
{
	struct box *b = box_by_id(st, st->sync->box);

	if (status == OP_GONE || status == STORE_STATE) {
		give_up(st);
		return;
	}
	sync_scan_stop(st);
	if (status != STORE_NOTFOUND && b != NULL)
		sync_denied(st, b);
}

static bool
remember(struct sync *sy, uint32_t uid)
{
	uint32_t *p;

	if (sy->nseen == sy->cap) {
		p = realloc(sy->seen, (sy->cap * 2 + 1024) * sizeof *p);
		if (p == NULL)
			return false;
		sy->seen = p;
		sy->cap = sy->cap * 2 + 1024;
	}
	sy->seen[sy->nseen++] = uid;
	return true;
}

static int
by_uid(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* ---- the second half: rows without a file ---- */

struct missing {
	uint32_t	uid;
	char		rel[MAILDIR_REL_MAX];
};

static size_t
find_missing(struct store *st, const struct box *b, uint32_t after,
    struct missing *m, size_t max, bool *end)
{
	static struct store_slot slot;
	struct sync *sy = st->sync;
	sqlite3_stmt *s;
	size_t n = 0;
	uint32_t uid;
	const char *name;

	*end = true;
	s = store_ask(st, STORE_CACHE, &slot, "SELECT l.uid, m.name FROM"
	    " mail l JOIN msg m ON m.id = l.msg WHERE l.mbox = ?1 AND"
	    " l.uid > ?2 AND l.uid < ?3 ORDER BY l.uid", "iii", (int64_t)b->id,
	    (int64_t)after, (int64_t)sy->below);
	if (s == NULL)
		return 0;
	while (sqlite3_step(s) == SQLITE_ROW) {
		uid = (uint32_t)sqlite3_column_int64(s, 0);
		name = (const char *)sqlite3_column_text(s, 1);
		/* bsearch takes no NULL, not even for an empty array. */
		if (name == NULL || strlen(name) >= sizeof m->rel ||
		    (sy->nseen > 0 && bsearch(&uid, sy->seen, sy->nseen,
		    sizeof uid, by_uid) != NULL))
			continue;
		m[n].uid = uid;
		memcpy(m[n].rel, name, strlen(name) + 1);
		if (++n == max) {
			*end = false;
			break;
		}
	}
	(void)sqlite3_reset(s);
	return n;
}

/* False: when those before are answered. */
static bool
drop_missing(struct store *st, struct box *b)
{
	static struct missing m[FILE_LOOK_MAX];
	struct sync *sy = st->sync;
	bool end;
	size_t i, n;

	if (!sy->dropping && sy->nseen > 0)
		qsort(sy->seen, sy->nseen, sizeof(uint32_t), by_uid);
	sy->dropping = true;
	if (sync_look_due(st))
		return false;
	n = find_missing(st, b, sy->after, m, FILE_LOOK_MAX, &end);
	for (i = 0; i < n; i++) {
		sy->after = m[i].uid;
		sync_look(st, b, m[i].rel, true);
	}
	return n == 0;
}

static void
finish(struct store *st, struct box *b)
{
	struct sync *sy = st->sync;

	if (!drop_missing(st, b))
		return;
	/* When it changed within the moment we looked, look once more at
	 * the next start: a time may stand for two changes. */
	b->cur_ns = sy->cur_ns;
	b->new_ns = sy->new_ns;
	b->denied = false;
	b->dirty = true;
	sync_scan_stop(st);
	loop_arm(st->loop, &st->again, 0);	/* for the next folder */
}

/* ---- the first half: names ---- */

static void
compare(struct store *st, struct box *b)
{
	struct sync *sy = st->sync;
	char rel[MAILDIR_REL_MAX];
	struct chan_in in;
	uint32_t uid;
	int i;

	chan_in_init(&in, sy->page.data + sy->at, sy->page.len - sy->at);
	for (i = 0; i < SCAN_SLICE && in.p < in.end && !intake_full(st);
	    i++) {
		if (!file_rel_get(&in, rel)) {
			in.p = in.end;
			break;
		}
		sync_here(st, b, rel, sy->keep, &uid);
		b->files++;
		if (uid != 0 && !remember(sy, uid)) {
			give_up(st);
			return;
		}
	}
	sy->at = (size_t)(in.p - sy->page.data);
}

void
sync_scan_next(struct store *st)
{
	struct sync *sy = st->sync;
	struct box *b = box_by_id(st, sy->box);

	if (b == NULL) {
		sync_scan_stop(st);
		return;
	}
	if (sy->at < sy->page.len) {
		compare(st, b);
		loop_arm(st->loop, &st->again, 0);
	} else if (sy->done)
		finish(st, b);	/* as often as it takes */
	else if (!sy->asked)
		ask_page(st, b, false);
}

static void
page(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct store *st = arg;
	struct sync *sy = st->sync;
	int64_t cur_ns, new_ns;
	bool more;

	(void)fd;
	if (sy->box == 0 || !sy->asked)
		return;
	sy->asked = false;
	if (status != OP_OK || !file_scan_get(in, &more, &cur_ns, &new_ns)) {
		denied(st, status);
		return;
	}
	sy->cur_ns = cur_ns;
	sy->new_ns = new_ns;
	sy->done = !more;
	sy->at = 0;
	buf_reset(&sy->page);
	if (buf_add(&sy->page, in->p, (size_t)(in->end - in->p)) == -1)
		give_up(st);
}

static void
ask_page(struct store *st, struct box *b, bool start)
{
	struct buf args;

	buf_init(&args, 1024);
	file_scan_put(&args, b->name, start);
	st->sync->asked = ask_send(st->filer, FILE_SCAN, &args, -1, page,
	    st) == 0;
	buf_clear(&args);
	if (!st->sync->asked)
		give_up(st);
}

bool
sync_scan_start(struct store *st, struct box *b)
{
	struct sync *sy = st->sync;

	/* Numbers are needed for what it may find. */
	if (b->uidlease <= b->uidnext || b->modlease <= b->modseq) {
		box_lease(st, b);
		if (!b->asked && box_unwritten(b))
			sync_denied(st, b);
		return false;
	}
	buf_init(&sy->page, CHAN_DATA_MAX);
	b->scan = false;
	b->files = 0;
	sy->box = b->id;
	sy->below = b->uidnext;
	sy->keep = b->cur_ns == 0;	/* its rows may be lost */
	ask_page(st, b, true);
	return true;
}
