/*
 * relay: one outgoing connection, with the letters of one batch.
 *
 * Owns		the connection to the next hop.
 * Holds	read-only descriptors of its letters.
 * Asks		vault: signatures before it connects, then only the one login
 *		of its route; resolver: where the next hop is; sender: to note
 *		each final dot before it goes out.
 * Must not	open a file; see another letter; send a password over what is
 *		not verified TLS; send a dot that was not noted.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/op_vault.h"
#include "crypto/tls.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/queue/job.h"
#include "mailnode/queue/reach.h"
#include "mailnode/queue/route.h"
#include "mailnode/queue/sign.h"
#include "mailnode/role/roles.h"

enum {
	MARK_MS = 60000,	/* the sender's answer; the server waits */
	START_MS = 30000,	/* for the jobs */
	HEAD_MAX = 32 * 1024	/* octets of signatures of one letter */
};

/* A job with what signing it came to. */
struct work {
	struct job	 job;
	struct buf	 head;		/* signatures */
	char		 from[SRS_ADDR_MAX];	/* "": as the job has it */
	bool		 over;		/* its results were told */
};

struct relay {
	struct proc	*pr;
	int		 sender;	/* channel */
	struct work	 work[JOB_BATCH];
	size_t		 nwork;
	char		 domain[ROUTE_KEY_MAX];
	struct reach_trust trust;
	struct reach	 to;		/* the next hop */
	size_t		 heard;		/* letters of this connection */
	bool		 spent;		/* it takes no more of them */
};

/* ---- the sender ---- */

static void
tell(struct relay *r, uint16_t type, uint32_t id, const struct buf *b)
{
	struct chan_msg m = { .type = type, .id = id, .fd = -1 };

	if (chan_send(r->sender, &m, b, false) == -1)
		_exit(0);	/* nobody is left to work for */
}

static void
tell_result(struct relay *r, struct work *w, const struct job_result *x)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	job_result_put(&b, x);
	tell(r, JOB_RESULT, w->job.id, &b);
	buf_clear(&b);
	w->over = x->last;
}

/* One fate for all recipients of a job that never came to a dialogue. */
static void
tell_all(struct relay *r, struct work *w, enum job_fate fate, bool tried,
    const char *why)
{
	static struct job_fate_of f[JOB_CHUNK];
	struct job_result x = { .tried = tried, .peer = r->to.peer,
	    .tls = r->to.tls, .why = why, .rcpt = f };
	size_t at = 0, i;

	while (at < w->job.nrcpt && !w->over) {
		x.nrcpt = w->job.nrcpt - at < JOB_CHUNK ?
		    w->job.nrcpt - at : JOB_CHUNK;
		for (i = 0; i < x.nrcpt; i++)
			f[i] = (struct job_fate_of){ w->job.rcpt[at + i].n,
			    fate, why };
		at += x.nrcpt;
		x.last = at == w->job.nrcpt;
		tell_result(r, w, &x);
	}
}

static void
tell_rest(struct relay *r, enum job_fate fate, bool tried, const char *why)
{
	size_t i;

	for (i = 0; i < r->nwork; i++)
		if (!r->work[i].over)
			tell_all(r, &r->work[i], fate, tried, why);
}

static void
take_job(struct relay *r, struct chan_msg *m, struct chan_in *in)
{
	struct work *w = &r->work[r->nwork];

	if (r->nwork >= JOB_BATCH || !job_get(in, m->id, m->fd, &w->job) ||
	    w->job.route >= conf.nrelays)
		_exit(1);	/* the sender is more trusted than we */
	buf_init(&w->head, HEAD_MAX);
	r->nwork++;
}

