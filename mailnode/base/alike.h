/*
 * Names that look the same: text reduced to what the eye takes from it.
 * Cyrillic, Greek and Armenian letters of Latin shape, accents, widths,
 * letters of mathematics, digits for letters, "rn" for "m"; what cannot be
 * seen, blanks and hyphens are left out.
 */
#ifndef BASE_ALIKE_H
#define BASE_ALIKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ALIKE_MAX = 256 };	/* octets of a reduced name, with NUL */

/* s: UTF-8, valid or not; what does not fit is cut.  "" when nothing is
 * left. */
void	alike_name(const char *s, char out[ALIKE_MAX]);
/* A blank, or what has no width. */
bool	alike_unseen(uint32_t c);
/* Of a domain with U-labels: its dots stay. */
void	alike_domain(const char *s, char out[ALIKE_MAX]);

#endif
