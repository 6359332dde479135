/*
 * Sets of numbers above 0 as ranges, so that half a million of them that
 * nearly follow each other cost a few kilobytes; and as text, "1:5,7,9:*" as
 * RFC 9051 section 9 has it.
 */
#ifndef BASE_SET_H
#define BASE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

enum { SET_RANGES_MAX = 20000 };	/* of a text; a line has no room for
					   more */

struct set_range {
	uint32_t	 lo, hi;	/* both in it */
	uint32_t	 before;	/* how many numbers stand before it */
};

/* All zero: empty.  Where nothing else is said, ranges ascend and are apart;
 * "false" means that there is no memory. */
struct set {
	struct set_range *range;	/* owned */
	size_t		 n, cap;
};

void	 set_clear(struct set *s);

/* Behind what is there, which must not be above lo; joins what touches. */
bool	 set_add(struct set *s, uint32_t lo, uint32_t hi);
/* The next one of a list in any order, which set_order() makes a set of. */
bool	 set_note(struct set *s, uint32_t v);
void	 set_order(struct set *s);
/* Takes v away and says which it was, from 1; 0: it was not there,
 * UINT32_MAX: no memory. */
uint32_t set_remove(struct set *s, uint32_t v);

/* These hold for lists too. */
uint32_t set_count(const struct set *s);
uint32_t set_first(const struct set *s);	/* 0: empty */
uint32_t set_last(const struct set *s);
/* The nth, from 1; 0: there are not so many. */
uint32_t set_at(const struct set *s, uint32_t nth);
/* Appends, as a list, n of them to out, from the nth on: all that there are. */
bool	 set_slice(const struct set *s, uint32_t nth, uint32_t n,
	    struct set *out);

bool	 set_has(const struct set *s, uint32_t v);
/* Which of them v is, from 1; 0: none. */
uint32_t set_rank(const struct set *s, uint32_t v);
/* Which of them those of the list are, from 1: appended as a list in its
 * order, without those that are none. */
bool	 set_ranks(const struct set *s, const struct set *list,
	    struct set *out);
/* Appends what is in both; what is in a alone. */
bool	 set_both(const struct set *a, const struct set *b, struct set *out);
bool	 set_less(const struct set *a, const struct set *b, struct set *out);

/*
 * Reads [p, p+n); "*" counts as `max`, which is the highest number there is
 * (0: none, then "*" stands for nothing).  False: malformed, too many, no
 * memory; *s is empty then.
 */
bool	 set_parse(struct set *s, const char *p, size_t n, uint32_t max);
/* Appends the text; of a list too, in its order. */
void	 set_text(const struct set *s, struct buf *b);

/* So many of a set, by how many stand before them: "1:100", or from its end
 * "-1:-100"; RFC 9394 section 4. */
struct set_part {
	bool		 last;		/* from the end */
	uint32_t	 lo, hi;	/* both in it, from 1 */
};
/* False: malformed. */
bool	 set_part_parse(struct set_part *part, const char *p, size_t n);
/* Appends these of s, which may be a list; those that there are. */
bool	 set_part(const struct set_part *part, const struct set *s,
	    struct set *out);

#endif
