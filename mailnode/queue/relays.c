#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/queue/away.h"
#include "mailnode/queue/relays_parts.h"
#include "mailnode/queue/route.h"
#include "store/err.h"

enum { RUN_BURST = 32 };	/* records taken from one in a turn */

static const char alarm_locked[] =
    "letters wait: the vault is locked (mailnode vault unlock)";

struct relays *
relays_new(void (*idle)(void *), void *arg)
{
	struct relays *r = calloc(1, sizeof *r);

	if (r != NULL) {
		r->idle = idle;
		r->arg = arg;
	}
	return r;
}

unsigned int
relays_running(const struct sender *s)
{
	return s->relays->nruns;
}

/* ---- processes ---- */

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
	    .attempts = UINT32_MAX, .offset = l->offset, .size = l->size,
	    .nrcpt = p->n };
	struct buf b;
	size_t k;

	j.rcpt = letters_get(r->s, p->n, sizeof *j.rcpt);
	for (k = 0; k < p->n; k++) {
		const struct sender_rcpt *t = &l->rcpt[p->at[k]];

		j.rcpt[k] = (struct job_rcpt){ t->n, t->addr, t->orcpt,
		    t->notify };
		if (t->attempts < j.attempts)
			j.attempts = t->attempts;
	}
	buf_init(&b, CHAN_DATA_MAX);
	job_put(&b, &j);
	(void)chan_send(r->io.fd, &m, &b, false);
	buf_clear(&b);
	free(j.rcpt);
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

/* The index of recipient n in a part that still awaits its result, or p->n:
 * a relay speaks for nobody else. */
static size_t
find_rcpt(const struct part *p, uint32_t n)
{
	size_t k;

	for (k = 0; k < p->n; k++)
		if (p->letter->l.rcpt[p->at[k]].n == n && !p->over[k])
			return k;
	return p->n;
}

static void
take_result(struct sender *s, struct run *r, size_t i,
    const struct job_result *x)
{
	struct part *p = r->part[i];
	const struct sender_letter *l = &p->letter->l;
	struct sender_result res = { .route = "", .peer = x->peer,
	    .tls = x->tls, .reply = x->why, .why = "" };
	struct outcome *o = letters_get(s, x->nrcpt + 1, sizeof *o);
	size_t k, m, n = 0;

	for (k = 0; k < x->nrcpt; k++) {
		m = find_rcpt(p, x->rcpt[k].n);
		if (m == p->n)
			continue;
		p->over[m] = true;
		p->left--;
		outcome_judge(&o[n++], &l->rcpt[p->at[m]], x->rcpt[k].fate,
		    x->rcpt[k].text, x->tried, l->created, clock_wall_s(),
		    letters_random());
		o[n - 1].silent = !x->reports;
		res.known = res.known || (x->told &&
		    x->rcpt[k].fate == JOB_TAKEN);
		o[n - 1].quiet = (x->rcpt[k].fate == JOB_LOCKED &&
		    s->locked) || (x->rcpt[k].fate == JOB_NO_DNS &&
		    s->no_dns);
		s->no_dns = x->rcpt[k].fate == JOB_NO_DNS;
		note_locked(s, x->rcpt[k].fate == JOB_LOCKED);
	}
	if (x->tried) {
		res.route = conf.relays[r->hop->route].name;
		away_note(s, r->hop->route, x->why);
	}
	for (k = 0; k < n; k++)
		if (o[k].fate == QUEUE_WAITING || o[k].fate == QUEUE_UNKNOWN)
			res.why = o[k].reply;
	if (res.reply[0] == '\0' && n > 0)
		res.reply = o[0].reply;
	if (n > 0)
		letters_settle(s, p->letter, o, n, &res);
	free(o);
	if (p->left == 0) {
		r->part[i] = NULL;
		letters_part_over(s, p);
	}
}

/* The dot may go out only after keeper's commit. */
static bool
take_mark(struct sender *s, struct run *r, struct chan_msg *m,
    struct chan_in *in)
{
	struct part *p = r->part[m->id - 1];
	struct chan_msg answer = { .type = JOB_MARK, .id = m->id, .fd = -1 };
	uint32_t n[JOB_CHUNK];
	size_t count, i, k;

