/* Private to op_list*.c. */
#ifndef STORE_OP_LIST_PARTS_H
#define STORE_OP_LIST_PARTS_H

#include "mailnode/base/op.h"
#include "store/op_list.h"

/* Room kept for what follows the rows of a page. */
enum { PAGE_TAIL = 64 + LIST_KEY_MAX };

void	 list_cursor_put(struct buf *b, const struct list_cursor *c);
struct list_cursor	list_cursor_get(struct chan_in *in);

uint16_t list_do_msgs(void *service, struct op_call *c);

#endif
