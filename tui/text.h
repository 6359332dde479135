/*
 * Text as a terminal shows it: cells of a base character and its marks.
 * Nothing that is drawn bypasses text_next(), and nothing it returns is a
 * control character, changes the direction of writing, or is wider here
 * than on the terminal: joiners and variation selectors are left out, flags
 * are written as letters, at most TEXT_MARKS_MAX marks stay on a character.
 */
#ifndef TUI_TEXT_H
#define TUI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

enum { TEXT_MARKS_MAX = 4 };	/* CCHARW_MAX of ncurses less the base */

struct text_cell {
	uint32_t	ch[1 + TEXT_MARKS_MAX];
	unsigned int	n;	/* characters in ch, 1 or more */
	unsigned int	width;	/* columns, 1 or 2 */
};

/*
 * The user's character set, but not the letters of his language: to
 * strcasecmp in Turkish "Message-ID" is not "message-id".  Of a language that
 * this machine does not have (ssh brings its name along), UTF-8 still counts.
 */
void	text_locale(void);

/* Looks at the locale: call after setlocale.  Otherwise: ASCII alone. */
void	text_init(void);

/* The next cell of [*p, end), advancing *p; false at the end. */
bool	text_next(const char **p, const char *end, struct text_cell *c);

/* Columns of the whole, and octets of s that fit into cols columns. */
size_t	text_width(const char *s, size_t n);
size_t	text_fit(const char *s, size_t n, size_t cols);

/*
 * One line of at most cols columns out of s, which has no LF: octets to
 * show; *skip more are blanks that the break swallows.  Breaks behind a
 * blank if there is one, else anywhere; takes at least one cell.
 */
size_t	text_wrap(const char *s, size_t n, size_t cols, size_t *skip);

/* Appends s with tabs made blanks; `col` is where s starts. */
void	text_untab(struct buf *b, const char *s, size_t n, size_t col);

/* "3", "12k", "4.1M" into dst of at least 8 octets. */
void	text_size(char *dst, size_t size, uint64_t octets);

#endif
