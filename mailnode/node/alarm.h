/* What the owner should know now: kept until it is over. */
#ifndef NODE_ALARM_H
#define NODE_ALARM_H

#include <stdint.h>

#include "mailnode/base/role.h"

enum { ALARM_MAX = 64, ALARM_TEXT = 512 };

struct alarms {
	struct {
		int64_t		since;		/* wall, seconds; 0: free */
		int64_t		raised_ms;	/* the last time, monotonic */
		uint32_t	times;
		enum role	role;
		char		text[ALARM_TEXT];
	} at[ALARM_MAX];
};

/* The same text of the same role is counted, not repeated; when all places
 * are taken the oldest goes. */
void	alarm_raise(struct alarms *a, enum role role, const char *text);
void	alarm_clear(struct alarms *a, enum role role, const char *text);
/* Those of a role that was started again, at that time, and is up are over:
 * what it could not start for it has said again. */
void	alarm_clear_role(struct alarms *a, enum role role, int64_t before_ms);

#endif
