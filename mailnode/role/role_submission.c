/*
 * Owns: one connection of a device of the owner, or of one that wants to be
 *	taken for it, until it ends.
 * Holds: that connection's letter, TLS state without the private key; no
 *	secret but the one it is told, for as long as a line.
 * Asks: vault (one TLS signature, three logins), keeper (nothing before the
 *	login; then addresses and the queue).
 * Must not: open, connect, read mail, or serve a second peer.
 */
#include <signal.h>

#include "mailnode/node/chain.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/queue/submission.h"
#include "mailnode/role/roles.h"
#include "mailnode/smtp/session.h"

void
role_submission(struct proc *pr)
{
	const struct conf_listener *l = &conf.listeners[pr->conn.listener];
	struct submission_backend backend;
	struct session_start start;
	struct smtp_backend be;

	/* config; a chain newer than the parent's at the fork is read here */
	session_limits(&start.limits);
	(void)signal(SIGPIPE, SIG_IGN);
	submission_init(&backend, pr, chain_serves(pr),
	    l->tls == CONF_TLS, &be);

	/* sandbox */
	sandbox_enter(pr);
	proc_ready(pr);

	/* the session leads, its waits listen to the loop */
	start.fd = pr->sock;
	start.wake = loop_fd(pr->loop);
	start.peer = pr->conn.peer;
	start.peer_port = pr->conn.peer_port;
	start.number = pr->conn.session;
	start.backend = &be;
	session_run(&start);
	submission_clear(&backend);
}
