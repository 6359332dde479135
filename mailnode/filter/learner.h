/*
 * Keeper's hand on the token table: the only writer of it.  The table is
 * made when first something is learnt.  After learning, older samples are
 * gone over a few at a turn, so that keeper never waits for it.
 */
#ifndef FILTER_LEARNER_H
#define FILTER_LEARNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "mailnode/base/loop.h"
#include "mailnode/filter/bayes.h"
#include "mailnode/filter/course.h"
#include "mailnode/filter/table.h"

enum {
	LEARNER_STEP = 64,	/* samples gone over in one turn */
	LEARNER_PAUSE_MS = 1,	/* between turns */
	LEARNER_REST_MS = 200	/* without a lesson, before it begins: half
				   of what is to be learnt would be gone over
				   again and again */
};

enum learn_as { LEARN_GOOD, LEARN_JUNK, LEARN_FORGET, LEARN_AS_MAX };

/* Since this process began. */
struct learner_totals {
	uint64_t	learnt, had, changed, forgot;
};

struct learner {
	char		 path[4096];
	struct loop	*loop;		/* borrowed */
	/* The owner should know. */
	void		(*alarm)(void *arg, const char *text);
	void		*arg;
	struct table	 table;
	dev_t		 dev;		/* of the file that is mapped */
	ino_t		 ino;
	struct learner_totals totals;
	struct loop_timer timer;
	struct course course;	/* of going over */
	bool		 hurried;	/* somebody waits for it */
};

/* Opens the table if there is one.  Caller's memory, for the whole run. */
void	learner_init(struct learner *l, const char *home, struct loop *loop,
	    void (*alarm)(void *arg, const char *text), void *arg);
void	learner_clear(struct learner *l);

/* Makes the table if there is none, or none any more.  False: it cannot be
 * used. */
bool	learner_ready(struct learner *l);

/* No more lessons for now: goes over them at once. */
void	learner_hurry(struct learner *l);
/* Still going over what was learnt? */
bool	learner_busy(const struct learner *l);

/* Of a learner that is ready. */
void	learner_learn(struct learner *l, enum learn_as as, uint64_t id,
	    const uint64_t *hash, size_t n);

/* "home/tokens" into dst; false: too long. */
bool	learner_path(char *dst, size_t size, const char *home);

#endif
