/* A parsed message as what keeper and the client are told of it. */
#ifndef STORE_MIME_ROW_H
#define STORE_MIME_ROW_H

#include "mailnode/base/buf.h"
#include "store/mime.h"
#include "store/op_parse.h"

enum {
	ROW_SUBJECT_MAX = 1000,		/* octets of UTF-8 */
	ROW_PEOPLE_MAX = 2000,		/* From, To, Cc: each */
	ROW_AUTHOR_MAX = 100,
	ROW_SNIPPET_MAX = 200,
	ROW_MSGID_MAX = 900,		/* longer: made from the hash */
	ROW_REFS_MAX = 100,		/* the newest; older are dropped */
	ROW_SHOW_MAX = 16 * 1024 * 1024	/* octets of text shown */
};

/* Appends the answer of PARSE_ROW, of PARSE_SHOW, and the text that the
 * latter is about.  0, or -1: no memory. */
int	mime_row(const struct mime *m, struct buf *out);
int	mime_show(const struct mime *m, enum parse_want want,
	    struct buf *out);
int	mime_show_text(const struct mime *m, enum parse_want want,
	    struct buf *out);

/*
 * The Message-IDs in a field, appended with a blank between, without < >;
 * the last `most` of them.  Returns how many.
 */
size_t	mime_ids(const char *field, size_t most, struct buf *out);

/* Where the subject starts behind Re:, Fwd:, AW: … and blanks. */
const char *mime_base_subject(const char *subject);

#endif