/* All that this process will ever do, handed over before it connects. */
static void
take_jobs(struct relay *r)
{
	struct buf store;
	struct chan_msg m;
	struct chan_in in;

	buf_init(&store, CHAN_RECORD_MAX + 1);
	for (;;) {
		if (chan_recv_in(r->sender, &store, &m, START_MS) != 1)
			_exit(0);
		chan_in_init(&in, m.data, m.len);
		if (m.type == JOB_GO)
			break;
		if (m.type != JOB_JOB)
			_exit(1);
		take_job(r, &m, &in);
	}
	buf_clear(&store);
	if (r->nwork == 0)
		_exit(0);
	r->to.route = r->work[0].job.route;
	snprintf(r->domain, sizeof r->domain, "%s", r->work[0].job.domain);
	r->to.domain = r->domain;
}

/* ---- signing ---- */

static const char *
signing_domain(const struct job *j)
{
	return route_is_ours(j->from) ? route_domain(j->from) :
	    conf.domains[0];
}

/* The vault's word on a sender to be rewritten, or one that hides behind an
 * address of ours. */
static bool
rewritten(struct relay *r, struct work *w, enum crypto_err e)
{
	char why[JOB_TEXT_MAX];

	if (e == CRYPTO_OK)
		return true;
	if (e == CRYPTO_LOCKED)
		tell_all(r, w, JOB_LOCKED, false, crypto_err_text(e));
	else if (e == CRYPTO_NAME || e == CRYPTO_PEER ||
	    e == CRYPTO_EXPIRED) {
		snprintf(why, sizeof why, "550 5.1.7 the sender %.300s "
		    "cannot be rewritten", w->job.from);
		tell_all(r, w, JOB_REFUSED, false, w->job.flags & QUEUE_HOME ?
		    "550 5.1.1 not an address that we rewrote" : why);
	} else
		tell_all(r, w, JOB_DEFERRED, false, crypto_err_text(e));
	return false;
}

/* Sent on: the message stays what it is, the sender becomes ours, and a
 * notice goes to nobody but whom the vault finds in the address it came to. */
static void
rewrite(struct relay *r, struct work *w)
{
	char home[SRS_ADDR_MAX];
	enum crypto_err e;
	size_t i;

	for (i = 0; w->job.flags & QUEUE_HOME && i < w->job.nrcpt; i++) {
		e = vault_srs_reverse(r->to.vault, w->job.rcpt[i].orcpt, home);
		if (e == CRYPTO_OK && strcmp(home, w->job.rcpt[i].addr) != 0)
			e = CRYPTO_PEER;
		if (!rewritten(r, w, e))
			return;
		w->job.rcpt[i].orcpt = "";
	}
	if (w->job.from[0] == '\0')
		return;
	if (rewritten(r, w, vault_srs_forward(r->to.vault, w->job.from,
	    conf.domains[0], w->from)))
		w->job.from = w->from;
}

static void
sign(struct relay *r, struct work *w)
{
	const char *why;

	if (w->job.flags & QUEUE_FORWARD) {
		rewrite(r, w);
		return;
	}

	switch (sign_letter(r->to.vault, w->job.fd, w->job.offset, w->job.size,
	    signing_domain(&w->job), &w->head, &why)) {
	case SIGN_OK:
		break;
	case SIGN_LOCKED:
		tell_all(r, w, JOB_LOCKED, false,
		    crypto_err_text(CRYPTO_LOCKED));
		break;
	case SIGN_LATER:
		tell_all(r, w, JOB_DEFERRED, false, why);
		break;
	case SIGN_NEVER:
		tell_all(r, w, JOB_REFUSED, false, why);
		break;
	}
}

static size_t
sign_all(struct relay *r)
{
	size_t i, left = 0;

	for (i = 0; i < r->nwork; i++) {
		sign(r, &r->work[i]);
		left += !r->work[i].over;
	}
	return left;
}

/* ---- the next hop ---- */

static enum job_fate
job_fate(enum client_fate f)
{
	switch (f) {
	case CLIENT_TAKEN:
		return JOB_TAKEN;
	case CLIENT_REFUSED:
		return JOB_REFUSED;
	case CLIENT_UNKNOWN:
		return JOB_UNKNOWN;
	case CLIENT_LOCKED:
		return JOB_LOCKED;
	case CLIENT_DEFERRED:
		break;
	}
	return JOB_DEFERRED;
}

