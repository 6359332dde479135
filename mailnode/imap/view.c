/*
 * The mailbox at hand: SELECT and the like; what the client was told (struct
 * view), what is (the reader's word), and the answers that lead from the one
 * to the other.  RFC 9051 section 6.3.2, RFC 7162 section 3.2.5.
 */
#include <stdio.h>
#include <string.h>

#include "mailnode/imap/name.h"
#include "mailnode/imap/talk.h"
#include "mailnode/node/log.h"
#include "store/err.h"
#include "store/op_device.h"
#include "store/op_watch.h"

/* What the device knows by now, for the owner's list of devices. */
static void
note_seen(struct session *s)
{
	const struct view *v = &s->view;
	const struct device_note n = { .folder = v->name,
	    .modseq = v->modseq < v->gone ? v->modseq : v->gone };

	if (v->mbox != 0)
		(void)device_note(*s->start->keeper, &n);
}

void
view_leave(struct session *s)
{
	note_seen(s);
	notify_left(s);
	set_clear(&s->view.map);
	set_clear(&s->view.change);
	set_clear(&s->view.saved);
	buf_clear(&s->view.keywords);
	set_clear(&s->view.recent);
	memset(&s->view, 0, sizeof s->view);
	if (s->state == ST_SELECTED)
		imap_enter(s, ST_OWNER);
}

static void
view_open_box(struct session *s)
{
	const struct device *d = sasl_device(s->sasl);
	const struct view_box *b = &s->box;
	struct view *v = &s->view;

	v->mbox = b->id;
	(void)snprintf(v->name, sizeof v->name, "%s", b->name);
	v->readonly = s->second || d == NULL || !(d->scope & DEVICE_CHANGE);
	v->uidvalidity = b->uidvalidity;
	v->uidnext = b->uidnext;
	v->exists = b->total;
	v->modseq = v->gone = b->modseq;
	buf_init(&v->keywords, KEYWORD_TEXT);
	s->told = true;
	imap_enter(s, ST_SELECTED);
}

/* RFC 3501 section 2.3.2: of what came, or (NULL) is there, as s->box counts
 * it, that which no session was told of. */
static void
view_recent(struct session *s, const struct set *came)
{
	struct view *v = &s->view;
	uint32_t from = s->box.told;
	uint32_t first = came != NULL ? set_first(came) : from;
	uint32_t n = came != NULL ? set_count(came) : s->box.recent;

	if (s->enabled & EN_REV2)
		return;
	/* Else it is shown, too, and not claimed. */
	if (!v->readonly && from < v->uidnext)
		(void)set_claim(*s->start->keeper, &s->keeper, v->mbox,
		    v->uidnext, &from);
	if (from < first)
		from = first;
	/* Not all of them: another session was faster. */
	if (from != first) {
		s->seqs.n = 0;
		(void)view_uids(reader_of(s), &s->reader, v->mbox, from,
		    v->uidnext, v->gone, &s->seqs);
		n = set_count(&s->seqs);
	}
	if (n > 0 && set_add(&v->recent, from, v->uidnext - 1))
		v->nrecent += n;
}

static void
tell_recent(struct session *s)
{
	if (!(s->enabled & EN_REV2))
		untagged(s, "%u RECENT", s->view.nrecent);
}

void
condstore_on(struct session *s)
{
	if (!(s->enabled & EN_CONDSTORE) && s->state == ST_SELECTED)
		untagged(s, "OK [HIGHESTMODSEQ %llu] from now on",
		    (unsigned long long)s->view.gone);
	s->enabled |= EN_CONDSTORE;
}

/* ---- sequence numbers ---- */

bool
view_map(struct session *s)
{
	struct view *v = &s->view;

	if (v->mapped)
		return true;
	v->map.n = 0;
	if (!well(s, view_uids(reader_of(s), &s->reader, v->mbox, 1,
	    v->uidnext, v->gone, &v->map)))
		return false;
	v->mapped = true;
	if (set_count(&v->map) == v->exists)
		return true;
	/* What cannot be: better to begin again than to be wrong. */
	log_line(LOG_ERROR, "view", "trace=%s folder=%s told=%u here=%u",
	    s->id, v->name, v->exists, set_count(&v->map));
	return reply_bye(s, "select the mailbox again", "view");
}

