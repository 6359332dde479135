/*
 * From which networks an author's mail came, proved to be theirs: what is
 * left to go by while the DNS says nothing.  In events.db.
 */
#ifndef STORE_CAME_H
#define STORE_CAME_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum {
	CAME_MAX = 20000,		/* pairs; those longest ago leave */
	CAME_KEEP_S = 400 * 86400,
	CAME_TOUCH_S = 86400		/* noted again after */
};

extern const char came_schema[];	/* a part of events.db */

/* author folded; "" is nobody.  True: it was not known, or long ago. */
bool	came_note(struct store *st, const char *author, const char *ip,
	    int64_t now_s);
bool	came_before(struct store *st, const char *author, const char *ip);
void	came_trim(struct store *st, int64_t now_s);

#endif
