/*
 * What a process heard from the DNS a moment ago: who sends ten messages,
 * over one connection or over ten, is looked up once.  Answers that say "ask
 * again later" are not kept, nor long ones.
 */
#ifndef AUTH_MEMO_H
#define AUTH_MEMO_H

#include "mailnode/node/ask_dns.h"

enum {
	MEMO_ANSWERS = 64,	/* the oldest makes room */
	MEMO_OCTETS = 2048,	/* of all records of one answer */
	MEMO_S = 60		/* or the answer's TTL, if that is shorter */
};

struct memo {
	struct memo_entry {
		enum dns_type		 type;
		char			 name[DNS_NAME_MAX];
		int64_t			 until_ms;	/* monotonic */
		struct dns_answer	 answer;
	}	 e[MEMO_ANSWERS];
	size_t	 n, next;	/* the first n are initialised */
};

/* Caller's memory, which is touched as far as it is used. */
void	memo_init(struct memo *m);
void	memo_clear(struct memo *m);

bool	memo_knows(struct memo *m, enum dns_type type, const char *name);
/* False: not known.  Otherwise a, initialised, holds a copy. */
bool	memo_get(struct memo *m, enum dns_type type, const char *name,
	    struct dns_answer *a);
/* Borrows a.  Without memory nothing is kept. */
void	memo_put(struct memo *m, enum dns_type type, const char *name,
	    const struct dns_answer *a);

#endif
