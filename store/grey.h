/*
 * The greylist: who is not known is told to come again, and is heard when
 * they do.  What it tests is whether a host tries again at all, as mailers
 * do and most of what sends junk does not: a property of the host and of
 * the domain that it sends for, not of recipients or of single addresses
 * (which change with each try where bounces are told apart by them).  So
 *
 *	waiting		the client's /24 or /48 and the sender's domain; or,
 *			where SPF lets the client send for the domain, the
 *			domain alone, as large senders try again from
 *			elsewhere.  Who came while the DNS could not say
 *			waits since then
 *	passed		that network, and that domain with SPF: neither is
 *			asked to wait again, whatever it sends
 *
 *	(nothing) --grey_ask--> waiting		GREY_WAIT
 *	waiting --again, too early--> waiting	GREY_WAIT, the rest
 *	waiting --again, within GREY_WINDOW_S--> passed
 *	waiting --GREY_WINDOW_S--> (nothing)
 *	passed --GREY_KEEP_S without mail--> (nothing)
 *
 * It lies in events.db and is written without an fsync: a power cut costs
 * those who came a moment before another wait.
 */
#ifndef STORE_GREY_H
#define STORE_GREY_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum {
	GREY_WAIT_MAX = 3600,		/* s that may be asked for */
	GREY_WINDOW_S = 3 * 86400,	/* to come again in */
	GREY_KEEP_S = 120 * 86400,	/* who passed, unheard of */
	GREY_TOUCH_S = 86400,		/* … and when that is noted */
	GREY_WAITING_MAX = 50000,	/* the oldest leave */
	GREY_PASSED_MAX = 50000,
	GREY_DOMAIN_MAX = 256		/* octets, NUL included */
};

extern const char grey_schema[];	/* a part of events.db */

struct grey_who {
	const char	*ip;		/* the client's */
	const char	*domain;	/* of the sender, or of HELO for <> */
	bool		 spf;		/* it may send for it */
};

enum grey { GREY_KNOWN, GREY_PASSED, GREY_WAIT };

/*
 * wait_s: to wait for; *left_s: what is left of it.  What cannot be read or
 * written waits for nobody: GREY_KNOWN.
 */
enum grey	 grey_ask(struct store *st, const struct grey_who *w,
		    uint32_t wait_s, int64_t now_s, uint32_t *left_s);

/* Whoever was let in, or accepted by name, is as good. */
void		 grey_pass(struct store *st, const struct grey_who *w,
		    int64_t now_s);

/* What is over, or too much, goes. */
void		 grey_trim(struct store *st, int64_t now_s);

#endif
