/* Strings of IMAP, fields and ENVELOPE, for mime_imap.h. */
#ifndef STORE_MIME_ENVELOPE_H
#define STORE_MIME_ENVELOPE_H

#include "mailnode/base/buf.h"
#include "store/mime.h"

/* Quoted, or as a literal; NULL is NIL. */
void	 mime_put(struct buf *out, const char *s);
/* The field, unfolded. */
void	 mime_put_field(const struct mime *m, struct buf *out,
	    GMimeHeaderList *hl, const char *name);
void	 mime_put_envelope(const struct mime *m, struct buf *out,
	    GMimeHeaderList *hl);
/* Of a GMimeObject; NULL: it has none. */
GMimeHeaderList *mime_headers(const struct mime *m, void *obj);

#endif
