/*
 * The view of a message, for message*.c alone.
 *
 *	message.c	showing, how it looks, what is done to it
 *	message_move.c	to other messages
 *	message_link.c	its links
 *	message_fate.c	what became of it
 */
#ifndef TUI_MESSAGE_PARTS_H
#define TUI_MESSAGE_PARTS_H

#include "store/op_list.h"
#include "tui/app.h"
#include "tui/fetch.h"
#include "tui/html.h"
#include "tui/message_doc.h"
#include "tui/message_text.h"
#include "tui/page.h"

struct message_view {
	struct page_view p;
	struct view	*list;		/* the list below, while it is open */
	uint64_t	 thread, id;
	struct list_msgs msgs;		/* of the thread */
	size_t		 cur;		/* among them */
	struct fetched	 f;
	struct queue_letter fate;	/* of a letter of ours; nothing */
	struct message_text text;
	size_t		 head;		/* octets of doc above the text */
	struct html_run	*html_run;
	struct buf	 html;		/* text of the HTML part, by a browser */
	struct message_look look;
};

/* Draws it anew from what is on hand. */
void	 message_rebuild(struct message_view *m);
/* That one of its thread, when it has come. */
void	 message_show(struct message_view *m, uint64_t id);
/* Another thread: that message, or 0 for the first unread or the newest. */
void	 message_thread(struct message_view *m, uint64_t thread, uint64_t id);

/* Of a letter of ours: drawn anew when it is known. */
void	 message_fate_ask(struct message_view *m);

/* `step` messages on, at the end of the thread in the next one. */
void	 message_other(struct view *v, int step);
view_act message_next_msg, message_prev_msg, message_next_thread,
	 message_prev_thread, message_next_unread, message_prev_unread,
	 message_parent;

view_act message_link_open, message_link_copy;

#endif
