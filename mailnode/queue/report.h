/* A message as what it reports of a letter: read in a parser, and by
 * `mailnode probe bounce`. */
#ifndef QUEUE_REPORT_H
#define QUEUE_REPORT_H

#include "mailnode/base/buf.h"
#include "mailnode/base/op.h"
#include "mailnode/queue/bounce.h"
#include "store/mime.h"

/*
 * Of each recipient, from the parts for programs or else from what it says
 * to people.  b->total 0: it is no notice of delivery.
 */
void	report_delivery(const struct mime *m, struct bounce *b);

/*
 * All that keeper is told of a message of n octets, which it takes: appends
 * what report_get() reads.  0, or -1: no memory.
 */
int	report_message(uint8_t *data, size_t n, struct buf *out);

/* The parser's side of op_report.h; no state. */
extern const struct op report_ops[];

#endif
