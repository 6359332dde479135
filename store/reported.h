/*
 * What others reported of a letter after the next hop took it, as listings
 * show it.  It stands beside the recipient's fate and never changes it: a
 * report is what somebody says, and `belief` why it is believed, if it is.
 */
#ifndef STORE_REPORTED_H
#define STORE_REPORTED_H

#include <stdbool.h>
#include <stdint.h>

#include "store/op_report.h"
#include "store/wire.h"

enum reported_belief {
	REPORTED_GUESSED,	/* names no letter: the last one to them */
	REPORTED_UNPROVED,	/* knows the Message-ID, as any reader does */
	REPORTED_VOUCHED,	/* and the recipient's domain stands for it,
				   or the relay wrote it */
	REPORTED_ENVELOPE,	/* knows the envelope's id, which only those
				   were told who carried the letter */
	REPORTED_BELIEFS
};

struct reported {
	uint32_t	 n;		/* recipient, from 1; 0: another one */
	enum report_action action;
	enum reported_belief belief;
	int64_t		 at;		/* when it came: wall seconds */
	const char	*status;	/* "5.1.1" */
	const char	*said;		/* the diagnosis */
	const char	*mta;		/* who said it */
	const char	*by;		/* who reports, by its own word */
	const char	*who;	/* the recipient, if under another name */
	const char	*proof;		/* the domain, or why there is none */
	const char	*trace;		/* of the report: `mailnode why` */
};

bool		 reported_believed(enum reported_belief b);
/* "returned", "delayed", "delivered" … */
const char	*reported_word(enum report_action a);
/* "guessed", "unproved", "vouched", "envelope" */
const char	*reported_belief_word(enum reported_belief b);
/* "returned: 5.1.1 user unknown, said mx.example" */
void		 reported_text(const struct reported *r, struct buf *b);
/* "reported by relay.example, which knew the envelope's id" */
void		 reported_why(const struct reported *r, struct buf *b);

/* The next row of a reply; w->bad: malformed. */
void		 reported_get(struct wire *w, struct reported *r);

#endif
