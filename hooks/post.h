/* One HTTPS request that asks for an end: RFC 8058 section 3.2. */
#ifndef HOOKS_POST_H
#define HOOKS_POST_H

#include "hooks/run.h"

enum {
	POST_SECONDS = 20,
	POST_ANSWER_MAX = 65536,	/* octets of the answer looked at */
	POST_URL_MAX = 4096		/* octets, NUL included */
};

/*
 * Starts curl with POST of List-Unsubscribe=One-Click to url, which must
 * begin with "https://": no redirect, cookie, login, proxy or name of ours
 * goes along.  `ca` (NULL: the system's) is a file of certificates to trust.
 * Its output is the three digits of the HTTP status, or what went wrong.
 * HOOK_ABSENT: no curl, or a url it is not meant for.
 */
enum hook_err	hook_post_start(struct hook **h, const char *url,
		    const char *ca);

#endif
