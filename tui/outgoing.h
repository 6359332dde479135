/*
 * A letter as it goes out: RFC 5322 and MIME, CRLF, seven bits.  Header
 * text becomes encoded words (RFC 2047), file names RFC 2231; text is
 * quoted-printable where it has to be, attachments are base64.
 */
#ifndef TUI_OUTGOING_H
#define TUI_OUTGOING_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "tui/addr.h"
#include "tui/letter.h"

enum { OUTGOING_MSGID_MAX = 320 };	/* octets, NUL included */

enum outgoing_err {
	OUTGOING_OK,
	OUTGOING_MEMORY,	/* or no room for it */
	OUTGOING_ATTACH,	/* a file cannot be read: why says which */
	OUTGOING_SIZE,		/* over conf.message_max: why */
	OUTGOING_HEADER,	/* a field of the owner's is none: why */
	OUTGOING_ADDRESS	/* a From that is no address */
};

struct outgoing {
	int		fd;		/* memory file, the caller's; at 0 */
	uint64_t	size;
	char		msgid[OUTGOING_MSGID_MAX];	/* without < > */
	char		from[320];			/* address alone */
	char		why[256];
};

/*
 * `draft`: with Bcc, and with what it takes to go on later.  o->fd is -1
 * unless the result is OUTGOING_OK.
 */
enum outgoing_err outgoing_make(struct outgoing *o, const struct letter *l,
		    bool draft);

/* All recipients: To, Cc and Bcc.  How many pieces were none. */
size_t	 outgoing_rcpts(const struct letter *l, struct addrs *to,
	    const char **bad);

/* ---- for tests ---- */

/* "Name: value" folded; value is free text. */
void	 outgoing_text_field(struct buf *b, const char *name,
	    const char *value);
/* The same of addresses. */
void	 outgoing_addr_field(struct buf *b, const char *name,
	    const struct addrs *l);
/* Text with LF; false: it needs quoted-printable. */
bool	 outgoing_is_plain(const char *s, size_t n);
void	 outgoing_quoted(struct buf *b, const char *s, size_t n);

#endif
