/*
 * The octets after DATA and BDAT, RFC 5321 sections 2.3.8, 4.1.1.4 and
 * 4.5.2: where the message ends, which dots are not its own, and that every
 * CR and LF is one of a pair.  Dots are handled here and nowhere else.
 */
#ifndef SMTP_DATA_H
#define SMTP_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Octets without CRLF of one line of a message.  Section 4.5.3.1.6 asks a
 * sender for at most 998; receivers that insist lose mail, so up to this is
 * kept as it came, and beyond it the message is refused.
 */
enum { DATA_LINE_MAX = 64 * 1024 };

enum data_err {
	DATA_MORE,		/* all octets were used; the end is to come */
	DATA_END,		/* the final dot, or the last octet of BDAT */
	DATA_BARE		/* CR without LF or LF without CR: give up */
};

/* Gets the message, dots removed, in pieces cut anywhere. */
typedef void	data_fn(void *arg, const uint8_t *p, size_t n);

struct data {
	data_fn		*fn;
	void		*arg;
	bool		 dots;		/* DATA; false: BDAT */
	bool		 nul;		/* out: there was a NUL */
	bool		 too_long;	/* out: a line over DATA_LINE_MAX */
	uint64_t	 octets;	/* out: of the message, dots removed */
	int		 state;		/* private */
	size_t		 line;		/* private: octets of this line */
};

/* Caller's memory, nothing to clear. */
void		data_init(struct data *d, bool dots, data_fn *fn, void *arg);

/*
 * Takes octets of the connection; *used of them belong to the message when
 * this is not DATA_MORE.  For BDAT it never is DATA_END: the chunk sizes
 * say that.
 */
enum data_err	data_push(struct data *d, const uint8_t *p, size_t n,
		    size_t *used);

/*
 * BDAT LAST was read: a last line without its CRLF gets one (RFC 5321
 * section 2.3.8).  DATA_END or DATA_BARE.
 */
enum data_err	data_last(struct data *d);

#endif
