/* Pages of store.db that will be wanted are asked of the disk at once. */
#ifndef STORE_AHEAD_H
#define STORE_AHEAD_H

#include <stdint.h>

struct ahead {
	uint64_t	 mbox;
	uint32_t	 lo, hi;	/* UIDs */
};

/*
 * Of the table mail, whose root is that page: the leaves with these rows.
 * Returns how many were asked for; a hint, which may be wrong or do nothing.
 */
unsigned int	ahead_mail(int fd, uint32_t root, const struct ahead *a);

#endif
