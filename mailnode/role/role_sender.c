/*
 * sender: what is due goes out.
 *
 * Owns		the heap of due times; which letters are under way.
 * Holds	read-only descriptors of those letters; hands them to relays.
 * Asks		keeper: claims, marks, results, and the spool for what is for
 *		the owner's own mailboxes; parent: relay processes.
 * Must not	touch the network; write a file; forget a mark.
 *
 * A letter: keeper tells its time -> claim -> its recipients split by next
 * hop -> parts wait for a relay of that hop -> results, each durable before
 * the next is read -> release, which says when to come back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/queue/due.h"
#include "mailnode/queue/filing.h"
#include "mailnode/queue/job.h"
#include "mailnode/queue/outcome.h"
#include "mailnode/queue/retry.h"
#include "mailnode/queue/route.h"
#include "mailnode/role/roles.h"
#include "store/op_event.h"
#include "store/op_rcpt.h"
#include "store/op_sender.h"
#include "store/queue_file.h"

enum {
	LETTERS_MAX = 64,	/* under way at once */
	RELAYS_MAX = 8,		/* processes at once */
	RELAYS_PER_HOP = 2,
	TICK_MS = 10000,	/* looks at the clocks */
	WANT_MS = 10000,	/* a relay that was wanted and did not come */
	AGAIN_S = 60,		/* after trouble of our own */
	STOP_MS = 12000		/* relays may end what they began; less than
				   the parent waits for us */
};

static const char alarm_locked[] =
    "letters wait: the vault is locked (mailnode vault unlock)";

struct letter {
	struct letter	*next;
	struct sender_letter l;
	unsigned int	 parts;		/* not yet over */
};

/* Recipients of one letter that share a next hop. */
struct part {
	struct part	*next;
	struct letter	*letter;
	size_t		*at;		/* indices in letter->l.rcpt; owned */
	bool		*marked;	/* owned */
	bool		*over;		/* has its result; owned */
	size_t		 n, left;
};

struct hop_queue {
	struct hop_queue *next;
	char		 key[ROUTE_KEY_MAX];
	int		 route;
	struct part	*first, **last;
	size_t		 waiting;	/* parts */
	unsigned int	 running, wanted;
	int64_t		 wanted_ms;
};

/* A relay process at work. */
struct run {
	struct run	*next;
	struct sender	*s;
	struct loop_io	 io;
	struct hop_queue *hop;
	struct part	*part[JOB_BATCH];	/* NULL: over */
	size_t		 n;
	struct buf	 in;
};

struct sender {
	struct proc	*pr;
	int		 keeper;
	struct op_reply	 reply;
	struct due	 due;
	struct letter	*letters;
	unsigned int	 nletters, nruns;
	struct hop_queue *hops;
	struct run	*runs;
	struct loop_io	 keeper_io;
	struct loop_timer timer, stop;
	int64_t		 drift;		/* wall minus monotonic, s */
	bool		 stopping;
	bool		 locked;	/* the alarm is up */
};

static void	pump(struct sender *);
static void	arm(struct sender *);

/* Keeper gone: what it knew of claims is gone as well.  Start afresh. */
_Noreturn static void
start_over(void)
{
	log_line(LOG_WARN, "keeper", "error=%s", "gone");
	_exit(0);
}

static uint16_t
checked(uint16_t rc)
{
	if (rc == OP_GONE)
		start_over();
	return rc;
}

static uint32_t
random_u32(void)
{
	uint32_t v;

	random_bytes(&v, sizeof v);
	return v;
}

static void
tell_event(struct sender *s, const struct sender_letter *l, const char *addr,
    const char *kind, const char *text)
{
	char id[QUEUE_ID_MAX];

	queue_id_text(l->id, id);
	(void)event_tell(s->keeper, id, addr, kind, text);
}

/* ---- letters ---- */

static struct letter *
find_letter(struct sender *s, uint64_t id)
{
	struct letter *x;

	for (x = s->letters; x != NULL && x->l.id != id; x = x->next)
		;
	return x;
}

static void
letter_over(struct sender *s, struct letter *x)
{
	struct letter **p;
	int64_t due;

	for (p = &s->letters; *p != x; p = &(*p)->next)
		;
	*p = x->next;
	s->nletters--;
	if (checked(sender_release(s->keeper, &s->reply, x->l.id, &due)) !=
	    STORE_OK)
		due = clock_wall_s() + AGAIN_S;
	if (due != 0)
		(void)due_set(&s->due, x->l.id, due);
	sender_letter_clear(&x->l);
	free(x);
}

