#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/log.h"
#include "mailnode/queue/away.h"
#include "mailnode/queue/filing.h"
#include "mailnode/queue/letters.h"
#include "mailnode/queue/relays.h"
#include "mailnode/queue/retry.h"
#include "mailnode/queue/route.h"
#include "store/op_event.h"
#include "store/op_rcpt.h"
#include "store/queue_file.h"

uint16_t
letters_checked(struct sender *s, uint16_t rc)
{
	if (rc == OP_GONE)
		s->start_over("keeper is gone");
	return rc;
}

uint32_t
letters_random(void)
{
	uint32_t v;

	random_bytes(&v, sizeof v);
	return v;
}

void *
letters_get(struct sender *s, size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		s->start_over("out of memory");
	return p;
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

struct letter *
letters_find(struct sender *s, uint64_t id)
{
	struct letter *x;

	for (x = s->letters; x != NULL && x->l.id != id; x = x->next)
		;
	return x;
}

bool
letters_room(const struct sender *s)
{
	return s->nletters < LETTERS_ALL_MAX &&
	    s->nletters < LETTERS_MAX + relays_silent(s);
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
	if (letters_checked(s, sender_release(s->keeper, &s->reply, x->l.id,
	    &due)) != STORE_OK)
		due = clock_wall_s() + LETTERS_AGAIN_S;
	/* What was not written down is due at once, again and again. */
	else if (x->later && due != 0 && due < clock_wall_s() +
	    LETTERS_AGAIN_S)
		due = clock_wall_s() + LETTERS_AGAIN_S;
	if (due != 0)
		(void)due_set(&s->due, x->l.id, due);
	sender_letter_clear(&x->l);
	free(x);
}

void
letters_part_over(struct sender *s, struct part *p)
{
	struct letter *x = p->letter;

	free(p->at);
	free(p->marked);
	free(p->over);
	free(p);
	if (--x->parts == 0)
		letter_over(s, x);
}

/* ---- results ---- */

static void
log_fate(struct sender *s, const struct sender_letter *l,
    const struct outcome *o, const char *peer, const char *tls)
{
	char id[QUEUE_ID_MAX], text[EVENT_TEXT_MAX];
	const char *kind = outcome_word(o);

	if (o->quiet)
		return;
	queue_id_text(l->id, id);
	log_line(o->lost ? LOG_WARN : LOG_INFO, kind,
	    "id=%s to=%s peer=%s tls=%s reply=%s", id, o->rcpt->addr, peer,
	    tls, o->reply);
	snprintf(text, sizeof text, "peer=%.200s%s%.200s reply=%.500s%s", peer,
	    tls[0] != '\0' ? " tls=" : "", tls, o->reply, o->lost ?
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

	/* What was sent on is told to the owner, whoever it was from. */
	if (x->l.flags & QUEUE_HOME || (x->l.from[0] == '\0' &&
	    !(x->l.flags & QUEUE_FORWARD)))
		return 0;
	for (i = 0; i <= n && rc == STORE_OK; i++) {
		if (i < n && outcome_tells(&o[i], kind))
			rcpt[k++] = (struct dsn_rcpt){ o[i].rcpt->addr,
			    o[i].rcpt->orcpt, o[i].reply, peer,
			    o[i].fate == QUEUE_EXPIRED };
		if (k > 0 && (i == n || k == DSN_RCPTS_MAX)) {
			rc = letters_checked(s, filing_notice(s->keeper,
			    &s->reply, &x->l, kind, rcpt, k,
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
void
letters_settle(struct sender *s, struct letter *x, struct outcome *o, size_t n,
    struct sender_result *res)
{
	struct sender_fate *f = letters_get(s, n, sizeof *f);
	int64_t now = clock_wall_s();
	bool late = now - x->l.created > RETRY_NOTICE_S && !x->l.told;
	size_t i;
	uint16_t rc;

	if (notify(s, x, o, n, res->peer, DSN_FAILED) == -1)
		outcome_postpone(o, n, now + LETTERS_AGAIN_S);
	if (late && any_waits(o, n) && notify(s, x, o, n, res->peer,
	    DSN_DELAYED) == 0)
		res->told = x->l.told = true;
	/* One that cannot be filed is left: the letter went out. */
	(void)notify(s, x, o, n, res->peer, DSN_DELIVERED);
	for (i = 0; i < n; i++) {
		f[i] = (struct sender_fate){ o[i].rcpt->n, o[i].fate,
		    o[i].counts, o[i].due, res->route, o[i].reply };
		log_fate(s, &x->l, &o[i], res->peer, res->tls);
	}
	res->id = x->l.id;
	res->fate = f;
	res->nfate = n;
	rc = letters_checked(s, sender_result(s->keeper, &s->reply, res));
	if (rc != STORE_OK) {
		x->later = true;
		log_line(LOG_ERROR, "result", "error=%s",
		    store_status_text(rc));
	}
	free(f);
}

/* All of `at` share this fate; nobody outside was asked. */
static void
settle_same(struct sender *s, struct letter *x, const size_t *at, size_t n,
    enum job_fate fate, const char *why, bool counts)
{
	struct sender_result res = { .why = why, .route = "", .peer = "",
	    .tls = "", .reply = "" };
	struct outcome *o = letters_get(s, n, sizeof *o);
	size_t i;

	for (i = 0; i < n; i++)
		outcome_judge(&o[i], &x->l.rcpt[at[i]], fate, why, counts,
		    x->l.created, clock_wall_s(), letters_random());
	letters_settle(s, x, o, n, &res);
	free(o);
}

/* ---- our own mailboxes ---- */

/* Before the letter leaves, so that none leaves without one.  The status. */
static uint16_t
copy_to_sent(struct sender *s, struct letter *x)
{
	uint16_t rc;

	if (!(x->l.flags & QUEUE_COPY) || x->l.copied)
		return STORE_OK;
	rc = letters_checked(s, filing_sent(s->keeper, &s->reply, &x->l));
	if (rc == STORE_OK)
		rc = letters_checked(s, sender_copied(s->keeper, &s->reply,
		    x->l.id));
	if (rc != STORE_OK)
		log_line(LOG_ERROR, "copy", "folder=%s error=%s", "Sent",
		    store_status_text(rc));
	return rc;
}

/* No copy, no letter: everybody waits. */
static void
wait_for_copy(struct sender *s, struct letter *x, uint16_t rc)
{
	size_t *at = letters_get(s, x->l.nrcpt + 1, sizeof *at), i;
	char why[160];

	for (i = 0; i < x->l.nrcpt; i++)
		at[i] = i;
	snprintf(why, sizeof why, "its copy cannot be filed in Sent: %s",
	    store_status_text(rc));
	if (x->l.nrcpt > 0)
		settle_same(s, x, at, x->l.nrcpt, JOB_DEFERRED, why, false);
	free(at);
}

static void
settle_local(struct sender *s, struct letter *x, const size_t *at, size_t n)
{
	struct sender_result res = { .why = "", .route = "local",
	    .peer = "this node", .tls = "", .reply = "filed" };
	struct outcome *o = letters_get(s, n, sizeof *o);
	size_t i;

	for (i = 0; i < n; i++)
		o[i] = (struct outcome){ .rcpt = &x->l.rcpt[at[i]],
		    .fate = QUEUE_LOCALLY, .counts = true,
		    .reply = "250 2.1.5 filed" };
	letters_settle(s, x, o, n, &res);
	free(o);
}

/* Addresses of ours that exist are filed here; the others come back. */
static void
deliver_locally(struct sender *s, struct letter *x, const size_t *at,
    size_t n)
{
	size_t *good = letters_get(s, n, sizeof *good);
	size_t *bad = letters_get(s, n, sizeof *bad);
	size_t ngood = 0, nbad = 0, i;
	struct rcpt to;
	uint16_t rc = STORE_OK;

	for (i = 0; i < n && rc == STORE_OK; i++) {
		rc = letters_checked(s, rcpt_check(s->keeper, &s->reply,
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
	rc = letters_checked(s, filing_local(s->keeper, &s->reply, &x->l,
	    good, ngood));
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

/* What is sent on leaves from an address of ours. */
static int
route_of(const struct sender_letter *l, const struct sender_rcpt *r)
{
	const char *name = r->fate == QUEUE_UNKNOWN ? r->route : r->forced;
	const char *from = l->flags & QUEUE_FORWARD ? route_own() : l->from;
	int route;

	if (name[0] == '\0')
		return route_find(from, r->addr);
	route = route_by_name(name);
	/* A forced relay that conf no longer has is as none; where an
	 * unknown one went there must be the same again. */
	if (route == ROUTE_NONE && r->fate != QUEUE_UNKNOWN)
		return route_find(from, r->addr);
	return route;
}

void
letters_shut(struct sender *s, struct letter *x, const size_t *at, size_t n,
    int64_t until)
{
	static const char why[] = "the relay refused our login: it is tried "
	    "again later, or when the password is set";
	struct sender_result res = { .why = why, .route = "", .peer = "",
	    .tls = "", .reply = "" };
	struct outcome *o = letters_get(s, n, sizeof *o);
	size_t i;

	for (i = 0; i < n; i++)
		o[i] = (struct outcome){ .rcpt = &x->l.rcpt[at[i]],
		    .fate = x->l.rcpt[at[i]].fate, .due = until, .quiet = true,
		    .reply = why };
	letters_settle(s, x, o, n, &res);
	free(o);
}

static void
send_group(struct sender *s, struct letter *x, int route, const size_t *at,
    size_t n)
{
	int64_t until = route >= 0 ? away_until(s, route) : 0;

	if (until != 0)
		letters_shut(s, x, at, n, until);
	else if (route == ROUTE_LOCAL)
		deliver_locally(s, x, at, n);
	else if (route == ROUTE_NONE)
		settle_same(s, x, at, n, JOB_DEFERRED,
		    "450 4.3.5 no relay of the configuration is for this "
		    "recipient", true);
	else
		relays_queue(s, x, route, at, n);
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
	size_t *at = letters_get(s, l->nrcpt + 1, sizeof *at), n, i, k;
	bool *done = letters_get(s, l->nrcpt + 1, sizeof *done);
	int route;

	for (i = 0; i < l->nrcpt; i++)
		done[i] = l->rcpt[i].due > now + LETTERS_AGAIN_S;
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

void
letters_begin(struct sender *s, uint64_t id)
{
	struct letter *x = letters_get(s, 1, sizeof *x);
	uint16_t rc;

	rc = letters_checked(s, sender_claim(s->keeper, &s->reply, id, &x->l));
	if (rc != STORE_OK) {
		/* Held, dropped, set aside: keeper tells if that changes. */
		if (rc != STORE_STATE && rc != STORE_NOTFOUND &&
		    rc != STORE_CORRUPT)
			(void)due_set(&s->due, id, clock_wall_s() +
			    LETTERS_AGAIN_S);
		free(x);
		return;
	}
	x->next = s->letters;
	s->letters = x;
	s->nletters++;
	x->parts = 1;		/* ours, until all of it is split */
	rc = copy_to_sent(s, x);
	if (rc == STORE_OK)
		split(s, x);
	else
		wait_for_copy(s, x, rc);
	if (--x->parts == 0)
		letter_over(s, x);
}

