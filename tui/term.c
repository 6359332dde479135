#define _XOPEN_SOURCE 700
#define NCURSES_WIDECHAR 1
#include <errno.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mailnode/base/codec.h"
#include "tui/hyper.h"
#include "tui/key.h"
#include "tui/term.h"
#include "tui/text.h"

enum {
	ESC_MS = 50,		/* a lone Esc, told from a key's sequence */
	CLIP_MAX = 64 * 1024,	/* octets; terminals take less */
	LINKS_MAX = 256 * 1024,	/* octets of all links of a screen */
	LINK_ROWS = 1000,	/* of the screen that may have some */
	CUT_MIN = 3,		/* columns from which an ellipsis pays */
	CODE_PASTE = KEY_MAX + 1,
	CODE_PASTE_END
};

static SCREEN *screen;
static attr_t attrs[PAINT_MAX];
static short pairs[PAINT_MAX];
static int cursor_y = -1, cursor_x;

/* Links of the screen: what to write over it, once ncurses has drawn. */
static struct buf links;
static uint8_t link_rows[LINK_ROWS], link_rows_was[LINK_ROWS];
static bool hyper;

static const struct { int code; uint32_t key; } codes[] = {
	{ KEY_UP, TK_UP }, { KEY_DOWN, TK_DOWN }, { KEY_LEFT, TK_LEFT },
	{ KEY_RIGHT, TK_RIGHT }, { KEY_HOME, TK_HOME }, { KEY_END, TK_END },
	{ KEY_PPAGE, TK_PGUP }, { KEY_NPAGE, TK_PGDN }, { KEY_IC, TK_INS },
	{ KEY_DC, TK_DEL }, { KEY_ENTER, TK_ENTER }, { KEY_BTAB, TK_BACKTAB },
	{ KEY_BACKSPACE, TK_BACKSPACE }, { CODE_PASTE, TK_PASTE },
	{ CODE_PASTE_END, TK_PASTE_END },
};

static attr_t
attr_of(unsigned int conf_attr)
{
	attr_t a = A_NORMAL;

	if (conf_attr & CONF_BOLD)
		a |= A_BOLD;
	if (conf_attr & CONF_REVERSE)
		a |= A_REVERSE;
	if (conf_attr & CONF_UNDERLINE)
		a |= A_UNDERLINE;
	if (conf_attr & CONF_DIM)
		a |= A_DIM;
	return a;
}

static void
colors_init(void)
{
	const struct conf_color *c;
	const char *no = getenv("NO_COLOR");
	bool any;
	size_t i;

	any = has_colors() && (no == NULL || *no == '\0') &&
	    start_color() == OK && use_default_colors() == OK;
	for (i = 0; i < conf.ncolors; i++) {
		c = &conf.colors[i];
		attrs[c->what] = attr_of(c->attr);
		if (!any || c->fg >= COLORS || c->bg >= COLORS ||
		    (c->fg < 0 && c->bg < 0))
			continue;
		if (init_pair((short)(c->what + 1), c->fg, c->bg) == OK)
			pairs[c->what] = (short)(c->what + 1);
	}
}

/* What is not in terminfo: brackets round pasted text. */
static void
paste_brackets(bool on)
{
	const char *s = on ? "\033[?2004h" : "\033[?2004l";

	fflush(stdout);
	if (write(STDOUT_FILENO, s, strlen(s)) == -1)
		return;
}

int
term_open(void)
{
	screen = newterm(NULL, stdout, stdin);
	if (screen == NULL)
		return -1;
	if (tigetstr("cup") == NULL || tigetstr("cup") == (char *)-1) {
		endwin();
		delscreen(screen);
		screen = NULL;
		return -1;
	}
	raw();
	noecho();
	nonl();
	(void)set_escdelay(ESC_MS);
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)intrflush(stdscr, FALSE);
	(void)leaveok(stdscr, FALSE);
	(void)define_key("\033[200~", CODE_PASTE);
	(void)define_key("\033[201~", CODE_PASTE_END);
	colors_init();
	buf_init(&links, LINKS_MAX);
	hyper = hyper_known();
	paste_brackets(true);
	return 0;
}

