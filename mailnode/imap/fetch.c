/* FETCH: RFC 9051 section 6.4.5, RFC 7162 section 3.1.4. */
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/date.h"
#include "mailnode/imap/section.h"
#include "store/err.h"
#include "store/op_set.h"

enum { SECTIONS_MAX = 64, OUT_SEND = 32 * 1024 };

/* What is asked for, and above that the columns of a row that it needs. */
enum { COLS = 16 };
enum item {
	F_UID = 1, F_MODSEQ = 2,
	F_FLAGS = 4 | VIEW_TAG << COLS,
	F_DATE = 8 | VIEW_META << COLS, F_SAVED = 16 | VIEW_META << COLS,
	F_SIZE = 32 | VIEW_META << COLS, F_ENVELOPE = 64 | VIEW_ENV << COLS,
	F_BODY = 128 | VIEW_BODY << COLS,
	F_STRUCTURE = 256 | VIEW_BODY << COLS,
	F_PREVIEW = 512 | VIEW_TEXT << COLS,
	F_EMAILID = 1024 | VIEW_IDS << COLS,
	F_THREADID = 2048 | VIEW_IDS << COLS,
	F_ITEMS = (1 << COLS) - 1
};

struct fetch {
	unsigned int	 items;
	struct section	*sec;		/* owned */
	size_t		 nsec;
	bool		 marks;		/* sets \Seen */
	uint64_t	 marked;	/* MODSEQ of that */
	uint64_t	 since;		/* CHANGEDSINCE; 0: no */
	bool		 vanished;
	struct set_part	 part;		/* RFC 9394: of the UIDs; 0: all */
	struct set	 uids;
	struct set	 maybe;		/* with VANISHED: "*" was there once */
};

/* ---- arguments ---- */

