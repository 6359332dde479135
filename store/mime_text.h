/* The parts of a message that are read, and their text. */
#ifndef STORE_MIME_TEXT_H
#define STORE_MIME_TEXT_H

#include "mailnode/base/buf.h"
#include "store/mime.h"
#include "store/op_parse.h"

/*
 * Sets flags[i] to PARSE_P_* of part i, m->npart of them: which is text,
 * which an attachment, and which make the body by `want`.
 */
void	mime_pick(const struct mime *m, enum parse_want want,
	    uint32_t *flags);

/* True when some part is an attachment. */
bool	mime_has_attachment(const struct mime *m, const uint32_t *flags);

/* Each appends; 0, or -1: out->err or no memory.  Of HTML: its markup in
 * UTF-8, as it is; of other text: clean, format=flowed unfolded. */
int	mime_utf8(const struct mime *m, const struct mime_part *p,
	    struct buf *out);
int	mime_text(const struct mime *m, const struct mime_part *p,
	    struct buf *out);
/* Of a calendar what card_event() says, of other parts nothing. */
int	mime_event(const struct mime *m, const struct mime_part *p, bool full,
	    struct buf *out);
/* As mime_text, HTML through html_plain. */
int	mime_plain(const struct mime *m, const struct mime_part *p,
	    struct buf *out);

/* HTML as a browser gets it: UTF-8, without what it hides. */
int	mime_html(const struct mime *m, const struct mime_part *p,
	    struct buf *out);

/* The charset that HTML says of itself, <meta charset=x> or <meta …
 * content="text/html; charset=x">, into dst; NULL: none. */
const char *mime_sniff(const char *p, size_t n, char *dst, size_t size);

/* With text_max: is more of that body left out than is looked at? */
bool	mime_is_cut(const struct mime *m, const struct mime_part *p);

/* The parts with PARSE_P_BODY, joined, until there are text_max octets;
 * *html: some of it was HTML. */
int	mime_body(const struct mime *m, const uint32_t *flags,
	    struct buf *out, bool *html);

#endif
