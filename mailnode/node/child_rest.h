/* Private to child*.c: sessions between two connections. */
#ifndef NODE_CHILD_REST_H
#define NODE_CHILD_REST_H

#include "mailnode/node/child.h"

/* child_wire.c: it has no connection, and gets none any more. */
void	 nursery_discard(struct child *c);

/* PROC_REST */
uint16_t nursery_rest(void *service, struct op_call *call);
/* The timer that ends who rested too long. */
void	 nursery_rest_over(void *nursery);

#endif
