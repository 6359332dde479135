/*
 * The owner's word that what a sender tries next is taken, whatever the
 * filter thinks of it: for an hour, and for one message.  For a sender whose
 * refused mail the owner has seen, it holds for what comes from the same
 * network, and for the same message from anywhere; for a mere address, once
 * SPF or DKIM prove it.  In events.db.
 */
#ifndef STORE_LETIN_H
#define STORE_LETIN_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum {
	LETIN_S = 3600,
	LETIN_MAX = 200,	/* at once; the oldest leave */
	LETIN_KEY_MAX = 300	/* octets of a message's key, NUL included */
};

extern const char letin_schema[];	/* a part of events.db */

struct letin {
	const char	*address;	/* of the sender or author, folded */
	const char	*network;	/* or "" */
	const char	*key;		/* of the message, or "" */
};

enum store_err	 letin_add(struct store *st, const struct letin *l,
		    int64_t now_s);

/* What comes.  Addresses folded; a key is the message's, as reject.h has
 * it. */
struct letin_try {
	const char	*author, *sender;
	const char	*ip;
	const char	*key;
	bool		 aligned;	/* the author is proved */
};

/* Is it let in?  STORE_NOTFOUND: it is not. */
enum store_err	 letin_find(struct store *st, const struct letin_try *t,
		    int64_t now_s);
/* It was taken: the word is used up. */
void		 letin_used(struct store *st, const struct letin_try *t,
		    int64_t now_s);
/* Is there any at all? */
bool		 letin_any(struct store *st);
void		 letin_trim(struct store *st, int64_t now_s);

#endif
