/*
 * Private to store.c and its parts: the life of what makes turns.  What
 * others call of store_turn.c is in store.h.
 */
#ifndef STORE_STORE_TURN_H
#define STORE_STORE_TURN_H

#include "store/store.h"

enum store_err	 store_turn_open(struct store *st);
/* That database is open: its log is kept short. */
void		 store_turn_watch(struct store *st, enum store_db db);
/* Who waits is not answered any more. */
void		 store_turn_drop(struct store *st);
/* Before the databases are closed. */
void		 store_turn_close(struct store *st);

/* The statements kept (stmt.c): a table that grows with those in use.  One
 * left in the middle of its rows would hold the log back: reset all. */
struct store_stmts	*stmts_new(void);
void			 stmts_reset(struct store_stmts *t, enum store_db db);
void			 stmts_free(struct store_stmts *t);

/* Without a look at the turn: what begins and ends transactions.  What other
 * processes read, too, is locked for each statement outside one, so
 * store_stmt() begins one to read in, which ends with the turn. */
struct sqlite3_stmt	*stmts_get(struct store *st, enum store_db db,
			    struct store_slot *slot, const char *sql);
void			 stmts_read_end(struct store *st, enum store_db db);

#endif
