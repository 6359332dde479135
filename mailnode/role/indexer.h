/* Private to role_indexer.c and indexer_learn.c. */
#ifndef ROLE_INDEXER_H
#define ROLE_INDEXER_H

#include <sys/stat.h>

#include "mailnode/base/loop.h"
#include "mailnode/filter/rules_match.h"
#include "mailnode/node/proc.h"
#include "store/index.h"
#include "store/index_theirs.h"

struct indexer {
	struct proc	*pr;
	struct index	*x;
	struct stat	 mail;		/* the directory that x is in */
	struct op_reply	 r;
	struct loop_timer step;
	struct loop_io	 keeper_io, notify_io;
	bool		 all;		/* everything is to be learnt */
	bool		 drained;	/* nothing was to be learnt, and since
					   then only news came */
	bool		 alarmed, anew;	/* for trouble, for damaged */
	bool		 news;		/* keeper told while a call waited */
	char		 state[INDEX_STATE_MAX];
	struct index_theirs theirs;
	uint64_t	 stuck_seq;	/* waits for its file */
	int64_t		 stuck_ms;	/* since then, monotonic */
	int64_t		 refused_ms;	/* nothing is written since; 0: it is */
	int64_t		 soon_ms;	/* pause for what the spool holds; 0: none */
	struct rules_match rules;
};

/* Its channel; -1: it is being started. */
int	 indexer_keeper(const struct indexer *ix);

/* Items learnt in this batch: *seq is the last.  False: nothing is. */
bool	 indexer_learn(struct indexer *ix, const struct index_work *w,
	    char *now, uint64_t *seq, size_t *n);
/* All there is is to be learnt; false: not now. */
bool	 indexer_everything(struct indexer *ix);

#endif
