/*
 * The client's part of the configuration: what keys do and how things look.
 * The names below are what config.h writes into keys[] and colors[]; the
 * client's help is made from the same list, so that it cannot drift.
 */
#ifndef NODE_CONF_TUI_H
#define NODE_CONF_TUI_H

/* Whose keys; for #if. */
#define CONF_KEYS_OURS	0
#define CONF_KEYS_MUTT	1
#define CONF_KEYS_AERC	2

/* Where a key holds; a mask. */
enum conf_view {
	IN_LIST = 1,		/* threads of a mailbox or query */
	IN_MSG = 2,		/* one message, to be read */
	IN_TEXT = 4,		/* help, source, delivery, status */
	IN_PARTS = 8,		/* parts of a message */
	IN_COMPOSE = 16,	/* a letter before it is sent */
	IN_QUEUE = 32,		/* letters on their way */
	IN_INCOMING = 64,	/* mail as it comes, and what was refused */
	IN_ALL = 127
};

/* X(name, what help says of it) */
#define CONF_ACTIONS(X)							\
	X(NEXT,		"next row, or a line down")			\
	X(PREV,		"previous row, or a line up")			\
	X(PAGE_DOWN,	"a page down")					\
	X(PAGE_UP,	"a page up")					\
	X(HALF_DOWN,	"half a page down")				\
	X(HALF_UP,	"half a page up")				\
	X(FIRST,	"first row")					\
	X(LAST,		"last row")					\
	X(OPEN,		"open")						\
	X(BACK,		"close this view; at the top: quit")		\
	X(QUIT,		"quit")						\
	X(NEXT_UNREAD,	"next unread")					\
	X(PREV_UNREAD,	"previous unread")				\
	X(NEXT_THREAD,	"next thread")					\
	X(PREV_THREAD,	"previous thread")				\
	X(NEXT_MSG,	"next message")					\
	X(PREV_MSG,	"previous message")				\
	X(PARENT,	"message this one answers")			\
	X(SIDE_NEXT,	"next mailbox")					\
	X(SIDE_PREV,	"previous mailbox")				\
	X(SIDE_TOGGLE,	"show or hide the sidebar")			\
	X(GO,		"change to a folder or query")			\
	X(SAVED,	"saved query of that number")			\
	X(NARROW,	"narrow the list while typing")			\
	X(SORT,		"sort the list")				\
	X(SORT_REVERSE,	"turn the order round")			\
	X(CANCEL,	"leave a search, drop what is under way")	\
	X(FOLD,		"open or close the thread")			\
	X(FOLD_OPEN,	"open the thread")				\
	X(FOLD_CLOSE,	"close the thread")				\
	X(OPEN_ALL,	"open all threads")				\
	X(CLOSE_ALL,	"close all threads")				\
	X(MARK,		"mark")						\
	X(MARK_RANGE,	"mark from here to where it is pressed again")	\
	X(MARK_QUERY,	"mark what matches a query")			\
	X(MARK_NONE,	"forget all marks")				\
	X(MARKED,	"nothing: marked ones are taken anyway")	\
	X(FIND,		"search here")					\
	X(FIND_NEXT,	"next match")					\
	X(FIND_PREV,	"previous match")				\
	X(ARCHIVE,	"archive")					\
	X(ARCHIVE_THREAD, "archive the thread")				\
	X(DELETE,	"delete: move to Trash")			\
	X(DELETE_THREAD, "delete the thread")				\
	X(JUNK,		"junk, or not junk after all")			\
	X(FLAG,		"flag or unflag")				\
	X(READ,		"read or unread")				\
	X(TAG_ADD,	"add tags")					\
	X(TAG_REMOVE,	"remove tags")					\
	X(TAG_EDIT,	"edit all tags")				\
	X(MOVE,		"move to a folder; a part: save")		\
	X(COPY,		"copy to a folder")				\
	X(UNDO,		"undo, also a sending")				\
	X(REDO,		"redo")						\
	X(HEADERS,	"all headers or few")				\
	X(SOURCE,	"source of the message")			\
	X(HTML,		"HTML part or plain text")			\
	X(QUOTED,	"hide or show quoted text")			\
	X(SKIP_QUOTED,	"behind the quoted text")			\
	X(PARTS,	"parts and attachments")			\
	X(PART_NEXT,	"next part")					\
	X(PART_PREV,	"previous part")				\
	X(LINK_OPEN,	"open a link by its number")			\
	X(LINK_COPY,	"copy a link to the clipboard")			\
	X(PIPE,		"pipe to a command")				\
	X(PRINT,	"print")					\
	X(COMPOSE,	"write a letter")				\
	X(REPLY,	"reply to the sender")				\
	X(REPLY_ALL,	"reply to all")					\
	X(REPLY_LIST,	"reply to the list")				\
	X(FORWARD,	"forward")					\
	X(BOUNCE,	"send on unchanged")				\
	X(RECALL,	"take up a draft")				\
	X(SEND,		"send")						\
	X(EDIT,		"edit in $EDITOR")				\
	X(EDIT_TO,	"edit To")					\
	X(EDIT_CC,	"edit Cc")					\
	X(EDIT_BCC,	"edit Bcc")					\
	X(EDIT_SUBJECT,	"edit Subject")					\
	X(EDIT_FROM,	"edit From")					\
	X(ATTACH,	"attach a file")				\
	X(DETACH,	"drop an attachment")				\
	X(POSTPONE,	"keep as a draft")				\
	X(ABORT,	"leave the letter: asks what to do with it")	\
	X(SIGN,		"sign with PGP, or not")			\
	X(ENCRYPT,	"encrypt with PGP, or not")			\
	X(SNOOZE,	"put off until a time")				\
	X(UNSUBSCRIBE,	"unsubscribe from the list")			\
	X(ALIAS,	"make a new alias for the correspondent")	\
	X(ALLOW,	"let the sender in, whatever the filter thinks") \
	X(BLOCK,	"refuse all from the sender")			\
	X(QUEUE,	"the queue, with each recipient's fate")	\
	X(INCOMING,	"what comes in, is put off or refused")		\
	X(REJECTS,	"what was refused or put off in two weeks")	\
	X(LET_IN,	"let its next try in, within an hour")		\
	X(DELIVERY,	"delivery of this message")			\
	X(WHY,		"why: the story of this message")		\
	X(STATUS,	"health of the node")				\
	X(QUEUE_RUN,	"run the queue now")				\
	X(HOLD,		"hold")						\
	X(RELEASE,	"release")					\
	X(RETRY,	"try again now")				\
	X(DROP,		"drop: never send it")				\
	X(COMMAND,	"type a command")				\
	X(SHELL,	"run a shell command")				\
	X(HELP,		"this help")					\
	X(REDRAW,	"redraw the screen, look again")		\
	X(SUSPEND,	"suspend")					\
	X(IGNORE,	"nothing")

