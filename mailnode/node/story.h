/*
 * What the parent refuses by itself, told to keeper for `mailnode why`.  The
 * parent waits for nobody: what keeper does not take at once is not told, and
 * one stranger is told of a few times a minute.  The log has it all.
 */
#ifndef NODE_STORY_H
#define NODE_STORY_H

#include <stdint.h>

#include "mailnode/node/child.h"

enum {
	STORY_PER_MINUTE = 60,		/* told in all */
	STORY_PER_ADDRESS = 10,		/* of these, of one address */
	STORY_SLOTS = 64		/* addresses counted apart */
};

struct story {
	struct nursery	*n;		/* borrowed */
	int		 ch;		/* to keeper; -1 */
	int64_t		 minute;	/* monotonic */
	unsigned int	 told;		/* in it */
	uint8_t		 of[STORY_SLOTS];
};

void	story_init(struct story *s, struct nursery *n);
/* peer: an address; reason: our own text. */
void	story_refused(struct story *s, const char *trace,
	    const char *service, const char *peer, const char *reason);
/* A ban began or was lifted: these are few. */
void	story_ban(struct story *s, const char *trace, const char *net,
	    const char *text);

#endif
