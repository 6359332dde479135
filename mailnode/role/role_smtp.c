/*
 * Owns: one connection from a stranger, until it ends; then, where that one
 *	gave no trouble, the next from the same address.
 * Holds: that connection's message, TLS state without the private key, what
 *	the junk filter learnt (read-only).
 * Asks: keeper (is this address ours; what is known of the sender; take this
 *	message), vault (one TLS signature), resolver (for the verdict).
 * Must not: open, connect, read mail, or serve a second peer.
 */
#include <malloc.h>
#include <signal.h>

#include "mailnode/node/chain.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/roles.h"
#include "mailnode/smtp/handin.h"
#include "mailnode/smtp/session.h"

/* Of the heap, in octets: what one letter took the next takes again. */
enum { HEAP_KEPT = 384 * 1024, LARGE = 1024 * 1024 };

void
role_smtp(struct proc *pr)
{
	struct session_start start;
	struct smtp_backend be;
	struct handin handin;

	/* config; a chain newer than the parent's at the fork is read here */
	session_limits(&start.limits);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
	handin_init(&handin, pr, chain_serves(pr), &be);
	handin_filter(&handin);

	/* sandbox */
	sandbox_enter(pr);
	proc_ready(pr);

	/* the session leads, its waits listen to the loop */
	start.wake = loop_fd(pr->loop);
	start.peer = pr->conn.peer;
	start.backend = &be;
	for (;;) {
		start.fd = pr->sock;
		start.peer_port = pr->conn.peer_port;
		start.number = pr->conn.session;
		if (!session_run(&start) || handin.stopping)
			break;
		proc_rest(pr, handin.asked_vault);
		handin.asked_vault = false;
	}
	handin_clear(&handin);
}
