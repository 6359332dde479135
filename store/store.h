/*
 * What keeper holds: the databases, the mailboxes, and the turn's commit.
 *
 * All that the handlers of one loop turn write goes into one transaction of
 * each database they touched, committed once at the end of the turn; then
 * those who asked are answered.  A handler therefore
 *
 *	rc = store_begin(st, STORE_NODE);	before its first write
 *	... prepared statements on st->db[STORE_NODE] ...
 *	return store_later(st, c, STORE_BIT(STORE_NODE));
 *
 * and never answers OP_OK itself for something it wrote.  `struct store` is
 * the service of every op table in keeper: queue, index and the rest hang
 * their own state below it.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/loop.h"
#include "mailnode/base/op.h"
#include "store/err.h"

struct sqlite3;
struct sqlite3_stmt;

enum store_db {
	STORE_SPOOL,	/* spool.db: accepted, not yet filed; FULL */
	STORE_NODE,	/* node.db: what files cannot carry; FULL */
	STORE_CACHE,	/* store.db: rows; can be rebuilt; NORMAL */
	STORE_EVENTS,	/* events.db: the story of messages; NORMAL */
	STORE_NDB
};
#define STORE_BIT(db)	(1U << (db))

/* Borrowed for the whole run; paths are absolute. */
struct store_conf {
	const char	*home, *maildir;
	const char	*hostname;
	const char	*user;
	const char	*const *domains;
	size_t		 ndomains;
	const char	*subaddress;	/* separators */
	const char	*catchall;	/* folder, or NULL */
	const char	*const *catchall_refused; /* patterns, lower case */
	size_t		 ncatchall_refused;
	uint64_t	 reserve;	/* octets of disk kept free */
	uint64_t	 message_max;	/* octets */
	const struct rule *rules;	/* see rule.h */
	size_t		 nrules;
	uint64_t	 rules_sum;	/* rule_sum() of them */
	bool		 deliver;	/* programs are asked of each message */
};

struct rule;
struct rule_said;
struct store_waiter;

/* A message that has just come to stand in a mailbox. */
struct store_delivered {
	const char	*trace;
	const char	*folder;
	const char	*rel;		/* its file, below the folder */
	const char	*from, *subject, *msgid;
};

/* How the programs of an event ended. */
enum store_ran {
	STORE_RAN,		/* by themselves, well or not */
	STORE_RAN_NOT,		/* the node's trouble: worth another try */
	STORE_RUNNER_GONE	/* nobody knows */
};

/* A rule matched it, and wants the programs of an event to run. */
struct store_ruled {
	struct store_delivered	 at;	/* where it stands now */
	const char		*event;
	unsigned int		 rule;	/* line of the table, from 1; 0: none */
	const char		*verdict, *sender, *given;	/* if none */
	int			 fd;	/* the message, borrowed */
	/* To be called when all of them ended; said: NULL, or their word
	 * on it. */
	void			(*done)(void *arg, enum store_ran how,
				    const struct rule_said *said);
	void			*arg;
};

/* The owner's word on a message, that stands in `mbox` or goes there. */
enum store_word { STORE_GOOD, STORE_JUNK, STORE_NEITHER };
struct store_judged {
	uint64_t	mbox;
	uint8_t		hash[32];	/* of the content */
	enum store_word	as, was;	/* now, and before */
	bool		answered;	/* by an answer */
	bool		lookalike;	/* it imitates somebody */
};

struct store {
	const struct store_conf	*conf;
	struct loop		*loop;
	struct op_server	*server;	/* keeper's own */
	struct sqlite3		*db[STORE_NDB];
	struct rows		*rows;		/* of db[STORE_CACHE] */
	struct boxes		*boxes;
	struct events		*events;
	struct uploads		*uploads;
	struct spool		*spool;
	struct hold		*hold;
	struct intake		*intake;
	struct intents		*intents;
	struct watch		*watch;
	struct change		*changes, *ending;
	struct box_job		*box_jobs;
	struct fsck		*fsck;
	struct sync		*sync;
	struct ask		*filer;		/* where to ask; NULL: gone */
	struct ask		*parser;
	struct queue_store	*queue;		/* store/queue.c */
	struct index_blame	*index;		/* the indexer's ops */
	void			*filter;	/* mailnode/filter's own */
	struct gate		*gate;		/* op_gate.c */
	struct devices		*devices;	/* op_device.c: who logged in */
	struct rules		*rules;		/* rule_act.c */
	struct reporting	*reporting;	/* rule_report.c */
	/* The owner should know (text), or it is over (over). */
	void			(*alarm)(void *arg, const char *text,
				    bool over);
	/* A parser is wanted; it arrives by store_parser(). */
	void			(*want_parser)(void *arg);
	/* A peer is not known that should be: take those that have come. */
	void			(*hear)(void *arg);
	/* A line for the log. */
	void			(*log)(void *arg, const char *event,
				    const char *text);
	/* From the spool, for the first time; again only after a crash. */
	void			(*delivered)(void *arg,
				    const struct store_delivered *d);
	/* False: not now, and done() is never called. */
	bool			(*ruled)(void *arg,
				    const struct store_ruled *r);
	/* Not committed yet; the file is moved in a moment. */
	void			(*judged)(void *arg,
				    const struct store_judged *j);
	void			*arg;
	unsigned int		 salvaged;	/* STORE_BIT: was damaged;
						   of STORE_NODE also: gone */
	enum store_err		 failed;	/* not OK: end, start again */
	/* private */
	struct store_stmts	*stmts;
	unsigned int		 pages[STORE_NDB]; /* log since a checkpoint */
	int			 tried[STORE_NDB]; /* its length at the last */
	unsigned int		 grew;	/* STORE_BIT: it is long */
	unsigned int		 turn;		/* its number */
	unsigned int		 began;		/* STORE_BIT: in the turn */
	unsigned int		 reading;	/* STORE_BIT: and not begun */
	enum store_err		 broken[STORE_NDB];
	struct store_waiter	*waiters, **last_waiter;
	struct store_waiter	*answering;
	struct loop_timer	 checkpoint, again, snooze, fan_copy, look;
	uint64_t		 cache_dev, cache_ino;	/* store.db's file */
	int64_t			 snooze_due;	/* op_snooze.c: tried up to */
	uint8_t			 snooze_hash[32];
	bool			 parted;	/* parts_open() is through */
	bool			 rebuild;	/* not all has its row yet */
	bool			 fresh;		/* nothing had one */
	bool			 unclean;	/* all is to be looked at */
	bool			 leap;		/* numbers go on at the leases, */
	uint32_t		 skip;		/* and so many behind them */
	int64_t			 free_at_ms;	/* when free_octets was asked */
	uint64_t		 free_octets;
};