static void
part_over(struct sender *s, struct part *p)
{
	struct letter *x = p->letter;

	free(p->at);
	free(p->marked);
	free(p->over);
	free(p);
	if (--x->parts == 0)
		letter_over(s, x);
}

/* Takes nothing; NULL: no memory, the letter comes again. */
static struct part *
part_new(struct letter *x, size_t n)
{
	struct part *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->at = calloc(n, sizeof *p->at);
	p->marked = calloc(n, sizeof *p->marked);
	p->over = calloc(n, sizeof *p->over);
	if (p->at == NULL || p->marked == NULL || p->over == NULL) {
		free(p->at);
		free(p->marked);
		free(p->over);
		free(p);
		return NULL;
	}
	p->letter = x;
	return p;
}

/* ---- results ---- */

static void
log_fate(struct sender *s, const struct sender_letter *l,
    const struct outcome *o, const char *peer)
{
	char id[QUEUE_ID_MAX], text[EVENT_TEXT_MAX];
	const char *kind = outcome_word(o->fate);

	queue_id_text(l->id, id);
	log_line(o->fate == QUEUE_UNKNOWN ? LOG_WARN : LOG_INFO, kind,
	    "id=%s to=%s peer=%s reply=%s", id, o->rcpt->addr, peer,
	    o->reply);
	snprintf(text, sizeof text, "peer=%.200s reply=%.500s%s", peer,
	    o->reply, o->fate == QUEUE_UNKNOWN ?
	    " (the answer never came: it may arrive twice)" : "");
	tell_event(s, l, o->rcpt->addr, kind, text);
}

/* Notices first: what was told twice is better than never.  0, or -1. */
static int
notify(struct sender *s, struct letter *x, const struct outcome *o, size_t n,
    const char *peer, enum dsn_kind kind)
{
	struct dsn_rcpt rcpt[DSN_RCPTS_MAX];
	size_t i, k = 0;
	uint16_t rc = STORE_OK;

	if (x->l.from[0] == '\0')
		return 0;
	for (i = 0; i <= n && rc == STORE_OK; i++) {
		if (i < n && outcome_tells(&o[i], kind))
			rcpt[k++] = (struct dsn_rcpt){ o[i].rcpt->addr,
			    o[i].rcpt->orcpt, o[i].reply, peer };
		if (k > 0 && (i == n || k == DSN_RCPTS_MAX)) {
			rc = checked(filing_notice(s->keeper, &s->reply,
			    &x->l, kind, rcpt, k,
			    x->l.created + RETRY_LIFE_S));
			k = 0;
		}
	}
	if (rc == STORE_OK)
		return 0;
	log_line(LOG_ERROR, "notice", "error=%s", store_status_text(rc));
	return -1;
}

static bool
any_waits(const struct outcome *o, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (o[i].fate == QUEUE_WAITING || o[i].fate == QUEUE_UNKNOWN)
			return true;
	return false;
}

/*
 * What became of some recipients of a letter: notices, then the rows.  If
 * a notice cannot be filed, those it was for stay in the queue.
 */
static void
settle(struct sender *s, struct letter *x, struct outcome *o, size_t n,
    struct sender_result *res)
{
	struct sender_fate *f = calloc(n, sizeof *f);
	int64_t now = clock_wall_s();
	bool late = now - x->l.created > RETRY_NOTICE_S && !x->l.told;
	size_t i;
	uint16_t rc;

	if (f == NULL)
		start_over();
	if (notify(s, x, o, n, res->peer, DSN_FAILED) == -1)
		outcome_postpone(o, n, now + AGAIN_S);
	if (late && any_waits(o, n) && notify(s, x, o, n, res->peer,
	    DSN_DELAYED) == 0)
		res->told = x->l.told = true;
	for (i = 0; i < n; i++) {
		f[i] = (struct sender_fate){ o[i].rcpt->n, o[i].fate,
		    o[i].counts, o[i].due, res->route, o[i].reply };
		log_fate(s, &x->l, &o[i], res->peer);
	}
	res->id = x->l.id;
	res->fate = f;
	res->nfate = n;
	rc = checked(sender_result(s->keeper, &s->reply, res));
	if (rc != STORE_OK)
		log_line(LOG_ERROR, "result", "error=%s",
		    store_status_text(rc));
	free(f);
}