bool
view_seqs(struct session *s, const struct set *uids, struct set *seqs)
{
	seqs->n = 0;
	return view_map(s) && (set_ranks(&s->view.map, uids, seqs) ||
	    well(s, STORE_NOMEM));
}

bool
view_set(struct session *s, const struct lex_str *text, bool uid, bool some,
    struct set *uids)
{
	struct view *v = &s->view;
	bool saved = text->n == 1 && text->p[0] == '$';
	struct set *nth = &s->seqs;
	size_t i;

	/* Mail that came meanwhile is meant too: UID FETCH n:*. */
	if (uid && !saved)
		view_sync(s, SYNC_NEW | SYNC_OWN);
	if (s->state != ST_SELECTED || s->answered || !view_map(s))
		return false;
	if (saved)
		return set_both(&v->saved, &v->map, uids) ||
		    well(s, STORE_NOMEM);
	if (uid)
		return set_parse(uids, text->p, text->n, set_last(&v->map)) ||
		    reply_bad(s, "no set of UIDs");
	if (!set_parse(nth, text->p, text->n, v->exists))
		return reply_bad(s, "no set of sequence numbers");
	if (v->exists == 0 && memchr(text->p, '*', text->n) != NULL)
		return true;	/* all of nothing */
	if (!some && set_last(nth) > v->exists)
		return reply_bad(s, "no such message");
	for (i = 0; i < nth->n; i++)
		if (!set_slice(&v->map, nth->range[i].lo,
		    nth->range[i].hi - nth->range[i].lo + 1, uids))
			return reply_failed(s, STORE_NOMEM);
	return true;
}

/* ---- news ---- */

static void
tell_vanished(struct session *s, const char *how)
{
	(void)buf_addf(&s->out, "* VANISHED%s ", how);
	set_text(&s->view.change, &s->out);
	send_line(s);
}

/* From behind, so that the numbers of those before it hold. */
static void
tell_expunged(struct session *s)
{
	struct view *v = &s->view;
	const struct set *gone = &v->change;
	bool vanished = (s->enabled & EN_QRESYNC) != 0;
	uint32_t seq, uid, before = v->exists, recent = v->nrecent;
	size_t i;

	for (i = gone->n; i-- > 0; )
		for (uid = gone->range[i].hi; uid >= gone->range[i].lo;
		    uid--) {
			seq = set_remove(&v->map, uid);
			if (seq == 0 || seq == UINT32_MAX)
				continue;
			v->exists--;
			v->nrecent -= set_has(&v->recent, uid);
			if (!vanished)
				(void)buf_addf(&s->out, "* %u EXPUNGE\r\n",
				    seq);
		}
	if (vanished && v->exists < before)
		tell_vanished(s, "");
	else
		send_out(s);
	if (v->nrecent < recent)
		tell_recent(s);
}

/* Which of these (NULL: all) went in that time.  False: answered already. */
static bool
vanished(struct session *s, const struct set *known, uint64_t since,
    uint64_t upto)
{
	const struct view_then then = { .mbox = s->view.mbox,
	    .below = s->view.uidnext, .known = known, .since = since,
	    .upto = upto };

	s->view.change.n = 0;
	return well(s, view_vanished(reader_of(s), &s->reader, &then,
	    &s->view.change));
}

bool
tell_gone(struct session *s, const struct set *known, uint64_t since)
{
	if (!vanished(s, known, since, s->view.modseq))
		return false;
	if (s->view.change.n > 0)
		tell_vanished(s, " (EARLIER)");
	return true;
}

