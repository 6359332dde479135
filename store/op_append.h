/* Several messages appended at once, 0x015e: all or none.  Each was uploaded
 * as for set_append(). */
#ifndef STORE_OP_APPEND_H
#define STORE_OP_APPEND_H

#include "store/op_set.h"

enum append_op { APPEND_MANY = 0x015e };

enum { APPEND_MANY_MAX = 64 };		/* messages */

/* m[i].folder is that of m[0].  uid: places for n UIDs. */
uint16_t append_many(int ch, struct op_reply *r, const uint64_t *id,
	    const struct set_new *m, size_t n, uint32_t *uidvalidity,
	    uint32_t *uid);

extern const struct op append_ops[];	/* service: struct store */

#endif
