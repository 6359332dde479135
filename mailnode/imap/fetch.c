/* FETCH: RFC 9051 section 6.4.5, RFC 7162 section 3.1.4. */
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/date.h"
#include "mailnode/base/quote.h"
#include "mailnode/imap/section.h"
#include "store/err.h"

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
add_section(struct fetch *f, struct lex *l, const struct lex_str *word)
{
	struct section *sec;

	if (f->sec == NULL)
		f->sec = calloc(SECTIONS_MAX, sizeof *f->sec);
	if (f->sec == NULL || f->nsec == SECTIONS_MAX)
		return false;
	sec = &f->sec[f->nsec++];
	if (!section_parse(l, word, sec))
		return false;
	f->marks = f->marks || !sec->form->peek;
	return true;
}

/* One, or some in parentheses. */
static bool
items(struct fetch *f, struct lex *l)
{
	bool many = lex_open(l);
	struct lex_str word;
	unsigned int bit;

	do {
		if (lex_one_of(l, names, &bit))
			f->items |= bit;
		else if (!lex_atom(l, &word) || !add_section(f, l, &word))
			return false;
		/* It is there at once, LAZY or not: RFC 8970. */
		if (bit == F_PREVIEW && lex_open(l) &&
		    (!lex_word(l, "LAZY") || !lex_close(l)))
			return false;
	} while (many && !lex_close(l));
	return true;
}

static bool
modifiers(struct session *s, struct fetch *f)
{
	struct lex_str part;

	if (!lex_open(&s->lex))
		return lex_end(&s->lex);
	while (!lex_close(&s->lex)) {
		if (lex_word(&s->lex, "CHANGEDSINCE")) {
			if (f->since != 0 ||
			    !lex_number(&s->lex, INT64_MAX, &f->since))
				return false;
			condstore_on(s);
			f->items |= F_MODSEQ;
		} else if (lex_word(&s->lex, "VANISHED"))
			f->vanished = true;
		else if (!s->uid || f->part.lo != 0 ||
		    !lex_word(&s->lex, "PARTIAL") ||
		    !lex_atom(&s->lex, &part) ||
		    !set_part_parse(&f->part, part.p, part.n))
			return false;
	}
	if (f->vanished && (!s->uid || f->since == 0 ||
	    !(s->enabled & EN_QRESYNC)))
		return reply_bad(s,
		    "VANISHED goes with UID, CHANGEDSINCE and QRESYNC");
	return lex_end(&s->lex);
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
		put_flags(s, b, row->flags |
		    (set_has(&s->view.recent, row->uid) ? FLAG_RECENT : 0U),
		    row->tags);
		break;
	case F_MODSEQ:
		if (row->modseq > s->view.said)
			s->view.said = row->modseq;
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
		quote_or_literal(b, row->snippet, strlen(row->snippet));
		break;
	default:
		view_text(reader_of(s), &s->reader, s->view.mbox, row,
		    item == F_ENVELOPE ? VIEW_ENVELOPE : item == F_BODY ?
		    VIEW_STRUCTURE_SHORT : VIEW_STRUCTURE, b);
	}
}

static void
put_row(struct session *s, const struct fetch *f, const struct view_row *row,
    struct view_file *file)
{
	const struct lex_name *n;
	unsigned int items = f->items;
	struct buf *b = &s->out;
	size_t i;

	/* What this very command marked as read is told with it; RFC 7162
	 * section 3.2.4 wants both beside. */
	if (f->marked != 0 && row->modseq >= f->marked)
		items |= F_FLAGS | (s->enabled & EN_CONDSTORE ?
		    F_UID | F_MODSEQ : 0U);
	(void)buf_adds(b, "* ");
	(void)buf_addu(b, set_rank(&s->view.map, row->uid));
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
	s->rows_told++;
	/* No row is left said by half: FLAGS may have to come before the
	 * next. */
	if (f->nsec > 0 || b->len >= OUT_SEND)
		send_out(s);
}

/* Rows of one page, some at a time, so that their files are opened with one
 * question. */
struct batch {
	struct view_row	 row[VIEW_OPEN_MAX];
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
			put_row(s, f, &b->row[i], &b->file[i]);
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