/* In the order of the answer. */
static const struct lex_name names[] = {
	{ "UID", F_UID }, { "FLAGS", F_FLAGS }, { "MODSEQ", F_MODSEQ },
	{ "INTERNALDATE", F_DATE }, { "SAVEDATE", F_SAVED },
	{ "EMAILID", F_EMAILID }, { "THREADID", F_THREADID },
	{ "RFC822.SIZE", F_SIZE }, { "ENVELOPE", F_ENVELOPE },
	{ "BODY", F_BODY }, { "PREVIEW", F_PREVIEW },
	{ "BODYSTRUCTURE", F_STRUCTURE }, { NULL, 0 }
};
static const struct lex_name macros[] = {
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

/* One, or some in parentheses. */
static bool
items(struct fetch *f, struct lex_at *at)
{
	bool many = lex_open(at);
	struct lex_str word;
	unsigned int bit;

	do {
		if (lex_one_of(at, names, &bit))
			f->items |= bit;
		else if (!lex_atom(at, &word) || !add_section(f, at, &word))
			return false;
		/* It is there at once, LAZY or not: RFC 8970. */
		if (bit == F_PREVIEW && lex_open(at) &&
		    (!lex_word(at, "LAZY") || !lex_close(at)))
			return false;
	} while (many && !lex_close(at));
	return true;
}

static bool
modifiers(struct session *s, struct fetch *f, struct lex_at *at)
{
	struct lex_str part;

	if (lex_end(at))
		return true;
	if (!lex_open(at))
		return false;
	while (!lex_close(at)) {
		if (lex_word(at, "CHANGEDSINCE")) {
			if (!lex_number(at, INT64_MAX, &f->since))
				return false;
			condstore_on(s);
			f->items |= F_MODSEQ;
		} else if (lex_word(at, "VANISHED"))
			f->vanished = true;
		else if (!s->uid || f->part.lo != 0 ||
		    !lex_word(at, "PARTIAL") || !lex_atom(at, &part) ||
		    !set_part_parse(&f->part, part.p, part.n))
			return false;
	}
	if (f->vanished && (!s->uid || f->since == 0 ||
	    !(s->enabled & EN_QRESYNC))) {
		reply_bad(s,
		    "VANISHED goes with UID, CHANGEDSINCE and QRESYNC");
		return false;
	}
	return lex_end(at);
}

/* ---- answers ---- */

static void
put_item(struct session *s, const struct view_row *row, unsigned int item)
{
	struct buf *b = &s->out;

	switch (item) {
	case F_UID:
		(void)buf_addu(b, row->uid);
		break;
	case F_FLAGS:
		put_flags(s, b, row->flags, row->tags);
		break;
	case F_MODSEQ:
		(void)buf_addc(b, '(');
		(void)buf_addu(b, row->modseq);
		(void)buf_addc(b, ')');
		break;
	case F_DATE:
		date_time_put(b, row->received);
		break;
	case F_SAVED:
		if (row->saved > 0)
			date_time_put(b, row->saved);
		else
			(void)buf_adds(b, "NIL");
		break;
	case F_EMAILID:
		put_objectid(b, OBJECTID_EMAIL, row->hash, sizeof row->hash);
		break;
	case F_THREADID:
		put_objectid(b, OBJECTID_THREAD, row->root, sizeof row->root);
		break;
	case F_SIZE:
		(void)buf_addu(b, row->wire);
		break;
	case F_PREVIEW:
		put_string(b, row->snippet, strlen(row->snippet));
		break;
	default:
		view_text(reader_of(s), &s->reader, s->view.mbox, row,
		    item == F_ENVELOPE ? VIEW_ENVELOPE : item == F_BODY ?
		    VIEW_STRUCTURE_SHORT : VIEW_STRUCTURE, b);
	}
}

static void
put_row(struct session *s, const struct fetch *f, const struct view_row *row,
    uint32_t seq, struct view_file *file)
{
	const struct lex_name *n;
	unsigned int items = f->items;
	struct buf *b = &s->out;
	size_t i;

	/* What this very command marked as read is told with it. */
	if (f->marked != 0 && row->modseq >= f->marked)
		items |= F_FLAGS | (s->enabled & EN_CONDSTORE ? F_MODSEQ : 0U);
	(void)buf_adds(b, "* ");
	(void)buf_addu(b, seq);
	(void)buf_adds(b, " FETCH (");
	for (n = names; n->name != NULL; n++)
		if (items & n->v & F_ITEMS) {
			put_word(b, n->name);
			(void)buf_addc(b, ' ');
			put_item(s, row, n->v);
		}
	for (i = 0; i < f->nsec && s->state != ST_END; i++) {
		if (i > 0 || items != 0)
			(void)buf_addc(b, ' ');
		section_put(s, file, &f->sec[i]);
	}
	(void)buf_adds(b, ")\r\n");
	/* No row is left said by half: FLAGS may have to come before the
	 * next. */
	if (f->nsec > 0 || b->len >= OUT_SEND)
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
	size_t i;

	if (f->nsec > 0 && b->n > 1)
		(void)well(s, view_open_many(reader_of(s), &s->reader,
		    s->view.mbox, b->file, b->n));
	for (i = 0; i < b->n; i++) {
		if (s->state == ST_SELECTED)
			put_row(s, f, &b->row[i], b->seq[i],
			    &b->file[i]);
		view_file_clear(&b->file[i]);
	}
	b->n = 0;
}

static bool
is_meant(const struct telling *t, const struct view_row *row)
{
	return (t->below == 0 || row->uid < t->below) &&
	    (t->of == NULL || t->since == 0 || set_has(t->of, row->uid)) &&
	    (t->but == NULL || !set_has(t->but, row->uid));
}

/* False: answered already. */
static bool
rows(struct session *s, const struct fetch *f, const struct telling *t)
{
	struct view_ask ask = { .mbox = s->view.mbox,
	    .cols = f->items >> COLS | (f->marks ? VIEW_TAG : 0U),
	    .since = t->since, .upto = t->upto };
	struct view_row *row;
	struct batch b = { .n = 0 };

	if (t->of != NULL) {
		ask.range = t->of->range;
		ask.n = t->of->n;
		ask.done = ask.n == 0;
	}
	while (!ask.done && s->state == ST_SELECTED) {
		if (!well(s, view_rows(reader_of(s), &s->rows, &ask)))
			return false;
		while (s->state == ST_SELECTED &&
		    view_row_next(&s->rows, &ask, row = &b.row[b.n])) {
			if (!is_meant(t, row))
				continue;
			if (!view_map(s))
				return false;
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
	return true;
}

bool
tell_rows(struct session *s, const struct telling *t)
{
	const struct fetch f = { .items = F_UID |
	    (t->silent ? 0U : F_FLAGS) |
	    (s->enabled & EN_CONDSTORE ? F_MODSEQ : 0U) };

	return rows(s, &f, t);
}

/* The map has the UIDs, also of what another has expunged meanwhile. */
static bool
map_rows(struct session *s, const struct set *uids)
{
	struct set here = { 0 };
	bool good = set_both(&s->view.map, uids, &here);
	uint32_t uid;
	size_t i;

	for (i = 0; good && i < here.n; i++)
		for (uid = here.range[i].lo; uid <= here.range[i].hi; uid++) {
			(void)buf_addf(&s->out, "* %u FETCH (UID %u)\r\n",
			    set_rank(&s->view.map, uid), uid);
			if (s->out.len >= OUT_SEND)
				send_out(s);
		}
	send_out(s);
	set_clear(&here);
	return good || well(s, STORE_NOMEM);
}

static bool
fetch_rows(struct session *s, const struct fetch *f)
{
	const struct telling t = { .of = &f->uids, .since = f->since };

	s->fetched += set_count(&f->uids);
	return f->items == F_UID && f->nsec == 0 ? map_rows(s, &f->uids) :
	    rows(s, f, &t);
}

/* \Seen, before the rows are read. */
static bool
mark(struct session *s, struct fetch *f)
{
	const struct set_ask ask = { .mbox = s->view.mbox, .uids = &f->uids };
	const struct set_flags seen = { .how = SET_ADD, .flags = STORE_SEEN,
	    .keywords = "" };
	struct set_done done;
	bool good;

	if (!f->marks || s->view.readonly)
		return true;
	good = well(s, set_store(*s->start->keeper, &s->keeper, &ask, &seen,
	    &done));
	if (done.modseq != 0)
		f->marked = s->view.modseq + 1;
	set_done_clear(&done);
	return good;
}

static bool
run(struct session *s, struct fetch *f)
{
	if ((f->vanished && !tell_gone(s, &f->maybe, f->since)) ||
	    !mark(s, f) || !fetch_rows(s, f))
		return false;
	/* Their flags were told. */
	if (f->marked != 0) {
		reply_ok(s, "", "done");
		view_sync(s, SYNC_NEW | (s->uid ? SYNC_GONE : 0U),
		    &f->uids);
	}
	return true;
}

/* PARTIAL counts the messages that there are. */
static bool
take_some(struct session *s, struct fetch *f)
{
	struct set here = { 0 }, some = { 0 };
	bool good;

	if (f->part.lo == 0)
		return true;
	good = set_both(&s->view.map, &f->uids, &here) &&
	    set_part(&f->part, &here, &some);
	set_clear(&here);
	set_clear(&f->uids);
	f->uids = some;
	return good || well(s, STORE_NOMEM);
}

void
fetch_free(struct fetch *f)
{
	size_t i;

	if (f == NULL)
		return;
	for (i = 0; i < f->nsec; i++)
		section_clear(&f->sec[i]);
	free(f->sec);
	set_clear(&f->uids);
	set_clear(&f->maybe);
	free(f);
}

/* ---- unasked: NOTIFY ---- */

struct fetch *
fetch_atts(struct lex_at *at)
{
	struct fetch *f = calloc(1, sizeof *f);

	if (f != NULL && items(f, at))
		return f;
	fetch_free(f);
	return NULL;
}

void
fetch_tell(struct session *s, struct fetch *f, const struct set *uids)
{
	if (f->items & F_MODSEQ)
		condstore_on(s);
	f->items |= F_UID | (s->enabled & EN_CONDSTORE ? F_MODSEQ : 0U);
	f->uids = *uids;	/* borrowed */
	f->marked = 0;
	if (view_map(s) && mark(s, f))
		(void)fetch_rows(s, f);
	f->uids = (struct set){ 0 };
}

bool
on_fetch(struct session *s, struct lex_at *at)
{
	struct fetch *f = calloc(1, sizeof *f);
	unsigned int bits = 0;
	struct lex_str set;
	bool good;

	if (f == NULL)
		return well(s, STORE_NOMEM);
	f->items = s->uid ? F_UID : 0;
	good = lex_atom(at, &set) &&
	    (lex_one_of(at, macros, &bits) || items(f, at)) &&
	    modifiers(s, f, at) &&
	    view_set(s, &set, s->uid, false, &f->uids) && take_some(s, f);
	f->items |= bits;
	/* RFC 7162 section 3.2.6: what went may have had the highest UID of
	 * all. */
	if (good && f->vanished)
		(void)set_parse(&f->maybe, set.p, set.n, s->view.uidnext - 1);
	if (good && f->items & F_MODSEQ)
		condstore_on(s);
	good = good && run(s, f);
	fetch_free(f);
	return good;
}
