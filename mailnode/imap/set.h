/* Sequence sets, RFC 9051 section 9: "1:5,7,9:*". */
#ifndef IMAP_SET_H
#define IMAP_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/op_view.h"

enum { SET_RANGES_MAX = 20000 };	/* a line has no room for more */

struct set {
	struct view_range *range;	/* owned; ascending, apart */
	size_t		 n, cap;
};

void	 set_init(struct set *s);
void	 set_clear(struct set *s);

/*
 * Reads [p, p+n); "*" and what is above count as `max`, which is the highest
 * number there is (0: none, then "*" stands for nothing).  False: malformed,
 * too many, no memory; *s is empty then.
 */
bool	 set_parse(struct set *s, const char *p, size_t n, uint32_t max);
/* Behind what is there, which must not be above lo; joins what touches. */
bool	 set_add(struct set *s, uint32_t lo, uint32_t hi);
/* In any order; set_order() then makes a set of it. */
bool	 set_note(struct set *s, uint32_t v);
void	 set_order(struct set *s);
bool	 set_has(const struct set *s, uint32_t v);
uint64_t set_count(const struct set *s);
/* The last one in it, 0 if it is empty. */
uint32_t set_last(const struct set *s);

#endif
