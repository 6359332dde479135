/*
 * What of a message a client of IMAP can ask for, RFC 9051 section 6.4.5, cut
 * out of its file at the offsets that a parser found.
 */
#ifndef STORE_PART_H
#define STORE_PART_H

#include "mailnode/base/decode.h"
#include "store/field.h"
#include "store/op_view.h"

enum { PART_DEPTH_MAX = 64 };		/* numbers of one part */

enum part_what {
	PART_ALL, PART_HEADER, PART_FIELDS, PART_NOT, PART_TEXT, PART_MIME
};

struct part_want {
	enum part_what	 what;
	bool		 decoded;	/* its transfer encoding undone */
	uint32_t	 number[PART_DEPTH_MAX];
	size_t		 n;
	struct field_name *field;	/* of PART_FIELDS and PART_NOT; owned */
	size_t		 nfield;
};

/* "1.2.HEADER" and the like, [p, end) without names of fields.  False:
 * malformed. */
bool	 part_want_parse(struct part_want *want, const char *p,
	    const char *end);
/* The same text, and the names. */
void	 part_want_put(const struct part_want *want, struct buf *out);

struct part {
	uint64_t	 octets;	/* as it is sent: CRLF, or decoded */
	bool		 nul;		/* decoded, some are NUL */
	enum cte	 cte;		/* CTE_UNKNOWN: it cannot be sent */
	/* private */
	int		 fd;
	uint64_t	 at, n;		/* in the file */
	enum part_how { PART_RAW, PART_CODED, PART_HERE } how;
	struct buf	 text;		/* PART_HERE */
};

/* An open file's part, which borrows its descriptor.  False: there is none.
 * part_clear() in any case. */
bool	 part_find(const struct view_file *f, const struct part_want *want,
	    struct part *p);
void	 part_clear(struct part *p);

/* n octets behind the first `from`, in pieces to fn.  False: the file has
 * not so many (any more). */
bool	 part_send(const struct part *p, uint64_t from, uint64_t n,
	    void (*fn)(void *arg, const char *octets, size_t n), void *arg);

#endif
