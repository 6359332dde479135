/*
 * What is done to messages: each becomes a change that can be undone.
 * All borrow the messages.
 */
#ifndef TUI_DOING_H
#define TUI_DOING_H

#include "tui/pick.h"

/* Messages that are there already are left alone. */
void	doing_move(struct tui *t, const struct pick *p, const char *folder);
void	doing_copy(struct tui *t, const struct pick *p, const char *folder);
/* Sets the flag on all, or takes it away when all have it.  Returns what
 * was set (true) or not. */
bool	doing_toggle(struct tui *t, const struct pick *p, uint32_t flag);
/* "+a -b"; false and a note when a tag is none. */
bool	doing_tags(struct tui *t, const struct pick *p, const char *change);
/* For good: cannot be undone. */
void	doing_expunge(struct tui *t, const struct pick *p);

/* "+x -y" that makes of tags `from` the tags `to`; appends. */
void	doing_tag_change(struct buf *b, const char *from, const char *to);
/* What takes "+a -b" back on a message with those tags; appends. */
void	doing_tag_back(struct buf *b, const char *tags, const char *change);

#endif
