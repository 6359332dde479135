/* SEARCH, SORT and THREAD, and how they tell what was found: RFC 9051
 * sections 6.4.4 and 7.3.4, RFC 4731, RFC 5182, RFC 5256, RFC 5267, RFC 5957,
 * RFC 9394. */
#include <string.h>

#include "mailnode/base/quote.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/op_order.h"

enum result {
	R_MIN = 1, R_MAX = 2, R_ALL = 4, R_COUNT = 8, R_SAVE = 16,
	R_PARTIAL = 32
};

struct search {
	struct session	*s;		/* s->uids: what was found … */
	unsigned int	 result;	/* R_* */
	struct set_part	 part;
	struct lex_str	 part_text;	/* as it came; borrows */
	bool		 extended;	/* answers with ESEARCH */
	bool		 sorted;	/* … is a list */
	struct find_done done;
};

/* As well() has it, if nothing else was said about that. */
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
returns(struct search *c)
{
	static const struct lex_name names[] = {
		{ "MIN", R_MIN }, { "MAX", R_MAX }, { "ALL", R_ALL },
		{ "COUNT", R_COUNT }, { "SAVE", R_SAVE },
		{ "PARTIAL", R_PARTIAL }, { NULL, 0 } };
	struct lex_str *text = &c->part_text;
	unsigned int bit;

	if (!lex_word(&c->s->lex, "RETURN"))
		return true;
	c->extended = true;
	if (!lex_open(&c->s->lex))
		return false;
	while (lex_one_of(&c->s->lex, names, &bit)) {
		/* RFC 9394 section 3.1: PARTIAL once, and not with ALL. */
		if (bit == R_PARTIAL && (c->result & R_PARTIAL ||
		    !lex_atom(&c->s->lex, text) ||
		    !set_part_parse(&c->part, text->p, text->n)))
			return false;
		c->result |= bit;
	}
	return lex_close(&c->s->lex) &&
	    (c->result & (R_ALL | R_PARTIAL)) != (R_ALL | R_PARTIAL);
}

static bool
charset(struct search *c)
{
	struct lex_str name;

	if (!lex_astring(&c->s->lex, &name))
		return false;
	if (lex_is(&name, "UTF-8") || lex_is(&name, "US-ASCII"))
		return true;
	reply_no(c->s, "BADCHARSET (US-ASCII UTF-8)", "UTF-8, please");
	return search_well(c, STORE_QUERY);
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
	if (c->s->prog.modseq && set->n > 0)
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
	quote_or_literal(b, c->s->tag, strlen(c->s->tag));
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
	if (c->s->prog.modseq && set->n > 0)
		(void)buf_addf(b, " MODSEQ %llu",
		    (unsigned long long)c->done.modseq);
	send_line(c->s);
}

/* What MIN, MAX and PARTIAL name alone, or else all that was found. */
static bool
named(const struct search *c, struct set *to)
{
	unsigned int asked = c->result & ~(unsigned int)R_SAVE;
	const struct set *found = &c->s->uids;
	bool good;

	to->n = 0;
	if (asked == 0 || asked & (R_ALL | R_COUNT) || found->n == 0)
		good = set_slice(found, 1, UINT32_MAX, to);
	else
		good = (!(asked & R_PARTIAL) || set_part(&c->part, found,
		    to)) &&
		    (!(asked & R_MIN) || set_note(to, set_first(found))) &&
		    (!(asked & R_MAX) || set_note(to, set_last(found)));
	set_order(to);
	return good;
}

/* For "$": RFC 5182 section 2.1, RFC 9394 section 3.4. */
static uint16_t
note_named(struct search *c)
{
	struct session *s = c->s;

	if ((c->result & R_SAVE && !named(c, &s->view.saved)) ||
	    !named(c, &s->seqs))
		return STORE_NOMEM;
	if (!s->prog.modseq || !c->extended ||
	    set_count(&s->seqs) == set_count(&s->uids))
		return OP_OK;
	/* RFC 4731 section 3.2: the highest of these. */
	return view_modseq(reader_of(s), &s->rows, s->view.mbox, &s->seqs,
	    &c->done.modseq);
}

