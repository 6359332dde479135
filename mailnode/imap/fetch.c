/* FETCH: RFC 9051 section 6.4.5, RFC 7162 section 3.1.4. */
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/date.h"
#include "mailnode/imap/search.h"
#include "mailnode/imap/section.h"
#include "store/err.h"
#include "store/mime_short.h"
#include "store/op_set.h"

enum { SECTIONS_MAX = 64, OUT_SEND = 32 * 1024 };

enum item {
	F_FLAGS = 1, F_UID = 2, F_DATE = 4, F_SIZE = 8, F_ENVELOPE = 16,
	F_BODY = 32, F_STRUCTURE = 64, F_MODSEQ = 128, F_PREVIEW = 256,
	F_EMAILID = 512, F_THREADID = 1024, F_SAVED = 2048
};

struct fetch {
	unsigned int	 items;
	struct section	*sec;		/* owned */
	size_t		 nsec;
	bool		 marks;		/* sets \Seen */
	uint64_t	 marked;	/* MODSEQ of that */
	uint64_t	 since;		/* CHANGEDSINCE; 0: no */
	bool		 vanished;
	bool		 some;		/* RFC 9394: these of the UIDs */
	struct partial	 partial;
	struct set	 uids;
	struct set	 maybe;		/* with VANISHED: "*" was there once */
};

/* ---- arguments ---- */

static const struct { const char *name; unsigned int bit; } names[] = {
	{ "FLAGS", F_FLAGS }, { "UID", F_UID }, { "INTERNALDATE", F_DATE },
	{ "RFC822.SIZE", F_SIZE }, { "ENVELOPE", F_ENVELOPE },
	{ "BODY", F_BODY }, { "BODYSTRUCTURE", F_STRUCTURE },
	{ "MODSEQ", F_MODSEQ }, { "PREVIEW", F_PREVIEW },
	{ "EMAILID", F_EMAILID }, { "THREADID", F_THREADID },
	{ "SAVEDATE", F_SAVED }, { NULL, 0 }
};
static const struct { const char *name; unsigned int bits; } macros[] = {
	{ "ALL", F_FLAGS | F_DATE | F_SIZE | F_ENVELOPE },
	{ "FAST", F_FLAGS | F_DATE | F_SIZE },
	{ "FULL", F_FLAGS | F_DATE | F_SIZE | F_ENVELOPE | F_BODY },
	{ NULL, 0 }
};

static bool
add_section(struct fetch *f, struct lex_at *at, const struct lex_str *word)
{
	struct section *sec;

	if (f->sec == NULL)
		f->sec = calloc(SECTIONS_MAX, sizeof *f->sec);
	if (f->sec == NULL || f->nsec == SECTIONS_MAX)
		return false;
	sec = &f->sec[f->nsec++];
	if (!section_parse(at, word, sec))
		return false;
	f->marks = f->marks || !sec->peek;
	return true;
}

static bool
item(struct fetch *f, struct lex_at *at)
{
	struct lex_str word;
	size_t i;

	if (!lex_atom(at, &word))
		return false;
	for (i = 0; names[i].name != NULL; i++)
		if (lex_is(&word, names[i].name)) {
			f->items |= names[i].bit;
			/* It is there at once, LAZY or not: RFC 8970. */
			if (names[i].bit == F_PREVIEW && lex_open(at))
				return lex_word(at, "LAZY") && lex_close(at);
			return true;
		}
	return add_section(f, at, &word);
}

static bool
what(struct fetch *f, struct lex_at *at)
{
	size_t i;

	for (i = 0; macros[i].name != NULL; i++)
		if (lex_word(at, macros[i].name)) {
			f->items |= macros[i].bits;
			return true;
		}
	if (!lex_open(at))
		return item(f, at);
	do {
		if (!item(f, at))
			return false;
	} while (!lex_close(at));
	return true;
}

static bool
modifiers(struct session *s, struct fetch *f, struct lex_at *at)
{
	if (lex_end(at))
		return true;
	if (!lex_open(at))
		return false;
	while (!lex_close(at)) {
		if (lex_word(at, "CHANGEDSINCE")) {
			if (!lex_number(at, INT64_MAX, &f->since))
				return false;
			s->enabled |= EN_CONDSTORE;
			f->items |= F_MODSEQ;
		} else if (lex_word(at, "VANISHED"))
			f->vanished = true;
		else if (s->uid && !f->some && lex_word(at, "PARTIAL") &&
		    partial_parse(at, &f->partial))
			f->some = true;
		else
			return false;
	}
	if (f->vanished && (!s->uid || f->since == 0 ||
	    !(s->enabled & EN_QRESYNC))) {
		reply_bad(s, "VANISHED goes with UID, CHANGEDSINCE and QRESYNC");
		return false;
	}
	return lex_end(at);
}

/* ---- answers ---- */

static void
put_blob(struct session *s, const struct view_row *row,
    enum view_blob which, const uint8_t *p, size_t n)
{
	if (p != NULL)
		(void)buf_add(&s->out, p, n);
	else if (view_blob(reader_of(s), &s->reader, s->view.mbox,
	    row->uid, which, &s->out) != OP_OK)
		(void)buf_adds(&s->out, "NIL");
}

