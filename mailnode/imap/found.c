/* SEARCH, SORT and THREAD, and how they tell what was found: RFC 9051
 * sections 6.4.4 and 7.3.4, RFC 4731, RFC 5182, RFC 5256, RFC 5267, RFC 5957,
 * RFC 9394. */
#include <string.h>

#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/op_order.h"

enum result {
	R_MIN = 1, R_MAX = 2, R_ALL = 4, R_COUNT = 8, R_SAVE = 16,
	R_PARTIAL = 32
};

struct search {
	struct session	*s;
	struct find_prog prog;
	unsigned int	 result;	/* R_* */
	struct set_part	 part;
	struct lex_str	 part_text;	/* as it came; borrows */
	bool		 extended;	/* answers with ESEARCH */
	bool		 modseq;
	struct set	 found;		/* UIDs */
	bool		 sorted;	/* … are a list */
	bool		 more;		/* threads: not the first row */
	struct find_done done;
};

static void
search_init(struct search *c, struct session *s)
{
	memset(c, 0, sizeof *c);
	c->s = s;
	find_prog_init(&c->prog);
	/* What came meanwhile can be found by its UID. */
	if (s->uid)
		view_sync(s, SYNC_NEW, NULL);
}

static void
search_clear(struct search *c)
{
	c->s->index = false;
	find_prog_clear(&c->prog);
	set_clear(&c->found);
}

/* As well() has it. */
static bool
search_well(struct search *c, uint16_t rc)
{
	if (rc == STORE_QUERY)
		reply_no(c->s, "CANNOT", "the index does not understand that");
	if (rc != OP_OK && c->result & R_SAVE)
		c->s->view.saved.n = 0;		/* RFC 5182 section 2.1 */
	return well(c->s, rc);
}

/* ---- arguments ---- */

/* "RETURN (…)", if it is there. */
static bool
returns(struct search *c, struct lex_at *at)
{
	static const struct lex_name names[] = {
		{ "MIN", R_MIN }, { "MAX", R_MAX }, { "ALL", R_ALL },
		{ "COUNT", R_COUNT }, { "SAVE", R_SAVE },
		{ "PARTIAL", R_PARTIAL }, { NULL, 0 } };
	struct lex_str *text = &c->part_text;
	unsigned int bit;

	if (!lex_word(at, "RETURN"))
		return true;
	c->extended = true;
	if (!lex_open(at))
		return false;
	while (lex_one_of(at, names, &bit)) {
		/* RFC 9394 section 3.1: PARTIAL once, and not with ALL. */
		if (bit == R_PARTIAL && (c->result & R_PARTIAL ||
		    !lex_atom(at, text) ||
		    !set_part_parse(&c->part, text->p, text->n)))
			return false;
		c->result |= bit;
	}
	return lex_close(at) &&
	    (c->result & (R_ALL | R_PARTIAL)) != (R_ALL | R_PARTIAL);
}

static bool
charset(struct search *c, struct lex_at *at)
{
	struct lex_str name;

	if (!lex_astring(at, &name))
		return false;
	if (lex_is(&name, "UTF-8") || lex_is(&name, "US-ASCII"))
		return true;
	reply_no(c->s, "BADCHARSET (US-ASCII UTF-8)", "UTF-8, please");
	if (c->result & R_SAVE)
		c->s->view.saved.n = 0;
	return false;
}

/* ---- answers ---- */

static void
tell_plain(struct search *c, const char *name, const struct set *set)
{
	struct buf *b = &c->s->out;
	uint32_t v;
	size_t i;

	(void)buf_addf(b, "* %s", name);
	for (i = 0; i < set->n; i++)
		for (v = set->range[i].lo; v <= set->range[i].hi; v++) {
			(void)buf_addc(b, ' ');
			(void)buf_addu(b, v);
		}
	if (c->modseq && set->n > 0)
		(void)buf_addf(b, " (MODSEQ %llu)",
		    (unsigned long long)c->done.modseq);
	send_line(c->s);
}

static void
put_partial(struct search *c, const struct set *set)
{
	struct buf *b = &c->s->out;
	struct set some = { 0 };

	(void)buf_addf(b, " PARTIAL (%s ", c->part_text.p);
	if (!set_part(&c->part, set, &some) || some.n == 0)
		(void)buf_adds(b, "NIL");
	set_text(&some, b);
	set_clear(&some);
	(void)buf_addc(b, ')');
}

