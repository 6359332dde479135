/*
 * The terminal: the only file that knows ncurses.  Text goes out through
 * term_put alone, which takes its cells from text_next().
 */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/node/conf.h"

/* Added to a paint: in the row that is in hand. */
enum { TERM_CURSOR = 0x100 };

/* 0, or -1: this terminal cannot place text (TERM unknown or dumb). */
int	 term_open(void);
void	 term_close(void);

/* For a program that takes the terminal, or a stop; then back. */
void	 term_leave(void);
void	 term_enter(void);

int	 term_rows(void);
int	 term_cols(void);
/* Takes the size the terminal has now. */
void	 term_resize(void);

/* The next key that is there (see key.h), or 0. */
uint32_t term_key(void);

void	 term_erase(void);
/* Forgets what was on the screen, so that all of it is sent again. */
void	 term_forget(void);
void	 term_show(void);
/* Where the cursor stands after term_show; y -1: out of the way. */
void	 term_cursor(int y, int x);

/*
 * At most cols columns of s from (y, x), clipped to the screen.  Returns the
 * columns used.  term_puts says by an ellipsis that there is more of it.
 */
int	 term_put(int y, int x, int cols, const char *s, size_t n, int paint);
int	 term_puts(int y, int x, int cols, const char *s, int paint);
/* Blanks. */
void	 term_fill(int y, int x, int cols, int paint);
/* term_puts, and blanks up to cols. */
void	 term_field(int y, int x, int cols, const char *s, int paint);

/*
 * What term_put() drew there is a link to url, for terminals that know of
 * such (hyper.h); until the screen is erased.  s is the text, n octets.
 */
void	 term_link(int y, int x, int cols, const char *s, size_t n,
	    const char *url, size_t nurl);
/* Hands text to the clipboard of the terminal (OSC 52, base64 inside). */
void	 term_clip(const char *s, size_t n);

#endif
