/* All names of mailboxes, as LIST and NOTIFY tell of them. */
#ifndef IMAP_LIST_H
#define IMAP_LIST_H

#include "mailnode/imap/talk.h"
#include "store/tree.h"

enum { PATTERNS_MAX = 20 };

struct list {
	unsigned int	 options;
	uint32_t	 items;		/* of RETURN (STATUS …) */
	char		*pattern[PATTERNS_MAX];	/* owned */
	size_t		 npattern;
	bool		 root;		/* the last one was "" */
	struct tree	 tree;
};

/* What there is at present.  A status; list_clear() in any case. */
uint16_t list_now(struct session *s, struct list *l);
void	 list_clear(struct list *l);
/* "* LIST" of an entry into s->out; item: extended data behind it, or "". */
void	 list_put(struct session *s, const struct list *l,
	    const struct tree_entry *e, const char *item);

#endif
