/*
 * Looking whether files, rows and databases agree, 0x0198.  Keeper compares
 * every folder with its rows and repairs the rows (the files are the truth);
 * the store.db itself is read through by the asking process.
 */
#ifndef STORE_OP_FSCK_H
#define STORE_OP_FSCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/op.h"

enum fsck_op {
	FSCK_CHECK = 0x0198,	/* answered when all is compared */
	FSCK_REBUILD = 0x0199	/* keeper ends, starts again without cache */
};

struct fsck_report {
	uint64_t	files;		/* looked at */
	uint64_t	added;		/* files that had no row */
	uint64_t	removed;	/* rows that had no file */
	uint64_t	renamed;	/* rows with another name or flags */
	uint64_t	renumbered;	/* files whose UID was not theirs */
	uint64_t	mailboxes, rows;
	uint64_t	spool;		/* entries that still wait */
	uint64_t	intents;	/* changes that still wait */
	uint64_t	index;		/* rows the index has yet to learn */
	bool		spool_ok, node_ok, events_ok;
	bool		compared;	/* all folders, to the end */
};

/* Waits as long as something goes on. */
uint16_t fsck_check(int ch, struct op_reply *r, struct fsck_report *out);
uint16_t fsck_rebuild(int ch, struct op_reply *r);

/*
 * Reads store.db in `home` through, as any process may: is it sound, do its
 * tables agree with each other?  False: `why` (of `size`) says what is wrong.
 */
bool	 fsck_cache(const char *home, char *why, size_t size);

extern const struct op fsck_ops[];	/* service: struct store */

#endif
