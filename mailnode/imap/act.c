/* STORE, COPY, MOVE, EXPUNGE: RFC 9051 section 6.4, RFC 4315, RFC 6851,
 * RFC 7162 section 3.1.3. */
#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/op_set.h"

static bool
may_change(struct session *s)
{
	if (!s->view.readonly)
		return true;
	reply_no(s, "READ-ONLY", "selected to be read only");
	return false;
}

/* ---- STORE ---- */

struct store_cmd {
	struct set_flags flags;
	struct flag_list list;
	bool		 silent;
	struct set	 uids;
	struct set_done	 done;		/* was: left alone */
};

static bool
store_args(struct session *s, struct lex_at *at, struct store_cmd *c)
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

	if (lex_open(at)) {
		if (!lex_word(at, "UNCHANGEDSINCE") ||
		    !lex_number(at, INT64_MAX, &v) || !lex_close(at))
			return false;
		condstore_on(s);
		/* Since 0 none has been left unchanged: RFC 7162. */
		c->flags.unchanged = v != 0 ? v : 1;
	}
	if (!lex_one_of(at, hows, &how) || !flag_list(at, true, &c->list) ||
	    !lex_end(at))
		return false;
	c->silent = how & QUIET;
	c->flags.how = (enum set_how)(how & ~(unsigned int)QUIET);
	c->flags.flags = c->list.flags;
	c->flags.keywords = c->list.keywords;
	return true;
}

/* .SILENT leaves out the flags, but not the MODSEQ. */
static bool
store_tell(struct session *s, const struct store_cmd *c)
{
	const struct telling t = { .of = &c->uids, .but = &c->done.was,
	    .silent = c->silent };

	return (c->silent && !(s->enabled & EN_CONDSTORE)) ||
	    tell_rows(s, &t);
}

static void
store_answer(struct session *s, const struct store_cmd *c)
{
	struct set seqs = { 0 };

	if (c->done.was.n == 0) {
		reply_ok(s, "", "done");
		return;
	}
	(void)buf_adds(&s->out, "MODIFIED ");
	if (s->uid || view_seqs(s, &c->done.was, &seqs)) {
		set_order(&seqs);
		set_text(s->uid ? &c->done.was : &seqs, &s->out);
	}
	reply_out(s, "changed by another meanwhile");
	set_clear(&seqs);
}

static bool
run_store(struct session *s, struct store_cmd *c)
{
	const struct set_ask ask = { .mbox = s->view.mbox, .uids = &c->uids };

	/* What others did is told first: the rest is ours. */
	view_sync(s, SYNC_NEW | SYNC_FORCE, NULL);
	if (s->state != ST_SELECTED || s->answered ||
	    !well(s, set_store(*s->start->keeper, &s->keeper, &ask, &c->flags,
	    &c->done)) || !store_tell(s, c))
		return false;
	store_answer(s, c);
	view_sync(s, SYNC_NEW | SYNC_FORCE | (s->uid ? SYNC_GONE : 0U),
	    &c->uids);
	return true;
}

bool
on_store(struct session *s, struct lex_at *at)
{
	struct store_cmd c = { .silent = false };
	struct lex_str set;
	bool good;

	good = lex_atom(at, &set) && store_args(s, at, &c) && may_change(s) &&
	    view_set(s, &set, s->uid, false, &c.uids) && run_store(s, &c);
	set_clear(&c.uids);
	set_done_clear(&c.done);
	return good;
}

/* ---- COPY and MOVE ---- */

/* What an earlier request of a COPY that fails has copied (RFC 3501 section
 * 6.4.7); keeper undoes the failed one itself. */
static void
take_back(struct session *s, const char *folder, const struct set *now)
{
	const struct set_flags deleted = { .how = SET_ADD,
	    .flags = STORE_DELETED, .keywords = "" };
	struct set_ask ask = { .uids = now };
	struct set_done done = { .modseq = 0 };
	struct view_box b = { .id = 0 };
	uint16_t rc;

	if (now->n == 0 || view_box(reader_of(s), &s->reader, folder, 0,
	    &b) != OP_OK)
		return;
	ask.mbox = b.id;
	rc = set_store(*s->start->keeper, &s->keeper, &ask, &deleted, &done);
	set_done_clear(&done);
	if (rc == OP_OK)
		(void)set_expunge(*s->start->keeper, &s->keeper, &ask, &done);
	set_done_clear(&done);
}

