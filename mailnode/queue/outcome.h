/* From an answer to a recipient's fate: pure, with the times given. */
#ifndef QUEUE_OUTCOME_H
#define QUEUE_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/queue/dsn.h"
#include "mailnode/queue/job.h"
#include "store/op_sender.h"

struct outcome {
	const struct sender_rcpt *rcpt;
	enum queue_fate	 fate;
	bool		 counts;	/* as an attempt */
	int64_t		 due;		/* next try; wall seconds */
	const char	*reply;
	bool		 lost;		/* just now an answer did not come */
	bool		 quiet;		/* said before: no line in the log */
	bool		 silent;	/* who took it sends no reports */
};

/*
 * counts: something was tried.  created, now: wall seconds; random spreads
 * the next try.  What expires does so only by a try that failed.
 */
void	outcome_judge(struct outcome *o, const struct sender_rcpt *r,
	    enum job_fate fate, const char *reply, bool counts,
	    int64_t created, int64_t now, uint32_t random);

/* Is this recipient to be named in a notice of that kind? */
bool	outcome_tells(const struct outcome *o, enum dsn_kind kind);

/* Those whose notice could not be filed keep waiting, for it. */
void	outcome_postpone(struct outcome *o, size_t n, int64_t due);

/* One word for log and events: "sent", "deferred", "bounced" … */
const char *outcome_word(const struct outcome *o);

#endif
