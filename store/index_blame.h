/*
 * Over what does the indexer die?  keeper knows what it began and whether it
 * came to an end.  Of several nobody can say which it was: from the first of
 * them to the last, each is then given out alone.
 *
 *	nothing --blame_begin()--> begun --blame_done()--> nothing
 *	                             |
 *	   its indexer is gone, or the node ended without a word
 *	                             |
 *	              several: one by one up to `until`
 *	              one: blame_died() counts
 */
#ifndef STORE_INDEX_BLAME_H
#define STORE_INDEX_BLAME_H

#include <stdbool.h>
#include <stdint.h>

struct index_blame {
	uint64_t	first, last;	/* begun; 0: nothing */
	uint64_t	until;		/* one by one; 0: as many as fit */
	uint64_t	alone;		/* died over, with no other in it, */
	unsigned int	deaths;		/* so often */
	bool		held;		/* who began it is alive */
};

void		 blame_begin(struct index_blame *b, uint64_t first,
		    uint64_t last);
/* All up to seq is learnt, or given up. */
void		 blame_done(struct index_blame *b, uint64_t seq);
/* Before work is given out.  How often it died over b->alone, if that is
 * news; 0: it is not. */
unsigned int	 blame_died(struct index_blame *b);
bool		 blame_careful(const struct index_blame *b, uint64_t seq);

#endif
