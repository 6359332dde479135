/* Managing aliases, 0x0128: for the owner. */
#ifndef STORE_OP_ALIAS_H
#define STORE_OP_ALIAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/op.h"

enum alias_op {
	ALIAS_LIST = 0x0128,
	ALIAS_ADD = 0x0129,
	ALIAS_REMOVE = 0x012a,
	ALIAS_BURN = 0x012b	/* refused from now on, and remembered */
};

/* Besides enum op_status and enum store_err. */
enum alias_status { ALIAS_E_DEST = 0x48 }; /* one leads nowhere, or to us */

enum {
	ALIAS_ADDR_MAX = 320,	/* octets, NUL included */
	ALIAS_FOLDER_MAX = 128,
	ALIAS_TAGS_MAX = 256,
	ALIAS_NOTE_MAX = 256,
	ALIAS_OWN_MAX = 1024,
	ALIAS_DEST_MAX = 2048,	/* octets of all destinations */
	ALIAS_DESTS = 8,
	ALIAS_WAIT_MS = 30000
};

struct alias {
	char		address[ALIAS_ADDR_MAX];
	char		folder[ALIAS_FOLDER_MAX];	/* "": INBOX */
	char		tags[ALIAS_TAGS_MAX];		/* blank between */
	char		note[ALIAS_NOTE_MAX];
	char		dest[ALIAS_DEST_MAX];	/* further ones: mailboxes and
						   addresses elsewhere, LF
						   between */
	int64_t		created, burned, last;	/* wall, s; 0: never */
	int64_t		expires;		/* wall, s; 0: never */
	uint64_t	used, refused;
	/* to whom it was given, see alias_own.h */
	char		own[ALIAS_OWN_MAX];	/* domains, blank between */
	char		leakers[ALIAS_OWN_MAX];	/* others that wrote to it */
	bool		fixed;			/* own is the owner's word */
	uint64_t	leaks;			/* messages of others */
	int64_t		since;			/* the first was learnt */
};

/* Is nothing taken for it at that time? */
bool	 alias_over(const struct alias *a, int64_t now_s);

/* Of `a`: address, folder and dest (they must exist), tags, note, expires
 * (to come), own (A-labels).  ALIAS_E_DEST, STORE_TOOBIG: over ALIAS_DESTS. */
uint16_t alias_ask_add(int ch, struct op_reply *r, const struct alias *a);
void	 alias_add_put(struct buf *args, const struct alias *a);
uint16_t alias_ask_remove(int ch, struct op_reply *r, const char *address);
uint16_t alias_ask_burn(int ch, struct op_reply *r, const char *address);

/* The first alias behind `after` ("": of all); STORE_NOTFOUND at the end. */
uint16_t alias_ask_next(int ch, struct op_reply *r, const char *after,
	    struct alias *a);

extern const struct op alias_ops[];	/* service: struct store */

#endif
