/* One database file: opening, versions, and what to do when it is damaged. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/err.h"
#include "store/schema.h"

struct sqlite3;

enum { DB_LOG_MAX = 32 * 1024 * 1024 };	/* octets that stay of a log */

struct db_found {
	bool		fresh;		/* there was none, or it was cache */
	bool		damaged;	/* set aside under `aside` */
	char		aside[64];	/* file name in home */
	uint64_t	saved;		/* rows that were salvaged */
	uint64_t	lost;		/* row ids that could not be read */
};

/*
 * Opens home/NAME, makes or migrates its tables; sets a damaged one aside
 * and salvages row by row what can be read.  STORE_NEWER: another version
 * wrote it, nothing was changed.
 */
enum store_err	db_open(const char *home, const struct schema *s,
		    struct sqlite3 **db, struct db_found *found);
void		db_close(struct sqlite3 *db);

/* Runs statements that have no result and no arguments. */
enum store_err	db_exec(struct sqlite3 *db, const char *sql);

/* One integer of one row; without a row *v stays. */
enum store_err	db_get(struct sqlite3 *db, const char *sql, int64_t *v);
/* The same, or `none`, whatever is wrong. */
int64_t		db_int(struct sqlite3 *db, const char *sql, int64_t none);

/* Moves what is in the log to the database, as far as it can. */
enum store_err	db_checkpoint(struct sqlite3 *db);

/* Row by row from `bad`, a file, into the same tables of db. */
enum store_err	db_salvage(struct sqlite3 *db, const char *bad,
		    struct db_found *found);

/* The file that has the name now; of none, and of one that cannot be told,
 * all is 0.  id is its own also among those that had its inode before. */
struct db_file {
	uint64_t	dev, ino;
	int64_t		id, ctime_ns;
};
struct db_file	db_file(const char *home, const struct schema *s);
/* Is it the one that was told of?  Older versions remember its inode. */
bool		db_file_is(const struct db_file *f, int64_t told);

/* "Damaged: made anew at the next start" — for a cache found out late. */
enum store_err	db_condemn(const char *home, const struct schema *s);

#endif
