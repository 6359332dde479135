/* Dates as text, those of mail (RFC 5322 section 3.3) and those of IMAP (RFC
 * 9051 section 9), and the calendar.  No locale has a say. */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

/* "Sat, 21 Nov 2026 06:00:00 +0000", in the local zone; dst holds at least
 * 40 octets. */
void	 date_text(int64_t wall_s, char *dst, size_t size);

/*
 * "Tue, 1 Jul 2003 10:52:37 +0200" and its obsolete forms (RFC 5322 sections
 * 3.3 and 4.3), also as the C library, RFC 3339 and senders by hand write it,
 * as Unix time.  An invalid zone is UTC, an invalid time 00:00:00 (RFC 5256
 * section 2.2).  False: not to be read.
 */
bool	 date_mail(const char *p, size_t n, int64_t *t);

/* The day that "Tue, 17 Jul 1996 …" names, in days since 1970, whatever
 * the time and zone behind it.  False: not to be read. */
bool	 date_mail_day(const char *p, size_t n, int64_t *day);

/* "17-Jul-1996 02:44:25 -0700" as Unix time. */
bool	 date_time(const char *p, size_t n, int64_t *t);
/* "17-Jul-1996" in days since 1970. */
bool	 date_day(const char *p, size_t n, int64_t *day);
/* Appends "17-Jul-1996 09:44:25 +0000", quotes included. */
void	 date_time_put(struct buf *b, int64_t wall_s);

#endif
