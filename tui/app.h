/*
 * The running client: what every view shares, the stack of views, and the
 * lines above and below them.
 */
#ifndef TUI_APP_H
#define TUI_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/loop.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/control.h"
#include "store/op_watch.h"
#include "tui/talk.h"
#include "tui/key.h"
#include "tui/prompt.h"

struct tui;
struct view;
struct side;
struct undo;
struct addrbook;

struct area {
	int	y, x, h, w;
};

typedef void	view_act(struct view *v, const char *arg);

struct view_ops {
	enum conf_view	  kind;
	const char	 *name;
	view_act	*const *acts;		/* DO_MAX of them; NULL: none */
	void		(*draw)(struct view *v, const struct area *a);
	/* Left part of the status line; right: position. */
	void		(*status)(struct view *v, struct buf *left,
			    struct buf *right);
	/* The store changed; may be NULL. */
	void		(*changed)(struct view *v,
			    const struct watch_change *c);
	void		(*free)(struct view *v);
	/* Views of mail, else NULL: mailact() on what is in hand, and the
	 * message that is meant by an action on one (0: none, told). */
	void		(*mail)(struct view *v, enum conf_action act,
			    const char *arg);
	uint64_t	(*one)(struct view *v);
	/* What was asked for is not there yet: keys typed meanwhile are
	 * meant for it.  May be NULL. */
	bool		(*waits)(const struct view *v);
};

struct view {
	const struct view_ops	*ops;
	struct tui		*t;
	struct view		*below;
};

enum { DRAFTS_KEPT = 8 };

struct tui {
	struct loop	*loop;
	struct node	*node;
	struct talk	*keeper, *reader, *parser;
	struct talk	*search;	/* reader too: typed queries only */
	const char	*home;		/* $MAILNODE_HOME */
	const char	*maildir;
	struct keymap	*keys;
	struct prompt	 prompt;
	struct view	*top;
	struct side	*side;
	struct undo	*undo;
	struct addrbook	*book;
	struct buf	 folders;	/* names, NUL behind each */
	/* Rows of drafts that others stand for: a list may lag behind. */
	struct { uint64_t was, now; } draft[DRAFTS_KEPT];
	size_t		 ndrafts;	/* ever; the ring goes round */
	char		 note[400];
	bool		 note_bad;
	bool		 note_new;	/* keep it over this key */
	bool		 other_program;	/* the node was upgraded meanwhile */
	bool		 side_on;
	bool		 dirty;
	bool		 quit;
	int64_t		 retry_ms;	/* when the node may be asked again */
};

/* The view takes the screen; takes v. */
void	 app_push(struct tui *t, struct view *v);
/* Closes the topmost; or one that may stand below others. */
void	 app_pop(struct tui *t);
void	 app_remove(struct tui *t, struct view *v);
/* Something looks different now. */
void	 app_dirty(struct tui *t);

/* One line at the bottom until the next key; good or bad. */
void	 app_note(struct tui *t, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	 app_error(struct tui *t, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* "WHAT: text of the status". */
void	 app_status_error(struct tui *t, const char *what, uint16_t status);

/* Is it of any use in such a view? */
bool	 app_has(const struct view_ops *ops, enum conf_action act);
/* Runs an action where it belongs; false: not here. */
bool	 app_act(struct tui *t, enum conf_action act, const char *arg);
void	 app_key(struct tui *t, uint32_t key);
void	 app_draw(struct tui *t);
/* Tells every view. */
void	 app_changed(struct tui *t, const struct watch_change *c);

/* Opens a prompt for one action. */
void	 app_prompt(struct tui *t, const struct prompt_ask *a);

/* Completion of folder names and of file names, for prompts. */
size_t	 app_complete_folder(void *tui, const char *text, size_t n,
	    struct buf *out);
size_t	 app_complete_file(void *tui, const char *text, size_t n,
	    struct buf *out);

#endif
