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

#include "mailnode/auth/trace.h"
#include "mailnode/node/ask_dns.h"

enum { LOOKUP_MAX = 400 };	/* questions of one message */

struct lookup {
	/*
	 * Answers all of them, in initialised answers, and waits for it.
	 * It owns the deadline: what comes too late is a temporary failure.
	 */
	void		(*ask)(void *arg, struct dns_question *q, size_t n);
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

/* The resolver over a channel (-1: every answer is a failure). */
struct lookup_channel {
	int	 ch;
	int64_t	 until_ms;	/* monotonic: the deadline of all questions */
};

/* l asks over c, which it borrows; timeout_ms from now for all of it. */
void	lookup_over(struct lookup *l, struct lookup_channel *c, int ch,
	    int64_t timeout_ms, struct trace *trace);

#endif
