/* What a message looks like. */
#ifndef TUI_MESSAGE_DOC_H
#define TUI_MESSAGE_DOC_H

#include "tui/doc.h"
#include "tui/fetch.h"

struct message_look {
	bool	all_headers, hide_quoted, html;
	bool	numbers;		/* behind links */
};

/* Fills d; html: text that a browser made of the HTML part, or NULL. */
void	message_doc(struct doc *d, const struct fetched *f,
	    const struct message_look *look, const struct buf *html);

/* "name" of a part for people: file name, else what it is. */
const char *message_part_name(const struct parse_part *p);

#endif