void
term_close(void)
{
	if (screen == NULL)
		return;
	paste_brackets(false);
	(void)curs_set(1);
	endwin();
	delscreen(screen);
	buf_clear(&links);
	screen = NULL;
}

void
term_leave(void)
{
	paste_brackets(false);
	(void)curs_set(1);
	endwin();
}

void
term_enter(void)
{
	term_resize();
	(void)clearok(stdscr, TRUE);
	(void)refresh();
	paste_brackets(true);
}

int
term_rows(void)
{
	return LINES;
}

int
term_cols(void)
{
	return COLS;
}

void
term_resize(void)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 &&
	    w.ws_col > 0 && (w.ws_row != LINES || w.ws_col != COLS))
		(void)resizeterm(w.ws_row, w.ws_col);
}

static uint32_t
function_key(int code)
{
	size_t i;

	for (i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (codes[i].code == code)
			return codes[i].key;
	if (code >= KEY_F(1) && code <= KEY_F(12))
		return TK_F1 + (uint32_t)(code - KEY_F(1));
	return 0;
}

static uint32_t
plain_key(wint_t c)
{
	if (c == '\r')
		return TK_ENTER;
	if (c == 0x7f || c == '\b')
		return TK_BACKSPACE;
	return (uint32_t)c;
}

uint32_t
term_key(void)
{
	wint_t c, next;
	uint32_t key;
	int rc;

	while ((rc = get_wch(&c)) != ERR) {
		if (rc == KEY_CODE_YES) {
			key = function_key((int)c);
			if (key != 0)
				return key;
			continue;
		}
		if (c == 0)
			continue;
		if (c == TK_ESC && (rc = get_wch(&next)) != ERR) {
			if (rc == KEY_CODE_YES)
				return function_key((int)next) | TK_ALT;
			return plain_key(next) | TK_ALT;
		}
		return plain_key(c);
	}
	return 0;
}

void
term_erase(void)
{
	(void)erase();
	buf_reset(&links);
	memcpy(link_rows_was, link_rows, sizeof link_rows);
	memset(link_rows, 0, sizeof link_rows);
}

void
term_forget(void)
{
	(void)clearok(stdscr, TRUE);
}

void
term_cursor(int y, int x)
{
	cursor_y = y;
	cursor_x = x;
}

static void
write_out(const struct buf *b)
{
	size_t at = 0;
	ssize_t w;

	while (b->err == 0 && at < b->len) {
		w = write(STDOUT_FILENO, b->data + at, b->len - at);
		if (w == -1 && errno == EINTR)
			continue;
		if (w <= 0)
			break;
		at += (size_t)w;
	}
}

/* ncurses knows nothing of links: where one was, cells that look the same
 * are written again, so that they are none any more. */
static void
unlink_rows(void)
{
	int y;

	for (y = 0; hyper && y < LINES && y < LINK_ROWS; y++)
		if (link_rows_was[y])
			(void)wredrawln(stdscr, y, 1);
}

void
term_show(void)
{
	if (cursor_y >= 0) {
		(void)curs_set(1);
		(void)move(cursor_y, cursor_x < COLS ? cursor_x : COLS - 1);
	} else {
		(void)curs_set(0);
		(void)move(LINES - 1, 0);
	}
	unlink_rows();
	(void)refresh();
	if (links.len > 0 && links.err == 0) {
		fflush(stdout);
		write_out(&links);
	}
}

static void
style(int paint, attr_t *a, short *pair)
{
	int what = paint & ~TERM_CURSOR;

	*a = attrs[what];
	*pair = pairs[what];
	if ((paint & TERM_CURSOR) == 0)
		return;
	*a |= attrs[PAINT_CURSOR];
	if (pairs[PAINT_CURSOR] != 0)
		*pair = pairs[PAINT_CURSOR];
}

int
term_put(int y, int x, int cols, const char *s, size_t n, int paint)
{
	wchar_t wide[2 + TEXT_MARKS_MAX];
	const char *end = s + n;
	struct text_cell c;
	unsigned int i;
	int used = 0;
	cchar_t cell;
	attr_t a;
	short pair;

	if (y < 0 || y >= LINES || x < 0 || x >= COLS)
		return 0;
	if (cols > COLS - x)
		cols = COLS - x;
	style(paint, &a, &pair);
	while (text_next(&s, end, &c) && used + (int)c.width <= cols) {
		for (i = 0; i < c.n; i++)
			wide[i] = (wchar_t)c.ch[i];
		wide[i] = L'\0';
		if (setcchar(&cell, wide, a, pair, NULL) == OK)
			(void)mvadd_wch(y, x + used, &cell);
		used += (int)c.width;
	}
	return used;
}

int
term_puts(int y, int x, int cols, const char *s, int paint)
{
	static const char more[] = "\xe2\x80\xa6";
	size_t n = strlen(s);
	int used;

	if (cols > COLS - x)
		cols = COLS - x;
	if (cols < CUT_MIN || text_fit(s, n, (size_t)cols) == n)
		return term_put(y, x, cols, s, n, paint);
	used = term_put(y, x, cols - 1, s, n, paint);
	return used + term_put(y, x + used, 1, more, sizeof more - 1, paint);
}

void
term_fill(int y, int x, int cols, int paint)
{
	attr_t a;
	short pair;

	if (y < 0 || y >= LINES || x < 0 || x >= COLS)
		return;
	if (cols > COLS - x)
		cols = COLS - x;
	style(paint, &a, &pair);
	(void)attr_set(a, pair, NULL);
	for (; cols > 0; cols--, x++)
		(void)mvaddch(y, x, ' ');
	(void)attr_set(A_NORMAL, 0, NULL);
}

void
term_field(int y, int x, int cols, const char *s, int paint)
{
	int used = term_puts(y, x, cols, s, paint);

	if (used < cols)
		term_fill(y, x + used, cols - used, paint);
}

static void
put_color(struct buf *b, int n, int base)
{
	if (n >= 0 && n < 8)
		buf_addf(b, ";%d", base + n);
	else if (n >= 8)
		buf_addf(b, ";%d;5;%d", base + 8, n);
}

/* The look of a link, in the words of ECMA-48. */
static void
put_look(struct buf *b)
{
	attr_t a = attrs[PAINT_LINK];
	size_t i;

	buf_adds(b, "\033[0");
	if (a & A_BOLD)
		buf_adds(b, ";1");
	if (a & A_DIM)
		buf_adds(b, ";2");
	if (a & A_UNDERLINE)
		buf_adds(b, ";4");
	if (a & A_REVERSE)
		buf_adds(b, ";7");
	for (i = 0; pairs[PAINT_LINK] != 0 && i < conf.ncolors; i++)
		if (conf.colors[i].what == PAINT_LINK) {
			put_color(b, conf.colors[i].fg, 30);
			put_color(b, conf.colors[i].bg, 40);
		}
	buf_addc(b, 'm');
}

/* Saves cursor and look (DECSC), writes the text again inside the escape,
 * restores both: ncurses need not know. */
void
term_link(int y, int x, int cols, const char *s, size_t n, const char *url,
    size_t nurl)
{
	const char *end = s + n;
	size_t before = links.len;
	struct text_cell c;
	unsigned int i;
	int used = 0;

	if (!hyper || y < 0 || y >= LINES || y >= LINK_ROWS || x < 0 ||
	    x >= COLS)
		return;
	buf_addf(&links, "\0337\033[%d;%dH", y + 1, x + 1);
	put_look(&links);
	if (!hyper_open(&links, url, nurl)) {
		links.len = before;
		return;
	}
	while (text_next(&s, end, &c) && used + (int)c.width <= cols &&
	    x + used + (int)c.width <= COLS) {
		for (i = 0; i < c.n; i++)
			(void)codec_utf8_put(&links, c.ch[i]);
		used += (int)c.width;
	}
	hyper_close(&links);
	buf_adds(&links, "\0338");
	link_rows[y] = 1;
}

void
term_clip(const char *s, size_t n)
{
	struct buf b;

	if (n > CLIP_MAX)
		return;
	buf_init(&b, 2 * CLIP_MAX);
	buf_adds(&b, "\033]52;c;");
	(void)codec_base64_put(&b, s, n);
	buf_addc(&b, '\a');
	write_out(&b);
	buf_clear(&b);
}
