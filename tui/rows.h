/*
 * The threads on hand: a window onto a list that may have a million rows,
 * with some of them opened into their messages.  No I/O: pages come in from
 * outside, and places are named by thread and message, never by number.
 */
#ifndef TUI_ROWS_H
#define TUI_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/op_list.h"

struct rows_thread {
	struct list_thread s;
	struct list_cursor from;	/* the page it came with started here */
	char		*text;		/* owned: what s borrows */
	bool		 open;
	struct list_msgs msgs;		/* owned; n 0: not asked yet */
};

/* m NULL: the thread itself, which is closed or not loaded yet. */
struct rows_line {
	struct rows_thread	*t;
	struct list_msg		*m;
};

struct rows_at {
	uint64_t	thread, msg;	/* msg 0: the thread's own line */
};

struct rows {
	struct rows_thread **thread;
	size_t		 n, cap;
	bool		 top, bottom;	/* nothing newer, nothing older */
	struct list_cursor next;	/* where older rows go on */
	struct rows_line *line;		/* private: all lines */
	size_t		 nlines, cap_lines;
};

void	 rows_init(struct rows *r);
void	 rows_clear(struct rows *r);

/*
 * A page that started at `from`: instead of what there is (opened threads
 * stay open), behind it, or before it (asked with `newer`: comes oldest
 * first, is turned round).  False: no memory.
 */
bool	 rows_replace(struct rows *r, const struct list_threads *page,
	    struct list_cursor from);
bool	 rows_append(struct rows *r, const struct list_threads *page,
	    struct list_cursor from);
bool	 rows_prepend(struct rows *r, const struct list_threads *page);

size_t	 rows_lines(const struct rows *r);
/* NULL behind the end. */
const struct rows_line *rows_line(const struct rows *r, size_t i);
struct rows_at rows_at(const struct rows *r, size_t i);

/*
 * The line of a place: of its thread if the message is not shown, or
 * SIZE_MAX.
 */
size_t	 rows_find(const struct rows *r, struct rows_at at);
struct rows_thread *rows_thread(const struct rows *r, uint64_t thread);

void	 rows_open(struct rows *r, struct rows_thread *t, bool open);
/* Takes what *msgs owns. */
void	 rows_set_msgs(struct rows *r, struct rows_thread *t,
	    struct list_msgs *msgs);

/* Gone from this list, before the store says so. */
void	 rows_remove(struct rows *r, uint64_t thread);
void	 rows_remove_msg(struct rows *r, uint64_t msg);
/* Flags of a message, and of its thread as far as that can be told. */
void	 rows_flags(struct rows *r, uint64_t msg, uint32_t add, uint32_t del);

#endif
