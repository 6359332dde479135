/* Private to intake*.c: one message on its way to a row. */
#ifndef STORE_JOB_H
#define STORE_JOB_H

#include "store/intake.h"
#include "store/maildir.h"
#include "store/op_parse.h"
#include "store/op_spool.h"
#include "store/spool.h"

enum job_kind { JOB_SPOOL, JOB_APPEND, JOB_FOUND };

struct job {
	struct job	*next, **prev;	/* of all jobs */
	struct job	*qnext;		/* of a queue: to file, to parse */
	struct job	*bnext;		/* of its mailbox, by UID */
	struct store	*st;
	enum job_kind	 kind;
	uint64_t	 mbox;
	uint32_t	 uid;		/* 0: none yet */
	uint64_t	 behind; /* spool entries up to here come first */
	char		 rel[MAILDIR_REL_MAX];
	char		 old[MAILDIR_REL_MAX];	/* found: to be renamed */
	uint32_t	 flags;
	char		 tags[MAIL_TAGS_MAX];
	char		 trace[SPOOL_TRACE_MAX];
	int64_t		 received;
	uint64_t	 size;		/* octets of the file */
	uint64_t	 entry, file;	/* spool */
	int		 fd;		/* append: its bytes; -1 */
	struct op_peer	*peer;		/* append: who waits */
	struct batch	*batch;		/* append_many.h; NULL: it is alone */
	size_t		 nth;		/* of it */
	uint16_t	 type;
	uint32_t	 id;
	uint64_t	 replaces;
	bool		 once, known, exact;
	bool		 early;		/* append: its file may come behind */
	bool		 redo;
	bool		 check;		/* changed: against was, then: */
	bool		 changed;	/* its name tells another size */
	uint8_t		 was[32];	/* hash of its content */
	bool		 waited;	/* append: for a UID */
	bool		 alone;		/* placed out of the spool's order */
	bool		 listed;	/* in the mailbox's row of jobs */
	bool		 ready;		/* file and parse are done */
	bool		 sent;		/* with filer or parser */
	bool		 commits;	/* waits for the end of the turn */
	bool		 fans;		/* see fan.h */
	bool		 told;		/* its story, that it came */
	bool		 lost;		/* the spool has no body for it */
	bool		 vain;		/* tried, and told of */
	unsigned int	 tries;		/* of the parser */
	uint64_t	 row;		/* its id, once it has one */
	struct parse_row parsed;
	struct buf	 mem;		/* what a large answer lies in */
};

struct queue_of_jobs {
	struct job	*first, **last;
};

enum {
	INTAKE_WAIT_MS = 25,	/* to wait for more: the machine is left to
				   the commits of those who wait, */
	INTAKE_BATCH = 64,	/* again when so many came meanwhile, */
	INTAKE_WAITS = 20,	/* so often at most, */
	INTAKE_FEW = 4,		/* or so many, */
	INTAKE_FEW_WAITS = 2,	/* so often: they share what a file costs, and
				   are told within 100 ms for all that, */
	INTAKE_BURST = 2048,	/* or until so many wait */
	INTAKE_ROWS_MS = 10	/* a row waits for those that are being read */
};

struct intake {
	struct job		*jobs;
	unsigned int		 nspool, nfound, nappend;
	unsigned int		 nvain;		/* of them, tried in vain */
	uint64_t		 cursor;	/* spool entries taken */
	uint64_t		 old;		/* entries of an earlier run */
	struct queue_of_jobs	 to_file, to_parse, rows;
	struct queue_of_jobs	 to_place;	/* their mailbox is gone */
	struct queue_of_jobs	 unread;	/* by the parser: again later */
	unsigned int		 parsing;
	bool			 wanted;	/* a parser was asked for */
	bool			 blamed; /* for the end of the last one */
	int			 root;
	bool			 due;	/* what gathered may be filed */
	bool			 unparsed;	/* the alarm of it stands */
	unsigned int		 waits;	/* for more, so far */
	uint64_t		 seen;	/* the last entry of the wait before */
	int64_t			 unread_ms;	/* a file could not be read
						   then, monotonic; or 0 */
	struct loop_timer	 retry, idle, gather, gather_rows;
};

void		 jobs_put(struct queue_of_jobs *q, struct job *j);
void		 jobs_put_first(struct queue_of_jobs *q, struct job *j);
struct job	*jobs_take(struct queue_of_jobs *q);

/* intake.c */
struct job *job_new(struct store *st, enum job_kind kind);
void	 job_free(struct job *j);
void	 job_file(struct job *j);	/* to be filed */
void	 job_later(struct job *j);	/* the row again, after a while */
enum store_err	job_place(struct job *j);	/* UID, name, order */
/* To the filer, with e, its entry; -1: not now, or j->lost. */
int	 job_send_entry(struct job *j, const struct box *b,
	    const struct spool_entry *e);

/* intake_spool.c */
void	 job_elsewhere(struct job *j);	/* in another mailbox */
void	 intake_elsewhere(struct store *st);	/* those, as far as it goes */
void	 intake_gathered(void *st);	/* the wait for more is over */

/* intake_parse.c */
void	 job_parse(struct job *j);
void	 intake_parse_kick(struct store *st);
/* intake_sent.c: the filter learns of its people.  Joins the turn. */
enum store_err	 job_senders(struct job *j, const struct box *b);
void	 job_parsed(struct job *j);	/* what follows, by kind */
/* It stands there, or may in a moment: taken care of. */
bool	 job_known(struct job *j);
bool	 job_placed(struct job *j);	/* false: not yet, or failed */
void	 intake_idle(void *st);

/* intake_row.c */
void	 job_list(struct job *j, struct box *b);  /* in order of UIDs */
void	 job_unlist(struct job *j);
void	 job_ready(struct job *j);
void	 intake_rows(struct store *st);	/* those that may go now */
void	 intake_rows_wait(struct store *st);	/* for others to go with */
void	 intake_rows_waited(void *st);
void	 job_done(struct job *j);	/* spool: struck out */
void	 job_fail(struct job *j, enum store_err rc);

#endif
