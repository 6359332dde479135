/*
 * Changes to files, and small new ones that a client waits for: committed
 * here with the rows they show in, done by filer in this order, struck out,
 * and done once more after a crash (each is idempotent).
 *
 *	intent_add --commit--> waiting --kick--> with filer --OK--> (nothing)
 *	                          ^                  |
 *	                          +--- trouble, filer gone
 *
 * Flags of many are one statement and one intent; it becomes a rename for
 * each of them when it is its turn, slice by slice, by then named in the
 * rows too.
 *
 * Rows show the name a file will have; until it has, intent_touches() tells
 * those who compare files with rows to leave it alone.
 */
#ifndef STORE_INTENT_H
#define STORE_INTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/maildir.h"
#include "store/op_box.h"
#include "store/op_mail.h"
#include "store/store.h"

enum intent_kind {
	INTENT_MOVE,		/* other name, perhaps in another folder */
	INTENT_LINK,		/* one more copy */
	INTENT_DROP,
	INTENT_FLAGS,		/* UIDs uid..duid of box: rows have their
				   flags, names not yet; received: what to add,
				   times 256, and what to take away */
	INTENT_PUT		/* a new file; its octets lie in intent_body */
};

enum {
	INTENT_PUT_MAX = 64 * 1024,	/* octets of a file that comes so */
	INTENT_PUTS_MAX = 32		/* of them at once */
};

struct intent {
	uint64_t	 id;
	enum intent_kind kind;
	char		 box[BOX_NAME_MAX], dbox[BOX_NAME_MAX];
	char		 rel[MAILDIR_REL_MAX], drel[MAILDIR_REL_MAX];
	uint32_t	 uid, duid;
	char		 tags[MAIL_TAGS_MAX];	/* of a copy */
	int64_t		 received;		/* of a copy */
};

enum store_err	 intents_open(struct store *st);
void		 intents_close(struct store *st);

/* Joins the turn. */
enum store_err	 intent_add(struct store *st, const struct intent *in);

/* A new file of these octets, read from fd: kind is INTENT_PUT. */
enum store_err	 intent_put(struct store *st, const struct intent *in, int fd,
		    size_t octets);
/* There is room for one more of so many octets. */
bool		 intent_put_may(const struct store *st, uint64_t octets);

/* Flags of that range were changed in the rows of this turn. */
enum store_err	 intent_flags(struct store *st, const char *box,
		    uint32_t lo, uint32_t hi, uint32_t add, uint32_t del);

/* A change of that file is under way, from there or to there. */
bool		 intent_touches(struct store *st, const char *box,
		    uint32_t uid);
/* Any is. */
bool		 intent_busy(const struct store *st);

/* Filer is here (again), or gone. */
void		 intent_filer(struct store *st);

#endif
