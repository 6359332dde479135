/*
 * The outgoing queue, kept by keeper: looking at letters and changing their
 * course.  Types 0x0160.
 *
 * NAME() asks and waits; NAME_put() writes the arguments and NAME_get()
 * reads the reply's payload, for a client that sends with chan_send and
 * goes on.  Statuses have words in submit_text().
 */
#ifndef STORE_OP_QUEUE_H
#define STORE_OP_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/chan.h"
#include "mailnode/base/op.h"
#include "store/op_submit.h"
#include "store/reported.h"

/* Submitting is in op_submit.h, the sender's part in op_sender.h. */
enum queue_op {
	QUEUE_LIST = 0x0163,
	QUEUE_SHOW = 0x0164,	/* str id → one letter, all of it */
	QUEUE_FATE = 0x0165,	/* str Message-ID → the same */
	QUEUE_CHANGE = 0x0166,
	QUEUE_MARKS = 0x0178	/* Message-IDs → a mark for each */
};

enum {
	QUEUE_TEXT_MAX = 512,		/* octets of a reply kept, with NUL */
	QUEUE_KEEP_S = 90 * 86400,	/* what became of it is known so long */
	QUEUE_PAGE_MAX = 200,		/* letters of one answer */
	QUEUE_MARKS_MAX = 100		/* Message-IDs of one question */
};

/* Where a letter stands. */
enum queue_state {
	QUEUE_ACTIVE,		/* waits for its time */
	QUEUE_HELD,		/* waits for the owner; why says for what */
	QUEUE_DONE,		/* every recipient has its fate */
	QUEUE_DAMAGED		/* set aside: the file cannot be used */
};

/* What became of a recipient. */
enum queue_fate {
	QUEUE_WAITING,		/* not tried, or deferred */
	QUEUE_UNKNOWN,		/* the final dot went out, no answer came */
	QUEUE_SENT,		/* the next hop took it */
	QUEUE_LOCALLY,		/* delivered here */
	QUEUE_FAILED,		/* refused for good */
	QUEUE_EXPIRED,		/* no luck in all the time there was */
	QUEUE_DROPPED		/* by the owner */
};

const char	*queue_fate_name(enum queue_fate f);	/* "waiting" … */

/* ---- look ---- */

struct queue_row {
	const char	*id;
	const char	*from, *msgid, *subject;
	const char	*why;		/* held, damaged or waiting: reason */
	uint32_t	 flags;		/* QUEUE_* of the envelope */
	enum queue_state state;
	int64_t		 created, due, expires;	/* wall seconds */
	uint64_t	 size;		/* octets of the letter */
	uint32_t	 nrcpt, nwaiting, nfailed;
	uint32_t	 nreturned;	/* recipients of whom a report that is
					   believed says so */
	uint32_t	 ndropped;
	uint32_t	 attempts;	/* of whom it was tried for most often */
	const char	*first;		/* first recipient */
	int64_t		 sending;	/* the sender has it since then; 0 */
};

const char	*queue_state_name(enum queue_state s);	/* "active" … */
/* The same for people, who ask what is going on: also "sending", and of what
 * left for nobody "recalled", or after a try "dropped". */
const char	*queue_row_word(const struct queue_row *r);

enum queue_which {
	QUEUE_OPEN_ONES,	/* active, held, damaged */
	QUEUE_ALL_ONES		/* done ones too, for as long as kept */
};

struct queue_rows {
	struct queue_row *row;
	size_t		 n;
	bool		 more;		/* ask again, behind the last id */
	char		*text;		/* private */
};

/* Newest first, behind id `after` ("" or NULL: from the start). */
uint16_t queue_list(int ch, enum queue_which which, const char *after,
	    struct queue_rows *out);
void	 queue_list_put(struct buf *args, enum queue_which which,
	    const char *after);
bool	 queue_list_get(struct chan_in *in, struct queue_rows *out);
void	 queue_rows_clear(struct queue_rows *r);

