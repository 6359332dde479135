/*
 * Text to be read: lines with a look, wrapped for a width, searched, with
 * quoted parts that can be hidden and links that have numbers.  No I/O.
 */
#ifndef TUI_DOC_H
#define TUI_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/node/conf_tui.h"

enum {
	DOC_MAX = 80 * 1024 * 1024,	/* octets of text */
	DOC_LINKS_MAX = 999
};

struct doc_line {
	size_t		 at, n;		/* octets in text */
	uint16_t	 lead;		/* of them: in PAINT_HEADER */
	uint8_t		 paint;
	uint8_t		 quote;		/* depth */
};

struct doc_row {			/* one line of the screen */
	uint32_t	 line;
	uint32_t	 n;		/* octets */
	size_t		 at;
	bool		 folded;	/* stands for hidden lines: n of them */
};

struct doc_link {
	char		*url;		/* owned */
};

struct doc {
	struct buf	 text;
	struct doc_line	*line;
	size_t		 n, cap;
	struct doc_row	*row;
	size_t		 nrows, cap_rows;
	size_t		 cols;		/* rows are for this; 0: not yet */
	size_t		 laid;		/* lines that have their rows */
	bool		 hide_quoted;
	uint8_t		 body_paint;	/* of the last line of a letter */
	struct doc_link	*link;
	size_t		 nlinks;
};

void	 doc_init(struct doc *d);
void	 doc_clear(struct doc *d);

/* Appends lines; LF ends each. */
void	 doc_add(struct doc *d, enum conf_paint paint, const char *s, size_t n);
void	 doc_adds(struct doc *d, enum conf_paint paint, const char *s);
void	 doc_addf(struct doc *d, enum conf_paint paint, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/* "Name: value" in one line. */
void	 doc_header(struct doc *d, const char *name, const char *value,
	    enum conf_paint paint);
/*
 * The text of a letter, or lines that go on with it: quotes, signature and
 * links are seen, and each link gets its number behind it if `numbers`.
 */
void	 doc_body(struct doc *d, const char *s, size_t n, bool numbers);

/* Rows for that width; cheap when nothing changed. */
void	 doc_layout(struct doc *d, size_t cols);
/*
 * The same as far as it is needed: more than `rows` of them, and the octet
 * `at` among them.  True when every line has its rows.
 */
bool	 doc_layout_to(struct doc *d, size_t cols, size_t rows, size_t at);
void	 doc_hide_quoted(struct doc *d, bool hide);

/*
 * The row with the next match of s behind (or before) row `from`, that one
 * not included; SIZE_MAX: none.  ASCII letters match either case.
 */
size_t	 doc_find(const struct doc *d, const char *s, size_t from, bool back);
/* The first row behind `from` that is not quoted while one before it was. */
size_t	 doc_skip_quoted(const struct doc *d, size_t from);
/* Which row shows that octet of the text now. */
size_t	 doc_row_at(const struct doc *d, size_t at);

/* Matches of s in [p, p+n): offset of the first or SIZE_MAX. */
size_t	 doc_match(const char *p, size_t n, const char *s);

/* ---- doc_link.c ---- */

/*
 * Octets of the URL that starts at p in a line; 0: none does.  "www.a.b" is
 * one, too, unless a word goes on there: https:// is to stand before it.
 */
size_t	 doc_url(const char *line, const char *p, const char *end);
bool	 doc_url_bare(const char *url, size_t n);
/* The links of a line; with numbers, b becomes the line with them. */
void	 doc_links(struct doc *d, const char *s, size_t n, bool numbers,
	    struct buf *b);
/*
 * For what a browser made, before its doc_body(): the links get the numbers
 * that stand in its text, which its list at the end explains.
 */
void	 doc_references(struct doc *d, const char *s, size_t n);

#endif
