/*
 * HTML as plain text, when there is no w3m and no lynx: small and safe, not
 * beautiful.  Nothing is fetched, scripts and styles are dropped, and what
 * comes out is fit for mtext_clean.
 */
#ifndef STORE_HTML_H
#define STORE_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

/* Appends the text of n octets of UTF-8 HTML.  0, or -1: out->err. */
int	html_plain(struct buf *out, const char *p, size_t n);

/* The character of the entity at s ("&…", s < end), its octets in *len;
 * 0: there is none. */
uint32_t html_entity(const char *s, const char *end, size_t *len);

/* Behind the tag that p is in (p[-1] is there), or end; a '>' in quotes ends
 * none. */
const char *html_tag_end(const char *p, const char *end);

/* Behind the comment that begins at p, or end; NULL: none does. */
const char *html_comment_end(const char *p, const char *end);

/* The value of an attribute within the tag [p, end), p behind its name, with
 * entities read; "": it has none. */
void	html_attribute(const char *p, const char *end, const char *name,
	    char *dst, size_t size);

/*
 * Of the tag whose name starts at `tag` and that ends before tag_end: behind
 * the element, if it is hidden (html_hide.c); else NULL.  *open starts false,
 * and becomes true when one is never closed: then no more are looked for, so
 * that a text is read twice at most.
 */
const char *html_hidden(const char *tag, const char *tag_end, const char *end,
	    bool *open);

/* Appends HTML without the elements that are hidden, otherwise as it is, for
 * browsers that know no CSS.  0, or -1: out->err. */
int	html_shown(struct buf *out, const char *p, size_t n);

#endif
