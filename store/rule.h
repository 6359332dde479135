/*
 * What the owner's rules do with a message that came: a row of node.db for
 * each, made with the message's own row and struck out action by action.
 *
 *	(nothing) --rule_note, with its row-----> MATCH	  intake
 *		  (until the spool has struck it out nothing more: what is
 *		  done once more after a crash is looked for where it stood)
 *	REPORT	--a parser read it: what it says of a letter is written down,
 *		  with what follows of that-------> struck out in that commit
 *	DELIVER	--its programs ended------------> SETTLE, with what they said
 *	SETTLE	--that is done------------------> struck out in that commit
 *	MATCH	--the indexer says which match--> MOVE, FORWARD, TELL as far
 *						  as those ask for it
 *	MOVE	--tags, flags and mailbox-------> struck out in that commit
 *	FORWARD	--letters are durable-----------> struck out in that commit
 *	TELL	--its programs ended------------> struck out behind it
 *	AGAIN	set when one was cut short and the node went on; the second
 *		time they have ended for good
 *	0	kept for RULE_KEEP_S: until the spool has surely forgotten it
 *
 * A crash before a commit does that action once more, from the start; what
 * is committed is never done again.  Only programs may run twice: when they
 * were cut short, or keeper ends before it struck out that they ended.
 */
#ifndef STORE_RULE_H
#define STORE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/op_box.h"
#include "store/op_rule.h"
#include "store/op_spool.h"
#include "store/row.h"
#include "store/store.h"

extern const char rule_schema[];	/* a part of node.db */

enum {
	RULE_KEEP_S = 2 * 86400,
	RULE_MSGID_MAX = 1000,	/* octets, NUL included */
	RULE_SAID_MAX = 256,	/* octets, NUL included */
	RULE_HITS_TEXT = RULE_HITS_MAX * 4 + 1
};

enum rule_todo {
	RULE_MATCH = 1, RULE_MOVE = 2, RULE_FORWARD = 4, RULE_TELL = 8,
	RULE_DELIVER = 16, RULE_SETTLE = 32,	/* before MATCH */
	RULE_REPORT = 64,			/* likewise: returned.h */
	RULE_AGAIN = 128,	/* beside DELIVER or TELL: one was cut short */
	RULE_FIRST = RULE_DELIVER | RULE_SETTLE | RULE_REPORT,
	RULE_ACT = RULE_MOVE | RULE_FORWARD | RULE_TELL | RULE_FIRST
};

/* One line of the table; strings borrowed for the whole run, NULL: none. */
struct rule {
	const char	*query;
	const char	*tags;		/* "+a -b" */
	const char	*folder;
	const char	*hook;		/* an event of the hook table */
	const char	*forward;	/* an address elsewhere */
	bool		 notify;	/* the event RULE_EVENT */
	bool		 stop;		/* the last for what it matches */
	bool		 off;		/* wrong: passed over */
};
#define RULE_EVENT	"notify"
#define DELIVER_EVENT	"deliver"

/* What programs said of a message, in one column of its row: three strings
 * with LF between. */
struct rule_said {
	char	tags[RULE_SAID_MAX], folder[BOX_NAME_MAX];
	char	reason[RULE_SAID_MAX];	/* of a quarantine; "": none */
};

struct rule_row {
	uint64_t	 id;
	uint64_t	 entry;			/* of the spool */
	uint32_t	 uidvalidity, uid;	/* where it came to stand */
	uint64_t	 msg;			/* its row then */
	uint8_t		 hash[32];
	char		 msgid[RULE_MSGID_MAX];
	char		 trace[SPOOL_TRACE_MAX];
	char		 sender[SPOOL_ADDR_MAX];	/* reverse path */
	char		 given[SPOOL_ADDR_MAX];	/* the first recipient */
	bool		 own, stays;	/* see spool.h */
	unsigned int	 todo;
	bool		 did;		/* some of it is done */
	struct rule_said said;		/* for SETTLE */
	char		 verdict[SPOOL_TEXT_MAX];	/* of who let it in */
	size_t		 nhits;
	uint16_t	 hit[RULE_HITS_MAX];	/* from 0, in order */
	uint64_t	 sum;		/* of the table they were in */
	int64_t		 at;		/* wall, s */
};

/* The table as a number, to know a changed one. */
uint64_t	 rule_sum(const struct rule *r, size_t n);

/* ---- rule.c: the rows ---- */

/* With the message's row, in the turn; a second time it changes nothing. */
enum store_err	 rule_note(struct store *st, const struct rule_row *r);
/* The first behind `after` with any bit of `todo`; STORE_NOTFOUND. */
enum store_err	 rule_next(struct store *st, uint64_t after,
		    unsigned int todo, struct rule_row *r);
/* Writes todo, did, hits and sum; joins the turn. */
enum store_err	 rule_save(struct store *st, const struct rule_row *r);
/* Where it stands now, wherever it went; STORE_NOTFOUND. */
enum store_err	 rule_locate(struct store *st, const struct rule_row *r,
		    struct row_at *at);

/* ---- rule_act.c ---- */

/* "+a -b" on a row, not by the owner's own hand; what is malformed does
 * nothing. */
enum store_err	 rule_tags(struct store *st, uint64_t id, const char *text);

/* ---- rule_report.c: RULE_REPORT; STORE_STATE: its answer goes on ---- */

enum store_err	 rule_report(struct store *st, struct rule_row *r);
void		 rule_report_close(struct store *st);

enum store_err	 rule_open(struct store *st);
void		 rule_close(struct store *st);
/* There is something to do: now, or after some trouble. */
void		 rule_kick(struct store *st);
void		 rule_later(struct store *st);

#endif
