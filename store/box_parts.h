/* Private to box.c and box_lease.c. */
#ifndef STORE_BOX_PARTS_H
#define STORE_BOX_PARTS_H

#include "store/box.h"

struct lease {			/* asked for */
	struct lease	*next;
	struct store	*st;
	uint64_t	 box;
	uint32_t	 uid;
	uint64_t	 modseq;
};

struct boxes {
	struct box	**box;		/* by name */
	size_t		  n, cap;
	struct box	 *last;		/* found by id */
	uint32_t	  validity;	/* the highest that was ever given */
	struct lease	 *leases;
};

void	 box_leases_close(struct boxes *bs);

#endif
