/* All names of mailboxes, as LIST and NOTIFY tell of them. */
#ifndef IMAP_LIST_H
#define IMAP_LIST_H

#include "mailnode/imap/talk.h"

enum { PATTERNS_MAX = 20 };

struct entry {
	char		 name[BOX_NAME_MAX];
	const struct view_box *box;	/* NULL: there is none */
	bool		 subscribed;
};

struct list {
	unsigned int	 options;
	uint32_t	 items;		/* of RETURN (STATUS …) */
	char		*pattern[PATTERNS_MAX];	/* owned */
	size_t		 npattern;
	bool		 root;		/* the last one was "" */
	struct entry	*entry;		/* by name; levels above, too */
	size_t		 n, cap;
	struct view_boxes boxes;
	struct buf	 subscribed;	/* as set_subscribed() has it */
};

/* What there is at present; owned.  NULL: *rc says why. */
struct list *list_now(struct session *s, uint16_t *rc);
void	 list_free(struct list *l);
/* "* LIST" of an entry into s->out; item: extended data behind it, or "". */
void	 list_put(struct session *s, const struct list *l,
	    const struct entry *e, const char *item);

#endif
