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

enum { CHANGE_SLICE = 100 };	/* messages in one turn */

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
	struct mail_done done;
};

/* change.c: what one message undergoes. */
enum store_err	 change_one(struct store *st, struct change *c, uint64_t id);

/* At once and without an answer: a draft that was replaced. */
enum store_err	 mail_expunge_now(struct store *st,
		    const struct mail_set *set);

void		 changes_kick(struct store *st);
void		 changes_gone(struct store *st, struct op_peer *p);
void		 changes_close(struct store *st);

#endif
