/* Between relays.c and relays_hop.c; nobody else includes this. */
#ifndef QUEUE_RELAYS_PARTS_H
#define QUEUE_RELAYS_PARTS_H

#include "mailnode/base/loop.h"
#include "mailnode/queue/relays.h"
#include "mailnode/queue/route.h"

enum { PUT_OFF_MAX = 64 };	/* letters of a hop that follow at once */

struct hop_queue {
	struct hop_queue *next;
	char		 key[ROUTE_KEY_MAX];
	int		 route;
	struct part	*first, **last;
	size_t		 waiting;	/* parts */
	unsigned int	 running, wanted;
	int64_t		 wanted_ms;
	uint64_t	 put_off[PUT_OFF_MAX];
	size_t		 nput_off;
};

/* A relay process at work. */
struct run {
	struct run	*next;
	struct sender	*s;
	struct loop_io	 io;
	struct hop_queue *hop;
	struct part	*part[JOB_BATCH];	/* NULL: over */
	size_t		 n;
	int64_t		 heard_ms;	/* its last word */
	struct buf	 in;
};

struct relays {
	struct hop_queue *hops;
	struct run	*runs;
	unsigned int	 nruns;
	void		(*idle)(void *);
	void		*arg;
};

/* The first part that waits there: there is one.  The caller's. */
struct part	*hop_take(struct hop_queue *h);

/* A process of it ended: what was put off need not wait for its time. */
void		 hop_draw_forward(struct sender *s, struct hop_queue *h);

/* One process carries up to JOB_BATCH letters; a second one helps when more
 * of them wait.  How many more it could do with. */
unsigned int	 hop_needs(const struct hop_queue *h);

/* How many more processes there may be, of all hops. */
unsigned int	 hop_places(const struct sender *s);

#endif
