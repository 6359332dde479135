/*
 * Relay processes of the sender: parts of letters wait by next hop, a
 * process takes up to JOB_BATCH of them over one connection.
 *
 * A server may take minutes for an answer.  A process that has said nothing
 * for a while does nothing, and does not count as one at work; when all that
 * a hop may have are silent, what else is for it is put off, so that it
 * takes no letter's place.
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

/* Letters that silent processes have. */
unsigned int	 relays_silent(const struct sender *s);

/* Puts off what waits for silent ones; forgets processes that were asked for
 * long ago and never came. */
void		 relays_tick(struct sender *s);

#endif