/* What was found, or why it was not. */
static bool
tell(struct search *c, uint16_t rc, const char *name)
{
	struct session *s = c->s;
	const struct set *set = s->uid ? &s->uids : &s->seqs;

	if (rc == OP_OK)
		rc = note_named(c);
	if (!search_well(c, rc) ||
	    (!s->uid && !view_seqs(s, &s->uids, &s->seqs)))
		return false;
	if (!c->sorted)
		set_order(&s->seqs);	/* joins what touches */
	if (c->result == 0)
		c->result = R_ALL;
	if (!c->extended)
		tell_plain(c, name, set);
	else if (c->result != R_SAVE)
		tell_extended(c, set);
	return true;
}

/* ---- SEARCH ---- */

bool
on_search(struct session *s)
{
	struct search c = { .s = s };

	if (!returns(&c) || (lex_word(&s->lex, "CHARSET") &&
	    /* RFC 6855 section 3: there is one already */
	    (s->enabled & EN_UTF8 || !charset(&c))) || !search_keys(s))
		return false;
	c.extended = c.extended || s->enabled & EN_REV2;
	return tell(&c, view_search(reader_of(s), &s->reader, s->view.mbox,
	    s->view.uidnext, &s->prog, &s->uids, &c.done), "SEARCH");
}

/* ---- SORT ---- */

static bool
sort_keys(struct lex *l, struct order_ask *ask)
{
	static const struct lex_name names[] = {
		{ "ARRIVAL", ORDER_ARRIVAL }, { "CC", ORDER_CC },
		{ "DATE", ORDER_DATE }, { "FROM", ORDER_FROM },
		{ "SIZE", ORDER_SIZE }, { "SUBJECT", ORDER_SUBJECT_BASE },
		{ "TO", ORDER_TO }, { "DISPLAYFROM", ORDER_DISPLAY_FROM },
		{ "DISPLAYTO", ORDER_DISPLAY_TO }, { NULL, 0 } };
	unsigned int reverse, key;

	if (!lex_open(l))
		return false;
	do {
		reverse = lex_word(l, "REVERSE") ? ORDER_REVERSE : 0;
		if (!lex_one_of(l, names, &key) || ask->nkey == ORDER_KEYS_MAX)
			return false;
		ask->key[ask->nkey++] = (uint8_t)(key | reverse);
	} while (!lex_close(l));
	return true;
}

static uint16_t
order(struct search *c, struct order_ask *ask,
    bool (*fn)(void *, const struct order_row *))
{
	struct session *s = c->s;

	ask->mbox = s->view.mbox;
	ask->below = s->view.uidnext;
	ask->prog = &s->prog;
	return view_order(reader_of(s), &s->rows, ask, fn, c, &c->done);
}

static bool
sorted(void *arg, const struct order_row *row)
{
	struct search *c = arg;

	return set_note(&c->s->uids, row->uid);
}

bool
on_sort(struct session *s)
{
	struct order_ask ask = { .how = ORDER_SORT };
	struct search c = { .s = s, .sorted = true };

	return returns(&c) && sort_keys(&s->lex, &ask) && charset(&c) &&
	    search_keys(s) && tell(&c, order(&c, &ask, sorted), "SORT");
}

/* ---- THREAD ---- */

static bool
threaded(void *arg, const struct order_row *row)
{
	struct search *c = arg;
	struct buf *b = &c->s->out;
	uint32_t i, v = row->uid;

	for (i = 0; i < row->closes; i++)
		(void)buf_addc(b, ')');
	/* "* THREAD (1 2 (3)(4))": no blank between parentheses. */
	if (row->opens)
		(void)buf_adds(b, b->len > 0 &&
		    strchr("()", b->data[b->len - 1]) != NULL ? "(" : " (");
	if (v != 0 && !c->s->uid)
		v = set_rank(&c->s->view.map, v);
	if (v != 0 && !row->opens)
		(void)buf_addc(b, ' ');
	if (v != 0)
		(void)buf_addu(b, v);
	return b->err == 0;
}

bool
on_thread(struct session *s)
{
	static const struct lex_name hows[] = {
		{ "ORDEREDSUBJECT", ORDER_SUBJECT },
		{ "REFERENCES", ORDER_REFERENCES }, { NULL, 0 } };
	struct order_ask ask = { .nkey = 0 };
	struct search c = { .s = s };
	unsigned int how;

	if (!lex_one_of(&s->lex, hows, &how) || !charset(&c) ||
	    !search_keys(s) || (!s->uid && !view_map(s)))
		return false;
	ask.how = (enum order_how)how;
	(void)buf_adds(&s->out, "* THREAD");
	if (search_well(&c, order(&c, &ask, threaded)))
		send_line(s);
	else
		buf_reset(&s->out);
	return true;
}
