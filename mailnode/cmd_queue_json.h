/* What mailnode queue -j prints. */
#ifndef CMD_QUEUE_JSON_H
#define CMD_QUEUE_JSON_H

#include "mailnode/base/buf.h"
#include "store/op_queue.h"

/* Append an object: of a list, and with all that is known of a letter. */
void	queue_json_row(struct buf *b, const struct queue_row *r);
void	queue_json_letter(struct buf *b, const struct queue_letter *l);

#endif
