/* What others changed in the index goes to keeper, as changes of flags and
 * tags and nothing else. */
#ifndef STORE_INDEX_THEIRS_H
#define STORE_INDEX_THEIRS_H

#include "store/index.h"
#include "store/op_mail.h"

enum {
	THEIRS_SAME_MAX = 1000,	/* messages of one change handed on at once */
	THEIRS_RECENT = 4096	/* messages handed on that we remember */
};

struct index_theirs {
	/* The caller's: */
	int		 keeper;	/* channel */
	struct op_reply	*r;
	/* private: changes that are alike, not handed on yet */
	uint64_t	 id[THEIRS_SAME_MAX];
	size_t		 nid;
	uint32_t	 add, del;
	char		 tags[MAIL_TAGS_MAX * 4];
	uint16_t	 rc;		/* of handing on */
	struct {
		uint64_t	id, key;
	}		 recent[THEIRS_RECENT];
};

/* As index_changed(); STORE_STATE: keeper did not take all. */
enum store_err	 index_theirs(struct index_theirs *t, struct index *x,
		    const char *state, char *now);

#endif