/* All of `at` share this fate; nobody outside was asked. */
static void
settle_same(struct sender *s, struct letter *x, const size_t *at, size_t n,
    enum job_fate fate, const char *why, bool counts)
{
	struct sender_result res = { .why = why, .route = "", .peer = "",
	    .tls = "", .reply = "" };
	struct outcome *o = calloc(n, sizeof *o);
	size_t i;

	if (o == NULL)
		start_over();
	for (i = 0; i < n; i++)
		outcome_judge(&o[i], &x->l.rcpt[at[i]], fate, why, counts,
		    x->l.created, clock_wall_s(), random_u32());
	settle(s, x, o, n, &res);
	free(o);
}

/* ---- our own mailboxes ---- */

static void
copy_to_sent(struct sender *s, struct letter *x)
{
	uint16_t rc;

	if (!(x->l.flags & QUEUE_COPY) || x->l.copied)
		return;
	rc = checked(filing_sent(s->keeper, &s->reply, &x->l));
	if (rc == STORE_OK)
		rc = checked(sender_copied(s->keeper, &s->reply, x->l.id));
	if (rc != STORE_OK)
		log_line(LOG_ERROR, "copy", "folder=%s error=%s", "Sent",
		    store_status_text(rc));
}

static void
settle_local(struct sender *s, struct letter *x, const size_t *at, size_t n)
{
	struct sender_result res = { .why = "", .route = "local",
	    .peer = "this node", .tls = "", .reply = "filed" };
	struct outcome *o = calloc(n, sizeof *o);
	size_t i;

	if (o == NULL)
		start_over();
	for (i = 0; i < n; i++)
		o[i] = (struct outcome){ .rcpt = &x->l.rcpt[at[i]],
		    .fate = QUEUE_LOCALLY, .counts = true,
		    .reply = "250 2.1.5 filed" };
	settle(s, x, o, n, &res);
	free(o);
}

/* Addresses of ours that exist are filed here; the others come back. */
static void
deliver_locally(struct sender *s, struct letter *x, const size_t *at,
    size_t n)
{
	size_t *good = calloc(n, sizeof *good), *bad = calloc(n, sizeof *bad);
	size_t ngood = 0, nbad = 0, i;
	struct rcpt to;
	uint16_t rc = STORE_OK;

	if (good == NULL || bad == NULL)
		start_over();
	for (i = 0; i < n && rc == STORE_OK; i++) {
		rc = checked(rcpt_check(s->keeper, &s->reply,
		    x->l.rcpt[at[i]].addr, &to));
		if (rc == STORE_OK && rcpt_ok(to.class))
			good[ngood++] = at[i];
		else if (rc == STORE_OK)
			bad[nbad++] = at[i];
	}
	if (rc != STORE_OK) {
		settle_same(s, x, at, n, JOB_DEFERRED, store_status_text(rc),
		    false);
		goto out;
	}
	if (nbad > 0)
		settle_same(s, x, bad, nbad, JOB_REFUSED,
		    "550 5.1.1 there is no such address here", true);
	if (ngood == 0)
		goto out;
	rc = checked(filing_local(s->keeper, &s->reply, &x->l, good, ngood));
	if (rc == STORE_OK)
		settle_local(s, x, good, ngood);
	else
		settle_same(s, x, good, ngood, JOB_DEFERRED,
		    store_status_text(rc), false);
out:
	free(good);
	free(bad);
}

/* ---- splitting a letter by next hop ---- */

static int
route_of(const struct sender_letter *l, const struct sender_rcpt *r)
{
	const char *name = r->fate == QUEUE_UNKNOWN ? r->route : r->forced;
	int route;

	if (name[0] == '\0')
		return route_find(l->from, r->addr);
	route = route_by_name(name);
	/* A forced relay that conf no longer has is as none; where an
	 * unknown one went there must be the same again. */
	if (route == ROUTE_NONE && r->fate != QUEUE_UNKNOWN)
		return route_find(l->from, r->addr);
	return route;
}

