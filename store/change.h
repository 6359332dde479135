/*
 * Changes that owners of mail ask for, a slice a turn, so that ten thousand
 * flags hold up no delivery.  See op_mail.c.
 */
#ifndef STORE_CHANGE_H
#define STORE_CHANGE_H

#include "store/op_mail.h"
#include "store/store.h"
#include "store/tag.h"

struct box;

enum {
	CHANGE_SLICE = 100,	/* messages in one turn */
	CHANGE_PAUSE_MS = 5,	/* before one that had to wait is tried again */
	CHANGE_WAIT_MS = 20000	/* then it fails */
};

struct change {
	struct change	*next;
	struct op_peer	*peer;		/* NULL: gone, or nobody waits */
	uint16_t	 type;		/* enum mail_op */
	uint32_t	 id;
	uint64_t	 mbox;		/* ids are UIDs there; or 0 */
	uint64_t	*ids;
	size_t		 n, at;
	uint32_t	 add, del;	/* flags */
	struct tag_change *tags;
	uint64_t	 dest;		/* mailbox */
	bool		 ruled;		/* not the owner's own act */
	struct mail_done done;
	/* what only IMAP asks: op_set.c */
	uint64_t	 unchanged;	/* leave those changed later; 0 */
	uint32_t	 next_uid;	/* where the caller goes on; 0 */
	bool		 replace;	/* flags and keywords, not add */
	enum store_err	 failed;	/* then what was copied goes again */
	uint32_t	*list;		/* UIDs; owned */
	size_t		 nlist, cap;
	int64_t		 since_ms;	/* it waits; monotonic */
};

/* One more UID in c->list. */
enum store_err	 change_list(struct change *c, uint32_t uid);
/* Joins those under way. */
uint16_t	 change_queue(struct store *st, struct change *c);
void		 change_end(struct change *c);

/* change.c: what one message undergoes. */
enum store_err	 change_one(struct store *st, struct change *c, uint64_t id);

/* change_flags.c: c->tags has flags alone.  Takes c, answers by itself. */
uint16_t	 change_flags(struct store *st, struct op_call *call,
		    struct change *c);

/* At once and without an answer: a draft that was replaced. */
enum store_err	 mail_expunge_now(struct store *st,
		    const struct mail_set *set);

void		 changes_kick(struct store *st);
void		 changes_gone(struct store *st, struct op_peer *p);
void		 changes_close(struct store *st);

#endif