static void
put_body(struct session *s, const struct view_row *row)
{
	struct buf whole;

	if (row->body != NULL) {
		mime_short(&s->out, row->body, row->nbody);
		return;
	}
	buf_init(&whole, 64 * 1024 * 1024);
	if (view_blob(reader_of(s), &s->reader, s->view.mbox, row->uid,
	    VIEW_BLOB_BODY, &whole) == OP_OK)
		mime_short(&s->out, whole.data, whole.len);
	else
		(void)buf_adds(&s->out, "NIL");
	buf_clear(&whole);
}

static void
key(struct session *s, const char *name, bool *first)
{
	if (!*first)
		(void)buf_addc(&s->out, ' ');
	*first = false;
	(void)buf_adds(&s->out, name);
}

static void
put_items(struct session *s, const struct view_row *row, unsigned int items,
    bool *first)
{
	struct buf *b = &s->out;

	if (items & F_UID) {
		key(s, "UID ", first);
		(void)buf_addu(b, row->uid);
	}
	if (items & F_FLAGS) {
		key(s, "FLAGS ", first);
		put_flags(s, b, row->flags, row->tags);
	}
	if (items & F_MODSEQ) {
		key(s, "MODSEQ (", first);
		(void)buf_addu(b, row->modseq);
		(void)buf_addc(b, ')');
	}
	if (items & F_DATE) {
		key(s, "INTERNALDATE ", first);
		date_time_put(b, row->received);
	}
	if (items & F_SAVED) {
		key(s, "SAVEDATE ", first);
		if (row->saved > 0)
			date_time_put(b, row->saved);
		else
			(void)buf_adds(b, "NIL");
	}
	if (items & F_EMAILID) {
		key(s, "EMAILID ", first);
		put_objectid(b, OBJECTID_EMAIL, row->hash, sizeof row->hash);
	}
	if (items & F_THREADID) {
		key(s, "THREADID ", first);
		put_objectid(b, OBJECTID_THREAD, row->root, sizeof row->root);
	}
	if (items & F_SIZE) {
		key(s, "RFC822.SIZE ", first);
		(void)buf_addu(b, row->wire);
	}
	if (items & F_ENVELOPE) {
		key(s, "ENVELOPE ", first);
		put_blob(s, row, VIEW_BLOB_ENV, row->env, row->nenv);
	}
	if (items & F_BODY) {
		key(s, "BODY ", first);
		put_body(s, row);
	}
	if (items & F_PREVIEW) {
		key(s, "PREVIEW ", first);
		put_string(b, row->snippet, strlen(row->snippet));
	}
	if (items & F_STRUCTURE) {
		key(s, "BODYSTRUCTURE ", first);
		put_blob(s, row, VIEW_BLOB_BODY, row->body, row->nbody);
	}
}

static void
put_row(struct session *s, const struct fetch *f, const struct view_row *row,
    uint32_t seq, struct view_file *file)
{
	unsigned int items = f->items;
	bool first = true;
	size_t i;

	/* What this very command marked as read is told with it. */
	if (f->marked != 0 && row->modseq >= f->marked)
		items |= F_FLAGS | (s->enabled & EN_CONDSTORE ? F_MODSEQ : 0U);
	(void)buf_adds(&s->out, "* ");
	(void)buf_addu(&s->out, seq);
	(void)buf_adds(&s->out, " FETCH (");
	put_items(s, row, items, &first);
	for (i = 0; i < f->nsec && s->state != ST_END; i++) {
		key(s, "", &first);
		section_put(s, file, &f->sec[i]);
	}
	(void)buf_adds(&s->out, ")\r\n");
	s->fetched++;
	if (s->out.len >= OUT_SEND)
		send_out(s);
}

/* Rows of one page, some at a time, so that their files are opened with one
 * question. */
struct batch {
	struct view_row	 row[VIEW_OPEN_MAX];
	uint32_t	 seq[VIEW_OPEN_MAX];
	struct view_file file[VIEW_OPEN_MAX];
	size_t		 n;
};

static void
put_batch(struct session *s, const struct fetch *f, struct batch *b)
{
	uint16_t rc;
	size_t i;

	if (f->nsec > 0 && b->n > 1) {
		rc = view_open_many(reader_of(s), &s->reader, s->view.mbox,
		    b->file, b->n);
		if (rc != OP_OK)
			reply_failed(s, rc);
	}
	for (i = 0; i < b->n; i++) {
		if (s->state == ST_SELECTED)
			put_row(s, f, &b->row[i], b->seq[i],
			    &b->file[i]);
		view_file_clear(&b->file[i]);
	}
	b->n = 0;
}

static uint32_t
columns(const struct fetch *f)
{
	uint32_t cols = 0;

	if (f->items & F_FLAGS || f->marks)
		cols |= VIEW_TAG;
	if (f->items & (F_DATE | F_SIZE | F_SAVED))
		cols |= VIEW_META;
	if (f->items & F_ENVELOPE)
		cols |= VIEW_ENV;
	if (f->items & (F_BODY | F_STRUCTURE))
		cols |= VIEW_BODY;
	if (f->items & F_PREVIEW)
		cols |= VIEW_TEXT;
	if (f->items & (F_EMAILID | F_THREADID))
		cols |= VIEW_IDS;
	return cols;
}

