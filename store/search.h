/*
 * Searching the index, read-only, opened again for each query: a writer may
 * discard the revision that is being read at any time.
 */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "store/list.h"

struct search;

void	 search_free(struct search *s);

/* STORE_NOTFOUND: there is no index yet; STORE_QUERY: not understood. */
uint16_t search_count(struct reader *r, const char *query, uint32_t *total,
	    uint32_t *unread);
uint16_t search_each_thread(struct reader *r, const struct list_ask *ask,
	    bool (*emit)(void *, const struct list_thread *), void *arg,
	    struct list_cursor *next, bool *more);
uint16_t search_each_msg(struct reader *r, const struct list_msgs_ask *ask,
	    bool (*emit)(void *, const struct list_msg *), void *arg,
	    struct list_cursor *next, bool *more);

/*
 * Every message that matches, in no order: its Message-ID, or (uid not 0) its
 * UID in that folder when the index made up an id.  fn: false stops.
 */
uint16_t search_each_hit(struct reader *r, const char *query,
	    const char *folder, bool (*fn)(void *, const char *msgid,
	    uint32_t uid), void *arg);

#endif
