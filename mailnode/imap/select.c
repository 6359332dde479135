/* SELECT, EXAMINE, CLOSE, UNSELECT; RFC 7162 section 3.2.5. */
#include <string.h>

#include "mailnode/imap/name.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/op_set.h"
#include "store/op_watch.h"

struct resync {
	bool		 wanted;
	uint32_t	 uidvalidity;
	uint64_t	 modseq;
	bool		 some;		/* only these: */
	struct set	 known;
};

/* (QRESYNC (uidvalidity modseq [known-uids] [(seqs uids)])) */
static bool
qresync(struct lex_at *at, struct resync *q)
{
	struct lex_str set;
	uint64_t v;

	if (!lex_open(at) || !lex_number(at, UINT32_MAX, &v) || v == 0)
		return false;
	q->wanted = true;
	q->uidvalidity = (uint32_t)v;
	if (!lex_number(at, INT64_MAX, &q->modseq))
		return false;
	if (lex_atom(at, &set)) {
		q->some = true;
		if (memchr(set.p, '*', set.n) != NULL ||
		    !set_parse(&q->known, set.p, set.n, UINT32_MAX - 1))
			return false;
	}
	/* The pairs that match help nobody who remembers what went. */
	if (lex_open(at) && (!lex_atom(at, &set) || !lex_atom(at, &set) ||
	    !lex_close(at)))
		return false;
	return lex_close(at);
}

static bool
parameters(struct session *s, struct lex_at *at, struct resync *q,
    bool *condstore)
{
	if (lex_end(at))
		return true;
	if (!lex_open(at))
		return false;
	while (!lex_close(at)) {
		if (lex_word(at, "CONDSTORE"))
			*condstore = true;
		else if (!lex_word(at, "QRESYNC") || !qresync(at, q))
			return false;
	}
	if (q->wanted && !(s->enabled & EN_QRESYNC)) {
		reply_bad(s, "ENABLE QRESYNC first");
		return false;
	}
	return lex_end(at);
}

/* ---- what went since ---- */

struct gone {
	const struct set *known;	/* NULL: all */
	uint64_t	 since;
	struct set	 set;		/* what is told */
	uint32_t	 next;
};

/* Everything of [lo, hi] that the client may know of. */
static bool
note_hole(struct gone *g, uint32_t lo, uint32_t hi)
{
	const struct view_range *r;
	size_t i;

	if (lo > hi)
		return true;
	if (g->known == NULL)
		return set_add(&g->set, lo, hi);
	for (i = 0; i < g->known->n; i++) {
		r = &g->known->range[i];
		if (r->hi < lo || r->lo > hi)
			continue;
		if (!set_add(&g->set, r->lo > lo ? r->lo : lo,
		    r->hi < hi ? r->hi : hi))
			return false;
	}
	return true;
}

static bool
note_here(void *arg, uint32_t lo, uint32_t hi)
{
	struct gone *g = arg;
	bool good = note_hole(g, g->next, lo - 1);

	g->next = hi + 1;
	return good;
}

/* From what is remembered; and where that does not reach back so far, all
 * that is not here (any more). */
static uint16_t
find_gone(struct session *s, struct gone *g)
{
	struct view *v = &s->view;
	struct set all;
	bool whole;
	uint16_t rc;
	size_t i;

	set_init(&all);
	rc = gone_since(s, g->since, v->modseq, &all, &whole);
	for (i = 0; i < all.n && rc == OP_OK && whole; i++)
		if (!note_hole(g, all.range[i].lo, all.range[i].hi))
			rc = STORE_NOMEM;
	set_clear(&all);
	if (rc != OP_OK || whole)
		return rc;
	g->next = 1;
	rc = view_uids(reader_of(s), &s->reader, v->mbox, 1, v->uidnext,
	    UINT64_MAX, note_here, g);
	if (rc == OP_OK && !note_hole(g, g->next, v->uidnext - 1))
		rc = STORE_NOMEM;
	return rc;
}

bool
tell_gone(struct session *s, const struct set *known, uint64_t since)
{
	struct gone g = { .known = known, .since = since };
	uint16_t rc = find_gone(s, &g);

	if (rc == OP_OK && g.set.n > 0) {
		(void)buf_adds(&s->out, "* VANISHED (EARLIER) ");
		put_ranges(&s->out, &g.set);
		(void)buf_adds(&s->out, "\r\n");
		send_out(s);
	} else if (rc != OP_OK)
		reply_failed(s, rc);
	set_clear(&g.set);
	return rc == OP_OK;
}

