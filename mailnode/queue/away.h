/* Relays of the configuration that take nothing at all: the owner's to mend,
 * and told in an alarm until a letter gets past that. */
#ifndef QUEUE_AWAY_H
#define QUEUE_AWAY_H

#include "mailnode/queue/letters.h"

struct away;

/* Returns owned, for the whole run, or NULL: no memory. */
struct away	*away_new(void);

/* What the last connection by that route came to; "": a dialogue.  The
 * servers of "mx" are nobody's to mend, and passed over. */
void		 away_note(struct sender *s, int route, const char *why);

/*
 * The relay refused our login: nobody goes there before the time (wall
 * seconds) that this returns, when the first who is due tries it again; 0:
 * all may go.  The pauses grow as those of a letter do.
 */
int64_t		 away_until(const struct sender *s, int route);

/* The owner has set a password, or wants it tried: all may go. */
void		 away_forget(struct sender *s);

#endif
