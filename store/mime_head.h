/* Where the header of a message or a part ends: RFC 5322 section 2.1, and as
 * it comes.  Offsets into data. */
#ifndef STORE_MIME_HEAD_H
#define STORE_MIME_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does the line at p, of which nl is the line feed, end a header though there
 * are blanks in it?  Before a delimiter, mutt and others say so. */
bool	mime_head_ends(const uint8_t *p, const uint8_t *nl,
	    const uint8_t *end);

/* Behind the blank line that ends the header at `from`. */
size_t	mime_head_end(const uint8_t *data, size_t from, size_t end);

/*
 * Where the text begins of a part [from, end) whose header no blank line
 * ends: at the first line that can be none of it.  end: there is none.
 */
size_t	mime_head_text(const uint8_t *data, size_t from, size_t end);

/*
 * The last lines of a header [from, end) if they can be none of it: text that
 * somebody put there without a blank line.  Not where a field follows: that
 * is a field folded badly.  end: there are none.
 */
size_t	mime_head_text_last(const uint8_t *data, size_t from, size_t end);

#endif
