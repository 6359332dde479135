/*
 * Mailboxes, 0x0130.  A name is "INBOX", "Lists/linux": UTF-8, levels
 * divided by "/", each level a folder below the one before it.  Counts are
 * the reader's (op_list.h).
 */
#ifndef STORE_OP_BOX_H
#define STORE_OP_BOX_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/op.h"

enum box_op {
	BOX_CREATE = 0x0130,
	BOX_RENAME = 0x0131,
	BOX_DELETE = 0x0132,
	BOX_LIST = 0x0133
};

enum {
	BOX_NAME_MAX = 256,	/* octets, NUL included */
	BOX_DEPTH_MAX = 16,	/* levels */
	BOX_MAX = 4000,		/* mailboxes */
	BOX_WAIT_MS = 30000
};

/* Those that always exist and can be neither renamed nor deleted. */
extern const char *const box_kept[];	/* ended by NULL */

/* No empty level, none that starts with ".", is cur, new or tmp, no control
 * character, no ":"; INBOX in capitals. */
bool	 box_name_ok(const char *name);

/* Each is answered when it is done on disk.  Levels above are made too. */
uint16_t box_create(int ch, struct op_reply *r, const char *name,
	    uint64_t *id);
uint16_t box_rename(int ch, struct op_reply *r, const char *from,
	    const char *to);
/* With all its messages; STORE_EXISTS while mailboxes stand below it. */
uint16_t box_delete(int ch, struct op_reply *r, const char *name);

struct box_info {
	uint64_t	 id;
	const char	*name;
	uint32_t	 uidvalidity, uidnext;
	uint64_t	 modseq;	/* highest given */
};
struct box_list {
	struct box_info	*box;
	size_t		 n;
	char		*mem;		/* private */
};
uint16_t box_list(int ch, struct op_reply *r, struct box_list *out);
void	 box_list_clear(struct box_list *l);

extern const struct op box_ops[];	/* service: struct store */

#endif
