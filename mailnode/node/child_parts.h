/* Private to child*.c: the ways of a child's channels. */
#ifndef NODE_CHILD_PARTS_H
#define NODE_CHILD_PARTS_H

#include "mailnode/node/child.h"

enum { NURSERY_AGAIN_MAX_MS = 30000 };	/* until it is started again */

/* What a service is told of who asks it. */
struct child_who {
	enum role	 as;
	uint32_t	 session;
	const char	*name;
	const char	*limit;		/* NULL: none */
	bool		 light;
};

/* It can be spoken to; one that died is found out by that. */
static inline bool
child_hears(const struct child *c)
{
	return c->chan != NULL && !op_peer_deaf(c->chan);
}

/* One of that role that can be spoken to, or NULL. */
struct child	*nursery_find(const struct nursery *n, enum role r);

/* Its start, with the connection if it has one; borrows sock (-1: none). */
void	 child_start(struct child *c, int sock);
/* A peer of that service; takes fd. */
void	 child_serve(struct child *service, const struct child_who *w,
	    int fd);

/* A channel from c to the service; a dead one when that is down. */
void	 nursery_wire(struct nursery *n, struct child *c, enum role service);
/* All channels of one that is new. */
void	 nursery_wire_all(struct nursery *n, struct child *c);
/* One from who asked for c to it. */
void	 nursery_wire_asker(struct child *c, struct child *asker);

#endif
