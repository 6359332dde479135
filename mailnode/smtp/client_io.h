/*
 * Lines in and octets out of one outgoing connection, plain or TLS, each
 * with a deadline.
 */
#ifndef SMTP_CLIENT_IO_H
#define SMTP_CLIENT_IO_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/tls.h"
#include "mailnode/base/buf.h"

struct client_io {
	int		 fd;		/* borrowed, non-blocking */
	struct tls	*tls;		/* owned; NULL: plain */
	struct buf	 in;		/* what was read ahead */
	size_t		 taken;		/* of in, by the line given last */
	struct buf	 out;		/* what is to be written */
	const char	*error;		/* why a call failed; static, or of
					   tls_error() */
};

void	client_io_init(struct client_io *io, int fd);
void	client_io_clear(struct client_io *io);	/* does not close fd */

/*
 * One line without its CRLF; borrowed until the next call.  0, or -1 with
 * io->error: late, closed, too long, a bare CR or LF or a NUL in it.
 */
int	client_io_line(struct client_io *io, int64_t until_ms,
	    const char **line, size_t *n);

/* Writes io->out and empties it.  0, or -1 with io->error. */
int	client_io_flush(struct client_io *io, int64_t until_ms);

/*
 * Shakes hands; what was read ahead before is dropped, so that nobody in
 * between can put words into the secured dialogue (RFC 3207 section 6).
 * 0, or -1 with io->error.
 */
int	client_io_secure(struct client_io *io, struct tls_client *trust,
	    const char *name, int64_t until_ms);

#endif
