/*
 * The notmuch database at MAILDIR/.notmuch: an ordinary one, which
 * notmuch(1), alot and aerc use beside us.  One process writes it, in
 * batches: while a batch is open every other writer waits.
 *
 * MAILDIR/.notmuch/config is written once, for us and for whoever wants it:
 *	notmuch --config=MAILDIR/.notmuch/config search …
 * It is the user's from then on, but must keep database.autocommit=1: it
 * makes a batch durable as a whole.
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/err.h"
#include "store/op_index.h"
#include "store/op_rule.h"

enum {
	INDEX_PATH_MAX = 4096,
	INDEX_FOLDER_MAX = 237	/* octets: with what the index puts before it,
				   the 245 of a term */
};

struct index;

/*
 * Makes directory, config and database where they are missing; nothing is
 * held open.  Returns owned, or NULL with `why` told.  Borrows maildir.
 */
struct index	*index_new(const char *maildir, char *why, size_t size);
void		 index_free(struct index *x);

/* True when the database did not exist before: all is to be learnt. */
bool		 index_is_new(const struct index *x);
/* One that could not be opened, or was given up, stands aside:
 * index_aside.c. */
bool		 index_was_damaged(const struct index *x);
/*
 * It opens, but refuses what is written: the next index_new() puts it aside.
 * False: the disk is full, which is no damage, or the mark could not be made.
 */
bool		 index_give_up(const struct index *x);

/*
 * Opens for writing, waiting for other writers, and begins a batch.
 * STORE_GONE: the database is away.  index_end() commits and closes it.
 */
enum store_err	 index_begin(struct index *x);
/* The same for one item that index_apply() called too big. */
enum store_err	 index_begin_cut(struct index *x, const struct index_item *i);
/* Until index_end(): nobody was in it since all that is learnt now came, so
 * that a new file is not looked for before it is learnt. */
void		 index_untouched(struct index *x);
/* Since then: was text of it left out? */
bool		 index_has_less(const struct index *x);
/* `now` (INDEX_STATE_MAX) is the state behind it, for index_changed(). */
enum store_err	 index_end(struct index *x, char *now);
/*
 * One change.  STORE_BUSY: rows change before files, and this file has not
 * got its new name yet; `force` takes it for gone.  STORE_TOOBIG: it wants a
 * batch of its own, index_begin_cut().  STORE_NAME: its folder's name is too
 * long for the index, which forgets it.  STORE_NOTFOUND: without From, To and
 * Subject it is no mail to the index.  STORE_NOMEM, and STORE_IO only when the
 * database itself refuses.
 */
enum store_err	 index_apply(struct index *x, const struct index_item *i,
		    bool force);

/* "uuid:revision" that the batch began with. */
void		 index_state(const struct index *x, char *dst, size_t size);

/*
 * Opens for reading and tells of messages whose tags changed since `state`
 * (as from index_state; "" for none): fn gets the Message-ID, the flags
 * that the tags stand for, and all other tags with a blank between; false
 * ends it.  `now` (INDEX_STATE_MAX) is up to where that is true.
 * STORE_NOTFOUND: `state` is of another database; STORE_BUSY: a writer took
 * the revision away, begin again.
 */
enum store_err	 index_changed(struct index *x, const char *state,
		    char *now, bool (*fn)(void *arg, const char *msgid,
		    uint32_t flags, const char *tags), void *arg);

/* Told, once, of each tag there that is none here: see mail_tag_ok(), or the
 * message has too many.  It stays there, and has no part in the above. */
void		 index_on_odd(struct index *x, void (*odd)(void *arg,
		    const char *tag), void *arg);

/*
 * Which of those messages does a query match?  Between _open, which opens
 * for reading and finds them, and _close.  Sets hit[i] for item[i].
 * STORE_QUERY: it is not understood, or a writer took the revision away:
 * once more from _open.
 */
struct index_match;
enum store_err	 index_match_open(struct index *x, const struct rule_work *w,
		    struct index_match **out);
enum store_err	 index_match_query(struct index_match *m, const char *query,
		    bool *hit);
void		 index_match_close(struct index_match *m);

#endif
