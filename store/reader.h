/*
 * What the reader holds: store.db read-only, opened again when keeper made
 * it anew, the directory of the mail, and the index.
 */
#ifndef STORE_READER_H
#define STORE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/ahead.h"
#include "store/err.h"
#include "store/op_list.h"
#include "store/sql.h"

struct saved_query {
	const char	*name, *query;
};

enum reader_sql {
	RSQL_BEGIN, RSQL_LISTED, RSQL_END, RSQL_BOXES, RSQL_UNREAD,
	RSQL_DESC, RSQL_ASC = RSQL_DESC + LIST_SORT_N,	/* + LIST_BY_* */
	RSQL_WHOLE = RSQL_ASC + LIST_SORT_N, RSQL_MSG, RSQL_MEMBERS, RSQL_BY_MSGID,
	RSQL_BY_UID, RSQL_BY_DATE, RSQL_OPEN, RSQL_TODO, RSQL_N
};

/* view.c */
enum reader_view {
	RVIEW_BOXES, RVIEW_BOX, RVIEW_BOX_ID, RVIEW_SIZE, RVIEW_DELETED,
	RVIEW_UNSEEN, RVIEW_BELOW, RVIEW_KEYWORDS,
	RVIEW_USED, RVIEW_BLOCKS, RVIEW_UIDS, RVIEW_UIDS_THEN, RVIEW_GONE, RVIEW_FLOOR,
	RVIEW_ROWS_NARROW, RVIEW_TAGGED, RVIEW_ROWS_META, RVIEW_ROWS_ENV, RVIEW_ROWS_ALL,
	RVIEW_SINCE_NARROW, RVIEW_SINCE_TAGS, RVIEW_SINCE_META, RVIEW_SINCE_ENV,
	RVIEW_SINCE_ALL, RVIEW_ROOT, RVIEW_PLACE, RVIEW_BLOBS, RVIEW_N
};

struct reader {
	bool		 small;			/* of memory; no index */
	bool		 whole;			/* not before all is listed */
	uint64_t	 reserve;		/* octets of the disk that mail leaves alone */
	const char	*home, *maildir;	/* borrowed, absolute */
	const char	*only;			/* borrowed: the one folder that
						   there is; NULL: all */
	const struct saved_query *saved;	/* borrowed */
	size_t		 nsaved;
	struct sql	 sql;
	sqlite3_stmt	*stmt[RSQL_N];
	struct sql	 view;			/* of the same database */
	sqlite3_stmt	*vstmt[RVIEW_N];
	int		 ahead;			/* store.db once more; or -1 */
	struct ahead	 asked;			/* what the disk was asked for */
	dev_t		 dev;			/* of the store.db that is open */
	ino_t		 ino;
	int		 root;			/* the maildir; -1 */
	unsigned int	 waits;			/* left to a search: find.h */
	struct search	*search;		/* search.c; NULL at first */
	struct find	*find;			/* op_find.c: the last answer */
	struct order	*order;			/* op_order.c: likewise */
};

/* Never fails: what is not there yet is looked for at each request. */
void	reader_init(struct reader *r, const char *home, const char *maildir);
void	reader_clear(struct reader *r);

/* Opens what there is already, before the first request. */
void	reader_warm(struct reader *r);

/* Around each request: one snapshot.  STORE_GONE: there is no store.db, or
 * one that is not whole yet. */
enum store_err	reader_begin(struct reader *r);
void		reader_end(struct reader *r);

#endif
