/* STORE, COPY, MOVE, EXPUNGE: RFC 9051 section 6.4, RFC 4315, RFC 6851,
 * RFC 7162 section 3.1.3. */
#include <stdio.h>
#include <string.h>

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

static struct set_ask
ask_for(const struct session *s, const struct set *uids)
{
	return (struct set_ask){ .mbox = s->view.mbox, .range = uids->range,
	    .n = uids->n };
}

/* ---- STORE ---- */

struct store_cmd {
	struct set_flags flags;
	struct flag_list list;
	bool		 silent;
	struct set	 uids;
	struct set	 modified;	/* left alone */
};

static bool
store_how(struct lex_at *at, struct store_cmd *c)
{
	static const struct { const char *name; enum set_how how; bool quiet; }
	    names[] = { { "FLAGS", SET_REPLACE, false },
	    { "FLAGS.SILENT", SET_REPLACE, true },
	    { "+FLAGS", SET_ADD, false }, { "+FLAGS.SILENT", SET_ADD, true },
	    { "-FLAGS", SET_TAKE, false },
	    { "-FLAGS.SILENT", SET_TAKE, true } };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (lex_word(at, names[i].name)) {
			c->flags.how = names[i].how;
			c->silent = names[i].quiet;
			return true;
		}
	return false;
}

static bool
store_args(struct session *s, struct lex_at *at, struct store_cmd *c)
{
	uint64_t v;

	if (lex_open(at)) {
		if (!lex_word(at, "UNCHANGEDSINCE") ||
		    !lex_number(at, INT64_MAX, &v) || !lex_close(at))
			return false;
		s->enabled |= EN_CONDSTORE;
		/* Since 0 none has been left unchanged: RFC 7162. */
		c->flags.unchanged = v != 0 ? v : 1;
	}
	if (!store_how(at, c) || !flag_list(at, true, &c->list) ||
	    !lex_end(at))
		return false;
	c->flags.flags = c->list.flags;
	c->flags.keywords = c->list.keywords;
	return true;
}

static uint16_t
store_all(struct session *s, struct store_cmd *c)
{
	struct set_ask ask = ask_for(s, &c->uids);
	struct set_done done;
	uint16_t rc;
	size_t i;

	progress_wait(s, &s->keeper);
	do {
		rc = set_store(*s->start->keeper, &s->keeper, &ask, &c->flags,
		    &done);
		for (i = 0; rc == OP_OK && i < done.n; i++)
			if (!set_add(&c->modified, set_uid(&done, i),
			    set_uid(&done, i)))
				rc = STORE_NOMEM;
	} while (rc == OP_OK && ask.more);
	progress_end(&s->keeper);
	return rc;
}

/* .SILENT leaves out the flags, but not the MODSEQ. */
static bool
store_tell(struct session *s, const struct store_cmd *c)
{
	const struct telling t = { .but = &c->modified, .silent = c->silent };
	struct view_ask ask = { .mbox = s->view.mbox, .cols = VIEW_TAG,
	    .range = c->uids.range, .n = c->uids.n };

	return (c->silent && !(s->enabled & EN_CONDSTORE)) ||
	    tell_rows(s, &ask, &t);
}

static void
store_answer(struct session *s, const struct store_cmd *c)
{
	struct buf code;
	struct set seqs = { 0 };

	if (c->modified.n == 0) {
		reply_ok(s, "", "done");
		return;
	}
	buf_init(&code, LEX_TEXT_MAX);
	(void)buf_adds(&code, "MODIFIED ");
	if (s->uid || view_seqs(s, &c->modified, &seqs))
		set_text(s->uid ? &c->modified : &seqs, &code);
	reply_ok(s, code.err == 0 ? buf_str(&code) : "MODIFIED",
	    "changed by another meanwhile");
	buf_clear(&code);
	set_clear(&seqs);
}

static void
run_store(struct session *s, struct store_cmd *c)
{
	uint16_t rc = OP_OK;

	/* What others did is told first: the rest is ours. */
	view_sync(s, SYNC_NEW | SYNC_FORCE, NULL);
	if (s->state != ST_SELECTED || s->answered)
		return;
	if (c->uids.n > 0)
		rc = store_all(s, c);
	if (rc != OP_OK) {
		reply_failed(s, rc);
		return;
	}
	if (c->uids.n > 0 && !store_tell(s, c))
		return;
	store_answer(s, c);
	view_sync(s, SYNC_NEW | SYNC_FORCE | (s->uid ? SYNC_GONE : 0U),
	    &c->uids);
}

void
on_store(struct session *s, struct lex_at *at)
{
	struct store_cmd c = { .silent = false };
	struct lex_str set;

	if (lex_atom(at, &set) && store_args(s, at, &c) && may_change(s) &&
	    view_set(s, &set, &c.uids))
		run_store(s, &c);
	set_clear(&c.uids);
	set_clear(&c.modified);
}

/* ---- COPY and MOVE ---- */

struct pairs {
	uint32_t	 uidvalidity;
	struct set	 was, now;
};