static struct hop_queue *
hop_of(struct sender *s, int route, const char *addr)
{
	char key[ROUTE_KEY_MAX];
	struct hop_queue *h;

	route_key(route, addr, key);
	for (h = s->hops; h != NULL; h = h->next)
		if (strcmp(h->key, key) == 0)
			return h;
	h = calloc(1, sizeof *h);
	if (h == NULL)
		start_over();
	memcpy(h->key, key, sizeof h->key);
	h->route = route;
	h->last = &h->first;
	h->next = s->hops;
	s->hops = h;
	return h;
}

static void
queue_part(struct sender *s, struct letter *x, int route, const size_t *at,
    size_t n)
{
	struct hop_queue *h = hop_of(s, route, x->l.rcpt[at[0]].addr);
	struct part *p = part_new(x, n);

	if (p == NULL)
		start_over();
	memcpy(p->at, at, n * sizeof *at);
	p->n = p->left = n;
	*h->last = p;
	h->last = &p->next;
	h->waiting++;
	x->parts++;
}

static void
send_group(struct sender *s, struct letter *x, int route, const size_t *at,
    size_t n)
{
	if (route == ROUTE_LOCAL)
		deliver_locally(s, x, at, n);
	else if (route == ROUTE_NONE)
		settle_same(s, x, at, n, JOB_DEFERRED,
		    "450 4.3.5 no relay of the configuration is for this "
		    "recipient", true);
	else
		queue_part(s, x, route, at, n);
}

static bool
same_hop(const struct sender_letter *l, size_t a, int route, size_t b)
{
	char ka[ROUTE_KEY_MAX], kb[ROUTE_KEY_MAX];

	if (route_of(l, &l->rcpt[b]) != route)
		return false;
	route_key(route, l->rcpt[a].addr, ka);
	route_key(route, l->rcpt[b].addr, kb);
	return strcmp(ka, kb) == 0;
}

/* Recipients due about now go together; the others have their own time. */
static void
split(struct sender *s, struct letter *x)
{
	const struct sender_letter *l = &x->l;
	int64_t now = clock_wall_s();
	size_t *at = calloc(l->nrcpt + 1, sizeof *at), n, i, k;
	bool *done = calloc(l->nrcpt + 1, sizeof *done);
	int route;

	if (at == NULL || done == NULL)
		start_over();
	for (i = 0; i < l->nrcpt; i++)
		done[i] = l->rcpt[i].due > now + AGAIN_S;
	for (i = 0; i < l->nrcpt; i++) {
		if (done[i])
			continue;
		route = route_of(l, &l->rcpt[i]);
		for (n = 0, k = i; k < l->nrcpt; k++)
			if (!done[k] && same_hop(l, i, route, k)) {
				done[k] = true;
				at[n++] = k;
			}
		send_group(s, x, route, at, n);
	}
	free(at);
	free(done);
}

static void
begin(struct sender *s, uint64_t id)
{
	struct letter *x = calloc(1, sizeof *x);
	uint16_t rc;

	if (x == NULL)
		start_over();
	rc = checked(sender_claim(s->keeper, &s->reply, id, &x->l));
	if (rc != STORE_OK) {
		/* Held, dropped, set aside: keeper tells if that changes. */
		if (rc != STORE_STATE && rc != STORE_NOTFOUND &&
		    rc != STORE_CORRUPT)
			(void)due_set(&s->due, id, clock_wall_s() + AGAIN_S);
		free(x);
		return;
	}
	x->next = s->letters;
	s->letters = x;
	s->nletters++;
	x->parts = 1;		/* ours, until all of it is split */
	copy_to_sent(s, x);
	split(s, x);
	if (--x->parts == 0)
		letter_over(s, x);
}

/* ---- relays ---- */

static void
send_job(struct run *r, size_t i)
{
	struct part *p = r->part[i];
	const struct sender_letter *l = &p->letter->l;
	struct chan_msg m = { .type = JOB_JOB, .id = (uint32_t)i + 1,
	    .fd = l->fd };
	struct job j = { .route = (uint32_t)r->hop->route,
	    .domain = route_is_mx(r->hop->route) ?
	    route_domain(l->rcpt[p->at[0]].addr) : "",
	    .from = l->from, .envid = l->envid, .flags = l->flags,
	    .offset = l->offset, .size = l->size, .nrcpt = p->n };
	struct buf b;
	size_t k;

	j.rcpt = calloc(p->n, sizeof *j.rcpt);
	if (j.rcpt == NULL)
		start_over();
	for (k = 0; k < p->n; k++) {
		const struct sender_rcpt *t = &l->rcpt[p->at[k]];

		j.rcpt[k] = (struct job_rcpt){ t->n, t->addr, t->orcpt,
		    t->notify };
	}
	buf_init(&b, CHAN_DATA_MAX);
	job_put(&b, &j);
	(void)chan_send(r->io.fd, &m, &b, false);
	buf_clear(&b);
	free(j.rcpt);
}

