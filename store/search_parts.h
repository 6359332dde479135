/* Private to search*.c. */
#ifndef STORE_SEARCH_PARTS_H
#define STORE_SEARCH_PARTS_H

#include "store/dyn.h"
#include "store/search.h"

struct search {
	const struct dyn_notmuch *nm;
	notmuch_database_t	*db;
};

/*
 * A writer discards what is read here when it commits twice; then the walk
 * goes on in the newest revision from where it stands.
 */
struct search_walk {
	struct reader	*r;
	const char	*q;
	/* Where it stands, by the index: what comes at or behind this date,
	 * and how many of that second were had already. */
	int64_t		 date;
	uint64_t	 had;
	bool		 oldest;	/* first */
	/* A date is as dear as all the rest: at first there are none, and
	 * then it goes on from the beginning. */
	bool		 undated;
	/* *go, true before, is false after: it ends here, and this message
	 * is not had. */
	uint16_t	(*each)(struct search_walk *, notmuch_message_t *, bool *go);
	void		*arg;
};

/* STORE_NOTFOUND: there is no index; STORE_QUERY, STORE_BUSY: it was not
 * understood, or discarded, TRIES times at one place. */
uint16_t search_walk(struct search_walk *w);

/* How many match `q` and, unless it is "", `more`. */
uint16_t search_count_one(struct reader *r, const char *q, const char *more,
	    uint32_t *n);

#endif
