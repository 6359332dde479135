/*
 * All authentication of one message, as a receiving session does it: feed
 * the message while it arrives, end it (the only part that waits: for DNS),
 * then write the Authentication-Results field.  What is checked grows here;
 * the session's code does not change with it.
 */
#ifndef AUTH_VERIFY_H
#define AUTH_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "mailnode/auth/judge.h"
#include "mailnode/base/buf.h"

/*
 * Time for the DNS, from the end of the message: no more than so much until
 * a phase is over.  What decides a refusal comes last and keeps its share,
 * whatever the sender's own servers do.
 */
enum {
	AUTH_KEYS_MS = 4 * 1000,	/* keys of DKIM and ARC */
	AUTH_SPF_MS = 7 * 1000,		/* SPF of MAIL FROM */
	AUTH_DNS_MS = 10 * 1000		/* all: DMARC, then HELO and iprev */
};

/* What the session knows; strings are borrowed until auth_verify_free. */
struct auth_conn {
	const char	*authserv_id;
	const char	*ip;		/* NULL: not known (a file) */
	const char	*helo;		/* NULL: not known */
	const char	*mail_from;	/* "" for <>; NULL: not known */
	int64_t		 now_s;
	struct trace	*trace;		/* or NULL */
	struct memo	*memo;		/* of the connection; or NULL */
	struct auth_trust trust;
};

struct auth_verify;

/* Returns owned, or NULL when memory is out. */
struct auth_verify *auth_verify_new(const struct auth_conn *c);
void	 auth_verify_free(struct auth_verify *a);

/* The message as in message_feed.  0, or -1 when memory is out. */
int	 auth_verify_feed(struct auth_verify *a, const void *p, size_t n);

/*
 * The message is complete: asks the resolver over `dns` (-1: none, every
 * answer is a temporary failure) and decides.  0 or -1 as above.
 */
int	 auth_verify_end(struct auth_verify *a, int dns);
/* The same with any way to the DNS. */
int	 auth_verify_with(struct auth_verify *a, struct lookup *l);

/* Appends the header field, "Authentication-Results: …\r\n".  0 or -1. */
int	 auth_verify_put(struct auth_verify *a, struct buf *out);

/* After the end; borrowed. */
const struct auth_verdict *auth_verify_verdict(const struct auth_verify *a);

/* What is to be done, and why (borrowed, "" for AUTH_TAKE). */
enum auth_action auth_verify_action(const struct auth_verify *a,
	    const char **why);

/* "dkim=pass(example.org) spf=pass(example.org) …": one line for the log
 * and `why`.  0 or -1. */
int	 auth_verify_line(struct auth_verify *a, struct buf *out);

#endif
