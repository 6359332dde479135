/* STORE, COPY, MOVE, EXPUNGE: RFC 9051 section 6.4, RFC 4315, RFC 6851,
 * RFC 7162 section 3.1.3. */
#include "mailnode/imap/talk.h"
#include "store/err.h"

static bool
may_change(struct session *s)
{
	return !s->view.readonly ||
	    reply_no(s, "READ-ONLY", "selected to be read only");
}

/* ---- STORE ---- */

struct store_cmd {
	struct set_flags flags;
	struct flag_list list;
	bool		 silent;
};

static bool
store_args(struct session *s, struct store_cmd *c)
{
	enum { QUIET = 16 };
	static const struct lex_name hows[] = {
		{ "FLAGS", SET_REPLACE },
		{ "FLAGS.SILENT", SET_REPLACE | QUIET },
		{ "+FLAGS", SET_ADD }, { "+FLAGS.SILENT", SET_ADD | QUIET },
		{ "-FLAGS", SET_TAKE }, { "-FLAGS.SILENT", SET_TAKE | QUIET },
		{ NULL, 0 } };
	unsigned int how;
	uint64_t v;

	if (lex_open(&s->lex)) {
		if (!lex_word(&s->lex, "UNCHANGEDSINCE") ||
		    !lex_number(&s->lex, INT64_MAX, &v) || !lex_close(&s->lex))
			return false;
		condstore_on(s);
		/* Since 0 none has been left unchanged: RFC 7162. */
		c->flags.unchanged = v != 0 ? v : 1;
	}
	if (!lex_one_of(&s->lex, hows, &how) ||
	    !flag_list(&s->lex, true, &c->list) || !lex_end(&s->lex))
		return false;
	c->silent = how & QUIET;
	c->flags.how = (enum set_how)(how & ~(unsigned int)QUIET);
	c->flags.flags = c->list.flags;
	c->flags.keywords = c->list.keywords;
	return true;
}

/* .SILENT leaves out the flags, but not the MODSEQ. */
static bool
store_tell(struct session *s, bool silent)
{
	const struct telling t = { .of = &s->uids, .but = &s->done.was,
	    .silent = silent };

	if (silent && !(s->enabled & EN_CONDSTORE))
		return true;
	if (!tell_rows(s, &t))
		return false;
	if (s->done.was.n == 0)
		reply_missing(s);
	return true;
}

/* UNCHANGEDSINCE left some alone. */
static void
store_modified(struct session *s)
{
	(void)buf_adds(&s->out, "MODIFIED ");
	if (s->uid || view_seqs(s, &s->done.was, &s->seqs)) {
		set_order(&s->seqs);
		set_text(s->uid ? &s->done.was : &s->seqs, &s->out);
	}
	reply_out(s, "changed by another meanwhile");
}

bool
on_store(struct session *s)
{
	const struct set_ask ask = { .mbox = s->view.mbox, .uids = &s->uids };
	struct store_cmd c = { .silent = false };
	struct lex_str set;

	if (!lex_atom(&s->lex, &set) || !store_args(s, &c) || !may_change(s) ||
	    !view_set(s, &set, s->uid, false, &s->uids))
		return false;
	/* What others did is told first: the rest is ours. */
	view_sync(s, SYNC_NEW | SYNC_FORCE);
	if (s->state != ST_SELECTED || s->answered ||
	    !well(s, set_store(*s->start->keeper, &s->keeper, &ask, &c.flags,
	    &s->done)) || !store_tell(s, c.silent))
		return false;
	if (s->done.was.n > 0)
		store_modified(s);
	s->told = s->ours = true;
	return true;
}

/* ---- COPY and MOVE ---- */

static void
moved(struct session *s)
{
	struct buf *b = &s->out;

	notify_own(s, s->name, &s->done.now);
	if (s->done.was.n == 0) {
		/* Numbers stand for what the client still sees. */
		if (!s->uid && s->uids.n > 0)
			reply_no(s, "EXPUNGEISSUED", "they are gone, NOOP "
			    "tells which");
		else
			reply_ok(s, "", "there was nothing");
		return;
	}
	/* RFC 6851 section 4.3: before the messages go. */
	(void)buf_addf(b, "%sCOPYUID %u ", s->second ? "* OK [" : "",
	    s->done.uidvalidity);
	set_text(&s->done.was, b);
	(void)buf_addc(b, ' ');
	set_text(&s->done.now, b);
	if (s->second) {
		(void)buf_adds(b, "] moved");
		send_line(s);
	} else
		reply_out(s, "done");
}

/* And MOVE. */
bool
on_copy(struct session *s)
{
	const struct set_ask ask = { .mbox = s->view.mbox, .uids = &s->uids,
	    .page = progress_tick, .arg = s };
	struct lex_str set;
	uint16_t rc;

	if (!lex_atom(&s->lex, &set) || !get_mailbox(s, s->name) ||
	    !lex_end(&s->lex) || (s->second && !may_change(s)) ||
	    !view_set(s, &set, s->uid, false, &s->uids))
		return false;
	s->progress_goal = set_count(&s->uids);
	rc = set_move(*s->start->keeper, &s->keeper, &ask, s->name,
	    !s->second, &s->done);
	if (rc != OP_OK)
		return reply_no_target(s, rc);
	moved(s);
	return true;
}

/* ---- EXPUNGE and CLOSE ---- */

/* All that were marked of these, or (NULL) of all that the client can know.
 * False: answered already. */
static bool
expunge(struct session *s, const struct lex_str *set)
{
	const struct set_ask ask = { .mbox = s->view.mbox, .uids = &s->uids };
	uint32_t uidnext = s->view.uidnext;

	return (set != NULL ? view_set(s, set, true, false, &s->uids) :
	    uidnext <= 1 || set_add(&s->uids, 1, uidnext - 1) ||
	    well(s, STORE_NOMEM)) && well(s, set_expunge(*s->start->keeper,
	    &s->keeper, &ask, &s->done));
}

/* The news behind the command tell what went. */
bool
on_expunge(struct session *s)
{
	struct lex_str set;

	if ((s->uid && (!lex_atom(&s->lex, &set) || !lex_end(&s->lex))) ||
	    !may_change(s) || !expunge(s, s->uid ? &set : NULL))
		return false;
	if (s->enabled & EN_QRESYNC && s->done.modseq != 0) {
		(void)buf_addf(&s->out, "HIGHESTMODSEQ %llu",
		    (unsigned long long)s->done.modseq);
		reply_out(s, "done");
	}
	return true;
}

/* Without a word about what goes, nor a MODSEQ that would hide it (RFC 7162
 * section 3.2.8); and UNSELECT, with which nothing does. */
bool
on_close(struct session *s)
{
	bool good;

	good = s->second || s->view.readonly || expunge(s, NULL);
	view_leave(s);
	return good;
}
