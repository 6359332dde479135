/* Numbers for the health of the node, 0x01a0; asked by status. */
#ifndef STORE_OP_STAT_H
#define STORE_OP_STAT_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/op.h"

enum stat_op { STAT_NODE = 0x01a0 };

enum { STAT_WEEK_S = 7 * 86400, STAT_WAIT_MS = 10000 };

struct stat_node {
	uint64_t	accepted, refused;	/* events of STAT_WEEK_S */
	uint64_t	returned;		/* letters, of STAT_WEEK_S */
	uint64_t	spooled, spool_octets;
	int64_t		spool_oldest;		/* wall, s; 0: empty */
	bool		spool_refusing;
	bool		partial;		/* not all is listed yet */
	uint64_t	messages;		/* all mailboxes */
	uint64_t	unread;			/* of INBOX */
	uint64_t	unindexed;		/* wait for the index */
	uint64_t	by_header, not_indexed;	/* messages it died over */
	uint64_t	intents;		/* changes to files under way */
	uint64_t	disk_free, disk_size;	/* octets, of the mail */
};

uint16_t stat_node(int ch, struct op_reply *r, struct stat_node *s);

extern const struct op stat_ops[];	/* service: struct store */

#endif
