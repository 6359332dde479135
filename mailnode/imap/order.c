/* SORT and THREAD: RFC 5256, RFC 5957; SORT RETURN: RFC 5267. */
#include "mailnode/imap/search.h"
#include "store/op_order.h"

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

static bool
sorted(void *arg, const struct order_row *row)
{
	return set_note(arg, row->uid);
}

static uint16_t
ask_reader(struct search *c, struct order_ask *ask,
    bool (*fn)(void *, const struct order_row *), void *arg)
{
	struct session *s = c->s;

	ask->mbox = s->view.mbox;
	ask->below = s->view.uidnext;
	ask->prog = &c->prog;
	return view_order(search_reader(c), &s->rows, ask, fn, arg, &c->done);
}

bool
on_sort(struct session *s, struct lex_at *at)
{
	struct order_ask ask = { .how = ORDER_SORT };
	struct search c;
	bool good;

	search_init(&c, s);
	c.sorted = true;
	good = search_returns(&c, at) && sort_keys(at, &ask) &&
	    search_charset(&c, at) && search_keys(&c, at) &&
	    search_tell(&c, ask_reader(&c, &ask, sorted, &c.found), "SORT");
	search_clear(&c);
	return good;
}

/* ---- THREAD ---- */

struct thread {
	struct session	*s;
	bool		 more;		/* not the first row */
};

static bool
threaded(void *arg, const struct order_row *row)
{
	struct thread *t = arg;
	struct buf *b = &t->s->out;
	uint32_t i, v = row->uid;

	if (!t->more)
		(void)buf_addc(b, ' ');
	t->more = true;
	for (i = 0; i < row->closes; i++)
		(void)buf_addc(b, ')');
	if (row->opens) {
		/* "(1 2 (3)(4))": a blank behind a number. */
		if (b->len > 0 && b->data[b->len - 1] >= '0' &&
		    b->data[b->len - 1] <= '9')
			(void)buf_addc(b, ' ');
		(void)buf_addc(b, '(');
	}
	if (v != 0 && !t->s->uid)
		v = set_rank(&t->s->view.map, v);
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
	struct thread t = { .s = s };
	struct search c;
	unsigned int how;
	bool good;

	search_init(&c, s);
	good = lex_one_of(at, hows, &how) && search_charset(&c, at) &&
	    search_keys(&c, at) && (s->uid || view_map(s));
	if (good) {
		ask.how = (enum order_how)how;
		(void)buf_adds(&s->out, "* THREAD");
		good = search_well(&c, ask_reader(&c, &ask, threaded, &t));
		if (good)
			send_line(s);
		else
			buf_reset(&s->out);
	}
	search_clear(&c);
	return good;
}
