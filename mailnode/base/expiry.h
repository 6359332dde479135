/* A day to come, as it is typed. */
#ifndef BASE_EXPIRY_H
#define BASE_EXPIRY_H

#include <stdint.h>

/*
 * "2027-01-31", to its end in local time, or "30d" from now.  *at: wall
 * clock, s.  0, or -1: neither, or over already.
 */
int	expiry_read(const char *text, int64_t *at);

#endif
