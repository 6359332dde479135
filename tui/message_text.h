/*
 * The text of a message, which may be long.  Its start comes with the
 * message; what that left out comes in behind, in slices, so that no key
 * waits for it.
 */
#ifndef TUI_MESSAGE_TEXT_H
#define TUI_MESSAGE_TEXT_H

#include "tui/fetch.h"

struct message_text {
	struct tui	*t;
	struct fetched	*f;		/* borrowed: whose text it is */
	enum fetch_how	 how;
	struct buf	 all;		/* checked; else f->show has all */
	struct buf	 tail;		/* private: a line not ended yet */
	int		 fd;
	uint64_t	 at, size;	/* octets of fd */
	struct loop_timer step;
	/*
	 * More of it is here: `from` is where in `all`, SIZE_MAX if f->show
	 * is another one now.
	 */
	void		(*grown)(void *arg, size_t from);
	void		*arg;
};

void	message_text_init(struct message_text *mt, struct tui *t,
	    void (*grown)(void *arg, size_t from), void *arg);
/* Asks for what f->show left out, if anything.  Borrows f. */
void	message_text_start(struct message_text *mt, struct fetched *f,
	    enum fetch_how how);
/* Forgets all of it. */
void	message_text_stop(struct message_text *mt);
/* What there is; *n octets. */
const char *message_text_get(const struct message_text *mt, size_t *n);
/* More will come. */
bool	message_text_partial(const struct message_text *mt);

#endif
