/*
 * What GMime does not read, made readable in place, octet for octet, while it
 * parses: types of multiparts that have a comment behind the boundary, as RFC
 * 2045 section 5.1 allows, or lack the semicolon before it; blanks before the
 * header; and blanks in the line behind it.
 */
#ifndef STORE_MIME_MEND_H
#define STORE_MIME_MEND_H

#include <stddef.h>
#include <stdint.h>

enum { MIME_MENDS_MAX = 4096 };	/* octets that are changed; no more */

struct mime_mend {
	struct mime_mended { size_t at; uint8_t was; } *v;	/* owned */
	size_t		 n, cap;
};

/* Changes data; what does not fit, or into memory, stays as it is. */
void	mime_mend(struct mime_mend *m, uint8_t *data, size_t n);
/* Changes it back, and frees. */
void	mime_mend_undo(struct mime_mend *m, uint8_t *data);

#endif
