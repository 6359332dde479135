/* THREAD: what the two algorithms of RFC 5256 section 3 ask of the rows. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "store/collate.h"
#include "store/order.h"
#include "store/subject.h"

enum { BASE_ROOM = 4096 };	/* octets of a subject that count */

struct one {
	uint32_t	 uid;
	int64_t		 date;
	size_t		 base;		/* in `text` */
};

struct all {
	struct order_refs *refs;
	struct buf	 base;		/* of the row at hand */
	struct one	*one;		/* ORDEREDSUBJECT */
	size_t		 n, cap;
	struct buf	 text;
	uint16_t	 rc;
};

static const char *
str(sqlite3_stmt *row, int col)
{
	const char *s = (const char *)sqlite3_column_text(row, col);

	return s != NULL ? s : "";
}

static bool
base_of(struct all *a, sqlite3_stmt *row)
{
	const char *s = str(row, 3);
	size_t n = strlen(s);
	bool reply = subject_base(&s, &n);

	buf_reset(&a->base);
	(void)collate_key(s, n, &a->base);
	return reply;
}

static int
stop(struct all *a, uint16_t rc)
{
	a->rc = rc;
	return rc == OP_OK ? SQLITE_OK : SQLITE_ABORT;
}

/* ---- REFERENCES ---- */

static int
take_refs(void *arg, sqlite3_stmt *row)
{
	struct all *a = arg;
	struct order_msg m = { .reply = base_of(a, row) };

	m.uid = (uint32_t)sqlite3_column_int64(row, 0);
	m.date = sqlite3_column_int64(row, 2);
	m.msgid = str(row, 4);
	m.irt = str(row, 5);
	m.refs = str(row, 6);
	m.base = (const char *)a->base.data;
	m.nbase = a->base.len;
	return stop(a, order_refs_add(a->refs, &m));
}

/* ---- ORDEREDSUBJECT ---- */

static int
take_subject(void *arg, sqlite3_stmt *row)
{
	struct all *a = arg;
	size_t cap = a->cap != 0 ? a->cap * 2 : 256;
	struct one *p;

	if (a->n == a->cap) {
		p = reallocarray(a->one, cap, sizeof *p);
		if (p == NULL)
			return stop(a, STORE_NOMEM);
		a->one = p;
		a->cap = cap;
	}
	p = &a->one[a->n++];
	*p = (struct one){ .date = sqlite3_column_int64(row, 2),
	    .base = a->text.len,
	    .uid = (uint32_t)sqlite3_column_int64(row, 0) };
	(void)base_of(a, row);
	(void)buf_add(&a->text, a->base.data, a->base.len);
	(void)buf_addc(&a->text, 0);
	return stop(a, a->text.err == 0 ? OP_OK : STORE_TOOBIG);
}

static int
by_date(const struct one *x, const struct one *y)
{
	if (x->date != y->date)
		return x->date < y->date ? -1 : 1;
	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

static int
by_subject(const void *x, const void *y, void *arg)
{
	const struct one *p = x, *q = y;
	const char *text = arg;
	int d = strcmp(text + p->base, text + q->base);

	return d != 0 ? d : by_date(p, q);
}

static int
by_thread(const void *x, const void *y, void *arg)
{
	const size_t *p = x, *q = y;
	const struct one *one = arg;

	return by_date(&one[*p], &one[*q]);
}

/* The first of one subject, those behind it below it. */
static bool
put_thread(const struct all *a, size_t i, uint32_t *closes, struct order *o)
{
	const char *text = (const char *)a->text.data;
	size_t end = i + 1, k;

	while (end < a->n && strcmp(text + a->one[end].base,
	    text + a->one[i].base) == 0)
		end++;
	if (!order_add(o, a->one[i].uid, *closes, true))
		return false;
	for (k = i + 1; k < end; k++)
		if (!order_add(o, a->one[k].uid, k > i + 1, end > i + 2))
			return false;
	*closes = end > i + 2 ? 2 : 1;
	return true;
}

static uint16_t
put_subjects(struct all *a, struct order *o)
{
	char *text = buf_str(&a->text);
	size_t *first = calloc(a->n + 1, sizeof *first), i, n = 0;
	uint32_t closes = 0;
	bool good = first != NULL;

	if (a->n > 0 && good)
		qsort_r(a->one, a->n, sizeof *a->one, by_subject, text);
	for (i = 0; i < a->n && good; i++)
		if (i == 0 || strcmp(text + a->one[i].base,
		    text + a->one[i - 1].base) != 0)
			first[n++] = i;
	if (n > 0)
		qsort_r(first, n, sizeof *first, by_thread, a->one);
	for (i = 0; i < n && good; i++)
		good = put_thread(a, first[i], &closes, o);
	if (n > 0 && good)
		good = order_add(o, 0, closes, false);
	free(first);
	return good ? OP_OK : STORE_NOMEM;
}

uint16_t
order_thread(struct order *o, struct find *f, enum order_how how)
{
	struct all a = { .rc = OP_OK };
	int code;

	buf_init(&a.base, BASE_ROOM);
	buf_init(&a.text, ORDER_MEM_MAX);
	a.refs = order_refs_new();
	if (a.refs == NULL)
		return STORE_NOMEM;
	code = how == ORDER_SUBJECT ?
	    find_each(f, ",m.date,m.subject", take_subject, &a) :
	    find_each(f, ",m.date,m.subject,m.msgid,m.irt,m.refs", take_refs,
	    &a);
	if (a.rc == OP_OK && code != SQLITE_OK)
		a.rc = (uint16_t)store_err_sqlite(code);
	if (a.rc == OP_OK)
		a.rc = how == ORDER_SUBJECT ? put_subjects(&a, o) :
		    order_refs_put(a.refs, o);
	o->done = f->done;
	order_refs_free(a.refs);
	free(a.one);
	buf_clear(&a.text);
	buf_clear(&a.base);
	return a.rc;
}
