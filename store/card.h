/*
 * What calendars (RFC 5545) and address cards (RFC 6350) say, in lines that
 * people read: "When: Tue, 01 Dec 2026 15:00 - 16:00 (Europe/Berlin)".  Only
 * the first event or card; nothing is answered, and nothing recurs here.
 */
#ifndef STORE_CARD_H
#define STORE_CARD_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/buf.h"

enum {
	CARD_MAX = 256 * 1024,	/* octets of one that are looked at */
	CARD_LINE_MAX = 500	/* octets of a line made of it */
};

/*
 * s is what mtext_clean() made.  Appends lines that end in LF, nothing where
 * there is no event or card.  full: with its description behind them.  Times
 * in UTC become local ones; others are as they stand, with their zone.
 */
void	card_event(struct buf *out, const char *s, size_t n, bool full);
void	card_person(struct buf *out, const char *s, size_t n);

#endif
