/*
 * The queue's rows in node.db, and its letters below home/queue.  Runs in
 * keeper's process, inside the turn's transaction.
 *
 * What a letter can be, who changes that, and what a crash leaves:
 *
 *	state      file   row     left by
 *	(upload)   grows  none    submit commit; a crash leaves a file without
 *	                          row: whole ones come back HELD, others go
 *	ACTIVE     whole  yes     last result → DONE; hold; file gone → DAMAGED
 *	HELD       whole  yes     release, retry → ACTIVE; drop → DONE
 *	DAMAGED    any    yes     drop → DONE; retry looks again
 *	DONE       none   90 days a crash leaves the file: removed at start
 *
 * and a recipient of it:
 *
 *	WAITING    mark → UNKNOWN; result; drop
 *	UNKNOWN    the dot may have gone out.  A result that comes overwrites
 *	           it; what a crash leaves is tried again on its own route
 *	           only, and then says maybe_twice
 *	SENT LOCALLY FAILED EXPIRED DROPPED   final
 *
 * node.db lost: every whole file comes back HELD, all its recipients
 * waiting; nothing is sent before the owner releases it.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/op_queue.h"
#include "store/queue_file.h"
#include "store/store.h"

extern const char queue_schema[];	/* a part of node.db */

enum {
	QUEUE_CLAIMS_MAX = 256,
	QUEUE_LIFE_S = 5 * 86400,	/* shown; the sender decides */
	QUEUE_CLEAN_S = 6 * 3600	/* between two cleanings */
};

struct submission;

/* The sender has it, since then (wall, s); id 0: free. */
struct queue_claim {
	uint64_t		 id;
	int64_t			 since;
};

struct queue_store {
	struct store		*st;
	char			*dir;		/* home/queue */
	struct op_peer		*sender;	/* is told what is due; NULL */
	struct queue_claim	 claim[QUEUE_CLAIMS_MAX];
	struct submission	*submissions;	/* under way */
	int64_t			 cleaned_s;	/* wall: old rows went */
};

/* Makes the folder, takes back what a crash left.  After node.db is open. */
enum store_err	queue_open_store(struct store *st);
void		queue_close_store(struct store *st);
/* A peer is gone: its submission, its claims. */
void		queue_gone(struct store *st, struct op_peer *p);
void		submit_gone(struct store *st, struct op_peer *p);
/* Forgets letters that were done QUEUE_KEEP_S ago. */
enum store_err	queue_clean(struct store *st);

bool		queue_claimed(const struct queue_store *q, uint64_t id);
/* Since when; 0: it is not. */
int64_t		queue_claimed_since(const struct queue_store *q, uint64_t id);
/* False: no room. */
bool		queue_claim(struct queue_store *q, uint64_t id);
void		queue_unclaim(struct queue_store *q, uint64_t id);

/* A new letter whose file is (or is about to be) durable. */
enum store_err	queue_insert(struct store *st, const struct queue_head *h,
		    enum queue_state state, const char *why, int64_t due);

/* What the ops ask of one letter, without its strings. */
struct queue_facts {
	enum queue_state state;
	uint32_t	 flags, offset, waiting;
	int64_t		 created, due;
	uint64_t	 size;
	bool		 copied;
	bool		 told;		/* delay notice */
};

/* STORE_NOTFOUND, or the facts. */
enum store_err	queue_facts(struct store *st, uint64_t id,
		    struct queue_facts *f);

/* Is there a letter of that Message-ID whose copy the sender will file in a
 * moment? */
bool	 queue_copies(struct store *st, const char *msgid);

/* why NULL: as it was. */
enum store_err	queue_set_state(struct store *st, uint64_t id,
		    enum queue_state state, const char *why);

/* Every recipient without a fate: due at that time; route NULL: as is. */
enum store_err	queue_set_due(struct store *st, uint64_t id, int64_t due,
		    const char *route);
enum store_err	queue_drop(struct store *st, uint64_t id);

/*
 * After recipients changed: DONE when none waits, and its file goes after
 * the commit.  Tells watchers, and the sender when it is due.
 */
enum store_err	queue_settle(struct store *st, uint64_t id);
/* The owner has done something about a damaged one: its alarm is over. */
void		queue_mended(struct store *st, uint64_t id);

/*
 * The letter's file, read-only, checked against its row: *fd the caller's.
 * What is wrong sets the letter aside (DAMAGED) and names it.
 */
enum store_err	queue_letter_fd(struct store *st, uint64_t id, int *fd);

/* For both listings: appends a struct queue_row from "SELECT QUEUE_COLUMNS
 * FROM queue_letter". */
#define QUEUE_COLUMNS \
    "id,sender,msgid,subject,why,flags,state,created,due,expires,size"
enum store_err	queue_row_put(struct store *st, struct sqlite3_stmt *s,
		    struct buf *b);
enum store_err	queue_rcpts_put(struct store *st, uint64_t id,
		    struct buf *b);
enum store_err	queue_attempts_put(struct store *st, uint64_t id,
		    struct buf *b);

#endif
