#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/base/bug.h"
#include "store/sql.h"
#include "store/wire.h"

int
sql_bind(sqlite3_stmt *s, const char *fmt, va_list *ap)
{
	const void *p;
	int i, rc = SQLITE_OK;

	for (i = 1; *fmt != '\0' && rc == SQLITE_OK; fmt++, i++) {
		switch (*fmt) {
		case 'i':
			rc = sqlite3_bind_int64(s, i, va_arg(*ap, int64_t));
			break;
		case 's':
			p = va_arg(*ap, const char *);
			rc = sqlite3_bind_text(s, i, p, -1, SQLITE_STATIC);
			break;
		case 'b':
			p = va_arg(*ap, const void *);
			rc = sqlite3_bind_blob64(s, i, p != NULL ? p : "",
			    va_arg(*ap, size_t), SQLITE_STATIC);
			break;
		default:
			bug("binding");
		}
	}
	return rc;
}

/* A view has no index to be told of: where one stands in a table's place
 * (see reader.c), the same without " INDEXED BY name". */
static int
prepare_plain(struct sql *s, unsigned int q)
{
	static const char hint[] = " INDEXED BY ";
	const char *from = s->text[q], *at;
	sqlite3_str *text = sqlite3_str_new(s->db);
	char *whole;
	int rc = SQLITE_NOMEM;

	while ((at = strstr(from, hint)) != NULL) {
		sqlite3_str_append(text, from, (int)(at - from));
		from = at + strlen(hint);
		from += strcspn(from, " ");
	}
	sqlite3_str_appendall(text, from);
	whole = sqlite3_str_finish(text);
	if (whole != NULL)
		rc = sqlite3_prepare_v3(s->db, whole, -1,
		    SQLITE_PREPARE_PERSISTENT, &s->stmt[q], NULL);
	sqlite3_free(whole);
	return rc;
}

static int
prepare(struct sql *s, unsigned int q)
{
	int rc = sqlite3_prepare_v3(s->db, s->text[q], -1,
	    SQLITE_PREPARE_PERSISTENT, &s->stmt[q], NULL);

	return rc == SQLITE_ERROR ? prepare_plain(s, q) : rc;
}

int
sql_step(struct sql *s, unsigned int q, const char *fmt, ...)
{
	va_list ap;
	int rc = SQLITE_OK;

	BUG_ON(q >= s->n);
	if (s->stmt[q] == NULL)
		rc = prepare(s, q);
	if (rc != SQLITE_OK)
		return rc;
	va_start(ap, fmt);
	rc = sql_bind(s->stmt[q], fmt, &ap);
	va_end(ap);
	return rc == SQLITE_OK ? sql_next(s, q) : rc;
}

int
sql_next(struct sql *s, unsigned int q)
{
	int rc = sqlite3_step(s->stmt[q]);

	if (rc != SQLITE_ROW)
		sql_end(s, q);
	return rc;
}

void
sql_end(struct sql *s, unsigned int q)
{
	(void)sqlite3_reset(s->stmt[q]);
	(void)sqlite3_clear_bindings(s->stmt[q]);
}

int
sql_done(int code)
{
	return code == SQLITE_DONE ? 0 : code;
}

int
sql_one(struct sql *s, unsigned int q, int code, uint64_t *v)
{
	*v = 0;
	if (code == SQLITE_ROW) {
		*v = (uint64_t)sql_int(s, q, 0);
		sql_end(s, q);
		code = SQLITE_DONE;
	}
	return sql_done(code);
}

void
sql_clear(struct sql *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		sqlite3_finalize(s->stmt[i]);
		s->stmt[i] = NULL;
	}
}

int64_t
sql_int(const struct sql *s, unsigned int q, int col)
{
	return sqlite3_column_int64(s->stmt[q], col);
}

const char *
sql_text(sqlite3_stmt *s, int col)
{
	const unsigned char *p = sqlite3_column_text(s, col);

	return p != NULL ? (const char *)p : "";
}

void
sql_copy(char *dst, size_t size, sqlite3_stmt *s, int col)
{
	snprintf(dst, size, "%s", sql_text(s, col));
}

void
sql_put(struct buf *out, sqlite3_stmt *s, int col, const char *fmt)
{
	for (; *fmt != '\0'; fmt++, col++) {
		if (*fmt == 's')
			chan_put_str(out, sql_text(s, col));
		else if (*fmt == 'i')
			chan_put_i64(out, sqlite3_column_int64(s, col));
		else if (*fmt == 'u')
			chan_put_u32(out,
			    (uint32_t)sqlite3_column_int64(s, col));
		else
			chan_put_u8(out, (uint8_t)sqlite3_column_int(s, col));
	}
}

enum store_err
sql_put_rows(struct buf *out, sqlite3_stmt *s, int col, const char *fmt,
    size_t tail)
{
	int code = SQLITE_NOMEM;
	size_t before;

	while (s != NULL && (code = sqlite3_step(s)) == SQLITE_ROW) {
		before = out->len;
		chan_put_u8(out, 1);
		sql_put(out, s, col, fmt);
		if (!wire_fits(out, before, tail))
			break;
	}
	(void)sqlite3_reset(s);
	chan_put_u8(out, 0);
	return code == SQLITE_ROW ? STORE_OK : store_err_sqlite(code);
}

const char *
sql_str(const struct sql *s, unsigned int q, int col)
{
	return sql_text(s->stmt[q], col);
}