struct queue_rcpt {
	const char	*addr;
	const char	*orcpt;
	uint32_t	 notify;
	enum queue_fate	 fate;
	uint32_t	 attempts;
	int64_t		 due, changed;	/* wall seconds */
	const char	*route;		/* forced or last; "" not yet known */
	const char	*reply;		/* last answer, "" if none */
	bool		 maybe_twice;	/* sent again after an unknown */
};

/* Of whom the sender has the letter in hand. */
bool	 queue_rcpt_sending(const struct queue_row *r,
	    const struct queue_rcpt *x);

struct queue_attempt {
	int64_t		 at;		/* wall seconds */
	const char	*route;		/* relay's name */
	const char	*peer;		/* "smtp.example.net 192.0.2.1:465" */
	const char	*tls;		/* "TLSv1.3 … verified", "" for none */
	const char	*rcpts;		/* "1 2 5", numbers from 1 */
	const char	*reply;		/* what ended it */
};

struct queue_letter {
	struct queue_row row;		/* row.first is "" */
	struct queue_rcpt *rcpt;
	size_t		 nrcpt;
	struct queue_attempt *attempt;	/* oldest first, the last 50 */
	size_t		 nattempt;
	struct reported	*report;	/* by recipient, then oldest first */
	size_t		 nreport;
	char		*text;		/* private */
};

uint16_t queue_show(int ch, const char *id, struct queue_letter *out);
void	 queue_show_put(struct buf *args, const char *id);
/* By Message-ID (without < >): the newest letter of the owner's. */
uint16_t queue_fate(int ch, const char *msgid, struct queue_letter *out);
void	 queue_fate_put(struct buf *args, const char *msgid);
bool	 queue_show_get(struct chan_in *in, struct queue_letter *out);
void	 queue_letter_clear(struct queue_letter *l);

/* What became of a letter, in one word; the worst first. */
enum queue_mark {
	QUEUE_MARK_NONE,	/* not sent by this node, or long ago */
	QUEUE_MARK_FAILED,	/* refused or expired, for one at least */
	QUEUE_MARK_RETURNED,	/* taken, and came back, likewise */
	QUEUE_MARK_UNKNOWN,	/* may have been sent, or sent twice */
	QUEUE_MARK_DEFERRED,	/* tried in vain, and will be again */
	QUEUE_MARK_PARTLY,	/* sent to some, others wait */
	QUEUE_MARK_WAITING,
	QUEUE_MARK_SENT,	/* to all */
	QUEUE_MARK_DROPPED,	/* by the owner, for all that were left */
	QUEUE_MARK_N
};

/*
 * Of the newest letter of the owner's with each Message-ID (without < >):
 * n of both, at most QUEUE_MARKS_MAX.  A question that does not fit a
 * record has its err set.
 */
void	 queue_marks_put(struct buf *args, const char *const *msgid,
	    size_t n);
/* False unless there are n. */
bool	 queue_marks_get(struct chan_in *in, enum queue_mark *out, size_t n);

/* ---- change ---- */

enum queue_change {
	QUEUE_DO_HOLD,		/* active → held */
	QUEUE_DO_RELEASE,	/* held → active, due now */
	QUEUE_DO_RETRY,		/* due now, whatever was said */
	QUEUE_DO_ROUTE,		/* by the relay named in arg; "" as conf says;
				   not those whose fate is unknown */
	QUEUE_DO_DROP		/* forget the waiting recipients */
};

/*
 * STORE_NOTFOUND no such letter; STORE_STATE done already, or (hold, route,
 * drop) just under way to the next hop.  A letter dropped before it left
 * has no copy in Sent.
 */
uint16_t queue_change(int ch, const char *id, enum queue_change what,
	    const char *arg);
void	 queue_change_put(struct buf *args, const char *id,
	    enum queue_change what, const char *arg);

extern const struct op queue_ops[], mark_ops[];	/* service: store */

#endif