static struct part *
take_part(struct hop_queue *h)
{
	struct part *p = h->first;

	h->first = p->next;
	if (h->first == NULL)
		h->last = &h->first;
	h->waiting--;
	p->next = NULL;
	return p;
}

static void
note_locked(struct sender *s, bool locked)
{
	if (locked == s->locked)
		return;
	s->locked = locked;
	if (locked)
		proc_alarm(s->pr, alarm_locked);
	else
		proc_clear(s->pr, alarm_locked);
}

static void
take_result(struct sender *s, struct run *r, size_t i,
    const struct job_result *x)
{
	struct part *p = r->part[i];
	const struct sender_letter *l = &p->letter->l;
	struct sender_result res = { .route = "", .peer = x->peer,
	    .tls = x->tls, .reply = x->why, .why = "" };
	struct outcome *o = calloc(x->nrcpt + 1, sizeof *o);
	size_t k, m, n = 0;

	if (o == NULL)
		start_over();
	for (k = 0; k < x->nrcpt; k++)
		for (m = 0; m < p->n; m++) {
			const struct sender_rcpt *t = &l->rcpt[p->at[m]];

			if (t->n != x->rcpt[k].n || p->over[m])
				continue;
			p->over[m] = true;
			p->left--;
			outcome_judge(&o[n++], t, x->rcpt[k].fate,
			    x->rcpt[k].text, x->tried, l->created,
			    clock_wall_s(), random_u32());
			note_locked(s, x->rcpt[k].fate == JOB_LOCKED);
			break;
		}
	if (x->tried)
		res.route = conf.relays[r->hop->route].name;
	for (k = 0; k < n; k++)
		if (o[k].fate == QUEUE_WAITING || o[k].fate == QUEUE_UNKNOWN)
			res.why = o[k].reply;
	if (res.reply[0] == '\0' && n > 0)
		res.reply = o[0].reply;
	if (n > 0)
		settle(s, p->letter, o, n, &res);
	free(o);
	if (p->left == 0) {
		r->part[i] = NULL;
		part_over(s, p);
	}
}

/* The dot may go out only after keeper's commit. */
static void
take_mark(struct sender *s, struct run *r, struct chan_msg *m,
    struct chan_in *in)
{
	struct part *p = r->part[m->id - 1];
	struct chan_msg answer = { .type = JOB_MARK, .id = m->id, .fd = -1 };
	uint32_t n[JOB_CHUNK];
	size_t count, i, k;

	answer.status = OP_BAD;
	if (job_mark_get(in, n, &count))
		answer.status = checked(sender_mark(s->keeper, &s->reply,
		    p->letter->l.id, conf.relays[r->hop->route].name, n,
		    count));
	for (i = 0; answer.status == STORE_OK && i < count; i++)
		for (k = 0; k < p->n; k++)
			if (p->letter->l.rcpt[p->at[k]].n == n[i])
				p->marked[k] = true;
	(void)chan_send(r->io.fd, &answer, NULL, true);
}

/* False: it said what makes no sense, and is done with. */
static bool
take(struct sender *s, struct run *r, struct chan_msg *m)
{
	struct job_result x;
	struct chan_in in;

	if (m->id == 0 || m->id > r->n || r->part[m->id - 1] == NULL)
		return false;
	chan_in_init(&in, m->data, m->len);
	if (m->type == JOB_MARK) {
		take_mark(s, r, m, &in);
		return true;
	}
	if (m->type != JOB_RESULT || !job_result_get(&in, &x))
		return false;
	take_result(s, r, m->id - 1, &x);
	job_result_clear(&x);
	return true;
}

