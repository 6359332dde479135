/*
 * The mailbox at hand: what the client was told (struct view), what is (the
 * reader's word), and the answers that lead from the one to the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/talk.h"
#include "mailnode/node/log.h"
#include "store/err.h"
#include "store/op_device.h"

void
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
	set_clear(&s->view.saved);
	memset(&s->view, 0, sizeof s->view);
	if (s->state == ST_SELECTED)
		imap_enter(s, ST_OWNER);
}

void
view_open_box(struct session *s, const struct view_box *b, bool readonly)
{
	struct view *v = &s->view;

	view_leave(s);
	v->mbox = b->id;
	(void)snprintf(v->name, sizeof v->name, "%s", b->name);
	v->readonly = readonly;
	v->uidvalidity = b->uidvalidity;
	v->uidnext = b->uidnext;
	v->exists = b->total;
	v->modseq = v->gone = b->modseq;
	s->told = true;
	imap_enter(s, ST_SELECTED);
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
	if (!well(s, view_uids(reader_of(s), &s->reader, v->mbox, 1,
	    v->uidnext, v->gone, &v->map))) {
		set_clear(&v->map);
		return false;
	}
	v->mapped = true;
	if (set_count(&v->map) == v->exists)
		return true;
	/* What cannot be: better to begin again than to be wrong. */
	log_line(LOG_ERROR, "view", "trace=%s folder=%s told=%u here=%u",
	    s->id, v->name, v->exists, set_count(&v->map));
	reply_bye(s, "select the mailbox again", "view");
	return false;
}

bool
view_seqs(struct session *s, const struct set *uids, struct set *seqs)
{
	return view_map(s) && (set_ranks(&s->view.map, uids, seqs) ||
	    well(s, STORE_NOMEM));
}

bool
view_set(struct session *s, const struct lex_str *text, bool uid, bool some,
    struct set *uids)
{
	struct view *v = &s->view;
	bool saved = text->n == 1 && text->p[0] == '$';
	struct set nth = { 0 };
	size_t i;

	/* Mail that came meanwhile is meant too: UID FETCH n:*. */
	if (uid && !saved)
		view_sync(s, SYNC_NEW | SYNC_OWN, NULL);
	if (s->state != ST_SELECTED || !view_map(s))
		return false;
	if (saved)
		return set_slice(&v->saved, 1, UINT32_MAX, uids) ||
		    well(s, STORE_NOMEM);
	if (uid) {
		if (!set_parse(uids, text->p, text->n, set_last(&v->map)))
			reply_bad(s, "no set of UIDs");
		return !s->answered;
	}
	if (!set_parse(&nth, text->p, text->n, v->exists))
		reply_bad(s, "no set of sequence numbers");
	else if (v->exists == 0 && memchr(text->p, '*', text->n) != NULL)
		nth.n = 0;	/* all of nothing */
	else if (!some && set_last(&nth) > v->exists)
		reply_bad(s, "no such message");
	for (i = 0; i < nth.n && !s->answered; i++)
		if (!set_slice(&v->map, nth.range[i].lo,
		    nth.range[i].hi - nth.range[i].lo + 1, uids))
			reply_failed(s, STORE_NOMEM);
	set_clear(&nth);
	return !s->answered;
}

/* ---- news ---- */

void
tell_vanished(struct session *s, const char *how, const struct set *gone)
{
	(void)buf_addf(&s->out, "* VANISHED%s ", how);
	set_text(gone, &s->out);
	send_line(s);
}

