/* SELECT, EXAMINE, CLOSE, UNSELECT; RFC 7162 section 3.2.5. */
#include <string.h>

#include "mailnode/imap/name.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/op_set.h"
#include "store/op_watch.h"

struct resync {
	uint32_t	 uidvalidity;	/* 0: not asked for */
	uint64_t	 modseq;
	struct set	 known;		/* only these; empty: all */
};

/* (QRESYNC (uidvalidity modseq [known-uids] [(seqs uids)])) */
static bool
qresync(struct lex_at *at, struct resync *q)
{
	struct lex_str set;
	uint64_t v;

	if (!lex_open(at) || !lex_number(at, UINT32_MAX, &v) || v == 0 ||
	    !lex_number(at, INT64_MAX, &q->modseq))
		return false;
	q->uidvalidity = (uint32_t)v;
	if (lex_atom(at, &set) && (memchr(set.p, '*', set.n) != NULL ||
	    !set_parse(&q->known, set.p, set.n, UINT32_MAX - 1)))
		return false;
	/* The pairs that match help nobody who remembers what went. */
	if (lex_open(at) && (!lex_atom(at, &set) || !lex_atom(at, &set) ||
	    !lex_close(at)))
		return false;
	return lex_close(at);
}

static bool
parameters(struct session *s, struct lex_at *at, struct resync *q)
{
	if (lex_end(at))
		return true;
	if (!lex_open(at))
		return false;
	while (!lex_close(at)) {
		if (lex_word(at, "CONDSTORE"))
			s->enabled |= EN_CONDSTORE;
		else if (!lex_word(at, "QRESYNC") || !qresync(at, q))
			return false;
	}
	if (q->uidvalidity != 0 && !(s->enabled & EN_QRESYNC)) {
		reply_bad(s, "ENABLE QRESYNC first");
		return false;
	}
	return lex_end(at);
}

bool
tell_gone(struct session *s, const struct set *known, uint64_t since)
{
	const struct view_then then = { .mbox = s->view.mbox,
	    .below = s->view.uidnext, .known = known, .since = since,
	    .upto = s->view.modseq };
	struct set gone = { 0 };
	bool good;

	good = well(s, view_vanished(reader_of(s), &s->reader, &then, &gone));
	if (good && gone.n > 0)
		tell_vanished(s, " (EARLIER)", &gone);
	set_clear(&gone);
	return good;
}

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
take_up(struct session *s, const char *name, const struct resync *q)
{
	const struct device *d = sasl_device(s->sasl);
	/* Even what changed again meanwhile: it was not told of before. */
	const struct telling t = { .of = q->known.n > 0 ? &q->known : NULL,
	    .since = q->modseq != 0 ? q->modseq : 1 };
	struct view_box b = { 0 };

	if (s->state == ST_SELECTED) {
		view_leave(s);
		untagged(s, "OK [CLOSED] the one before");
	}
	if (!watch(s) || !find_box(s, name, 0, &b))
		return false;
	view_open_box(s, &b, s->second || d == NULL ||
	    !(d->scope & DEVICE_CHANGE));
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
on_select(struct session *s, struct lex_at *at)
{
	char name[BOX_NAME_MAX];
	struct resync q = { .uidvalidity = 0 };
	bool good;

	good = get_mailbox(s, at, name) && parameters(s, at, &q) &&
	    take_up(s, name, &q);
	set_clear(&q.known);
	return good;
}
