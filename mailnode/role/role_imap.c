/*
 * Owns: one connection of a device that reads mail, until it ends.
 * Holds: descriptors of messages it was asked for, read-only, one at a time;
 *	TLS state without the private key.
 * Asks: vault (one TLS signature, three tries of a login); then keeper
 *	(changes, news) and a reader of its own (lists, searches, messages), as
 *	far as the device's scope goes: both check it themselves.
 * Must not: open, connect, parse a message, or do anything for a peer that
 *	has not logged in.
 */
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "crypto/op_vault.h"
#include "mailnode/imap/session.h"
#include "mailnode/node/bans.h"
#include "mailnode/node/chain.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/roles.h"

enum {
	READER_WAIT_MS = 1000,
	READER_TRIES = 10,
	LARGE = 32 * 1024	/* octets: freed, they leave the process */
};

struct phone {
	struct proc		*pr;
	struct tls_server	*chain;
	struct loop_io		 keeper;	/* has something to tell */
	enum imap_woken		 over;
};

static struct tls *
on_tls(void *arg, int fd)
{
	struct phone *p = arg;

	return p->chain == NULL ? NULL : tls_accept(p->chain, fd,
	    vault_tls_sign, &p->pr->link[ROLE_VAULT]);
}

/* The one before may have to end first: then once more. */
static bool
on_want_reader(void *arg, bool light)
{
	struct phone *p = arg;
	int i;

	for (i = 0; i < READER_TRIES; i++)
		if (proc_want_reader(p->pr, light) == -1 || p->over != IMAP_NEWS ||
		    proc_wait_link(p->pr, ROLE_READER, READER_WAIT_MS) == 0)
			break;
	return p->pr->link[ROLE_READER] != -1;
}

static void
on_drop_reader(void *arg)
{
	int *fd = &((struct phone *)arg)->pr->link[ROLE_READER];

	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static enum imap_woken
on_woken(void *arg)
{
	struct phone *p = arg;

	if (loop_turn(p->pr->loop, 0) == -1)
		p->over = IMAP_STOP;
	return p->over;
}

static void
on_fault(void *arg, const char *what)
{
	proc_fault(((struct phone *)arg)->pr, BAN_ERRORS, what);
}

/* What it says the session reads by itself. */
static void
keeper_ready(void *arg, uint32_t events)
{
	struct phone *p = arg;

	if (!(events & (EPOLLHUP | EPOLLERR)))
		return;
	loop_del(p->pr->loop, &p->keeper);
	p->over = IMAP_ALONE;
}

/* A keeper that was started anew knows nothing of this session, and would
 * deny it all: the client comes again. */
static void
linked(void *arg, enum role role, int fd)
{
	struct phone *p = arg;

	if (role != ROLE_KEEPER)
		return;
	close(fd);
	p->pr->link[ROLE_KEEPER] = -1;
	p->over = IMAP_ALONE;
}

static void
stop(void *arg)
{
	((struct phone *)arg)->over = IMAP_STOP;
}

void
role_imap(struct proc *pr)
{
	struct phone p = { .pr = pr };
	struct imap_start start;

	/* config */
	memset(&start, 0, sizeof start);
	imap_limits(&start);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
	p.chain = chain_serves(pr);
	proc_on_stop(pr, stop, &p);
	proc_on_link(pr, linked, &p);
	p.keeper = (struct loop_io){ .fd = pr->link[ROLE_KEEPER],
	    .fn = keeper_ready, .arg = &p };
	if (p.keeper.fd == -1 ||
	    loop_add(pr->loop, &p.keeper, EPOLLIN) == -1)
		return;

	/* sandbox */
	sandbox_enter(pr);
	proc_ready(pr);

	/* the session leads, its waits listen to the loop */
	start.fd = pr->sock;
	start.wake = loop_fd(pr->loop);
	start.peer = pr->conn.peer;
	start.number = pr->conn.session;
	start.keeper = &pr->link[ROLE_KEEPER];
	start.reader = &pr->link[ROLE_READER];
	start.vault = &pr->link[ROLE_VAULT];
	start.arg = &p;
	start.tls = on_tls;
	start.want_reader = on_want_reader;
	start.drop_reader = on_drop_reader;
	start.woken = on_woken;
	start.fault = on_fault;
	imap_run(&start);
}
