/*
 * DNS lists of addresses and domains: RFC 5782.
 *
 * A list is believed only as long as its test entries are right (section 5):
 * 127.0.0.2, or TEST, must be listed and 127.0.0.1, or INVALID, must not.  A
 * zone that was given up answers everything, or nothing; both are noticed
 * with each question, since the resolver keeps the answers to the tests.
 * An answer that is none (not in 127/8, or a code that means "not you", or
 * "not so") makes the list no witness either.  Whatever fails lists nobody.
 */
#ifndef FILTER_DNSBL_H
#define FILTER_DNSBL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/auth/lookup.h"
#include "mailnode/node/conf.h"

enum {
	DNSBL_LISTS = 8,	/* conf.c asserts as much */
	DNSBL_NAMES = 8,	/* domains of one message that are looked up */
	DNSBL_HOSTS = 6,	/* of these, hosts of links */
	DNSBL_ANSWER = 16,	/* octets of an address, NUL included */
	DNSBL_MS = 5 * 1000	/* for all questions of a message */
};

/* What is looked up; names in A-labels, each once. */
struct dnsbl_subject {
	char		 ip[46];	/* "": not known */
	char		 name[DNSBL_NAMES][DNS_NAME_MAX];
	size_t		 n;
};

void	dnsbl_subject_init(struct dnsbl_subject *s, const char *ip);
/* One more domain, in any form; what is no name, an address, a name without
 * a dot, or one too many is passed over. */
void	dnsbl_subject_add(struct dnsbl_subject *s, const char *name,
	    size_t n);
/* Hosts of the links in the first octets of a message, as they stand there:
 * encoded parts are not decoded. */
void	dnsbl_subject_links(struct dnsbl_subject *s, const uint8_t *p,
	    size_t n);

enum dnsbl_state {
	DNSBL_GOOD,
	DNSBL_EVERYTHING,	/* it lists what nobody may list */
	DNSBL_NOTHING,		/* not even its test entry */
	DNSBL_REFUSES,		/* an error code: not for our resolver */
	DNSBL_UNKNOWN		/* no answer at present */
};

/* One list. */
struct dnsbl_result {
	enum dnsbl_state state;
	bool		 listed;	/* and in an answer that counts */
	char		 answer[DNSBL_ANSWER];	/* what it said */
	char		 what[DNS_NAME_MAX];	/* of what */
};

struct dnsbl_verdict {
	struct dnsbl_result list[DNSBL_LISTS];
	size_t		 n;		/* lists */
	bool		 refuse, junk;	/* what those that list it want */
};

/* Asks all lists at once; none are asked when there are none. */
void	dnsbl_check(const struct conf_dnsbl *lists, size_t n,
	    const struct dnsbl_subject *s, struct lookup *l,
	    struct dnsbl_verdict *v);

/* "dnsbl=zen.example(192.0.2.1:127.0.0.4)" for each list that lists it, and
 * the lists that are out of order; nothing when there is nothing to tell. */
void	dnsbl_line(const struct conf_dnsbl *lists,
	    const struct dnsbl_verdict *v, struct buf *line);

/* "lists everything" …; NULL for a good one. */
const char *dnsbl_state_text(enum dnsbl_state s);

/* Asked ahead over a channel, so that the answers are there later. */
void	dnsbl_ahead(int ch, struct memo *memo, const struct conf_dnsbl *lists,
	    size_t n, const struct dnsbl_subject *s);

/*
 * "127.0.0.2 127.0.0.4-7 127.0.1.0/24", NULL: any.  True when the address
 * (a3 the last octet) is one of them; never for 127.0.0.1 and error codes.
 */
bool	dnsbl_counts(const char *answers, const uint8_t a[4]);

#endif