static void
moved(struct session *s, const struct set_done *done, bool copy)
{
	struct buf *b = &s->out;

	if (done->was.n == 0) {
		reply_ok(s, "", "there was nothing");
		return;
	}
	/* RFC 6851 section 4.3: before the messages go. */
	(void)buf_addf(b, "%sCOPYUID %u ", copy ? "" : "* OK [",
	    (unsigned int)done->uidvalidity);
	set_text(&done->was, b);
	(void)buf_addc(b, ' ');
	set_text(&done->now, b);
	if (copy)
		reply_out(s, "done");
	else {
		(void)buf_adds(b, "] moved");
		send_line(s);
	}
}

/* And MOVE. */
bool
on_copy(struct session *s, struct lex_at *at)
{
	bool copy = !s->second, good;
	struct set uids = { 0 };
	struct set_ask ask = { .mbox = s->view.mbox, .uids = &uids,
	    .page = progress_tick, .arg = s };
	struct set_done done = { .modseq = 0 };
	char folder[BOX_NAME_MAX];
	struct lex_str set;
	uint16_t rc;

	good = lex_atom(at, &set) && get_mailbox(s, at, folder) &&
	    lex_end(at) && (copy || may_change(s)) &&
	    view_set(s, &set, s->uid, false, &uids);
	if (good) {
		s->progress_goal = set_count(&uids);
		rc = set_move(*s->start->keeper, &s->keeper, &ask, folder,
		    copy, &done);
		good = rc == OP_OK;
		if (!good && copy)
			take_back(s, folder, &done.now);
		if (good) {
			notify_own(s, folder, &done.now);
			moved(s, &done, copy);
		} else
			reply_no_target(s, rc);
	}
	set_clear(&uids);
	set_done_clear(&done);
	return good;
}

/* ---- EXPUNGE and CLOSE ---- */

/* Every UID that the client can know. */
static bool
view_told(struct session *s, struct set *uids)
{
	return s->view.uidnext <= 1 ||
	    set_add(uids, 1, s->view.uidnext - 1) || well(s, STORE_NOMEM);
}

/* All of these that were marked. */
static bool
expunge(struct session *s, const struct set *uids, uint64_t *modseq)
{
	const struct set_ask ask = { .mbox = s->view.mbox, .uids = uids };
	struct set_done done;
	bool good;

	good = well(s, set_expunge(*s->start->keeper, &s->keeper, &ask,
	    &done));
	*modseq = done.modseq;
	set_done_clear(&done);
	return good;
}

/* The news behind the command tell what went. */
bool
on_expunge(struct session *s, struct lex_at *at)
{
	struct set uids = { 0 };
	struct lex_str set;
	uint64_t modseq;
	bool good;

	good = (!s->uid || (lex_atom(at, &set) && lex_end(at))) &&
	    may_change(s) && (s->uid ? view_set(s, &set, s->uid, false, &uids) :
	    view_told(s, &uids)) && expunge(s, &uids, &modseq);
	if (good && s->enabled & EN_QRESYNC && modseq != 0) {
		(void)buf_addf(&s->out, "HIGHESTMODSEQ %llu",
		    (unsigned long long)modseq);
		reply_out(s, "done");
	}
	set_clear(&uids);
	return good;
}

/* Without a word about what goes; and UNSELECT, with which nothing does. */
bool
on_close(struct session *s, struct lex_at *at)
{
	struct set uids = { 0 };
	uint64_t modseq;
	bool good = true;

	(void)at;
	if (!s->second && !s->view.readonly)
		good = view_told(s, &uids) && expunge(s, &uids, &modseq);
	set_clear(&uids);
	view_leave(s);
	return good;
}
