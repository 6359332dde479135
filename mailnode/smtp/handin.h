/* The session's backend in the daemon: keeper, vault and resolver. */
#ifndef SMTP_HANDIN_H
#define SMTP_HANDIN_H

#include <stdbool.h>

#include "mailnode/auth/memo.h"
#include "mailnode/base/op.h"
#include "mailnode/filter/verdict.h"
#include "mailnode/node/proc.h"
#include "mailnode/smtp/backend.h"

struct handin {
	struct proc		*pr;		/* borrowed: its links */
	struct tls_server	*chain;		/* borrowed; NULL: no TLS */
	struct smtp_backend	*be;		/* borrowed */
	struct verdict_filter	 filter;
	struct op_reply		 reply;
	bool			 stopping;
	bool			 asked_vault;	/* in this connection */
	struct smtp_known	 known;	/* of all its connections, and so … */
	struct memo		 memo;	/* last: large */
};

/*
 * Caller's memory, which must outlive the session; fills be.  Takes over
 * the loop's stop: call it before proc_ready.
 */
void	handin_init(struct handin *h, struct proc *pr,
	    struct tls_server *chain, struct smtp_backend *be);
/* After it, before the sandbox: a stranger's mail is judged by its words. */
void	handin_filter(struct handin *h);
void	handin_clear(struct handin *h);

#endif
