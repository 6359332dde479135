/*
 * Statements by number: prepared at first use, kept, bound and stepped in
 * one call.  For the files of this room that hold SQL of their own.
 */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/chan.h"
#include "store/err.h"

struct sql {
	sqlite3			*db;		/* borrowed */
	const char *const	*text;		/* n statements */
	sqlite3_stmt		**stmt;		/* n places, NULL at first */
	size_t			 n;
};

/*
 * Binds from 1 on: i int64_t (a cast, if it is anything else), s string or
 * NULL, b pointer and size_t; all borrowed until the statement ends.
 */
int	sql_bind(sqlite3_stmt *s, const char *fmt, va_list *ap);

/*
 * Binds, as sql_bind() does, and steps once.  Returns the SQLite code;
 * SQLITE_ROW leaves the row to be read, anything else resets the statement.
 */
int	sql_step(struct sql *s, unsigned int q, const char *fmt, ...);
int	sql_next(struct sql *s, unsigned int q);
/* Ends it early. */
void	sql_end(struct sql *s, unsigned int q);
/* SQLITE_DONE as 0. */
int	sql_done(int code);
/* The number in the row that sql_step() came to, which ends there; 0 without
 * a row.  code: what that returned. */
int	sql_one(struct sql *s, unsigned int q, int code, uint64_t *v);
/* Finalizes all; the places may be used again with another db. */
void	sql_clear(struct sql *s);

int64_t		 sql_int(const struct sql *s, unsigned int q, int col);
/* A column of a row: "" for NULL.  text borrows from the statement. */
const char	*sql_text(sqlite3_stmt *s, int col);
void		 sql_copy(char *dst, size_t size, sqlite3_stmt *s, int col);
/* Columns of a row from `col` on into a record, a letter for each: s text, i
 * 64 bits, u 32, b 8. */
void		 sql_put(struct buf *out, sqlite3_stmt *s, int col,
		    const char *fmt);
/*
 * All rows of s as a listing: a 1 and the columns of each, and a 0 behind
 * the last that fits with `tail` octets more.  Ends s; NULL: STORE_NOMEM.
 */
enum store_err	 sql_put_rows(struct buf *out, sqlite3_stmt *s, int col,
		    const char *fmt, size_t tail);
/* A column of a statement by number, likewise. */
const char	*sql_str(const struct sql *s, unsigned int q, int col);

#endif