static void
rows(struct session *s, const struct fetch *f)
{
	struct view_ask ask = { .mbox = s->view.mbox, .cols = columns(f),
	    .since = f->since, .range = f->uids.range, .n = f->uids.n };
	struct view_row *row;
	struct batch b = { .n = 0 };
	uint16_t rc;

	ask.done = f->uids.n == 0;
	while (!ask.done && s->state == ST_SELECTED) {
		rc = view_rows(reader_of(s), &s->rows, &ask);
		if (rc != OP_OK) {
			reply_failed(s, rc);
			return;
		}
		while (s->state == ST_SELECTED &&
		    view_row_next(&s->rows, &ask, row = &b.row[b.n])) {
			if (f->since != 0 && !set_has(&f->uids, row->uid))
				continue;
			b.seq[b.n] = set_rank(&s->view.map, row->uid);
			if (b.seq[b.n] == 0)
				continue;
			view_file_init(&b.file[b.n++], row->uid);
			if (b.n == VIEW_OPEN_MAX)
				put_batch(s, f, &b);
		}
		put_batch(s, f, &b);
		send_out(s);
	}
}

/* \Seen, before the rows are read. */
static bool
mark(struct session *s, struct fetch *f)
{
	const struct set_ask ask = { .mbox = s->view.mbox, .uids = &f->uids };
	const struct set_flags seen = { .how = SET_ADD, .flags = STORE_SEEN,
	    .keywords = "" };
	struct set_done done;
	uint16_t rc;

	if (!f->marks || s->view.readonly)
		return true;
	rc = set_store(*s->start->keeper, &s->keeper, &ask, &seen, &done);
	if (done.modseq != 0)
		f->marked = s->view.modseq + 1;
	set_done_clear(&done);
	if (rc != OP_OK)
		reply_failed(s, rc);
	return rc == OP_OK;
}

static void
run(struct session *s, struct fetch *f)
{
	if (f->vanished && !tell_gone(s, &f->maybe, f->since))
		return;
	if (!mark(s, f))
		return;
	rows(s, f);
	if (!s->answered && s->state == ST_SELECTED)
		reply_ok(s, "", "done");
	/* Their flags were told. */
	if (f->marked != 0)
		view_sync(s, SYNC_NEW | (s->uid ? SYNC_GONE : 0U),
		    &f->uids);
}

/* PARTIAL counts the messages that there are. */
static bool
take_some(struct session *s, struct fetch *f)
{
	struct set here = { 0 }, some = { 0 };
	bool good;

	if (!f->some)
		return true;
	good = set_both(&s->view.map, &f->uids, &here) &&
	    partial_of(&f->partial, &here, &some);
	set_clear(&here);
	set_clear(&f->uids);
	f->uids = some;
	if (!good)
		reply_failed(s, STORE_NOMEM);
	return good;
}

static void
fetch_clear(struct fetch *f)
{
	size_t i;

	for (i = 0; i < f->nsec; i++)
		section_clear(&f->sec[i]);
	free(f->sec);
	set_clear(&f->uids);
	set_clear(&f->maybe);
}

/* ---- unasked: NOTIFY ---- */

struct fetch *
fetch_atts(struct lex_at *at)
{
	struct fetch *f = calloc(1, sizeof *f);
	bool good = f != NULL && lex_open(at);

	while (good && !lex_close(at))
		good = item(f, at);
	if (good && (f->items != 0 || f->nsec > 0))
		return f;
	fetch_free(f);
	return NULL;
}

void
fetch_free(struct fetch *f)
{
	if (f != NULL)
		fetch_clear(f);
	free(f);
}

void
fetch_tell(struct session *s, struct fetch *f, const struct set *uids)
{
	if (f->items & F_MODSEQ)
		s->enabled |= EN_CONDSTORE;
	f->items |= F_UID | (s->enabled & EN_CONDSTORE ? F_MODSEQ : 0U);
	f->uids = *uids;	/* borrowed */
	f->marked = 0;
	if (view_map(s) && mark(s, f))
		rows(s, f);
	f->uids = (struct set){ 0 };
}

void
on_fetch(struct session *s, struct lex_at *at)
{
	struct fetch f = { .items = s->uid ? F_UID : 0 };
	struct lex_str set;

	if (lex_atom(at, &set) && what(&f, at) && modifiers(s, &f, at) &&
	    view_set(s, &set, &f.uids) && take_some(s, &f)) {
		/* RFC 7162 section 3.2.6: what went may have had the
		 * highest UID of all. */
		if (f.vanished)
			(void)set_parse(&f.maybe, set.p, set.n,
			    s->view.uidnext - 1);
		if (f.items & F_MODSEQ)
			s->enabled |= EN_CONDSTORE;
		if (f.since == 0 || f.uids.n > 0 || f.vanished)
			run(s, &f);
		else
			reply_ok(s, "", "done");
	}
	fetch_clear(&f);
}
