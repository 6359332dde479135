/*
 * Lists, answered by the reader from SQLite by an index: sidebar, threads,
 * the messages of one thread, one row, and what changed.  Types 0x0200.
 *
 * Each op has three client forms: NAME() asks and waits; NAME_put() writes
 * the arguments and NAME_get() reads the reply's payload, for a client that
 * sends with chan_send and goes on painting.  Statuses: enum op_status and
 * enum store_err.
 *
 * Ids of messages, threads and mailboxes are row ids of store.db: stable
 * while it lives, not over a rebuild; 0 is none.
 */
#ifndef STORE_OP_LIST_H
#define STORE_OP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/chan.h"
#include "mailnode/base/op.h"

enum list_op {
	LIST_SIDEBAR = 0x0200,
	LIST_COUNT = 0x0201,
	LIST_THREADS = 0x0202,
	LIST_MSGS = 0x0203
};

enum {
	LIST_PAGE_MAX = 500,		/* rows of one reply */
	LIST_BEHIND = 100,		/* less are learnt in a moment */
	LIST_NAME_MAX = 1024,		/* octets of a folder name */
	LIST_KEY_MAX = 244,		/* octets sorted by, NUL included */
	LIST_QUERY_MAX = 4096,		/* octets of a query */
	LIST_THREAD_MAX = 10000,	/* messages of a thread that we order */
	LIST_WAIT_MS = 30000		/* NAME() gives up: OP_GONE */
};
#define LIST_UNKNOWN UINT32_MAX		/* a count that has to be asked for */

/* ---- sidebar: mailboxes by name, then saved queries ---- */

struct list_box {
	uint64_t	 id;		/* mailbox, or 0 for a saved query */
	const char	*name;
	const char	*query;		/* "" for a mailbox */
	uint32_t	 total, unread;	/* messages; LIST_UNKNOWN */
	uint64_t	 modseq;	/* highest; 0 for a query */
};

struct list_sidebar {
	struct list_box	*box;
	size_t		 n;
	char		*text;		/* private: what the rows borrow */
};

/* Strings borrow from *out until list_sidebar_clear(). */
uint16_t list_sidebar(int ch, struct list_sidebar *out);
void	 list_sidebar_put(struct buf *args);
bool	 list_sidebar_get(struct chan_in *in, struct list_sidebar *out);
void	 list_sidebar_clear(struct list_sidebar *s);

/* Messages that match a query, and how many of them are unread. */
void	 list_count_put(struct buf *args, const char *query);
bool	 list_count_get(struct chan_in *in, uint32_t *total,
	    uint32_t *unread);

/* ---- threads ---- */

/* By name: from A; the others: newest, largest, unread and flagged ones
 * first, of these the newest. */
enum list_sort {
	LIST_BY_DATE, LIST_BY_FROM, LIST_BY_SUBJECT, LIST_BY_SIZE,
	LIST_BY_UNREAD, LIST_BY_FLAG, LIST_SORT_N
};

/* Where a page starts: behind this row.  All 0: at the first. */
struct list_cursor {
	int64_t		 date;		/* list_thread.rank */
	uint64_t	 id;
	char		 key[LIST_KEY_MAX];
};

struct list_ask {
	uint64_t	 mbox;		/* threads of this mailbox, or 0: */
	const char	*query;		/* of the messages that match */
	struct list_cursor from;
	uint32_t	 n;		/* rows wanted, 1..LIST_PAGE_MAX */
	bool		 newer;		/* the other way, nearest first */
	enum list_sort	 sort;		/* a query: LIST_BY_DATE alone */
	bool		 reverse;
};

struct list_thread {
	uint64_t	 id;
	uint64_t	 newest;	/* message: newest one listed here */
	int64_t		 date;		/* of that message */
	uint32_t	 count, unread;	/* messages, in this mailbox */
	uint32_t	 flags;		/* STORE_* of the newest, except that
					   FLAGGED is set if any is */
	bool		 attach;	/* any has an attachment */
	uint64_t	 size;		/* octets, all of them */
	const char	*authors;	/* short names, oldest first */
	const char	*to;		/* of the newest, cut */
	const char	*subject;	/* of the newest, without Re: */
	const char	*tags;		/* of all, blank between */
	const char	*msgid;		/* of the newest, without < > */
	int64_t		 rank;		/* its place by the order asked for */
	const char	*key;
};

struct list_threads {
	struct list_thread *row;
	size_t		 n;
	bool		 more;		/* there are rows behind the last */
	bool		 behind;	/* of a query: LIST_BEHIND messages and
					   more wait for the index */
	struct list_cursor next;	/* where the next page starts */
	char		*text;		/* private */
};

/*
 * Of a query a thread may come again on a later page, by an older message
 * that matches: drop ids that are on the list.  Counts, authors and tags
 * of a query's rows are those of the whole thread.
 */
uint16_t list_threads(int ch, const struct list_ask *ask,
	    struct list_threads *out);
void	 list_threads_put(struct buf *args, const struct list_ask *ask);
bool	 list_threads_get(struct chan_in *in, struct list_threads *out);
void	 list_threads_clear(struct list_threads *t);

/* ---- messages ---- */

struct list_msg {
	uint64_t	 id, thread, mbox;
	uint32_t	 uid, flags;
	uint64_t	 modseq;
	int64_t		 date;		/* of the Date field, else received */
	uint64_t	 size;		/* octets of the file */
	uint32_t	 depth;		/* in the thread: 0 is a root */
	bool		 attach;
	bool		 other_copy;	/* same Message-ID shown before */
	const char	*folder;
	const char	*from, *to;	/* decoded, whole field */
	const char	*subject;
	const char	*tags;		/* blank between */
	const char	*snippet;	/* first line of text */
	const char	*msgid;		/* without < > */
};

struct list_msgs {
	struct list_msg	*row;
	size_t		 n;
	bool		 more;		/* there are rows behind the last */
	struct list_cursor next;	/* by date: where they start */
	char		*text;		/* private */
};

enum list_which {
	LIST_OF_THREAD,		/* tree order, all mailboxes; behind `skip` */
	LIST_OF_MSG,		/* that one row */
	LIST_OF_MSGID,		/* every copy of a Message-ID */
	LIST_OF_MAILBOX,	/* newest first, behind `from` */
	LIST_OF_QUERY		/* newest first, behind `from` */
};

struct list_msgs_ask {
	enum list_which	 which;
	uint64_t	 id;		/* thread, message or mailbox */
	const char	*text;		/* Message-ID or query; else NULL */
	struct list_cursor from;
	uint32_t	 skip;		/* rows of a thread had already */
	uint32_t	 n;		/* rows wanted, 1..LIST_PAGE_MAX */
};

uint16_t list_msgs(int ch, const struct list_msgs_ask *ask,
	    struct list_msgs *out);
void	 list_msgs_put(struct buf *args, const struct list_msgs_ask *ask);
bool	 list_msgs_get(struct chan_in *in, struct list_msgs *out);
void	 list_msgs_clear(struct list_msgs *m);
/* Copies the rows of the page that follows behind those had; false: no
 * memory, and nothing changed. */
bool	 list_msgs_append(struct list_msgs *to, const struct list_msgs *page);

/* ---- the reader's side ---- */

struct reader;

extern const struct op list_ops[];	/* service: struct reader */

#endif
