/* Managing aliases, 0x0128: for the owner. */
#ifndef STORE_OP_ALIAS_H
#define STORE_OP_ALIAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/op.h"

enum alias_op {
	ALIAS_LIST = 0x0128,
	ALIAS_ADD = 0x0129,
	ALIAS_REMOVE = 0x012a,
	ALIAS_BURN = 0x012b	/* refused from now on, and remembered */
};

enum {
	ALIAS_ADDR_MAX = 320,	/* octets, NUL included */
	ALIAS_FOLDER_MAX = 128,
	ALIAS_TAGS_MAX = 256,
	ALIAS_NOTE_MAX = 256,
	ALIAS_WAIT_MS = 30000
};

struct alias;

/* folder "": INBOX; it must exist.  tags: blank between. */
uint16_t alias_ask_add(int ch, struct op_reply *r, const char *address,
	    const char *folder, const char *tags, const char *note);
uint16_t alias_ask_remove(int ch, struct op_reply *r, const char *address);
uint16_t alias_ask_burn(int ch, struct op_reply *r, const char *address);

/* The first alias behind `after` ("": of all); STORE_NOTFOUND at the end. */
uint16_t alias_ask_next(int ch, struct op_reply *r, const char *after,
	    struct alias *a);

extern const struct op alias_ops[];	/* service: struct store */

#endif
