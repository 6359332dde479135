/*
 * Rows whose file is not where they say.  Neither a path that is gone nor a
 * folder that was read through proves a file lost: others rename it at any
 * moment, and we do.  So each waits here until no change of ours is under
 * way for it, then filer is asked; and only filer's word removes a row.
 */
#include <stdlib.h>
#include <string.h>

#include "store/intent.h"
#include "store/parts.h"
#include "store/sync_parts.h"

enum { LOOKS_MAX = 1024 };	/* then the folder is read through */

struct sync_look {
	uint64_t	box;
	uint32_t	uid;
	bool		counted;
	char		rel[MAILDIR_REL_MAX];
};

void
sync_look(struct store *st, struct box *b, const char *rel, bool counted)
{
	struct sync *sy = st->sync;
	struct maildir_name n;
	struct sync_look *l;
	size_t i;

	if (!maildir_parse(rel, &n) || !n.paired)
		return;
	for (i = 0; i < sy->nlook; i++)
		if (sy->look[i].uid == n.uid && sy->look[i].box == b->id)
			return;
	if (sy->look == NULL)
		sy->look = calloc(LOOKS_MAX, sizeof *sy->look);
	if (sy->look == NULL || sy->nlook == LOOKS_MAX) {
		b->scan = true;
		return;
	}
	l = &sy->look[sy->nlook++];
	l->box = b->id;
	l->uid = n.uid;
	l->counted = counted;
	memcpy(l->rel, rel, strlen(rel) + 1);
	loop_arm(st->loop, &st->again, 0);
}

static bool
waits(struct store *st, const struct sync_look *l)
{
	const struct box *b = box_by_id(st, l->box);

	return b != NULL && intent_touches(st, b->name, l->uid);
}

bool
sync_look_due(struct store *st)
{
	const struct sync *sy = st->sync;
	size_t i;

	if (sy->looking)
		return true;
	for (i = 0; i < sy->nlook; i++)
		if (!waits(st, &sy->look[i]))
			return true;
	return false;
}

/* Neither is a scan that found them at its end.  Of a mailbox that is no more,
 * or away, the folders tell. */
static void
unsaid(struct store *st, struct box *b, uint16_t status)
{
	if (st->sync->box == b->id)
		sync_scan_stop(st);
	if (status != STORE_NOTFOUND) {
		sync_denied(st, b);
		return;
	}
	b->cur_ns = b->new_ns = 0;
	sync_told(st, FILE_RESCAN, NULL);
}

static void
answer(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct store *st = arg;
	struct sync *sy = st->sync;
	struct box *b = box_by_id(st, sy->lookbox);

	(void)fd;
	sy->looking = false;
	if (status == OP_OK)
		sync_looked(st, in, sy->counted);
	else if (status != OP_GONE && b != NULL)
		unsaid(st, b, status);
	loop_arm(st->loop, &st->again, 0);
}

/* Takes out those of one folder that can be asked for now. */
static struct box *
gather(struct store *st, struct buf *args)
{
	struct sync *sy = st->sync;
	struct box *b = NULL;
	struct sync_look *l;
	size_t i, k = 0, n = 0;

	for (i = 0; i < sy->nlook; i++) {
		l = &sy->look[i];
		if (waits(st, l) || (b != NULL && (l->box != b->id ||
		    l->counted != sy->counted || n == FILE_LOOK_MAX ||
		    args->len > FILE_PAGE_MAX))) {
			sy->look[k++] = *l;
			continue;
		}
		if (b == NULL) {
			b = box_by_id(st, l->box);
			if (b == NULL)
				continue;	/* it went with its rows */
			sy->counted = l->counted;
			file_look_put(args, b->name);
		}
		file_look_add(args, l->rel);
		n++;
	}
	sy->nlook = k;
	return b;
}

void
sync_look_kick(struct store *st)
{
	struct sync *sy = st->sync;
	struct box *b;
	struct buf args;

	if (sy->looking || sy->nlook == 0)
		return;
	buf_init(&args, CHAN_DATA_MAX);
	b = gather(st, &args);
	if (b != NULL) {
		sy->looking = ask_send(st->filer, FILE_LOOK, &args, -1,
		    answer, st) == 0;
		b->scan = b->scan || !sy->looking;
		sy->lookbox = b->id;
	}
	buf_clear(&args);
}

/* The next filer's folders are all read through. */
void
sync_look_stop(struct store *st)
{
	struct sync *sy = st->sync;

	free(sy->look);
	sy->look = NULL;
	sy->nlook = 0;
	sy->looking = false;
}
