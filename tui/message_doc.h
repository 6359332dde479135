/* What a message looks like. */
#ifndef TUI_MESSAGE_DOC_H
#define TUI_MESSAGE_DOC_H

#include "store/op_queue.h"
#include "tui/doc.h"
#include "tui/fetch.h"

struct message_look {
	bool	all_headers, hide_quoted, html;
	bool	numbers;		/* behind links */
};

/* What stands above the text; fate: of a letter of ours, or NULL. */
void	message_doc_head(struct doc *d, const struct fetched *f,
	    const struct message_look *look,
	    const struct queue_letter *fate);

/* message_fate.c: who did not get it, and what others reported. */
void	message_fate_put(struct doc *d, const struct queue_letter *l);

/* "name" of a part for people: file name, else what it is. */
const char *message_part_name(const struct parse_part *p);

#endif
