/* Several messages appended at once, 0x015e: all or none. */
#ifndef STORE_OP_APPEND_H
#define STORE_OP_APPEND_H

#include "store/op_set.h"

enum append_op { APPEND_MANY = 0x015e };

enum { APPEND_MANY_MAX = 128 };	/* messages; interimap(1) sends so many */

struct append_done {
	uint32_t	 uidvalidity;
	struct set	 uids;		/* owned */
	bool		 known;		/* Sent had it already */
};
/* One or several, all for the folder of the first, each uploaded: as many
 * UIDs, or a status.  done->uids is to be cleared in any case. */
uint16_t append_all(int ch, struct op_reply *r, const struct set_new *m,
	    size_t n, struct append_done *done);

extern const struct op append_ops[];	/* service: struct store */

#endif
