/* What commands that list the owner's mail share. */
#ifndef CMD_SEARCH_H
#define CMD_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/node/control.h"
#include "store/op_list.h"

enum { SEARCH_LINE_MAX = 1024 * 1024 };	/* octets of a message's line */

/* The words from argv[i] on as one query, in b.  NULL: too long. */
char	*search_query_of(int argc, char **argv, int i, struct buf *b);

/* Appends a message as a line, or as an object, without its end. */
void	 search_msg_line(struct buf *b, const struct list_msg *m);
void	 search_msg_json(struct buf *b, const struct list_msg *m);

/* Calls fn for every message; false ends it. */
uint16_t search_each_match(int ch, const char *query, bool (*fn)(void *arg,
	    const struct list_msg *m), void *arg);

#endif
