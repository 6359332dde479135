/* Private to index*.c. */
#ifndef STORE_INDEX_PARTS_H
#define STORE_INDEX_PARTS_H

#include "store/dyn.h"
#include "store/index.h"

struct index {
	const struct dyn_notmuch *nm;
	const char		*maildir;	/* borrowed */
	char			 config[INDEX_PATH_MAX];
	notmuch_database_t	*db;		/* in a batch, or open to read */
	bool			 fresh;
};

/* STORE_GONE: the database is away. */
enum store_err	 index_open_read(struct index *x);
void		 index_close(struct index *x);

/* Does it stand for a flag?  Then for *flag; 0: one that is not believed. */
bool		 index_flag(const char *tag, uint32_t *flag);
/* Neither ours nor the user's: the index gives it by itself. */
bool		 index_is_own(const char *tag);

#endif
