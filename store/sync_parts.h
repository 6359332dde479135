/* Private to sync*.c. */
#ifndef STORE_SYNC_PARTS_H
#define STORE_SYNC_PARTS_H

#include "store/sync.h"

struct sync {
	/* folders */
	struct file_folder	*folders;
	size_t			 nfolders;
	unsigned int		 making;	/* folders, under way */
	bool			 listing;	/* a page is under way */
	bool			 again;		/* once more after it */
	bool			 listed;	/* at least once */
	bool			 all;		/* whatever their times */
	struct loop_timer	 retry;
	struct sync_counts	 counts;
	/* the scan */
	uint64_t		 box;		/* 0: none */
	bool			 asked, started, done;
	bool			 keep;		/* UIDs of names without rows */
	uint32_t		 below;		/* UIDs given before it */
	int64_t			 cur_ns, new_ns;
	struct buf		 page;		/* of names, from `at` on */
	size_t			 at;
	uint32_t		*seen;
	size_t			 nseen, cap;
};

void	sync_scan_start(struct store *st, struct box *b);
void	sync_scan_next(struct store *st);
void	sync_scan_stop(struct store *st);
void	sync_seen(struct store *st, struct chan_in *in);

/*
 * A file stands there: makes the row agree.  keep: its UID may be used
 * though no row has it.  *uid: what it is listed as, 0 when not yet known.
 */
void	sync_here(struct store *st, struct box *b, const char *rel,
	    bool keep, uint32_t *uid);
/* The file of that row is not there. */
void	sync_gone(struct store *st, struct box *b, uint32_t uid,
	    const char *rel);

#endif
