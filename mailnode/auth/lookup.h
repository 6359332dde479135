/*
 * The DNS as this room is handed it: questions go to a function, answers
 * come back; nothing here knows a socket.  One struct lookup serves one
 * message: it counts, and says no (a temporary failure) once a message has
 * asked too much.
 */
#ifndef AUTH_LOOKUP_H
#define AUTH_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#include "mailnode/auth/memo.h"
#include "mailnode/auth/trace.h"
#include "mailnode/node/ask_dns.h"

enum { LOOKUP_MAX = 800 };	/* questions of one message */

struct lookup {
	/*
	 * Answers all of them, in initialised answers, and waits for it.
	 * It owns the deadline: what comes too late is a temporary failure.
	 */
	void		(*ask)(void *arg, struct dns_question *q, size_t n);
	/* Until ms after the first question; NULL: no deadlines. */
	void		(*phase)(void *arg, int64_t ms);
	void		*arg;
	struct trace	*trace;		/* or NULL */
	unsigned int	 asked;		/* so far */
};

/* Up to DNS_ASK_MANY at once.  why: who asks, for the trace. */
void	lookup_many(struct lookup *l, const char *why,
	    struct dns_question *q, size_t n);

/* One; a is initialised and what it held is cleared. */
enum dns_class	lookup_one(struct lookup *l, const char *why,
		    enum dns_type type, const char *name,
		    struct dns_answer *a);

/*
 * What is asked from now on has that much time since the first question, so
 * that a domain whose servers are slow on purpose leaves time for others.
 */
void	lookup_phase(struct lookup *l, int64_t ms);

/*
 * Asked ahead over a channel to the resolver, so that it has the answers when
 * they are wanted; what the memo (or NULL) knows is not.  The answers of q are
 * not touched.
 */
void	lookup_ahead(int ch, struct memo *memo,
	    const struct dns_question *q, size_t n);

/* The resolver over a channel (-1: every answer is a failure). */
struct lookup_channel {
	int		 ch;
	struct memo	*memo;			/* borrowed, or NULL */
	int64_t		 begin_ms, until_ms;	/* monotonic */
};

/* l asks over c, which it borrows; timeout_ms from now for all of it. */
void	lookup_over(struct lookup *l, struct lookup_channel *c, int ch,
	    int64_t timeout_ms, struct trace *trace);

#endif