static void
tell_extended(struct search *c, const struct set *set)
{
	unsigned int some = set->n > 0 ? c->result : 0;
	struct buf *b = &c->s->out;

	(void)buf_adds(b, "* ESEARCH (TAG ");
	put_string(b, c->s->tag, strlen(c->s->tag));
	(void)buf_adds(b, c->s->uid ? ") UID" : ")");
	if (some & R_MIN)
		(void)buf_addf(b, " MIN %u", (unsigned int)set_first(set));
	if (some & R_MAX)
		(void)buf_addf(b, " MAX %u", (unsigned int)set_last(set));
	if (c->result & R_COUNT)
		(void)buf_addf(b, " COUNT %u", (unsigned int)set_count(set));
	if (c->result & R_PARTIAL)
		put_partial(c, set);
	if (some & R_ALL) {
		(void)buf_adds(b, " ALL ");
		set_text(set, b);
	}
	if (c->modseq && set->n > 0)
		(void)buf_addf(b, " MODSEQ %llu",
		    (unsigned long long)c->done.modseq);
	send_line(c->s);
}

/* What MIN, MAX and PARTIAL name alone, or else all that was found. */
static bool
named(const struct search *c, struct set *to)
{
	unsigned int asked = c->result & ~(unsigned int)R_SAVE;
	bool good = true;

	to->n = 0;
	if (c->found.n == 0)
		return true;
	if (asked == 0 || asked & (R_ALL | R_COUNT))
		good = set_slice(&c->found, 1, UINT32_MAX, to);
	else {
		if (asked & R_PARTIAL)
			good = set_part(&c->part, &c->found, to);
		if (asked & R_MIN)
			good = set_note(to, set_first(&c->found)) && good;
		if (asked & R_MAX)
			good = set_note(to, set_last(&c->found)) && good;
	}
	set_order(to);
	return good;
}

/* RFC 4731 section 3.2: the highest of these. */
static uint16_t
modseq_of(struct search *c, const struct set *uids)
{
	struct view_ask ask = { .mbox = c->s->view.mbox,
	    .range = uids->range, .n = uids->n,
	    .done = set_count(uids) == set_count(&c->found) };
	struct view_row row;
	uint16_t rc = OP_OK;

	if (!ask.done)
		c->done.modseq = 0;
	while (rc == OP_OK && !ask.done) {
		rc = view_rows(reader_of(c->s), &c->s->rows, &ask);
		while (rc == OP_OK &&
		    view_row_next(&c->s->rows, &ask, &row))
			if (row.modseq > c->done.modseq)
				c->done.modseq = row.modseq;
	}
	return rc;
}

/* For "$": RFC 5182 section 2.1, RFC 9394 section 3.4. */
static uint16_t
note_named(struct search *c)
{
	struct set uids = { 0 };
	uint16_t rc = OP_OK;

	if ((c->result & R_SAVE && !named(c, &c->s->view.saved)) ||
	    !named(c, &uids))
		rc = STORE_NOMEM;
	else if (c->modseq && c->extended)
		rc = modseq_of(c, &uids);
	set_clear(&uids);
	return rc;
}

/* What is in c->found, or why it is not. */
static bool
tell(struct search *c, uint16_t rc, const char *name)
{
	struct session *s = c->s;
	struct set seqs = { 0 };
	const struct set *set = s->uid ? &c->found : &seqs;
	bool good;

	if (rc == OP_OK)
		rc = note_named(c);
	good = search_well(c, rc) &&
	    (s->uid || view_seqs(s, &c->found, &seqs));
	if (!c->sorted)
		set_order(&seqs);	/* joins what touches */
	if (c->result == 0)
		c->result = R_ALL;
	if (good && !c->extended)
		tell_plain(c, name, set);
	else if (good && c->result != R_SAVE)
		tell_extended(c, set);
	set_clear(&seqs);
	return good;
}

/* ---- SEARCH ---- */

