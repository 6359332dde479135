/*
 * Notices of failed delivery that have no status part (qmail, older Postfix,
 * Exim, Exchange and many others): who did not get the letter, read from
 * what they say to people.
 */
#ifndef QUEUE_BOUNCE_NOTE_H
#define QUEUE_BOUNCE_NOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/queue/bounce.h"

/* Header fields decoded, "" for none; the text is UTF-8 with LF. */
struct bounce_note {
	const char	*path;		/* Return-Path */
	const char	*from, *to, *subject;
	const char	*failed;	/* X-Failed-Recipients, of Exim */
	bool		 report;	/* its type says that it is one */
	const char	*text;
	size_t		 n;
};

/* False, and *b is empty: it is no such notice, or names nobody. */
bool	bounce_note(struct bounce *b, const struct bounce_note *note);

#endif
