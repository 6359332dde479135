/*
 * The base of a view with one line for each thing of a list that came whole:
 * the cursor, its movements, and asking for the list again.
 */
#ifndef TUI_LINES_H
#define TUI_LINES_H

#include "tui/app.h"

struct lines_view {
	struct view	 v;
	size_t		 n;		/* lines; the view sets it */
	size_t		 cur, top;
	bool		 loaded;	/* was there an answer? */
	bool		 busy, again;	/* private: lines_ask() */
};

/* To that line, or the last. */
void	 lines_go(struct lines_view *l, size_t line);

/* Is it to be asked for now?  No: once more when the answer is there. */
bool	 lines_ask(struct lines_view *l);
/* The answer is there.  True: ask again. */
bool	 lines_got(struct lines_view *l);

/*
 * Draws what fits; put() appends the text of a line and returns its paint.
 * `none` stands there when nothing does.
 */
void	 lines_draw(struct lines_view *l, const struct area *a,
	    const char *none, int (*put)(struct lines_view *l, size_t line,
	    struct buf *b));
/* No answer came yet: view_ops.waits. */
bool	 lines_waits(const struct view *v);
/* "3/17" */
void	 lines_place(const struct lines_view *l, struct buf *right);

view_act lines_next, lines_prev, lines_first, lines_last;

#define LINES_ACTS							\
	[DO_NEXT] = lines_next, [DO_PREV] = lines_prev,			\
	[DO_FIRST] = lines_first, [DO_LAST] = lines_last

#endif
