/*
 * Copies of what was refused or put off although it passed the cheap checks
 * (a good recipient, no error of protocol, within the size): the Maildir
 * folder Rejects, so that nothing wanted can vanish.  It is no mailbox: it
 * is not listed, not indexed, not offered over IMAP, and nothing waits for
 * its disk.  `reject` in events.db says what there is; a file that it does
 * not name goes after REJECT_DAYS as well.
 *
 * What strangers can make of it is bounded: copies by number and octets in
 * all, by network, and by minute; beyond that a row is kept without its
 * copy, and the oldest leave.  Of copies, where all together are too much,
 * the largest leave first: what was waited for is small.
 *
 *	(nothing) --refused--> row --filer--> row and file
 *	row --the same again, refused--> row, renewed	reject_add
 *	row --accepted--> (nothing)			reject_accepted
 *	row --REJECT_DAYS, or too many--> (nothing)	reject_trim
 */
#ifndef STORE_REJECT_H
#define STORE_REJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/letin.h"
#include "store/op_spool.h"
#include "store/store.h"

#define REJECT_FOLDER	"Rejects"

enum {
	REJECT_DAYS = 14,
	REJECT_ROWS = 2000,		/* in all … */
	REJECT_ROWS_MORE = 200,		/* … and so many for a moment */
	REJECT_OCTETS = 64 * 1024 * 1024,	/* … of copies */
	REJECT_COPY_MAX = 8 * 1024 * 1024,	/* one copy, octets */
	REJECT_NET_ROWS = 50,		/* of one network */
	REJECT_NET_MINUTE = 10,		/* copies a minute, of one network */
	REJECT_MINUTE = 120,		/* … in all */
	REJECT_TEXT_MAX = 512,		/* octets of from, subject, why */
	REJECT_NAME_MAX = 128		/* of a file, NUL included */
};

extern const char reject_schema[];	/* a part of events.db */

enum reject_as { REJECT_DEFERRED = 1, REJECT_REFUSED = 2 };

/* Strings without control characters; borrowed. */
struct reject {
	uint64_t	 id;
	int64_t		 at;		/* wall, s: the last time */
	enum reject_as	 as;
	uint32_t	 tries;
	uint64_t	 size;		/* octets */
	bool		 copy;		/* there is a file */
	const char	*trace, *sender, *ip, *key;
	const char	*from, *subject, *why;
};

/* The message with our head; upload: taken, or NULL. */
struct reject_body {
	const void	*head, *body;
	size_t		 nhead;
	uint64_t	 nbody;
	struct upload	*upload;
};

void		 reject_add(struct store *st, const struct reject *r,
		    const struct reject_body *b);
/* It was taken after all: row and copy go. */
void		 reject_accepted(struct store *st, const char *sender,
		    const char *key);
/* The newest before `before` (0: of all).  Borrows from a statement until
 * the next call.  STORE_NOTFOUND. */
enum store_err	 reject_next(struct store *st, uint64_t before,
		    struct reject *r);
enum store_err	 reject_get(struct store *st, uint64_t id, struct reject *r);
/* The one of that trace; 0: none. */
uint64_t	 reject_of(struct store *st, const char *trace);
/* Its copy, read-only.  -1 with errno. */
int		 reject_open(struct store *st, uint64_t id);
void		 reject_trim(struct store *st, int64_t now_s);

#endif
