/* DEFLATE in both directions of a connection, RFC 4978: between the lines
 * and TLS, see line_code(). */
#ifndef NODE_DEFLATE_H
#define NODE_DEFLATE_H

#include "mailnode/node/line.h"

struct deflate;

/* Returns owned, or NULL: no memory. */
struct deflate	*deflate_new(void);
void		 deflate_free(struct deflate *d);	/* accepts NULL */
/* Borrows, valid as long as d. */
const struct line_codec *deflate_codec(const struct deflate *d);

#endif
