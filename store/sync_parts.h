/* Private to sync*.c. */
#ifndef STORE_SYNC_PARTS_H
#define STORE_SYNC_PARTS_H

#include "store/sync.h"

enum { SYNC_TEXT = BOX_NAME_MAX + 32 };

struct sync {
	/* folders */
	struct file_folder	*folders;
	size_t			 nfolders;
	unsigned int		 making;	/* folders, under way */
	bool			 failed;	/* one of them, in this round */
	bool			 unmade;	/* and that is alarmed */
	bool			 listing;	/* a page is under way */
	bool			 again;		/* once more after it */
	bool			 listed;	/* at least once */
	bool			 all;		/* whatever their times */
	bool			 any_denied;	/* of mailboxes; perhaps no more */
	char			 denied[SYNC_TEXT];	/* what is alarmed of it */
	struct loop_timer	 retry;
	struct sync_counts	 counts;
	/* the scan */
	uint64_t		 box;		/* 0: none */
	bool			 asked, started, done;
	bool			 dropping;	/* rows after `after` */
	uint32_t		 after;
	bool			 keep;		/* UIDs of names without rows */
	uint32_t		 below;		/* UIDs given before it */
	int64_t			 cur_ns, new_ns;
	struct buf		 page;		/* of names, from `at` on */
	size_t			 at;
	uint32_t		*seen;
	size_t			 nseen, cap;
	/* rows whose file is not where they say */
	struct sync_look	*look;
	size_t			 nlook;
	uint64_t		 lookbox;	/* that is asked about */
	bool			 looking;	/* an answer is awaited */
	bool			 counted;	/* of a scan, that answer */
};

/* It cannot be looked at, or its numbers not be written down: once more in a
 * while. */
void	sync_denied(struct store *st, struct box *b);

/* False: it has no numbers to give. */
bool	sync_scan_start(struct store *st, struct box *b);
void	sync_scan_next(struct store *st);
void	sync_scan_stop(struct store *st);
void	sync_seen(struct store *st, struct chan_in *in);
void	sync_looked(struct store *st, struct chan_in *in, bool counted);

/*
 * A file stands there: makes the row agree.  keep: its UID may be used
 * though no row has it.  *uid: what it is listed as, 0 when not yet known.
 */
void	sync_here(struct store *st, struct box *b, const char *rel,
	    bool keep, uint32_t *uid);
/* No file of that row is in the folder, filer is sure. */
void	sync_lost(struct store *st, struct box *b, uint32_t uid);

/*
 * sync_look.c: what becomes of such a row is filer's answer, when no change
 * of ours is under way for it.  counted: a scan found it.
 */
void	sync_look(struct store *st, struct box *b, const char *rel,
	    bool counted);
void	sync_look_kick(struct store *st);
/* Something is to be answered yet. */
bool	sync_look_due(struct store *st);
void	sync_look_stop(struct store *st);

#endif