/*
 * RFC 7435: a letter goes in clear to a server whose TLS is broken, but not
 * at its first attempt: a handshake that failed by chance costs a delay, not
 * the secrecy.
 */
static void
keep_from_clear(struct relay *r)
{
	size_t i;

	for (i = 0; i < r->nwork; i++)
		if (!r->work[i].over && r->work[i].job.attempts == 0)
			tell_all(r, &r->work[i], JOB_DEFERRED, true,
			    r->to.clear_why);
}

static bool
has_tried(const struct relay *r)
{
	size_t i;

	for (i = 0; i < r->nwork; i++)
		if (!r->work[i].over && r->work[i].job.attempts > 0)
			return true;
	return false;
}

/* False: everybody has been told. */
static bool
reach(struct relay *r)
{
	r->to.may_clear = has_tried(r);
	if (!reach_hop(&r->to)) {
		tell_rest(r, r->to.no_dns ? JOB_NO_DNS :
		    job_fate(r->to.fate), r->to.tried, r->to.why);
		return false;
	}
	if (r->to.clear_why[0] != '\0')
		keep_from_clear(r);
	return true;
}

/* ---- letters ---- */

/* The sender's word that the dot is noted, durably. */
static int
await_mark(struct relay *r, uint32_t id)
{
	struct buf store;
	struct chan_msg m;
	int rc = -1;

	buf_init(&store, CHAN_RECORD_MAX + 1);
	if (chan_recv_in(r->sender, &store, &m, MARK_MS) == 1) {
		if (m.fd != -1)
			close(m.fd);
		rc = m.type == JOB_MARK && m.id == id && m.status == 0 ? 0 :
		    -1;
	}
	buf_clear(&store);
	return rc;
}

struct marking {
	struct relay		*r;
	struct work		*w;
	struct client_letter	*l;
	const size_t		*at;	/* recipients of the job */
};

static int
mark(void *arg)
{
	struct marking *k = arg;
	uint32_t n[JOB_CHUNK];
	struct buf b;
	size_t i, count = 0;

	for (i = 0; i < k->l->nrcpt; i++)
		if (k->l->rcpt[i].fate == CLIENT_TAKEN)
			n[count++] = k->w->job.rcpt[k->at[i]].n;
	buf_init(&b, CHAN_DATA_MAX);
	job_mark_put(&b, n, count);
	tell(k->r, JOB_MARK, k->w->job.id, &b);
	buf_clear(&b);
	return await_mark(k->r, k->w->job.id);
}

/*
 * One transaction of at most JOB_CHUNK recipients, and its result.  Those
 * who were too many for it stand in front of at[] afterwards; their number,
 * 0 where it took none, as the next would not either.  Where r->spent is set
 * nothing was told: the letter is as it was.
 */
static size_t
transact(struct relay *r, struct work *w, size_t *at, size_t n, bool last)
{
	static struct client_rcpt rcpt[JOB_CHUNK];
	static struct job_fate_of f[JOB_CHUNK];
	struct client_letter l = { .from = w->job.from,
	    .envid = w->job.envid, .eightbit = w->job.flags & QUEUE_8BIT,
	    .utf8 = w->job.flags & QUEUE_UTF8,
	    .one_by_one = w->job.attempts > 0, .rcpt = rcpt, .nrcpt = n,
	    .head = w->head.data, .nhead = w->head.len, .fd = w->job.fd,
	    .offset = w->job.offset, .size = w->job.size, .mark = mark };
	struct marking k = { r, w, &l, at };
	struct job_result x = { .tried = true, .peer = r->to.peer,
	    .tls = r->to.tls, .why = "",
	    .reports = (r->to.client.offer.bits & OFFER_DSN) != 0,
	    .told = (r->to.client.offer.bits & OFFER_ENVID) != 0,
	    .rcpt = f };
	size_t i, left = 0;
	bool again = false;

	l.arg = &k;
	for (i = 0; i < n; i++)
		rcpt[i] = (struct client_rcpt){
		    .addr = w->job.rcpt[at[i]].addr,
		    .orcpt = w->job.rcpt[at[i]].orcpt,
		    .notify = w->job.rcpt[at[i]].notify };
	client_letter(&r->to.client, &l);
	r->spent = l.unheard && r->heard > 0 && at[0] == 0;
	if (r->spent)
		return 0;
	r->heard += !l.unheard;
	for (i = 0; i < n && !r->to.client.broken; i++)
		again = again || rcpt[i].fate == CLIENT_TAKEN;
	for (i = 0; i < n; i++)
		if (again && rcpt[i].crowded)
			at[left++] = at[i];
		else
			f[x.nrcpt++] = (struct job_fate_of){
			    w->job.rcpt[at[i]].n, job_fate(rcpt[i].fate),
			    rcpt[i].text };
	if (r->to.client.broken)
		x.why = r->to.client.why;
	x.last = last && left == 0;
	tell_result(r, w, &x);
	return left;
}

