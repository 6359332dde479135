/*
 * Accepted, not yet filed.  A row is made in the turn's commit, with the
 * UID and the name its file will have when the mailbox has some to give;
 * it goes when the file stands and has its row.
 *
 *	(nothing) --spool_put, commit--> waiting      250 is said now
 *	waiting   --spool_next---------> with filer   (also after a crash:
 *						       redo, same name)
 *	with filer --intake: row is in--> (nothing)    spool_done
 *
 * A crash leaves waiting entries only; files below spool/ that no row names
 * are removed at the next start.
 */
#ifndef STORE_SPOOL_H
#define STORE_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "store/maildir.h"
#include "store/op_box.h"
#include "store/op_spool.h"
#include "store/store.h"

enum {
	SPOOL_AGE_MAX = 60,			/* s; older: STORE_BUSY */
	SPOOL_OCTETS_MAX = 64 * 1024 * 1024,
	SPOOL_WORK = 8 * 1024 * 1024	/* left for what filing writes besides */
};

/* Does it go on from here?  See fan.h. */
enum fan_kind { FAN_NONE, FAN_OTHERS, FAN_OWN };

struct spool_entry {
	uint64_t	 id;
	char		 box[BOX_NAME_MAX];	/* "": see `folder` */
	char		 folder[BOX_NAME_MAX];	/* wanted */
	uint32_t	 uid;
	char		 rel[MAILDIR_REL_MAX];
	char		 trace[SPOOL_TRACE_MAX];
	const char	*tags;			/* borrows the statement */
	const char	*sender, *rcpt, *verdict;	/* likewise */
	enum fan_kind	 fans;
	bool		 own;			/* the sender handed it in */
	bool		 stays;			/* see op_spool.h */
	bool		 goes;			/* see fan_copy.h */
	int64_t		 received;
	uint64_t	 size;			/* of head and body */
	uint64_t	 file;			/* 0: the body is here */
	const void	*head, *body;		/* borrows the statement */
	size_t		 nhead, nbody;
};

enum store_err	 spool_open(struct store *st);
void		 spool_close(struct store *st);

/* What is handed in: everything checked, resolved and within limits. */
struct spool_put {
	const struct spool_msg *msg;
	const char	*rcpt;		/* "given resolved" lines */
	const char	*folder;
	const char	*tags;
	enum fan_kind	 fans;
	bool		 own, goes;
	const void	*head, *body;
	size_t		 nhead;
	uint64_t	 nbody;
	struct upload	*upload;	/* taken; or NULL */
};
/* Joins the turn; durable at its end. */
enum store_err	 spool_put(struct store *st, const struct spool_put *p);

/* STORE_BUSY or STORE_NOSPACE while nothing may be taken in. */
enum store_err	 spool_may(struct store *st, uint64_t octets);

/*
 * The first entry behind `after`.  STORE_NOTFOUND: none.  What it borrows is
 * valid until the next call.
 */
enum store_err	 spool_next(struct store *st, uint64_t after,
		    struct spool_entry *e);
/* Where an entry without a place will stand; joins the turn. */
enum store_err	 spool_place(struct store *st, uint64_t id, const char *box,
		    uint32_t uid, const char *rel);
/* Opens the body of a large one, read-only.  -1 with errno. */
int		 spool_body(struct store *st, uint64_t file);
/* Filed and listed: struck out with the next commit, no hurry. */
enum store_err	 spool_done(struct store *st, uint64_t id, uint64_t file,
		    uint64_t size);
void		 spool_tell(struct store *st, struct spool_status *s);
const char	*spool_dir(const struct store *st);
/* An entry is there still, filed or not. */
bool		 spool_has(struct store *st, uint64_t id);
/* What was filed is struck out, all of it. */
bool		 spool_struck(const struct store *st);
/* Of what waits, also of this turn. */
uint64_t	 spool_octets(const struct store *st);
/* Highest id given that is there, or may be once this turn is over. */
uint64_t	 spool_last(const struct store *st);
/* Highest id of the turns that are committed; entries up to it may be
 * filed. */
uint64_t	 spool_committed(const struct store *st);

#endif