static bool
tell_changes(struct session *s, const struct resync *q)
{
	const struct telling t = { .only = q->some ? &q->known : NULL };
	/* Even what changed again meanwhile: it was not told of before. */
	struct view_ask ask = { .mbox = s->view.mbox, .cols = VIEW_TAG,
	    .since = q->modseq != 0 ? q->modseq : 1, .upto = INT64_MAX };

	return tell_rows(s, &ask, &t);
}

/* ---- */

static void
tell_box(struct session *s)
{
	const struct view *v = &s->view;

	tell_flags(s);
	untagged(s, "%u EXISTS", v->exists);
	if (!(s->enabled & EN_REV2))
		untagged(s, "0 RECENT");
	if (v->readonly)
		untagged(s, "OK [PERMANENTFLAGS ()] nothing can be changed");
	else
		untagged(s, "OK [PERMANENTFLAGS (\\Answered \\Flagged "
		    "\\Deleted \\Seen \\Draft $Forwarded \\*)] kept");
	untagged(s, "OK [UIDVALIDITY %u] UIDs are valid", v->uidvalidity);
	untagged(s, "OK [UIDNEXT %u] predicted", v->uidnext);
	untagged(s, "OK [MAILBOXID (F%u)] its own for good", v->uidvalidity);
	untagged(s, "OK [HIGHESTMODSEQ %llu] so far",
	    (unsigned long long)v->modseq);
	if (s->enabled & EN_REV2) {
		(void)buf_adds(&s->out, "* LIST () \"/\" ");
		(void)name_out(&s->out, v->name, true);
		(void)buf_adds(&s->out, "\r\n");
		send_out(s);
	}
}

/* Before the numbers are taken, so that nothing is missed. */
bool
watch(struct session *s)
{
	if (!s->watching)
		s->watching = watch_subscribe(*s->start->keeper, &s->keeper,
		    WATCH_MAIL | WATCH_BOXES) == OP_OK;
	return s->watching;
}

static void
take_up(struct session *s, const char *name, bool readonly,
    const struct resync *q)
{
	const struct device *d = sasl_device(s->sasl);
	struct view_box b = { 0 };
	uint16_t rc;

	if (s->state == ST_SELECTED) {
		view_leave(s);
		untagged(s, "OK [CLOSED] the one before");
	}
	if (!watch(s)) {
		reply_failed(s, OP_GONE);
		return;
	}
	rc = view_box(reader_of(s), &s->reader, name, 0, &b);
	if (rc != OP_OK) {
		reply_failed(s, rc);
		return;
	}
	view_open_box(s, &b, readonly || d == NULL ||
	    !(d->scope & DEVICE_CHANGE));
	tell_box(s);
	if (q->wanted && q->uidvalidity == s->view.uidvalidity &&
	    (!tell_gone(s, q->some ? &q->known : NULL, q->modseq) ||
	    !tell_changes(s, q)))
		return;
	note_seen(s);
	reply_ok(s, s->view.readonly ? "READ-ONLY" : "READ-WRITE", "selected");
}

static void
select_box(struct session *s, struct lex_at *at, bool readonly)
{
	char name[BOX_NAME_MAX];
	struct resync q = { .wanted = false };
	bool condstore = false;

	if (!get_mailbox(s, at, name))
		return;
	set_init(&q.known);
	if (parameters(s, at, &q, &condstore)) {
		if (condstore)
			s->enabled |= EN_CONDSTORE;
		take_up(s, name, readonly, &q);
	} else if (!s->answered)
		reply_bad(s, "parameters are wrong");
	set_clear(&q.known);
}

void
on_select(struct session *s, struct lex_at *at)
{
	select_box(s, at, false);
}

void
on_examine(struct session *s, struct lex_at *at)
{
	select_box(s, at, true);
}

/* Expunges without a word about it. */
void
on_close(struct session *s, struct lex_at *at)
{
	struct view_range all = { 1, s->view.uidnext - 1 };
	struct set_ask ask = { .mbox = s->view.mbox, .range = &all, .n = 1 };
	struct set_done done;
	uint16_t rc = OP_OK;

	(void)at;
	while (!s->view.readonly && s->view.uidnext > 1) {
		rc = set_expunge(*s->start->keeper, &s->keeper, &ask, &done);
		if (rc != OP_OK || !ask.more)
			break;
	}
	view_leave(s);
	if (rc == OP_OK)
		reply_ok(s, "", "closed");
	else
		reply_failed(s, rc);
}

void
on_unselect(struct session *s, struct lex_at *at)
{
	(void)at;
	view_leave(s);
	reply_ok(s, "", "left");
}
