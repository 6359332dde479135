/*
 * Rows of store.db: one `msg` for each file, its narrow twin in `mail`
 * (what IMAP scans), the threads, and what the index has yet to learn.
 * Only keeper calls the writing half, inside a transaction of its own, so
 * that a list never differs from its counts.  A failed call leaves the
 * transaction to be rolled back.
 *
 * The schema stands in row_schema.c with the meaning of each column.  keeper's
 * table of mailboxes is asked for nothing but `id` and `name`.
 */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "store/flag.h"
#include "store/op_parse.h"

struct sqlite3;
struct rows;

/* CREATE TABLE … of all that row_schema.c names; for schema.c. */
extern const char row_schema[], row_tag_schema[];
extern const char row_schema_2[];	/* from version 1 to 2 */
extern const char row_schema_4[];	/* from 3 to 4 */
extern const char row_schema_5[];	/* from 4 to 5 */
extern const char row_schema_6[];	/* from 5 to 6 */
extern const char row_schema_8[];	/* from 7 to 8 */

/*
 * Prepared statements on a connection; borrows db, which must outlive it.
 * Returns owned, or NULL when the schema is not there or memory is short.
 */
struct rows	*rows_new(struct sqlite3 *db);
void		 rows_free(struct rows *r);
/*
 * Before a transaction ends: threads are counted, once, however many of their
 * messages it changed.  Up to there thread_box may be behind.
 */
int		 rows_settle(struct rows *r);

struct row_at {
	uint64_t	id, thread, mbox;
	uint32_t	uid, flags;
	uint64_t	modseq;
	char		name[256];	/* of the file */
	char		tags[1024];
	uint8_t		hash[32];
};

/* Results of this file: 0, or an SQLite result code (never SQLITE_OK). */

struct row_new {
	uint64_t	 mbox;
	uint32_t	 uid;
	uint64_t	 modseq;
	uint32_t	 flags;		/* STORE_* */
	int64_t		 received;	/* Unix time; INTERNALDATE */
	const char	*name;		/* of the file, as it is on disk */
	const char	*tags;		/* blank between, sorted; "" for none */
	bool		 index;		/* false: the index has it already */
};

/* Inserts, threads and counts; *id is its row. */
int	row_add(struct rows *r, const struct row_new *n,
	    const struct parse_row *p, uint64_t *id);

/* New flags and new name of a file; either may be the same as before. */
int	row_flags(struct rows *r, uint64_t id, uint32_t flags,
	    const char *name, uint64_t modseq);
/* `at` has flags that its name has not: the new name. */
int	row_named(struct rows *r, const struct row_at *at, const char *name);
int	row_tags(struct rows *r, uint64_t id, const char *tags,
	    uint64_t modseq);
/* The row keeps its id; the old UID is left in `gone`. */
int	row_move(struct rows *r, uint64_t id, uint64_t mbox, uint32_t uid,
	    const char *name, uint64_t gone_modseq, uint64_t modseq);
/* One more of the same content, elsewhere. */
int	row_copy(struct rows *r, uint64_t id, uint64_t mbox, uint32_t uid,
	    const char *name, uint64_t modseq);
/* The file went away. */
int	row_remove(struct rows *r, uint64_t id, uint64_t modseq);
/* A mailbox is new: UIDs start, and what went away is remembered, there. */
int	row_mbox_new(struct rows *r, uint64_t mbox, uint32_t uidnext,
	    uint64_t modseq);
/* A mailbox was renamed (tell the index) or is gone with all its rows. */
int	row_mbox_renamed(struct rows *r, uint64_t mbox, const char *old);
int	row_mbox_gone(struct rows *r, uint64_t mbox);

/* ---- reading back, for whoever has the connection ---- */

/* SQLITE_DONE: no such row. */
int	row_get(struct rows *r, uint64_t id, struct row_at *at);
int	row_at_uid(struct rows *r, uint64_t mbox, uint32_t uid,
	    struct row_at *at);
/* The first of that id whose UID is above `after`. */
int	row_by_msgid(struct rows *r, uint64_t mbox, const char *msgid,
	    uint32_t after, struct row_at *at);
/* Its table of parts (mime_place.h), appended. */
int	row_parts(struct rows *r, uint64_t id, struct buf *parts);
/* *id = 0 when the mailbox holds no such content. */
int	row_by_hash(struct rows *r, uint64_t mbox, const uint8_t hash[32],
	    uint64_t *id);

#endif
