/* Private to the files of NOTIFY. */
#ifndef IMAP_NOTIFY_H
#define IMAP_NOTIFY_H

#include "mailnode/imap/list.h"

enum { GROUPS_MAX = 100 };

enum event {
	EV_NEW = 1, EV_EXPUNGE = 2, EV_FLAG = 4, EV_NAME = 8,
	EV_SUBSCRIBED = 16,
	EV_NONE = 32		/* a STATUS at first, and no more */
};

enum filter {
	IN_SELECTED, IN_DELAYED, IN_PERSONAL, IN_SUBSCRIBED, IN_SUBTREE,
	IN_MAILBOXES
};

struct group {
	enum filter	 filter;
	unsigned int	 events;
	size_t		 from, to;	/* octets of `names` */
};

struct notify {
	struct lex	 lex;		/* the command: fetch borrows of it */
	struct fetch	*fetch;		/* of new messages; NULL: nothing */
	unsigned int	 selected;	/* events */
	bool		 delayed;
	struct group	 group[GROUPS_MAX];	/* other mailboxes */
	size_t		 n;
	struct buf	 names;		/* NUL behind each */
	struct list	 then;		/* empty without groups */
	char		 own[BOX_NAME_MAX];	/* changed by the client … */
	struct set	 mine;		/* … with these new */
};

/* EV_* of all groups that this name is in. */
unsigned int notify_wanted(const struct notify *n, const struct tree_entry *e);
/* Tells how what there is differs from n->then. */
void	 notify_differ(struct session *s, const struct list *now);

#endif
