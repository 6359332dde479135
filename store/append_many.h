/*
 * Messages that are filed together or not at all: RFC 3502.
 *
 *	parsed (all) -> UIDs in a row -> marks -> files (all) -> no marks
 *	-> rows
 *
 * A mark is a row of node.db that names a file which must go again: what goes
 * wrong on the way, or a crash, makes intents of them that drop the files.
 * Once they are struck out, in one commit, all stand.
 */
#ifndef STORE_APPEND_MANY_H
#define STORE_APPEND_MANY_H

#include <stdbool.h>

#include "store/job.h"
#include "store/op_append.h"

struct batch;

extern const char append_schema[];	/* of node.db */
extern const char append_undo[];	/* SQL, at the start */

/* Returns owned, until batch_begin(); or NULL. */
struct batch	*batch_new(struct store *st, struct op_call *c,
		    const struct box *b);
/* One more; takes c->fd as intake_append() does. */
uint16_t	 batch_add(struct batch *g, struct op_call *c,
		    const struct mail_new *m, struct box *b);
/* All are there; or rc, if not OP_OK: give it up.  What a handler returns. */
uint16_t	 batch_begin(struct batch *g, uint16_t rc);

/* A job of it came so far; false: it is of none. */
bool		 batch_parsed(struct job *j);
bool		 batch_filed(struct job *j);
/* It failed: frees it.  False: it is of none. */
bool		 batch_failed(struct job *j, enum store_err rc);
/* Another one failed: frees it.  False: go on. */
bool		 batch_dead(struct job *j);
/* It is about to be freed. */
void		 batch_left(struct job *j);
/* The peer is gone, or (NULL) all is. */
void		 batch_gone(struct job *j, const struct op_peer *p);

#endif