static uint16_t
move_all(struct session *s, const struct set *uids, const char *folder,
    bool copy, struct pairs *p)
{
	struct set_ask ask = ask_for(s, uids);
	struct set_done done;
	uint32_t was, now;
	uint16_t rc;
	size_t i;

	progress_wait(s, &s->keeper);
	do {
		progress_tick(s, set_count(&p->was), set_count(uids));
		rc = set_move(*s->start->keeper, &s->keeper, &ask, folder,
		    copy, &done);
		for (i = 0; rc == OP_OK && i + 1 < done.n; i += 2) {
			was = set_uid(&done, i);
			now = set_uid(&done, i + 1);
			p->uidvalidity = done.uidvalidity;
			if (!set_add(&p->was, was, was) ||
			    !set_add(&p->now, now, now))
				rc = STORE_NOMEM;
		}
	} while (rc == OP_OK && ask.more);
	progress_end(&s->keeper);
	return rc;
}

/* What an earlier request of a COPY that fails has copied (RFC 3501 section
 * 6.4.7); keeper undoes the failed one itself. */
static void
take_back(struct session *s, const char *folder, const struct set *now)
{
	struct set_flags deleted = { .how = SET_ADD, .flags = STORE_DELETED,
	    .keywords = "" };
	struct view_box b = { .id = 0 };
	struct set_ask mark, drop;
	struct set_done done;
	uint16_t rc = OP_OK;

	if (now->n == 0 || view_box(reader_of(s), &s->reader, folder, 0,
	    &b) != OP_OK)
		return;
	mark = drop = ask_for(s, now);
	mark.mbox = drop.mbox = b.id;
	do {
		rc = set_store(*s->start->keeper, &s->keeper, &mark,
		    &deleted, &done);
	} while (rc == OP_OK && mark.more);
	while (rc == OP_OK) {
		rc = set_expunge(*s->start->keeper, &s->keeper, &drop,
		    &done);
		if (!drop.more)
			break;
	}
}

static void
moved(struct session *s, const struct pairs *p, bool copy)
{
	struct buf code;

	if (p->was.n == 0) {
		reply_ok(s, "", "there was nothing");
		return;
	}
	buf_init(&code, 8 * 1024 * 1024);
	(void)buf_addf(&code, "COPYUID %u ", (unsigned int)p->uidvalidity);
	set_text(&p->was, &code);
	(void)buf_addc(&code, ' ');
	set_text(&p->now, &code);
	if (copy)
		reply_ok(s, buf_str(&code), "done");
	else {
		/* RFC 6851 section 4.3: before the messages go. */
		line_puts(s->line, "* OK [");
		line_put(s->line, code.data, code.len);
		line_puts(s->line, "] moved\r\n");
		reply_ok(s, "", "done");
	}
	buf_clear(&code);
}

static void
transfer(struct session *s, struct lex_at *at, bool copy)
{
	struct pairs p = { .uidvalidity = 0 };
	char folder[BOX_NAME_MAX];
	struct lex_str set;
	struct set uids = { 0 };
	uint16_t rc = OP_OK;

	if (lex_atom(at, &set) && get_mailbox(s, at, folder) &&
	    lex_end(at) && (copy || may_change(s)) &&
	    view_set(s, &set, &uids)) {
		if (uids.n > 0)
			rc = move_all(s, &uids, folder, copy, &p);
		if (rc != OP_OK && copy)
			take_back(s, folder, &p.now);
		if (rc == STORE_NOTFOUND)
			reply_no(s, "TRYCREATE", "there is no such mailbox");
		else if (rc != OP_OK)
			reply_failed(s, rc);
		else {
			notify_own(s, folder, &p.now);
			moved(s, &p, copy);
		}
	}
	set_clear(&uids);
	set_clear(&p.was);
	set_clear(&p.now);
}

void
on_copy(struct session *s, struct lex_at *at)
{
	transfer(s, at, true);
}

void
on_move(struct session *s, struct lex_at *at)
{
	transfer(s, at, false);
}

/* ---- EXPUNGE ---- */

static void
run_expunge(struct session *s, const struct set *uids)
{
	struct set_ask ask = ask_for(s, uids);
	struct set_done done = { .modseq = 0 };
	uint64_t modseq = 0;
	char code[40] = "";
	uint16_t rc = OP_OK;

	while (uids->n > 0) {
		rc = set_expunge(*s->start->keeper, &s->keeper, &ask, &done);
		if (rc == OP_OK && done.modseq != 0)
			modseq = done.modseq;
		if (rc != OP_OK || !ask.more)
			break;
	}
	if (rc != OP_OK) {
		reply_failed(s, rc);
		return;
	}
	if (s->enabled & EN_QRESYNC && modseq != 0)
		(void)snprintf(code, sizeof code, "HIGHESTMODSEQ %llu",
		    (unsigned long long)modseq);
	reply_ok(s, code, "done");
}

/* The news behind the command tell what went. */
void
on_expunge(struct session *s, struct lex_at *at)
{
	struct lex_str set;
	struct set uids = { 0 };

	if (s->uid) {
		if (lex_atom(at, &set) && lex_end(at) && may_change(s) &&
		    view_set(s, &set, &uids))
			run_expunge(s, &uids);
	} else if (may_change(s)) {
		/* Not what came meanwhile: nobody here has seen it. */
		if (s->view.uidnext > 1)
			(void)set_add(&uids, 1, s->view.uidnext - 1);
		run_expunge(s, &uids);
	}
	set_clear(&uids);
}
