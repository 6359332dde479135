/* A search as SQL: op_find.c runs it. */
#ifndef STORE_FIND_H
#define STORE_FIND_H

#include "store/op_find.h"
#include "store/reader.h"

enum { FIND_WAITS_MAX = 100 };	/* of 5 ms, for files of one search */

struct find_arg {
	enum { FIND_INT, FIND_STR } kind;
	int64_t		 i;
	char		*s;		/* owned */
};

/* UIDs that the index, or a scan of files, found. */
struct find_hits {
	uint32_t	*uid;		/* owned, ascending */
	size_t		 n, cap;
};

struct find {
	struct reader	*r;
	uint64_t	 mbox;
	uint32_t	 below;
	struct buf	 sql;		/* the condition */
	struct find_arg	*arg;
	size_t		 narg, cap;
	struct find_hits hits[FIND_INDEX_MAX];
	size_t		 nhits;
	unsigned int	 nodes;
	bool		 wide;		/* asks more than `mail` has */
	bool		 whole;		/* … and than the index msg_meta has */
	bool		 some;		/* names UIDs */
	/* the answer, kept for its pages */
	struct set	 found;
	struct find_done done;
};

struct find	*find_new(struct reader *r, uint64_t mbox, uint32_t below);
void		 find_free(struct find *f);
/* From a program to a condition.  OP_OK, OP_BAD, or an enum store_err. */
uint16_t	 find_build(struct find *f, struct chan_in *in);
/* find_run.c: inside a snapshot.  An SQLite code. */
int		 find_run(struct find *f);
/*
 * What it finds in the order of UIDs: fn reads the row at hand, whose
 * columns are uid, modseq and those named, of mail l and (wide) msg m.  What
 * is no SQLITE_OK ends it and is returned.
 */
int		 find_each(struct find *f, const char *columns,
		    int (*fn)(void *arg, sqlite3_stmt *row), void *arg);

/* find_text.c: a word or words, in the index and in what it lacks. */
uint16_t	 find_text(struct find *f, const char *text, bool body_only,
		    struct find_hits *hits);
/* find_sql.c: the functions, for the search *f at the time. */
int		 find_functions(struct find **f, sqlite3 *db,
		    struct reader *r);

/* A message's file, to read, or -1; one that is new may be awaited. */
int		 find_open(struct reader *r, const char *folder,
		    const char *name);
/* The folder's name; "" when it is gone. */
void		 find_folder(struct find *f, char *dst, size_t size);
/* Octets alike in any case, as far as letters are plain. */
bool		 find_within(const char *p, size_t n, const char *needle);
/* Folds in place, UTF-8. */
void		 find_fold(char *s);

#endif
