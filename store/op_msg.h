/*
 * One message: its file, read-only, and where it stands.  Reader's ops,
 * 0x0210.  See op_list.h for the three client forms.
 */
#ifndef STORE_OP_MSG_H
#define STORE_OP_MSG_H

#include "store/op_list.h"

enum msg_op {
	MSG_OPEN = 0x0210	/* by row id */
};

struct msg_info {
	uint64_t	 id, thread, mbox;
	uint32_t	 uid, flags;
	uint64_t	 modseq;
	int64_t		 date, received;
	uint64_t	 size;		/* octets of the file */
	const char	*folder;
	const char	*name;		/* of the file, below cur or new */
	const char	*tags;		/* blank between */
	const char	*msgid;		/* without < > */
	char		*text;		/* private */
};

/*
 * *fd is the caller's, read-only; STORE_NOTFOUND when there is no such
 * row or its file went away.  Strings borrow from *info until
 * msg_info_clear().
 */
uint16_t msg_open(int ch, uint64_t id, struct msg_info *info, int *fd);
void	 msg_open_put(struct buf *args, uint64_t id);
bool	 msg_open_get(struct chan_in *in, struct msg_info *info);
void	 msg_info_clear(struct msg_info *info);

extern const struct op msg_ops[];	/* service: struct reader */

#endif