/* Recipients the relay never spoke of: those marked are unknown. */
static void
settle_rest(struct sender *s, struct run *r, size_t i)
{
	struct part *p = r->part[i];
	struct job_result x = { .last = true, .tried = true, .peer = "",
	    .tls = "", .why = "the relay process ended" };
	size_t k;

	x.rcpt = calloc(p->n, sizeof *x.rcpt);
	if (x.rcpt == NULL)
		start_over();
	for (k = 0; k < p->n; k++)
		if (!p->over[k])
			x.rcpt[x.nrcpt++] = (struct job_fate_of){
			    p->letter->l.rcpt[p->at[k]].n, p->marked[k] ?
			    JOB_UNKNOWN : JOB_DEFERRED,
			    "the relay process ended before an answer" };
	take_result(s, r, i, &x);
	free(x.rcpt);
}

static void
run_over(struct sender *s, struct run *r)
{
	struct run **p;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->part[i] != NULL)
			settle_rest(s, r, i);
	loop_del(s->pr->loop, &r->io);
	close(r->io.fd);
	for (p = &s->runs; *p != r; p = &(*p)->next)
		;
	*p = r->next;
	r->hop->running--;
	s->nruns--;
	buf_clear(&r->in);
	free(r);
	if (s->stopping && s->nruns == 0)
		loop_stop(s->pr->loop);
	pump(s);
	arm(s);
}

static void
run_ready(void *arg, uint32_t events)
{
	struct run *r = arg;
	struct sender *s = r->s;
	struct chan_msg m;
	int n;

	(void)events;
	while ((n = chan_recv(r->io.fd, &r->in, &m, true)) == 1) {
		if (m.fd != -1)
			close(m.fd);
		if (!take(s, r, &m)) {
			log_line(LOG_WARN, "relay", "error=%s",
			    "malformed message");
			break;
		}
	}
	if (n == -1 && errno == EAGAIN)
		return;
	run_over(s, r);
}

/* The hop that waits longest for a process that was wanted. */
static struct hop_queue *
hungry(struct sender *s)
{
	struct hop_queue *h;

	for (h = s->hops; h != NULL; h = h->next)
		if (h->wanted > 0 && h->first != NULL)
			return h;
	for (h = s->hops; h != NULL; h = h->next)
		if (h->wanted > 0)
			return h;
	return NULL;
}

static void
relay_came(struct sender *s, int fd)
{
	struct chan_msg go = { .type = JOB_GO, .fd = -1 };
	struct hop_queue *h = hungry(s);
	struct run *r;
	size_t i;

	if (h != NULL)
		h->wanted--;
	if (h == NULL || h->first == NULL || s->stopping ||
	    (r = calloc(1, sizeof *r)) == NULL) {
		close(fd);	/* it ends by itself */
		return;
	}
	r->s = s;
	r->hop = h;
	r->io = (struct loop_io){ .fd = fd, .fn = run_ready, .arg = r };
	buf_init(&r->in, CHAN_RECORD_MAX + 1);
	while (r->n < JOB_BATCH && h->first != NULL)
		r->part[r->n++] = take_part(h);
	r->next = s->runs;
	s->runs = r;
	s->nruns++;
	h->running++;
	for (i = 0; i < r->n; i++)
		send_job(r, i);
	(void)chan_send(fd, &go, NULL, false);
	if (loop_add(s->pr->loop, &r->io, EPOLLIN) == -1)
		start_over();
}

/* One process carries up to JOB_BATCH letters; a second one helps when
 * more of them wait. */
static unsigned int
needed(const struct hop_queue *h)
{
	size_t n = (h->waiting + JOB_BATCH - 1) / JOB_BATCH;

	if (n + h->running > RELAYS_PER_HOP)
		n = h->running < RELAYS_PER_HOP ?
		    RELAYS_PER_HOP - h->running : 0;
	return (unsigned int)n;
}

static void
pump(struct sender *s)
{
	unsigned int all = s->nruns;
	struct hop_queue *h;

	for (h = s->hops; h != NULL; h = h->next)
		all += h->wanted;
	for (h = s->hops; h != NULL && !s->stopping; h = h->next)
		while (all < RELAYS_MAX && h->wanted < needed(h)) {
			if (proc_want(s->pr, ROLE_RELAY) == -1)
				return;
			h->wanted++;
			h->wanted_ms = clock_mono_ms();
			all++;
		}
}

/* ---- time ---- */

static void
fire(struct sender *s)
{
	struct due_item first;
	int64_t now = clock_wall_s();

	while (!s->stopping && s->nletters < LETTERS_MAX &&
	    due_first(&s->due, &first) && first.at <= now) {
		due_drop(&s->due, first.id);
		if (find_letter(s, first.id) == NULL)
			begin(s, first.id);
	}
	pump(s);
}

