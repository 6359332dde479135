/* What a device submitted not long ago, by its hash: op_submit.h. */
#ifndef STORE_QUEUE_ONCE_H
#define STORE_QUEUE_ONCE_H

#include <stdint.h>

#include "store/err.h"
#include "store/op_submit.h"

struct store;

extern const char queue_once_schema[];	/* a part of node.db */

/* The letter that it was; 0: it is new, or some of its recipients did not
 * get it and it may be sent again. */
uint64_t	queue_once_find(struct store *st, const char *device,
		    const uint8_t hash[QUEUE_HASH]);

/* In the turn that queues the letter id; forgets what is old. */
enum store_err	queue_once_note(struct store *st, const char *device,
		    const uint8_t hash[QUEUE_HASH], uint64_t id);

#endif
