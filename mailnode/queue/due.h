/* What is due when: ids with a time, soonest first. */
#ifndef QUEUE_DUE_H
#define QUEUE_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct due_item {
	uint64_t	id;
	int64_t		at;		/* wall seconds */
};

/* Caller's memory, zeroed at first. */
struct due {
	struct due_item	*item;		/* a heap; owned */
	size_t		 n, cap;
};

void	due_clear(struct due *d);

/* Adds it or changes its time.  0, or -1: no memory. */
int	due_set(struct due *d, uint64_t id, int64_t at);
void	due_drop(struct due *d, uint64_t id);

/* It is there, for a time after `now`. */
bool	due_later(const struct due *d, uint64_t id, int64_t now);

/* False when empty. */
bool	due_first(const struct due *d, struct due_item *first);

#endif
