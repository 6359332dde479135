/*
 * Mailboxes as keeper holds them: names, and the numbers it gives out.  A
 * number is given only below the lease that stands in the folder's
 * mailnode-uid, so that no rebuild and no restore gives it again.
 */
#ifndef STORE_BOX_H
#define STORE_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/op_box.h"
#include "store/op_file.h"
#include "store/store.h"

enum {
	BOX_UID_LEASE = 1 << 14,	/* UIDs leased at a time */
	BOX_MOD_LEASE = 1 << 18
};

struct job;

struct box {
	uint64_t	 id;
	char		 name[BOX_NAME_MAX];
	uint32_t	 uidvalidity;
	uint32_t	 uidnext;	/* the next to give */
	uint32_t	 uidlease;	/* first that may not be given */
	uint32_t	 recent;	/* first that no session was told of */
	uint64_t	 modseq;	/* highest given */
	uint64_t	 modlease;
	int64_t		 cur_ns, new_ns;	/* at the last scan; 0: none */
	uint64_t	 files;		/* that the last scan looked at */
	bool		 dirty;		/* numbers differ from the row */
	bool		 ahead;		/* uidnext does: with the next commit */
	bool		 asked;		/* a lease is under way */
	enum store_err	 refused;	/* why the last one was not given … */
	int64_t		 refused_ms;	/* … and when, monotonic */
	bool		 here;		/* filer has the folder, or had at the end */
	bool		 scan;		/* wants a scan */
	bool		 denied;	/* it cannot be looked at, or numbered */
	bool		 noted;		/* watchers are to be told */
	struct job	*first, *tail;	/* given a UID, no row yet; in order */
};

enum store_err	 boxes_open(struct store *st);
void		 boxes_close(struct store *st);

size_t		 box_count(const struct store *st);
struct box	*box_at(const struct store *st, size_t i);  /* by name */
/* Flags of what arrives there: what we wrote ourselves is not news. */
uint32_t	 box_flags(const struct box *b);
struct box	*box_by_name(const struct store *st, const char *name);
struct box	*box_by_id(const struct store *st, uint64_t id);

/* A row and a place for it; numbers as the folder's file says (0: new
 * ones).  Borrowed, valid until box_remove(). */
enum store_err	 box_add(struct store *st, const struct file_folder *f,
		    struct box **out);
enum store_err	 box_remove(struct store *st, struct box *b);
enum store_err	 box_set_name(struct store *st, struct box *b,
		    const char *name);

/* 0: none can be given now; a lease is on its way. */
uint32_t	 box_uid(struct store *st, struct box *b);
uint64_t	 box_modseq(struct store *st, struct box *b);
/* Asks for more where little is left. */
void		 box_lease(struct store *st, struct box *b);
/* It cannot be written to, for another reason than a full disk. */
bool		 box_unwritten(const struct box *b);

#endif
