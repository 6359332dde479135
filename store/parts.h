/* Between the files that make up keeper; nobody else includes this. */
#ifndef STORE_PARTS_H
#define STORE_PARTS_H

#include "store/store.h"

/* Everything below struct store, in the order it depends on each other. */
enum store_err	 parts_open(struct store *st);
void		 parts_close(struct store *st);

/* The alarm while the cache is made anew. */
extern const char store_rebuilding[];

/* Numbers given in this turn go into the transaction of the cache. */
void		 box_save_all(struct store *st);
/* What is filed is struck out, lest the next start does it again. */
void		 spool_strike(struct store *st);
/* Large bodies are made durable before the spool's commit. */
enum store_err	 spool_sync(struct store *st, enum store_err rc);
enum store_err	 watch_open(struct store *st);
void		 watch_close(struct store *st);
/* Tells watchers what the turn changed, or forgets it. */
void		 watch_flush(struct store *st, enum store_err rc);
/* Starts what can be started. */
void		 intake_kick(struct store *st);
void		 intent_kick(struct store *st);
void		 fsck_kick(struct store *st);
void		 fsck_gone(struct store *st, struct op_peer *p);
/* The parser ended. */
void		 intake_parse_gone(struct store *st);
/* A peer is gone. */
void		 box_jobs_gone(struct store *st, struct op_peer *p);
void		 watch_gone(struct store *st, struct op_peer *p);
/* An alarm of theirs may be over. */
void		 intake_look(struct store *st);
void		 rule_look(struct store *st);
void		 intake_gone(struct store *st, struct op_peer *p);

#endif
