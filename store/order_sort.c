/* SORT: keys of what was found are gathered, then sorted by them. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "store/collate.h"
#include "store/env.h"
#include "store/order.h"
#include "store/subject.h"

enum { TEXT_ROOM = 4096 };	/* octets of one key that count */

/* Rows of 1 + nkey numbers: UID and keys; of a text the place of its key
 * in `text`. */
struct sort {
	const uint8_t	*key;
	size_t		 nkey;
	uint64_t	*row;
	size_t		 n, cap;
	struct buf	 text;
	struct buf	 one;		/* a key in the making */
};

static enum order_key
key_of(const struct sort *s, size_t i)
{
	return (enum order_key)(s->key[i] & ~(unsigned int)ORDER_REVERSE);
}

static bool
is_text(enum order_key k)
{
	return k > ORDER_SIZE;
}

/* ---- texts ---- */

/* The display name as the decoded field has it: encoded words are not for
 * this process to decode. */
static void
put_decoded(const char *field, struct buf *out)
{
	const char *end = strstr(field, " <");

	if (end == NULL)
		end = field + strlen(field);
	if (*field == '"') {
		field++;
		end -= end > field && end[-1] == '"';
	}
	(void)buf_add(out, field, (size_t)(end - field));
}

/* RFC 5957: the name, or else the address. */
static void
put_display(const char *env, const char *end, enum env_field f,
    const char *field, struct buf *out)
{
	if (env_address(env, end, f, ENV_NAME, out)) {
		if (buf_str(out) == NULL || strstr(buf_str(out), "=?") == NULL)
			return;
		buf_reset(out);
		put_decoded(field, out);
		return;
	}
	buf_reset(out);
	if (!env_address(env, end, f, ENV_MAILBOX, out))
		return;
	(void)buf_addc(out, '@');
	if (!env_address(env, end, f, ENV_HOST, out))
		out->len--;		/* a group */
}

static void
put_text(struct sort *s, sqlite3_stmt *row, int col, enum order_key k)
{
	const char *env = sqlite3_column_blob(row, col), *text;
	const char *end = env != NULL ? env + sqlite3_column_bytes(row, col) :
	    NULL;
	struct buf raw;
	size_t n;

	buf_init(&raw, TEXT_ROOM);
	text = (const char *)sqlite3_column_text(row, col + 1);
	if (k == ORDER_SUBJECT_BASE && text != NULL) {
		n = strlen(text);
		(void)subject_base(&text, &n);
		(void)collate_key(text, n, &s->one);
		return;
	}
	if (k == ORDER_DISPLAY_FROM || k == ORDER_DISPLAY_TO)
		put_display(env, end, k == ORDER_DISPLAY_FROM ? ENV_FROM :
		    ENV_TO, text != NULL ? text : "", &raw);
	else
		(void)env_address(env, end, k == ORDER_CC ? ENV_CC :
		    k == ORDER_FROM ? ENV_FROM : ENV_TO, ENV_MAILBOX, &raw);
	(void)collate_key((const char *)raw.data, raw.len, &s->one);
	buf_clear(&raw);
}

/* The key of the row as a place in s->text. */
static int
add_text(struct sort *s, sqlite3_stmt *row, int col, enum order_key k,
    uint64_t *at)
{
	buf_reset(&s->one);
	put_text(s, row, col, k);
	*at = s->text.len;
	(void)buf_add(&s->text, s->one.data, s->one.len);
	(void)buf_addc(&s->text, 0);
	return s->text.err == 0 ? SQLITE_OK : SQLITE_TOOBIG;
}

/* ---- rows ---- */

/* Each key has two columns. */
static const char *const columns[ORDER_KEYS] = {
	[ORDER_ARRIVAL] = ",m.received,0",
	[ORDER_DATE] = ",m.date,0",
	[ORDER_SIZE] = ",m.wire,0",
	[ORDER_CC] = ",m.env,NULL",
	[ORDER_FROM] = ",m.env,NULL",
	[ORDER_TO] = ",m.env,NULL",
	[ORDER_SUBJECT_BASE] = ",NULL,m.subject",
	[ORDER_DISPLAY_FROM] = ",m.env,m.sender",
	[ORDER_DISPLAY_TO] = ",m.env,m.rcpt"
};

static int
take(void *arg, sqlite3_stmt *stmt)
{
	struct sort *s = arg;
	size_t wide = s->nkey + 1, cap = s->cap != 0 ? s->cap * 2 : 256, i;
	uint64_t *p;
	int rc = SQLITE_OK;

	if (s->n == s->cap) {
		p = reallocarray(s->row, cap, wide * sizeof *p);
		if (p == NULL)
			return SQLITE_NOMEM;
		s->row = p;
		s->cap = cap;
	}
	p = s->row + s->n++ * wide;
	p[0] = (uint64_t)sqlite3_column_int64(stmt, 0);
	for (i = 0; i < s->nkey && rc == SQLITE_OK; i++)
		if (is_text(key_of(s, i)))
			rc = add_text(s, stmt, (int)(2 + i * 2),
			    key_of(s, i), &p[1 + i]);
		else
			p[1 + i] = (uint64_t)sqlite3_column_int64(stmt,
			    (int)(2 + i * 2));
	return rc;
}

static int
compare(const void *a, const void *b, void *arg)
{
	const uint64_t *x = a, *y = b;
	const struct sort *s = arg;
	const char *text = (const char *)s->text.data;
	size_t i;
	int d;

	for (i = 0; i < s->nkey; i++) {
		if (is_text(key_of(s, i)))
			d = strcmp(text + x[1 + i], text + y[1 + i]);
		else
			d = ((int64_t)x[1 + i] > (int64_t)y[1 + i]) -
			    ((int64_t)x[1 + i] < (int64_t)y[1 + i]);
		if (d != 0)
			return s->key[i] & ORDER_REVERSE ? -d : d;
	}
	return x[0] < y[0] ? -1 : 1;
}

static uint16_t
finish(struct sort *s, struct order *o)
{
	size_t wide = s->nkey + 1, i;

	if (s->n > 0)
		qsort_r(s->row, s->n, wide * sizeof *s->row, compare, s);
	for (i = 0; i < s->n; i++)
		if (!order_add(o, (uint32_t)s->row[i * wide], 0, false))
			return STORE_NOMEM;
	return OP_OK;
}

uint16_t
order_sort(struct order *o, struct find *f, const uint8_t *key, size_t nkey)
{
	struct sort s = { .key = key, .nkey = nkey };
	struct buf text;
	uint16_t rc;
	size_t i;
	int code;

	buf_init(&s.text, ORDER_MEM_MAX);
	buf_init(&s.one, TEXT_ROOM);
	buf_init(&text, 1024);
	for (i = 0; i < nkey; i++)
		(void)buf_adds(&text, columns[key_of(&s, i)]);
	code = find_each(f, buf_str(&text), take, &s);
	rc = code == SQLITE_OK ? finish(&s, o) : code == SQLITE_TOOBIG ?
	    STORE_TOOBIG : (uint16_t)store_err_sqlite(code);
	o->done = f->done;
	buf_clear(&text);
	buf_clear(&s.one);
	buf_clear(&s.text);
	free(s.row);
	return rc;
}