enum conf_action {
#define X(name, text)	DO_##name,
	CONF_ACTIONS(X)
#undef X
	DO_MAX
};

/*
 * Keys are single characters, C-x, M-x, or Up Down Left Right Home End PgUp
 * PgDn Ins Del Enter Space Tab Backtab Backspace Esc F1..F12; several with
 * blanks between are pressed one after the other.
 */
struct conf_key {
	unsigned int	 views;		/* IN_* */
	const char	*key;
	enum conf_action act;
	const char	*arg;		/* instead of asking; or NULL */
};

/* X(name, where it is seen) */
#define CONF_PAINTS(X)							\
	X(TEXT)		/* everything else */				\
	X(CURSOR)	/* the row in hand */				\
	X(UNREAD)							\
	X(FLAGGED)							\
	X(MARKED)							\
	X(DATE)								\
	X(FROM)								\
	X(TAGS)								\
	X(TREE)								\
	X(STATUS)	/* line above the last */			\
	X(HINTS)	/* first line */				\
	X(SIDE)								\
	X(SIDE_HERE)	/* the mailbox shown */				\
	X(SIDE_NEW)	/* mailbox with unread mail */			\
	X(HEADER)	/* names of header fields */			\
	X(SUBJECT)							\
	X(QUOTE1)							\
	X(QUOTE2)							\
	X(QUOTE3)							\
	X(SIGNATURE)							\
	X(LINK)								\
	X(ATTACHMENT)							\
	X(MATCH)	/* of a search */				\
	X(GOOD)		/* delivered, verified */			\
	X(WAIT)		/* on its way, deferred */			\
	X(BAD)		/* failed */					\
	X(ERROR)							\
	X(PROMPT)

enum conf_paint {
#define X(name)	PAINT_##name,
	CONF_PAINTS(X)
#undef X
	PAINT_MAX
};

enum { CONF_PLAINLY = 0, CONF_BOLD = 1, CONF_REVERSE = 2, CONF_UNDERLINE = 4,
	CONF_DIM = 8 };

struct conf_color {
	enum conf_paint	what;
	short		fg, bg;		/* 0..255; -1: the terminal's own */
	unsigned int	attr;		/* CONF_*: also without colours */
};

#endif
