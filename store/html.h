/*
 * HTML as plain text, when there is no w3m and no lynx: small and safe, not
 * beautiful.  Nothing is fetched, scripts and styles are dropped, and what
 * comes out is fit for mtext_clean.
 */
#ifndef STORE_HTML_H
#define STORE_HTML_H

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

#endif
