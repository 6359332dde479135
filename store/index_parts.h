/* Private to index*.c. */
#ifndef STORE_INDEX_PARTS_H
#define STORE_INDEX_PARTS_H

#include "store/dyn.h"
#include "store/index.h"
#include "store/maildir.h"
#include "store/op_box.h"
#include "store/op_mail.h"

enum {
	INDEX_REL_MAX = BOX_NAME_MAX + MAILDIR_REL_MAX,
	ODD_NAMED = 64		/* tags */
};

struct index {
	const struct dyn_notmuch *nm;
	const char		*maildir;	/* borrowed */
	char			 config[INDEX_PATH_MAX];
	notmuch_database_t	*db;	/* in a batch, or open to read */
	bool			 fresh, aside;
	bool			 untouched;	/* since keeper heard of it */
	/* The batch of a message that is cut; "": of any others. */
	char			 cut[INDEX_REL_MAX];	/* its path */
	bool			 less;		/* text was left out */
	/* index_on_odd(), and hashes of those it was told of. */
	void			(*odd)(void *, const char *);
	void			*odd_arg;
	uint64_t		 odd_named[ODD_NAMED];
	size_t			 nodd;
};

/* STORE_GONE: the database is away. */
enum store_err	 index_open_read(struct index *x);
void		 index_close(struct index *x);
/* index_aside.c: one that is damaged is out of the way then. */
bool		 index_put_aside(struct index *x, char *why, size_t size);
/* As index_begin(), by another configuration. */
enum store_err	 index_begin_with(struct index *x, const char *config);
/* index_cut.c: the copy goes with the batch. */
void		 index_cut_end(struct index *x);

/* Its path below the maildir now; others may have renamed it since the row
 * was written.  False: it has none. */
bool		 index_rel_now(const struct index *x, const char *rel,
		    char dst[INDEX_REL_MAX]);

/* The flags that its tags stand for, and its tags of mailnode's kind, blank
 * between.  False: the index was discarded meanwhile. */
bool		 index_tags_of(struct index *x, notmuch_message_t *m,
		    uint32_t *flags, char rest[MAIL_TAGS_MAX]);
/* What the item says; others keep what cannot be a tag here. */
void		 index_set_tags(struct index *x, notmuch_message_t *m,
		    const struct index_item *i);

#endif
