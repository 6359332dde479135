/*
 * The list of threads of a mailbox or of a query.  Cursor and marks are
 * places (thread and message ids), so that new mail moves neither.
 *
 *	list_view.c	the view: keys, search among the rows
 *	list_mark.c	marks
 *	list_move.c	the cursor
 *	list_load.c	pages, refreshing, narrowing
 *	list_draw.c	how a row looks
 */
#ifndef TUI_LIST_H
#define TUI_LIST_H

#include "tui/app.h"
#include "tui/rows.h"

struct list_view;
struct fates;

enum list_page { PAGE_OLDER, PAGE_NEWER, PAGE_FRESH, PAGE_MAX };

/* A page that was asked for; at most one of each kind is under way. */
struct list_req {
	struct list_view	*lv;
	enum list_page		 kind;
	bool			 busy;
	bool			 bottom;	/* the end of the list, not its start */
	struct list_cursor	 from;
};

struct list_view {
	struct view	 v;
	char		*name;		/* of the mailbox or saved query */
	char		*query;		/* "" for a mailbox */
	char		*narrow;	/* what the list is narrowed to; "" */
	char		*asked;		/* narrowing: query under way, or NULL */
	char		*want;		/* narrowing: the one after it, or NULL */
	uint64_t	 mbox;		/* 0: a query */
	struct rows	 rows;
	enum list_sort	 sort;		/* of a mailbox; a query: by date */
	bool		 reverse;
	bool		 loaded;	/* at least one page was there */
	bool		 stale;		/* its rows are of what was shown before */
	bool		 behind;	/* the index, which answers it */
	struct rows_at	 at;		/* cursor */
	size_t		 cur, top;	/* its line, and the first shown */
	int		 height;	/* lines shown */
	struct fates	*fates;		/* in Sent, else NULL */
	struct waking	*waking;	/* in Snoozed, else NULL */
	bool		 ours;		/* Sent, Drafts: shows who it is to */
	struct list_req	 req[PAGE_MAX];
	bool		 again;		/* changed during a refresh */
	struct loop_timer refresh;
	int64_t		 refreshed_ms;
	struct rows_at	*mark;
	size_t		 nmarks;
	struct rows_at	 range;		/* where V was pressed; thread 0: not */
	char		*find;
	/* Marking by query: what is under way. */
	bool		 marking;
	struct list_ask	 mark_ask;
	char		*mark_query;
};

extern const struct view_ops list_view_ops;

/* Opens a list; query "" for a mailbox.  Returns the view, pushed. */
struct view	*list_open(struct tui *t, uint64_t mbox, const char *name,
		    const char *query);
/* Shows something else in it. */
void		 list_change(struct list_view *lv, uint64_t mbox,
		    const char *name, const char *query);

/* The thread `step` rows away, put in hand; 0: there is none. */
uint64_t	 list_step(struct view *v, int step, bool unread);

/* ---- list_load.c ---- */

void	 list_ask_page(struct list_view *lv, enum list_page kind);
void	 list_ask_last(struct list_view *lv);
/* Another order, from its start. */
void	 list_sort(struct list_view *lv, enum list_sort sort, bool reverse);
extern const char *const list_sort_names[LIST_SORT_N];
/* From the first row; forgets what was under way. */
void	 list_reload(struct list_view *lv);
/* Soon, once, however often it is called. */
void	 list_refresh(struct list_view *lv);
/* The index has caught up: asked again if it answered this list. */
void	 list_settled(struct list_view *lv);
/* What stands near the edges is asked for before it is needed. */
void	 list_fill(struct list_view *lv);
void	 list_forget(struct list_view *lv);
/* Shows what matches text, too; live: while it is being typed. */
void	 list_narrow(struct list_view *lv, const char *text, bool live);
void	 list_ask_msgs(struct list_view *lv, uint64_t thread);
/* Does that query match whatever there is? */
bool	 list_is_all(const char *query);
/* Returns owned: the query of this list and text, both. */
char	*list_query(const struct list_view *lv, const char *text);

/* ---- list_move.c ---- */

/* To a line, or by some; stays within. */
void	 list_go(struct list_view *lv, size_t line);
void	 list_go_by(struct list_view *lv, int lines);
/* Finds the cursor again after the rows changed, or its neighbour. */
void	 list_settle(struct list_view *lv);
view_act list_next, list_prev, list_page_down,
	 list_page_up, list_half_down, list_half_up,
	 list_first, list_last, list_next_unread,
	 list_prev_unread, list_next_thread, list_prev_thread,
	 list_parent;

/* ---- list_mark.c ---- */

view_act list_mark, list_mark_range, list_mark_matching,
	 list_mark_none, list_count_marked;
bool	 list_marked(const struct list_view *lv, struct rows_at at);
/* A query marks still; told, as nothing may be done to some of them. */
bool	 list_marks_more(const struct list_view *lv);
/* Forgets the marks, and to make more. */
void	 list_unmark(struct list_view *lv);
void	 list_set_mark(struct list_view *lv, struct rows_at at, bool on);

/* ---- list_draw.c ---- */

void	 list_draw(struct view *v, const struct area *a);
void	 list_status(struct view *v, struct buf *left, struct buf *right);

#endif
