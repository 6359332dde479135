/*
 * Going over the samples again.  Counts change with each message learnt,
 * weights here alone.
 *
 * Where a course ends depends on what came first in it.  So there are two at
 * once, the second some of a round behind, and what is kept is their mean: the
 * table has the mean of both weights at any time, and the course how far
 * apart they are.
 */
#ifndef FILTER_COURSE_H
#define FILTER_COURSE_H

#include <stdint.h>

#include "mailnode/filter/table.h"

enum { COURSES = 2 };		/* of which the table has the mean */

struct course {			/* all zero to begin with */
	uint32_t	at;
	uint8_t		known[COURSES][2][TABLE_SAMPLES / 8];	/* bits: not
					   to be gone over again */
	float		*apart;		/* owned: of each place's weight, how
					   far either course is from it */
	float		 bias_apart;
};

/*
 * Goes over `n` samples, from where the course stands, one of each kind in
 * turn; returns how many steps the whole course has, 0: there is none.  Who
 * learns something begins anew.
 */
uint32_t course_go(struct table *t, struct course *c, uint32_t n);
/* Frees; all zero again. */
void	course_clear(struct course *c);

#endif
