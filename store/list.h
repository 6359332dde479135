/* Rows of lists out of SQLite; see op_list.h for what they mean. */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include "store/op_list.h"
#include "store/reader.h"

/* An emit function takes one row, whose strings live for the call; false:
 * there is no room, stop.  Results are enum store_err. */

uint16_t list_each_box(struct reader *r,
	    bool (*emit)(void *, const struct list_box *), void *arg);

/* So many wait for the index that a query finds too little. */
bool	 list_behind(struct reader *r);
/* *next is where the page behind the last emitted row starts. */
uint16_t list_each_thread(struct reader *r, const struct list_ask *ask,
	    bool (*emit)(void *, const struct list_thread *), void *arg,
	    struct list_cursor *next, bool *more);
/* One thread over all mailboxes, `newest` being the message to show. */
uint16_t list_whole_thread(struct reader *r, uint64_t thread,
	    uint64_t newest, int64_t date,
	    bool (*emit)(void *, const struct list_thread *), void *arg,
	    bool *full);

uint16_t list_each_msg(struct reader *r, const struct list_msgs_ask *ask,
	    bool (*emit)(void *, const struct list_msg *), void *arg,
	    struct list_cursor *next, bool *more);
/* One message; STORE_NOTFOUND.  *full: emit said so. */
uint16_t list_one_msg(struct reader *r, uint64_t id, uint32_t depth,
	    bool other_copy, bool (*emit)(void *, const struct list_msg *),
	    void *arg, bool *full);

/* What a Message-ID, or a UID in a folder, stands for; id 0: nothing. */
struct list_at {
	uint64_t	id, thread;
	int64_t		date;
};
uint16_t list_by_msgid(struct reader *r, const char *msgid,
	    struct list_at *at);
uint16_t list_by_uid(struct reader *r, const char *folder, uint32_t uid,
	    struct list_at *at);

#endif