	if (!job_mark_get(in, n, &count))
		return false;
	/* Each dot once: every mark costs keeper a commit. */
	for (i = 0; i < count; i++) {
		k = find_rcpt(p, n[i]);
		if (k == p->n || p->marked[k])
			return false;
	}
	answer.status = letters_checked(s, sender_mark(s->keeper, &s->reply,
	    p->letter->l.id, conf.relays[r->hop->route].name, n, count));
	for (i = 0; answer.status == STORE_OK && i < count; i++)
		p->marked[find_rcpt(p, n[i])] = true;
	(void)chan_send(r->io.fd, &answer, NULL, true);
	return true;
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
	if (m->type == JOB_MARK)
		return take_mark(s, r, m, &in);
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
	struct job_result x = { .last = true, .tried = !s->stopping,
	    .peer = "", .tls = "", .why = "the relay process ended" };
	size_t k;

	x.rcpt = letters_get(s, p->n, sizeof *x.rcpt);
	for (k = 0; k < p->n; k++)
		if (!p->over[k])
			x.rcpt[x.nrcpt++] = (struct job_fate_of){
			    p->letter->l.rcpt[p->at[k]].n, p->marked[k] ?
			    JOB_UNKNOWN : JOB_DEFERRED,
			    "the relay process ended before an answer" };
	take_result(s, r, i, &x);
	free(x.rcpt);
}

/* It refused our login: those who wait for it need not hear that, too. */
static void
turn_away(struct sender *s, struct hop_queue *h)
{
	int64_t until = away_until(s, h->route);
	struct part *p;

	while (until != 0 && h->first != NULL) {
		p = hop_take(h);
		letters_shut(s, p->letter, p->at, p->n, until);
		letters_part_over(s, p);
	}
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
	for (p = &s->relays->runs; *p != r; p = &(*p)->next)
		;
	*p = r->next;
	r->hop->running--;
	hop_draw_forward(s, r->hop);
	turn_away(s, r->hop);
	s->relays->nruns--;
	buf_clear(&r->in);
	free(r);
	s->relays->idle(s->relays->arg);
}

static void
run_ready(void *arg, uint32_t events)
{
	struct run *r = arg;
	struct sender *s = r->s;
	struct chan_msg m;
	int n = 1, i;

	(void)events;
	for (i = 0; i < RUN_BURST; i++) {
		n = chan_recv(r->io.fd, &r->in, &m, true);
		if (n != 1)
			break;
		r->heard_ms = clock_mono_ms();
		if (m.fd != -1)
			close(m.fd);
		if (!take(s, r, &m)) {
			log_line(LOG_WARN, "relay", "error=%s",
			    "malformed message");
			run_over(s, r);
			return;
		}
	}
	if (n == 1 || (n == -1 && errno == EAGAIN))
		return;
	run_over(s, r);
}

/* The hop that waits longest for a process that was wanted. */
static struct hop_queue *
hungry(struct sender *s)
{
	struct hop_queue *h;

	for (h = s->relays->hops; h != NULL; h = h->next)
		if (h->wanted > 0 && h->first != NULL)
			return h;
	for (h = s->relays->hops; h != NULL; h = h->next)
		if (h->wanted > 0)
			return h;
	return NULL;
}

void
relays_came(struct sender *s, int fd)
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
	r->heard_ms = clock_mono_ms();
	r->io = (struct loop_io){ .fd = fd, .fn = run_ready, .arg = r };
	buf_init(&r->in, CHAN_RECORD_MAX + 1);
	while (r->n < JOB_BATCH && h->first != NULL)
		r->part[r->n++] = hop_take(h);
	r->next = s->relays->runs;
	s->relays->runs = r;
	s->relays->nruns++;
	h->running++;
	for (i = 0; i < r->n; i++)
		send_job(r, i);
	(void)chan_send(fd, &go, NULL, false);
	if (loop_add(s->pr->loop, &r->io, EPOLLIN) == -1)
		s->start_over("out of memory");
}

void
relays_pump(struct sender *s)
{
	unsigned int left = hop_places(s);
	struct hop_queue *h;

	for (h = s->relays->hops; h != NULL && !s->stopping; h = h->next)
		while (left > 0 && h->wanted < hop_needs(h)) {
			if (proc_want(s->pr, ROLE_RELAY) == -1)
				return;
			h->wanted++;
			h->wanted_ms = clock_mono_ms();
			left--;
		}
}

static bool
awaits_answer(const struct run *r)
{
	size_t i, k;

	for (i = 0; i < r->n; i++)
		for (k = 0; r->part[i] != NULL && k < r->part[i]->n; k++)
			if (r->part[i]->marked[k] && !r->part[i]->over[k])
				return true;
	return false;
}

void
relays_stop(struct sender *s)
{
	struct run *r, *next;

	for (r = s->relays->runs; r != NULL; r = next) {
		next = r->next;
		if (!awaits_answer(r))
			run_over(s, r);
	}
}
