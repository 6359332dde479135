/* HTML as text, by a browser that can reach nothing: w3m, else lynx. */
#ifndef HOOKS_HTML_H
#define HOOKS_HTML_H

#include <stddef.h>

#include "hooks/run.h"

enum {
	HTML_SECONDS = 5,
	HTML_MIB = 512,		/* of address space */
	HTML_COLUMNS_MIN = 20,
	HTML_COLUMNS_MAX = 500
};

/*
 * Appends [html, html+n), UTF-8, as text of that many columns with the
 * addresses of its links below.  HOOK_ABSENT when neither program is
 * installed; on any error out is as it was, and the caller has a plainer
 * way (store/html.h).
 */
enum hook_err	hook_html(const void *html, size_t n, unsigned int columns,
		    struct buf *out);

/*
 * The same for who waits elsewhere: starts w3m, else lynx, on `in`, a file
 * of HTML at its start.  The output of *h (see hooks/run.h) is the text.
 */
enum hook_err	hook_html_start(struct hook **h, int in,
		    unsigned int columns);

#endif
