/* SORT and THREAD: RFC 5256, RFC 5957; SORT RETURN: RFC 5267. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/search.h"
#include "store/err.h"
#include "store/op_order.h"

struct list {
	struct search	 c;
	struct order_ask ask;
	uint32_t	*uid;		/* in order */
	size_t		 n, cap;
	bool		 first;		/* thread, row of the answer */
};

static bool
by_number(struct list *l)
{
	return !l->c.s->uid;
}

/* ---- SORT ---- */

static bool
sort_keys(struct lex_at *at, struct order_ask *ask)
{
	static const struct { const char *name; uint8_t key; } names[] = {
		{ "ARRIVAL", ORDER_ARRIVAL }, { "CC", ORDER_CC },
		{ "DATE", ORDER_DATE }, { "FROM", ORDER_FROM },
		{ "SIZE", ORDER_SIZE }, { "SUBJECT", ORDER_SUBJECT_BASE },
		{ "TO", ORDER_TO }, { "DISPLAYFROM", ORDER_DISPLAY_FROM },
		{ "DISPLAYTO", ORDER_DISPLAY_TO } };
	enum { N = sizeof names / sizeof names[0] };
	struct lex_str word;
	uint8_t reverse;
	size_t i;

	if (!lex_open(at))
		return false;
	do {
		reverse = lex_word(at, "REVERSE") ? ORDER_REVERSE : 0;
		if (!lex_atom(at, &word))
			return false;
		for (i = 0; i < N && !lex_is(&word, names[i].name); i++)
			;
		if (i == N || ask->nkey == ORDER_KEYS_MAX)
			return false;
		ask->key[ask->nkey++] = names[i].key | reverse;
	} while (!lex_close(at));
	return true;
}

static bool
sorted(void *arg, const struct order_row *row)
{
	struct list *l = arg;
	size_t cap = l->cap != 0 ? l->cap * 2 : 256;
	uint32_t *p;

	if (l->n == l->cap) {
		p = reallocarray(l->uid, cap, sizeof *p);
		if (p == NULL)
			return false;
		l->uid = p;
		l->cap = cap;
	}
	l->uid[l->n++] = row->uid;
	return true;
}

static int
ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* What "$" is made of: MIN and MAX are of the order, the set is not. */
static bool
save(struct list *l)
{
	struct search *c = &l->c;
	unsigned int asked = c->result & ~(unsigned int)R_SAVE;
	size_t from = 0, to = l->n, n = 0, i;
	uint32_t *v;

	if (asked != 0 && !(asked & (R_ALL | R_COUNT)))
		to = 0;
	if (to == 0 && asked & R_PARTIAL)
		partial_range(&c->partial, l->n, &from, &to);
	v = calloc(l->n + 2, sizeof *v);
	if (v == NULL)
		return false;
	for (i = from; i < to; i++)
		v[n++] = l->uid[i];
	if (asked & R_MIN && l->n > 0)
		v[n++] = l->uid[0];
	if (asked & R_MAX && l->n > 0)
		v[n++] = l->uid[l->n - 1];
	qsort(v, n, sizeof *v, ascending);
	c->s->view.saved.n = 0;
	for (i = 0; i < n; i++)
		(void)set_add(&c->s->view.saved, v[i], v[i]);
	free(v);
	return true;
}

/* UIDs as sequence numbers; those the client does not know are left out. */
static void
number(struct list *l)
{
	size_t i, n = 0;

	for (i = 0; i < l->n; i++) {
		l->uid[n] = view_seq(l->c.s, l->uid[i]);
		n += l->uid[n] != 0;
	}
	l->n = n;
}

static uint16_t
ask_reader(struct list *l, bool (*fn)(void *, const struct order_row *))
{
	struct session *s = l->c.s;
	uint16_t rc;

	if (l->c.prog.err != 0)
		return STORE_TOOBIG;
	l->ask.mbox = s->view.mbox;
	l->ask.below = s->view.uidnext;
	l->ask.prog = &l->c.prog;
	progress_wait(s, &s->rows);
	rc = view_order(l->c.words ? reader_with_index(s) : reader_of(s),
	    &s->rows, &l->ask, fn, l, &l->c.done);
	progress_end(&s->rows);
	return rc;
}

static void
run_sort(struct list *l)
{
	struct session *s = l->c.s;
	uint16_t rc = ask_reader(l, sorted);

	if (rc == OP_OK && l->c.result & R_SAVE && !save(l))
		rc = STORE_NOMEM;
	if (rc != OP_OK) {
		search_failed(&l->c, rc);
		return;
	}
	if (by_number(l)) {
		if (!view_map(s))
			return;
		number(l);
	}
	search_tell_list(&l->c, "SORT", l->uid, l->n);
	reply_ok(s, "", "sorted");
}

void
on_sort(struct session *s, struct lex_at *at)
{
	struct list l = { .ask = { .how = ORDER_SORT } };

	search_init(&l.c, s);
	if (s->uid)
		view_sync(s, SYNC_NEW, NULL);
	if (search_returns(&l.c, at) && sort_keys(at, &l.ask) &&
	    search_charset(&l.c, at) && search_keys(&l.c, at))
		run_sort(&l);
	free(l.uid);
	search_clear(&l.c);
}

/* ---- THREAD ---- */

static bool
threaded(void *arg, const struct order_row *row)
{
	struct list *l = arg;
	struct buf *b = &l->c.s->out;
	uint32_t i, v = row->uid;

	if (l->first)
		(void)buf_addc(b, ' ');
	l->first = false;
	for (i = 0; i < row->closes; i++)
		(void)buf_addc(b, ')');
	if (row->opens) {
		/* "(1 2 (3)(4))": a blank behind a number. */
		if (b->len > 0 && b->data[b->len - 1] >= '0' &&
		    b->data[b->len - 1] <= '9')
			(void)buf_addc(b, ' ');
		(void)buf_addc(b, '(');
	}
	if (v != 0 && by_number(l))
		v = view_seq(l->c.s, v);
	if (v == 0)
		return b->err == 0;
	if (!row->opens)
		(void)buf_addc(b, ' ');
	put_number(b, v);
	return b->err == 0;
}

static void
run_thread(struct list *l)
{
	struct session *s = l->c.s;
	uint16_t rc;

	if (by_number(l) && !view_map(s))
		return;
	(void)buf_adds(&s->out, "* THREAD");
	l->first = true;
	rc = ask_reader(l, threaded);
	if (rc != OP_OK) {
		buf_reset(&s->out);
		search_failed(&l->c, rc);
		return;
	}
	(void)buf_adds(&s->out, "\r\n");
	send_out(s);
	reply_ok(s, "", "threaded");
}

void
on_thread(struct session *s, struct lex_at *at)
{
	struct list l = { .ask = { .how = ORDER_SORT } };

	search_init(&l.c, s);
	if (s->uid)
		view_sync(s, SYNC_NEW, NULL);
	if (lex_word(at, "REFERENCES"))
		l.ask.how = ORDER_REFERENCES;
	else if (lex_word(at, "ORDEREDSUBJECT"))
		l.ask.how = ORDER_SUBJECT;
	if (l.ask.how != ORDER_SORT && search_charset(&l.c, at) &&
	    search_keys(&l.c, at))
		run_thread(&l);
	search_clear(&l.c);
}