/* tell: it may be told now; else it is only looked whether there is any. */
static bool
news_gone(struct session *s, uint64_t upto, bool tell)
{
	struct view *v = &s->view;

	if (!vanished(s, NULL, v->gone, upto))
		return false;
	if (v->change.n > 0 && (!tell || !view_map(s)))
		return !tell;
	if (v->change.n > 0)
		tell_expunged(s);
	v->gone = upto;
	return s->state == ST_SELECTED;
}

static bool
news_arrived(struct session *s)
{
	uint32_t uidnext = s->box.uidnext;
	struct view *v = &s->view;
	struct set *came = &v->change;
	size_t i;

	came->n = 0;
	if (!well(s, view_uids(reader_of(s), &s->reader, v->mbox, v->uidnext,
	    uidnext, v->gone, came)))
		return false;
	for (i = 0; v->mapped && i < came->n; i++)
		if (!set_add(&v->map, came->range[i].lo, came->range[i].hi))
			return well(s, STORE_NOMEM);
	v->uidnext = uidnext;
	v->exists += set_count(came);
	if (came->n > 0) {
		view_recent(s, came);
		untagged(s, "%u EXISTS", v->exists);
		tell_recent(s);
		notify_fresh(s, came);
	}
	return s->state == ST_SELECTED;
}

/* False: something is left untold; that is answered. */
static bool
news(struct session *s, unsigned int how)
{
	struct view *v = &s->view;
	/* Flags of what is new are asked for by who wants them. */
	struct telling t = { .but = s->ours ? &s->uids : NULL,
	    .below = v->uidnext, .since = v->modseq != 0 ? v->modseq :
	    1 /* 0: all */ };
	uint16_t rc = find_box(s, NULL, 0);

	if (rc == STORE_NOTFOUND || (rc == OP_OK &&
	    s->box.uidvalidity != v->uidvalidity))
		reply_bye(s, "the mailbox is gone", "mailbox-gone");
	t.upto = s->box.modseq;
	if (s->state != ST_SELECTED || !well(s, rc) ||
	    (t.upto > v->gone && !news_gone(s, t.upto, how & SYNC_GONE)) ||
	    (s->box.uidnext > v->uidnext && !news_arrived(s)) ||
	    (how & SYNC_FLAGS && t.upto > v->modseq && !tell_rows(s, &t)))
		return false;
	/*
	 * Whoever takes the highest MODSEQ it saw for what it knows would
	 * never hear of expunges below it that may not be told yet.
	 */
	if (s->enabled & EN_QRESYNC && v->said > v->gone)
		untagged(s, "OK [HIGHESTMODSEQ %llu] and not all above it",
		    (unsigned long long)v->gone);
	v->said = 0;
	if (how & SYNC_FLAGS)
		v->modseq = t.upto;
	return v->gone == t.upto && (v->modseq == t.upto || !s->later);
}

void
view_sync(struct session *s, unsigned int how)
{
	how = notify_may(s, how);
	if (s->state != ST_SELECTED || how == 0)
		return;
	if (s->later)
		how &= ~(unsigned int)SYNC_FLAGS;
	listen_up(s);
	if (!s->told && !(how & SYNC_FORCE))
		return;
	/* What keeper tells meanwhile counts for the next time. */
	s->told = false;
	if (!news(s, how))
		s->told = true;
	s->ours = false;
}

/* ---- SELECT and EXAMINE ---- */

/* Of s->uids only, if there are any. */
struct resync {
	uint32_t	 uidvalidity;	/* 0: not asked for */
	uint64_t	 modseq;
};

/* "*" would be of now, not of what was known. */
static bool
known_set(const struct lex_str *text, struct set *set)
{
	return memchr(text->p, '*', text->n) == NULL &&
	    set_parse(set, text->p, text->n, UINT32_MAX - 1);
}

/* The pairs that match help nobody who remembers what went. */
static bool
pairs(struct session *s)
{
	struct lex_str seqs, uids;
	uint32_t n;

	if (!lex_atom(&s->lex, &seqs) || !lex_atom(&s->lex, &uids) ||
	    !lex_close(&s->lex) || !known_set(&seqs, &s->seqs))
		return false;
	n = set_count(&s->seqs);
	return known_set(&uids, &s->seqs) && set_count(&s->seqs) == n;
}

