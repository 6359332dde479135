/* Where the parts of a message lie: the table that mime_imap.h describes,
 * read back.  It came from a parser and is checked like network data. */
#ifndef STORE_MIME_PLACE_H
#define STORE_MIME_PLACE_H

#include "store/mime.h"

struct mime_place {
	enum mime_kind	kind;
	uint32_t	parent, nth, nchild, depth;
	uint64_t	head, nhead, body, nbody;
	uint32_t	lf_head, lf_body, lines;
};

/* How many; 0 when the table is not whole. */
size_t	mime_places(const uint8_t *blob, size_t n);
/* Entry i < mime_places(); false when it points outside `size` octets. */
bool	mime_place(const uint8_t *blob, size_t n, size_t i, uint64_t size,
	    struct mime_place *p);

struct mime_table {
	const uint8_t	*blob;		/* borrowed */
	size_t		 n;
	uint64_t	 size;		/* octets of the file */
};

/*
 * The part that IMAP numbers part[0].part[1]…, RFC 9051 section 6.4.5.1;
 * npart 0: the message.  inside: of a part that is a message, what it holds.
 */
bool	mime_place_find(const struct mime_table *t, const uint32_t *part,
	    size_t npart, bool inside, struct mime_place *p);

#endif