bool
on_search(struct session *s, struct lex_at *at)
{
	struct search c;
	bool good;

	search_init(&c, s);
	good = returns(&c, at) &&
	    (!lex_word(at, "CHARSET") ||
	    /* RFC 6855 section 3: there is one already */
	    (!(s->enabled & EN_UTF8) && charset(&c, at))) &&
	    search_keys(s, at, &c.prog, &c.modseq);
	c.extended = c.extended || s->enabled & EN_REV2;
	good = good && tell(&c, view_search(reader_of(s), &s->reader,
	    s->view.mbox, s->view.uidnext, &c.prog, &c.found, &c.done),
	    "SEARCH");
	search_clear(&c);
	return good;
}

/* ---- SORT ---- */

static bool
sort_keys(struct lex_at *at, struct order_ask *ask)
{
	static const struct lex_name names[] = {
		{ "ARRIVAL", ORDER_ARRIVAL }, { "CC", ORDER_CC },
		{ "DATE", ORDER_DATE }, { "FROM", ORDER_FROM },
		{ "SIZE", ORDER_SIZE }, { "SUBJECT", ORDER_SUBJECT_BASE },
		{ "TO", ORDER_TO }, { "DISPLAYFROM", ORDER_DISPLAY_FROM },
		{ "DISPLAYTO", ORDER_DISPLAY_TO }, { NULL, 0 } };
	unsigned int reverse, key;

	if (!lex_open(at))
		return false;
	do {
		reverse = lex_word(at, "REVERSE") ? ORDER_REVERSE : 0;
		if (!lex_one_of(at, names, &key) ||
		    ask->nkey == ORDER_KEYS_MAX)
			return false;
		ask->key[ask->nkey++] = (uint8_t)(key | reverse);
	} while (!lex_close(at));
	return true;
}

static uint16_t
order(struct search *c, struct order_ask *ask,
    bool (*fn)(void *, const struct order_row *))
{
	struct session *s = c->s;

	ask->mbox = s->view.mbox;
	ask->below = s->view.uidnext;
	ask->prog = &c->prog;
	return view_order(reader_of(s), &s->rows, ask, fn, c, &c->done);
}

static bool
sorted(void *arg, const struct order_row *row)
{
	struct search *c = arg;

	return set_note(&c->found, row->uid);
}

bool
on_sort(struct session *s, struct lex_at *at)
{
	struct order_ask ask = { .how = ORDER_SORT };
	struct search c;
	bool good;

	search_init(&c, s);
	c.sorted = true;
	good = returns(&c, at) && sort_keys(at, &ask) && charset(&c, at) &&
	    search_keys(s, at, &c.prog, &c.modseq) &&
	    tell(&c, order(&c, &ask, sorted), "SORT");
	search_clear(&c);
	return good;
}

/* ---- THREAD ---- */

static bool
threaded(void *arg, const struct order_row *row)
{
	struct search *c = arg;
	struct buf *b = &c->s->out;
	uint32_t i, v = row->uid;

	if (!c->more)
		(void)buf_addc(b, ' ');
	c->more = true;
	for (i = 0; i < row->closes; i++)
		(void)buf_addc(b, ')');
	if (row->opens) {
		/* "(1 2 (3)(4))": a blank behind a number. */
		if (b->len > 0 && b->data[b->len - 1] >= '0' &&
		    b->data[b->len - 1] <= '9')
			(void)buf_addc(b, ' ');
		(void)buf_addc(b, '(');
	}
	if (v != 0 && !c->s->uid)
		v = set_rank(&c->s->view.map, v);
	if (v != 0 && !row->opens)
		(void)buf_addc(b, ' ');
	if (v != 0)
		(void)buf_addu(b, v);
	return b->err == 0;
}

bool
on_thread(struct session *s, struct lex_at *at)
{
	static const struct lex_name hows[] = {
		{ "ORDEREDSUBJECT", ORDER_SUBJECT },
		{ "REFERENCES", ORDER_REFERENCES }, { NULL, 0 } };
	struct order_ask ask = { .nkey = 0 };
	struct search c;
	unsigned int how;
	bool good;

	search_init(&c, s);
	good = lex_one_of(at, hows, &how) && charset(&c, at) &&
	    search_keys(s, at, &c.prog, &c.modseq) && (s->uid || view_map(s));
	if (good) {
		ask.how = (enum order_how)how;
		(void)buf_adds(&s->out, "* THREAD");
		good = search_well(&c, order(&c, &ask, threaded));
		if (good)
			send_line(s);
		else
			buf_reset(&s->out);
	}
	search_clear(&c);
	return good;
}