/* (QRESYNC (uidvalidity modseq [known-uids] [(seqs uids)])) */
static bool
qresync(struct session *s, struct resync *q)
{
	struct lex_str set;
	uint64_t v;

	if (q->uidvalidity != 0 || !lex_open(&s->lex) ||
	    !lex_number(&s->lex, UINT32_MAX, &v) || v == 0 ||
	    !lex_number(&s->lex, INT64_MAX, &q->modseq))
		return false;
	q->uidvalidity = (uint32_t)v;
	return (!lex_atom(&s->lex, &set) || known_set(&set, &s->uids)) &&
	    (!lex_open(&s->lex) || pairs(s)) && lex_close(&s->lex);
}

static bool
parameters(struct session *s, struct resync *q)
{
	if (!lex_open(&s->lex))
		return lex_end(&s->lex);
	while (!lex_close(&s->lex)) {
		if (lex_word(&s->lex, "CONDSTORE"))
			s->enabled |= EN_CONDSTORE;
		else if (!lex_word(&s->lex, "QRESYNC") || !qresync(s, q))
			return false;
	}
	if (q->uidvalidity != 0 && !(s->enabled & EN_QRESYNC))
		return reply_bad(s, "ENABLE QRESYNC first");
	return lex_end(&s->lex);
}

static void
tell_box(struct session *s)
{
	const struct view *v = &s->view;

	tell_flags(s);
	untagged(s, "%u EXISTS", v->exists);
	tell_recent(s);
	if (!(s->enabled & EN_REV2) && s->box.unseen != 0)
		untagged(s, "OK [UNSEEN %u] the first", s->box.unseen);
	untagged(s, "OK [UIDVALIDITY %u] UIDs are valid", v->uidvalidity);
	untagged(s, "OK [UIDNEXT %u] predicted", v->uidnext);
	untagged(s, "OK [MAILBOXID (F%u)] its own for good", v->uidvalidity);
	untagged(s, "OK [HIGHESTMODSEQ %llu] so far",
	    (unsigned long long)v->modseq);
	if (s->enabled & EN_REV2) {
		(void)buf_adds(&s->out, "* LIST () \"/\" ");
		(void)name_out(&s->out, v->name, true);
		send_line(s);
	}
}

/* Before the numbers are taken, so that nothing is missed. */
bool
watch(struct session *s)
{
	if (!s->watching)
		s->watching = well(s, watch_subscribe(*s->start->keeper,
		    &s->keeper, WATCH_MAIL | WATCH_BOXES));
	return s->watching;
}

static bool
take_up(struct session *s, const struct resync *q)
{
	/* Even what changed again meanwhile: it was not told of before. */
	const struct telling t = { .of = s->uids.n > 0 ? &s->uids : NULL,
	    .since = q->modseq != 0 ? q->modseq : 1 };

	if (s->state == ST_SELECTED) {
		view_leave(s);
		untagged(s, "OK [CLOSED] the one before");
	}
	if (!watch(s) || !well(s, find_box(s, s->name, VIEW_KEYWORDS |
	    (s->enabled & EN_REV2 ? 0 : VIEW_UNSEEN | VIEW_RECENT))))
		return false;
	view_open_box(s);
	/* They go into FLAGS, and nowhere else. */
	put_flags(s, &s->out, 0, s->box.keywords);
	buf_reset(&s->out);
	view_recent(s, NULL);
	tell_box(s);
	if (q->uidvalidity == s->view.uidvalidity &&
	    (!tell_gone(s, t.of, q->modseq) || !tell_rows(s, &t)))
		return false;
	note_seen(s);
	reply_ok(s, s->view.readonly ? "READ-ONLY" : "READ-WRITE", "selected");
	return true;
}

/* And EXAMINE. */
bool
on_select(struct session *s)
{
	struct resync q = { .uidvalidity = 0 };

	return get_mailbox(s, s->name) && parameters(s, &q) && take_up(s, &q);
}
