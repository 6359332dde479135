/*
 * The ledger of what came back: rows of node.db, one for each recipient that
 * a report speaks of, beside what the queue knows of the letter.
 *
 * A report is matched to a letter by the envelope's id that we made up, else
 * by the Message-ID of what came back, else, when it names neither, by a
 * recipient of the last days.  Who may be believed stands in reported.h: it
 * must have come from the null sender to the letter's return path, and know
 * the envelope's id, or be vouched for (DKIM, SPF) by the domain of that
 * recipient, or be written by the relay that took the letter and was not told
 * that id.  What is not believed is shown as such, and does nothing.
 */
#ifndef STORE_RETURNED_H
#define STORE_RETURNED_H

#include "store/op_queue.h"
#include "store/reported.h"
#include "store/rule.h"
#include "store/store.h"

extern const char returned_schema[];	/* a part of node.db, behind the
					   queue's */

enum {
	RETURNED_MAX = 8,		/* kept of a recipient: believed, and
					   not, each */
	RETURNED_GUESS_S = 14 * 86400	/* a letter that was not named */
};

/* What a report was about. */
struct returned {
	bool		 found;		/* a letter of ours */
	uint64_t	 letter;	/* the first of them */
	uint32_t	 flags;		/* its envelope's, QUEUE_* */
	char		 msgid[QUEUE_LINE_MAX];
	bool		 failed, late;	/* and that is believed */
	bool		 named;		/* it says which letter */
};

/* Writes it down, and tells the story; joins the turn.  What was written
 * before changes nothing. */
enum store_err	 returned_note(struct store *st, const struct rule_row *r,
		    const struct report *rep, struct returned *out);

/* For listings: rows of a letter, and how many came back for sure. */
enum store_err	 returned_put(struct store *st, uint64_t letter,
		    struct buf *b);
/* Letters that came back since then. */
int64_t		 returned_since(struct store *st, int64_t at);

#endif
