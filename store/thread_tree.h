/* The messages of one thread in the order in which they answer each other. */
#ifndef STORE_THREAD_TREE_H
#define STORE_THREAD_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree;

struct tree_row {
	uint64_t	id;
	uint32_t	depth;
	bool		copy;	/* same Message-ID as the row before it */
};

enum { TREE_DEPTH_MAX = 1000 };	/* deeper is shown at this depth */

/* Returns owned, or NULL. */
struct tree	*tree_new(size_t most);
void		 tree_free(struct tree *t);

/* Copies what it needs.  False: no memory, or more than `most`. */
bool		 tree_add(struct tree *t, uint64_t id, int64_t date,
		    const char *msgid, const char *irt, const char *refs);

/*
 * A parent is whom In-Reply-To names, else the last of References that is
 * here; answers stand below it by date.  Borrows from t; NULL: no memory.
 */
const struct tree_row *tree_order(struct tree *t, size_t *n);

#endif