static void
arm(struct sender *s)
{
	struct due_item first;
	int64_t ms = TICK_MS, left;

	if (s->nletters < LETTERS_MAX && due_first(&s->due, &first)) {
		left = first.at - clock_wall_s();
		if (left < TICK_MS / 1000)
			ms = left > 0 ? left * 1000 : 0;
	}
	loop_arm(s->pr->loop, &s->timer, ms);
}

/* A wall clock that was set moves what waits along with it. */
static void
watch_clock(struct sender *s)
{
	int64_t drift = clock_wall_s() - clock_mono_ms() / 1000;
	int64_t jump = drift - s->drift;

	if (jump < -RETRY_FIRST_S) {
		log_line(LOG_WARN, "clock", "jump=%lld", (long long)jump);
		due_shift(&s->due, jump);
	}
	s->drift = drift;
}

static void
tick(void *arg)
{
	struct sender *s = arg;
	struct hop_queue *h;

	watch_clock(s);
	for (h = s->hops; h != NULL; h = h->next)
		if (h->wanted > 0 && clock_mono_ms() - h->wanted_ms > WANT_MS)
			h->wanted = 0;
	fire(s);
	arm(s);
}

/* ---- keeper ---- */

/* Also called while one of our own calls waits: only notes it. */
static void
told(void *arg, const struct chan_msg *m)
{
	struct sender *s = arg;
	struct chan_in in;
	uint64_t id;
	int64_t at;

	if (m->type != SENDER_PUSH)
		return;
	chan_in_init(&in, m->data, m->len);
	if (!sender_push_get(&in, &id, &at))
		start_over();
	if (find_letter(s, id) != NULL)
		return;		/* its release says more */
	if (at == 0)
		due_drop(&s->due, id);
	else
		(void)due_set(&s->due, id, at);
}

static void
keeper_ready(void *arg, uint32_t events)
{
	struct sender *s = arg;
	struct buf store;
	struct chan_msg m;
	int n;

	(void)events;
	buf_init(&store, CHAN_RECORD_MAX + 1);
	while ((n = chan_recv(s->keeper, &store, &m, true)) == 1) {
		if (m.fd != -1)
			close(m.fd);
		if (m.id == 0)
			told(s, &m);
	}
	buf_clear(&store);
	if (n == 0 || errno != EAGAIN)
		start_over();
	fire(s);
	arm(s);
}

static void
link_came(void *arg, enum role role, int fd)
{
	struct sender *s = arg;

	if (role == ROLE_KEEPER)
		start_over();
	if (role == ROLE_RELAY) {
		relay_came(s, fd);
		pump(s);
	}
}

static void
stop_now(void *arg)
{
	struct sender *s = arg;

	loop_stop(s->pr->loop);
}

/* Relays may end what they have begun; nothing new begins. */
static void
asked_to_stop(void *arg)
{
	struct sender *s = arg;

	s->stopping = true;
	if (s->nruns == 0)
		loop_stop(s->pr->loop);
	else
		loop_arm(s->pr->loop, &s->stop, STOP_MS);
}

void
role_sender(struct proc *pr)
{
	static struct sender s;

	s.pr = pr;
	s.keeper = pr->link[ROLE_KEEPER];
	s.drift = clock_wall_s() - clock_mono_ms() / 1000;
	s.timer = (struct loop_timer){ .fn = tick, .arg = &s };
	s.stop = (struct loop_timer){ .fn = stop_now, .arg = &s };
	s.keeper_io = (struct loop_io){ .fd = s.keeper, .fn = keeper_ready,
	    .arg = &s };
	op_reply_init(&s.reply);
	s.reply.told = told;
	s.reply.told_arg = &s;
	if (s.keeper == -1 || crypto_init() == -1)
		_exit(1);
	proc_on_link(pr, link_came, &s);
	proc_on_stop(pr, asked_to_stop, &s);
	sandbox_enter(pr);
	proc_ready(pr);
	if (checked(sender_due(s.keeper, &s.reply)) != STORE_OK ||
	    loop_add(pr->loop, &s.keeper_io, EPOLLIN) == -1)
		_exit(1);
	arm(&s);
	(void)loop_run(pr->loop);
}
