/* When a deferred recipient is tried again, and until when. */
#ifndef QUEUE_RETRY_H
#define QUEUE_RETRY_H

#include <stdint.h>

/*
 * RFC 5321 section 4.5.4.1 wants 30 minutes between tries and four to five
 * days of them; greylisting makes an early second try worth its while.  The
 * first delay is longer than the usual greylist of five minutes, jitter
 * included; the delay notice comes after a few tries, long before the end.
 */
enum {
	RETRY_FIRST_S = 450,
	RETRY_CAP_S = 4 * 3600,
	RETRY_JITTER_PERCENT = 20,	/* to either side */
	RETRY_NOTICE_S = 4 * 3600,	/* age of a letter, for the notice */
	RETRY_LIFE_S = 5 * 86400,	/* age of a letter, then it expires */
	RETRY_LOCKED_S = 20,		/* between looks at a locked vault */
	RETRY_NO_DNS_S = 30		/* … for the DNS */
};

/*
 * Seconds to wait after `attempts` (1 and up) failed ones: doubling from
 * RETRY_FIRST_S to RETRY_CAP_S, spread by `random` so that what failed
 * together does not come back together.
 */
int64_t	retry_delay_s(uint32_t attempts, uint32_t random);

#endif
