/* Dates of IMAP: "17-Jul-1996 02:44:25 -0700" and "17-Jul-1996". */
#ifndef IMAP_DATE_H
#define IMAP_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Unix time. */
bool	 date_time(const char *p, size_t n, int64_t *t);
/* Days since 1970. */
bool	 date_day(const char *p, size_t n, int64_t *day);

#endif
