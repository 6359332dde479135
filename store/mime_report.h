/* Notices about letters, as they stand in a message: what says to programs
 * which letter it was and what became of it (RFC 6522, 3464, 8098). */
#ifndef STORE_MIME_REPORT_H
#define STORE_MIME_REPORT_H

#include <stdbool.h>

#include "mailnode/base/buf.h"
#include "store/mime.h"

enum mime_report {
	MIME_REPORT_NONE,
	MIME_REPORT_DELIVERY,	/* message/delivery-status, or -global- */
	MIME_REPORT_READING	/* message/disposition-notification */
};

enum { MIME_REPORT_ID_MAX = 1024 };	/* octets, NUL included */

/* Appends the text of all such parts, wherever they stand, as far as it
 * fits. */
void	mime_report_text(const struct mime *m, enum mime_report what,
	    struct buf *out);

/* Is the message itself one: are its own parts such, not what it carries? */
bool	mime_is_report(const struct mime *m);

/*
 * The Message-ID of the letter that came back, as its field has it, from
 * whatever came back of it, be it quoted in plain text; "" if nothing says.
 */
void	mime_report_id(const struct mime *m, char id[MIME_REPORT_ID_MAX]);

#endif