	s->rows_told = 0;
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
			if (!set_has(&s->view.map, row->uid))
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

void
reply_missing(struct session *s)
{
	if (!s->uid && s->rows_told < set_count(&s->uids))
		reply_ok(s, "EXPUNGEISSUED", "some are gone, NOOP tells which");
}

/* The map has the UIDs, also of what another has expunged meanwhile. */
static bool
map_rows(struct session *s, const struct set *uids)
{
	struct set *here = &s->seqs;
	uint32_t uid;
	size_t i;

	here->n = 0;
	if (!set_both(&s->view.map, uids, here))
		return well(s, STORE_NOMEM);
	for (i = 0; i < here->n; i++)
		for (uid = here->range[i].lo; uid <= here->range[i].hi; uid++) {
			(void)buf_addf(&s->out, "* %u FETCH (UID %u)\r\n",
			    set_rank(&s->view.map, uid), uid);
			if (s->out.len >= OUT_SEND)
				send_out(s);
		}
	send_out(s);
	s->rows_told = set_count(here);
	return true;
}

/* \Seen, before the rows are read. */
static bool
mark(struct session *s, struct fetch *f, const struct set *uids)
{
	const struct set_ask ask = { .mbox = s->view.mbox, .uids = uids };
	const struct set_flags seen = { .how = SET_ADD, .flags = STORE_SEEN,
	    .keywords = "" };
	struct set_done done;
	bool good;

	f->marked = 0;
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
fetch_rows(struct session *s, struct fetch *f, const struct set *uids)
{
	const struct telling t = { .of = uids, .since = f->since };

	if (f->items & F_MODSEQ)
		condstore_on(s);
	if (!mark(s, f, uids))
		return false;
	s->fetched += set_count(uids);
	return f->items == F_UID && f->nsec == 0 ? map_rows(s, uids) :
	    rows(s, f, &t);
}

/* PARTIAL counts the messages that there are. */
static bool
take_some(struct session *s, struct fetch *f)
{
	if (f->part.lo == 0)
		return true;
	s->seqs.n = 0;
	if (!set_both(&s->view.map, &s->uids, &s->seqs))
		return well(s, STORE_NOMEM);
	s->uids.n = 0;
	return set_part(&f->part, &s->seqs, &s->uids) || well(s, STORE_NOMEM);
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
	free(f);
}

/* ---- unasked: NOTIFY ---- */

struct fetch *
fetch_atts(struct lex *l)
{
	struct fetch *f = calloc(1, sizeof *f);

	if (f != NULL && items(f, l))
		return f;
	fetch_free(f);
	return NULL;
}

void
fetch_tell(struct session *s, struct fetch *f, const struct set *uids)
{
	f->items |= F_UID | (s->enabled & EN_CONDSTORE ? F_MODSEQ : 0U);
	if (view_map(s))
		(void)fetch_rows(s, f, uids);
}

bool
on_fetch(struct session *s)
{
	struct fetch *f = calloc(1, sizeof *f);
	unsigned int bits = 0;
	struct lex_str set;

	s->fetch = f;
	if (f == NULL)
		return well(s, STORE_NOMEM);
	f->items = s->uid ? F_UID : 0;
	if (!lex_atom(&s->lex, &set) || (!lex_one_of(&s->lex, macros,
	    &bits) && !items(f, &s->lex)) || !modifiers(s, f) ||
	    !view_set(s, &set, s->uid, false, &s->uids) || !take_some(s, f))
		return false;
	f->items |= bits;
	if (f->items & (F_FLAGS | F_MODSEQ))
		s->later = false;
	if (f->vanished) {
		/* RFC 7162 section 3.2.6: what went may have had the highest
		 * UID of all. */
		(void)set_parse(&s->seqs, set.p, set.n, s->view.uidnext - 1);
		if (!tell_gone(s, &s->seqs, f->since))
			return false;
	}
	if (!fetch_rows(s, f, &s->uids))
		return false;
	if (f->since == 0)
		reply_missing(s);
	s->ours = f->marked != 0;
	s->later = s->later && !s->ours;
	return true;
}
