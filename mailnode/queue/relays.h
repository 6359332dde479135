/*
 * Relay processes of the sender: parts of letters wait by next hop, a
 * process takes up to JOB_BATCH of them over one connection.
 */
#ifndef QUEUE_RELAYS_H
#define QUEUE_RELAYS_H

#include "mailnode/queue/letters.h"

/* Returns owned, or NULL: no memory.  idle is called after each process
 * that ended. */
struct relays	*relays_new(void (*idle)(void *), void *arg);

/* These recipients of x (indices, copied) wait for that route. */
void		 relays_queue(struct sender *s, struct letter *x, int route,
		    const size_t *at, size_t n);

/* Asks the parent for as many processes as make sense. */
void		 relays_pump(struct sender *s);

/* One has come; takes fd. */
void		 relays_came(struct sender *s, int fd);

/* Processes at work. */
unsigned int	 relays_running(const struct sender *s);

/* Nothing new begins; who has no dot on its way ends at once. */
void		 relays_stop(struct sender *s);

/* Forgets processes that were asked for long ago and never came. */
void		 relays_tick(struct sender *s);

#endif