/*
 * Opens or makes all four; salvages what is damaged (named by st->alarm).
 * STORE_NEWER: a newer version wrote one of them; `why` names the file.
 */
enum store_err	 store_open(struct store *st, const struct store_conf *conf,
		    struct loop *l, char *why, size_t size);
/* Commits, checkpoints, marks the end as clean. */
void		 store_close(struct store *st);

/* Joins the turn's transaction; safe to call again and again. */
enum store_err	 store_begin(struct store *st, enum store_db db);

/*
 * The result of a statement in that transaction: SQLITE_OK, DONE and ROW are
 * STORE_OK; what rolled the transaction back fails all who share it.
 */
enum store_err	 store_result(struct store *st, enum store_db db, int code);

/*
 * A statement of `db`, prepared once and kept; reset, with no bindings.
 * `slot` is the caller's static variable per statement.  NULL: see
 * store_result of sqlite3_errcode.
 */
struct store_slot { unsigned int at; };
struct sqlite3_stmt *store_stmt(struct store *st, enum store_db db,
		    struct store_slot *slot, const char *sql);
/*
 * The same with `fmt` bound (sql.h), to step and reset.  NULL: also when it
 * could not be bound.
 */
struct sqlite3_stmt *store_ask(struct store *st, enum store_db db,
		    struct store_slot *slot, const char *sql,
		    const char *fmt, ...);
/*
 * Joins the turn's transaction (events.db: at once, alone) and runs a
 * statement that has no rows.
 */
enum store_err	 store_do(struct store *st, enum store_db db,
		    struct store_slot *slot, const char *sql,
		    const char *fmt, ...);
/* The number in the first row; 0: there is none, or it cannot be said. */
int64_t		 store_int(struct store *st, enum store_db db,
		    struct store_slot *slot, const char *sql,
		    const char *fmt, ...);

/*
 * A mark inside the turn's transaction: set it, go back to it when something
 * failed in the middle, drop it in any case.
 */
enum store_mark { STORE_MARK_SET, STORE_MARK_BACK, STORE_MARK_DROP };
enum store_err	 store_mark(struct store *st, enum store_db db,
		    enum store_mark what);

/* fn is called after the turn's commit with its result for these `dbs`. */
enum store_err	 store_after(struct store *st, unsigned int dbs,
		    void (*fn)(void *arg, enum store_err rc), void *arg);

/*
 * Returns OP_LATER (or STORE_NOMEM): the call is answered after the commit
 * with STORE_OK and what stands in c->out, or with what failed.
 */
uint16_t	 store_later(struct store *st, struct op_call *c,
		    unsigned int dbs);

/* Commits what is open and answers: loop_at_turn calls it. */
void		 store_turn(void *st);
/* op_server.gone of keeper: forgets a peer everywhere. */
void		 store_gone(void *st, struct op_peer *p, const char *why);

/* A transaction of its own was committed there: checkpoint it some time. */
void		 store_wrote(struct store *st, enum store_db db);

/* False below the reserve of free space (asked once a second). */
bool		 store_space(struct store *st, uint64_t more);
/* So many were written since it was asked. */
void		 store_space_take(struct store *st, uint64_t octets);

void		 store_alarm(struct store *st, const char *text);
void		 store_clear(struct store *st, const char *text);

/* The channels to filer and parser, when they come (again); takes fd. */
void		 store_filer(struct store *st, int fd);
void		 store_parser(struct store *st, int fd);
/* The parser, which does not rest then; NULL: it comes in a moment. */
struct ask	*store_ask_parser(struct store *st);
/* A request is with it: until its answer it is not let go. */
void		 store_parser_busy(struct store *st, bool busy);

#endif
