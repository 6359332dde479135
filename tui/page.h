/*
 * A view of text: help, source, delivery, status; and the base of the view
 * of a message, which shares its movements.
 */
#ifndef TUI_PAGE_H
#define TUI_PAGE_H

#include "tui/app.h"
#include "tui/doc.h"

struct page_view {
	struct view	 v;
	struct doc	 doc;
	size_t		 top;		/* row */
	int		 height, width;
	char		*find;		/* last search, or NULL */
	/* A long text is laid out, and may come in, behind what is seen. */
	bool		 partial;	/* more of it will come */
	view_act	*wants;		/* to be done when all is there */
	struct loop_timer step;
	char		*title;
};

/* Returns the view, pushed; its doc is empty and the caller's to fill. */
struct page_view	*page_open(struct tui *t, const char *title);

void	 page_draw(struct view *v, const struct area *a);
/* All lines are there and have their rows? */
bool	 page_is_whole(const struct page_view *tv);
/* Does it once they are, unless another key comes first. */
void	 page_wait(struct page_view *tv, view_act *act);
/* Lines were added, or p->partial changed. */
void	 page_grown(struct page_view *tv);
/* Rows for the width at hand, so that octet `at` of the text is on top. */
void	 page_show_at(struct page_view *tv, size_t at);
void	 page_free_parts(struct page_view *tv);
/* "12%", "all" … */
void	 page_place(const struct page_view *tv, struct buf *b);

view_act page_next, page_prev, page_down, page_up, page_half_down,
	 page_half_up, page_first, page_last, page_find, page_find_next,
	 page_find_prev;

/* All but DO_PAGE_DOWN, which a view may have its own way of. */
#define PAGE_ACTS							\
	[DO_NEXT] = page_next, [DO_PREV] = page_prev,			\
	[DO_PAGE_UP] = page_up,						\
	[DO_HALF_DOWN] = page_half_down, [DO_HALF_UP] = page_half_up,	\
	[DO_FIRST] = page_first, [DO_LAST] = page_last,			\
	[DO_FIND] = page_find, [DO_FIND_NEXT] = page_find_next,		\
	[DO_FIND_PREV] = page_find_prev

#endif
