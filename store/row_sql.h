/* What row*.c and thread.c share, and nobody else. */
#ifndef STORE_ROW_SQL_H
#define STORE_ROW_SQL_H

#include <stdbool.h>
#include <stdint.h>

#include "store/row.h"
#include "store/sql.h"

/* The first 60 characters behind Re: and the like, to sort by. */
#define SUBJECT_OF(newest) \
    "coalesce((SELECT lower(substr(CAST(substr(CAST(subject AS BLOB),base+1)" \
    " AS TEXT),1,60)) FROM msg WHERE id=" newest "),'')"
/* What thread_box holds besides what the database works out. */
#define THREAD_BOX_1 \
    "mbox,thread,date,newest,count,unread,flagged,attach,size,authors,tags"

enum row_sql {
	SQL_MSG_ADD, SQL_MAIL_ADD, SQL_MSG_GET, SQL_MSG_AT_UID,
	SQL_MSG_BY_HASH, SQL_MSG_BY_ID, SQL_MSG_PARTS, SQL_MSG_NAME,
	SQL_MSG_TAGS, SQL_MSG_MOVE, SQL_MSG_DEL, SQL_MAIL_FLAGS,
	SQL_MAIL_MODSEQ, SQL_MAIL_DEL,
	SQL_GONE_ADD, SQL_GONE_TRIM, SQL_GONE_FLOOR, SQL_COUNT_ADD, SQL_TODO,
	SQL_MSG_COPY,
	SQL_BOX_TODO, SQL_BOX_RENAMED, SQL_BOX_BLOCKS, SQL_BOX_MAIL,
	SQL_BOX_MSG, SQL_BOX_GONE, SQL_BOX_COUNT, SQL_BOX_THREADS,
	SQL_ID_GET, SQL_ID_ADD, SQL_ID_DEL, SQL_ALIAS_GET, SQL_ALIAS_ADD,
	SQL_ALIAS_MOVE, SQL_BASE_GET, SQL_MSG_THREAD, SQL_TB_GET,
	SQL_TB_PUT, SQL_TB_DEL, SQL_TB_FLAGS, SQL_TB_MEMBERS,
	SQL_TB_BOXES, SQL_THREAD_ANY, SQL_MSG_IDS, SQL_N
};

enum { DUE_MAX = 64 };

struct thread_due {
	uint64_t	 mbox, thread;
};

struct rows {
	struct sql	 sql;
	sqlite3_stmt	*stmt[SQL_N];
	uint64_t	 next_id;
	struct thread_due due[DUE_MAX];	/* to be counted */
	size_t		 ndue;
};

#define row_step(r, q, ...)	sql_step(&(r)->sql, (q), __VA_ARGS__)
#define row_next(r, q)		sql_next(&(r)->sql, (q))
#define row_end(r, q)		sql_end(&(r)->sql, (q))
#define row_done(code)		sql_done(code)
/* For what has no result: 0, or the code. */
#define row_do(r, q, ...)	row_done(row_step((r), (q), __VA_ARGS__))
#define row_int(r, q, col)	sql_int(&(r)->sql, (q), (col))
#define row_str(r, q, col)	sql_str(&(r)->sql, (q), (col))

/* ---- thread.c ---- */

struct thread_msg {
	uint64_t	 id, mbox, thread, size;
	int64_t		 date, received;
	uint32_t	 flags;
	bool		 attach;
	const char	*author, *tags;
};

/* Finds or makes the thread of a message that is about to be added, and
 * joins those that it connects. */
int	thread_of(struct rows *r, uint64_t id, const struct parse_row *p,
	    int64_t date, uint64_t base_key, uint64_t *thread);
/* The message is in msg and mail already. */
int	thread_add(struct rows *r, const struct thread_msg *m);
int	thread_flags(struct rows *r, uint64_t mbox, uint64_t thread,
	    uint32_t was, uint32_t is);
/* What the mailbox has of the thread is counted anew, by rows_settle(). */
int	thread_count(struct rows *r, uint64_t mbox, uint64_t thread);
/* Key of a base subject; 0 for none. */
uint64_t thread_base_key(const char *base);

#endif