/* From behind, so that the numbers of those before it hold. */
static void
tell_expunged(struct session *s, const struct set *gone)
{
	struct view *v = &s->view;
	bool vanished = (s->enabled & EN_QRESYNC) != 0;
	uint32_t seq, uid, before = v->exists;
	size_t i;

	for (i = gone->n; i-- > 0; )
		for (uid = gone->range[i].hi; uid >= gone->range[i].lo;
		    uid--) {
			seq = set_remove(&v->map, uid);
			if (seq == 0 || seq == UINT32_MAX)
				continue;
			v->exists--;
			if (!vanished)
				(void)buf_addf(&s->out, "* %u EXPUNGE\r\n",
				    (unsigned int)seq);
		}
	if (vanished && v->exists < before)
		tell_vanished(s, "", gone);
	else
		send_out(s);
}

static bool
news_gone(struct session *s, uint64_t upto)
{
	struct view *v = &s->view;
	const struct view_then then = { .mbox = v->mbox,
	    .below = v->uidnext, .since = v->gone, .upto = upto };
	struct set gone = { 0 };
	bool good;

	good = well(s, view_vanished(reader_of(s), &s->reader, &then,
	    &gone)) && (gone.n == 0 || view_map(s));
	if (good && gone.n > 0)
		tell_expunged(s, &gone);
	if (good)
		v->gone = upto;
	set_clear(&gone);
	return good && s->state == ST_SELECTED;
}

static bool
news_arrived(struct session *s, uint32_t uidnext)
{
	struct view *v = &s->view;
	struct set came = { 0 };
	bool good;
	size_t i;

	good = well(s, view_uids(reader_of(s), &s->reader, v->mbox,
	    v->uidnext, uidnext, v->gone, &came));
	for (i = 0; good && v->mapped && i < came.n; i++)
		good = set_add(&v->map, came.range[i].lo, came.range[i].hi) ||
		    well(s, STORE_NOMEM);
	if (good) {
		v->uidnext = uidnext;
		v->exists += set_count(&came);
	}
	if (good && came.n > 0) {
		untagged(s, "%u EXISTS", v->exists);
		notify_fresh(s, &came);
	}
	set_clear(&came);
	return good && s->state == ST_SELECTED;
}

/* False: something is left untold; that is answered. */
static bool
news(struct session *s, unsigned int how, const struct set *but)
{
	struct view *v = &s->view;
	struct view_box b = { .id = v->mbox };
	/* Flags of what is new are asked for by who wants them. */
	struct telling t = { .but = but, .below = v->uidnext,
	    .since = v->modseq != 0 ? v->modseq : 1 /* 0: all */ };
	uint16_t rc = view_box(reader_of(s), &s->reader, NULL, 0, &b);

	if (rc == STORE_NOTFOUND || (rc == OP_OK &&
	    b.uidvalidity != v->uidvalidity))
		reply_bye(s, "the mailbox is gone", "mailbox-gone");
	t.upto = b.modseq;
	if (s->state != ST_SELECTED || !well(s, rc) ||
	    (how & SYNC_GONE && b.modseq > v->gone &&
	    !news_gone(s, b.modseq)) ||
	    (b.uidnext > v->uidnext && !news_arrived(s, b.uidnext)) ||
	    (how & SYNC_FLAGS && b.modseq > v->modseq &&
	    !tell_rows(s, &t)))
		return false;
	/*
	 * Whoever takes the highest MODSEQ it saw for what it knows would
	 * never hear of expunges below it that may not be told yet.
	 */
	if (s->enabled & EN_QRESYNC && v->gone < b.modseq &&
	    (b.modseq > v->modseq || but != NULL))
		untagged(s, "OK [HIGHESTMODSEQ %llu] and not all above it",
		    (unsigned long long)v->gone);
	if (how & SYNC_FLAGS)
		v->modseq = b.modseq;
	return v->gone == b.modseq;
}

void
view_sync(struct session *s, unsigned int how, const struct set *but)
{
	how = notify_may(s, how);
	if (s->state != ST_SELECTED || how == 0)
		return;
	listen_up(s);
	if (!s->told && !(how & SYNC_FORCE))
		return;
	/* What keeper tells meanwhile counts for the next time. */
	s->told = false;
	if (!news(s, how, but))
		s->told = true;
}
