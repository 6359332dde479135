/* The backend of a device's session: logins, and letters to the queue. */
#ifndef QUEUE_SUBMISSION_H
#define QUEUE_SUBMISSION_H

#include "mailnode/smtp/handin.h"

struct submission_backend {
	struct handin		 handin;
	struct smtp_submit	 submit;
};

/* Caller's memory, which must outlive the session; fills be.  chain as for
 * handin_init; tls_first: the listener has TLS from the start. */
void	submission_init(struct submission_backend *s, struct proc *pr,
	    struct tls_server *chain, bool tls_first,
	    struct smtp_backend *be);
void	submission_clear(struct submission_backend *s);

#endif