static void
deliver_chunk(struct relay *r, struct work *w, size_t first, size_t n)
{
	bool last = first + n == w->job.nrcpt;
	size_t at[JOB_CHUNK], i;

	for (i = 0; i < n; i++)
		at[i] = first + i;
	while (n > 0)
		n = transact(r, w, at, n, last);
}

static size_t
chunk(const struct relay *r)
{
	uint32_t max = r->to.client.offer.rcpt_max;

	return max > 0 && max < JOB_CHUNK ? max : JOB_CHUNK;
}

static void
deliver(struct relay *r, struct work *w)
{
	size_t at, n;

	for (at = 0; at < w->job.nrcpt && !r->to.client.broken; at += n) {
		n = w->job.nrcpt - at < chunk(r) ? w->job.nrcpt - at :
		    chunk(r);
		deliver_chunk(r, w, at, n);
	}
	if (w->over || r->spent)
		return;
	/* The connection broke between transactions: those left over. */
	w->job.rcpt += at;
	w->job.nrcpt -= at;
	tell_all(r, w, JOB_DEFERRED, true, r->to.client.why);
	w->job.rcpt -= at;
	w->job.nrcpt += at;
}

/* One connection, as many letters as it takes. */
static void
dialogue(struct relay *r)
{
	size_t i;

	r->heard = 0;
	r->spent = false;
	for (i = 0; i < r->nwork && !r->to.client.broken; i++)
		if (!r->work[i].over)
			deliver(r, &r->work[i]);
	client_close(&r->to.client);
	close(r->to.client.conf.fd);
}

static void
run(struct relay *r)
{
	const char *entry = conf.relays[r->to.route].entry;

	if (sign_all(r) == 0)
		return;
	/* From here on this channel can do nothing but that one login. */
	if (vault_route(r->to.vault, entry) != CRYPTO_OK && entry != NULL) {
		tell_rest(r, JOB_DEFERRED, false,
		    "the vault does not answer");
		return;
	}
	/*
	 * Many take so many letters on a connection and then end it, with
	 * 421 or without a word: the next go by another.  Each takes one at
	 * least, so that this ends.
	 */
	do {
		if (!reach(r))
			return;
		dialogue(r);
	} while (r->spent);
	tell_rest(r, JOB_DEFERRED, true, r->to.client.why);
}

void
role_relay(struct proc *pr)
{
	static struct relay r;

	r.pr = pr;
	r.sender = pr->link[ROLE_SENDER];
	r.to.trust = &r.trust;
	r.to.wake = r.sender;
	r.to.vault = pr->link[ROLE_VAULT];
	r.to.dns = pr->link[ROLE_RESOLVER];
	signal(SIGPIPE, SIG_IGN);
	if (r.sender == -1 || tls_init() == -1)
		_exit(1);
	reach_trust_load(&r.trust);
	sandbox_enter(pr);
	proc_ready(pr);
	take_jobs(&r);
	run(&r);
}
