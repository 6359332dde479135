/* Who an answer goes to, what it is called, and what it quotes. */
#ifndef TUI_REPLY_H
#define TUI_REPLY_H

#include "store/op_parse.h"
#include "tui/letter.h"

enum reply_kind { REPLY_SENDER, REPLY_ALL, REPLY_LIST };

/*
 * Fills l (initialised) from the message.  To sender: Mail-Reply-To,
 * Reply-To (unless a list put itself there), From.  To all: Mail-Followup-To,
 * or the sender with To and Cc.  To the list: List-Post.  Own addresses are
 * left out; an answer to a letter of my own goes to whom that one went.
 * False: REPLY_LIST and there is no list.
 */
bool	reply_fill(struct letter *l, const struct parse_show *s,
	    enum reply_kind kind);

/* Subject, text and introduction; the attachments are the caller's. */
void	reply_forward(struct letter *l, const struct parse_show *s);

/* Behind "Re:", "AW:", "Sv[2]:", "回复：" and the like, any number. */
const char *reply_base(const char *subject);

/* The first field of that name, "" if none. */
const char *reply_header(const struct parse_show *s, const char *name);

/* The addresses of mine that the envelope had, by what we wrote above the
 * message: "a@x, b@x"; false: none, or my first address alone. */
bool	reply_alias(const struct parse_show *s, struct buf *out);

/* "Name <user@domain>" of this node. */
void	reply_own(struct buf *b);

#endif
