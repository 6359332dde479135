/*
 * Keeping the rows in step with the files, which are the truth: at the
 * start, when filer tells of another program's doing, and for fsck.
 *
 * A name whose pair (I=uidvalidity.uid) is this folder's and free keeps its
 * UID when rows are being rebuilt; any other gets a new one.
 */
#ifndef STORE_SYNC_H
#define STORE_SYNC_H

#include <stdbool.h>

#include "store/box.h"
#include "store/store.h"

enum store_err	 sync_open(struct store *st);
void		 sync_close(struct store *st);

/* Filer is here (again): which folders are there, what do they hold? */
void		 sync_filer(struct store *st);
/* What filer tells. */
void		 sync_told(struct store *st, uint16_t type,
		    struct chan_in *in);
/* That path is no more: is the file of its row? */
void		 sync_gone(struct store *st, struct box *b, uint32_t uid);
/* Goes on with a scan when there is room for what it finds. */
void		 sync_kick(struct store *st);
/* All folders once more, whatever their times say. */
void		 sync_all(struct store *st);
/* Rows and tags may be behind node.db: as after a crash. */
void		 sync_anew(struct store *st);
/* Nothing is left to look at, but for mailboxes that cannot be looked at. */
bool		 sync_idle(const struct store *st);
bool		 sync_any_denied(const struct store *st);
/* Another number whenever the comparing went on. */
uint64_t	 sync_place(const struct store *st);
/* What scans found and did; not what filer told of by itself. */
struct sync_counts {
	uint64_t	added, removed, renamed, renumbered;
};
struct sync_counts *sync_counts(struct store *st);

#endif
