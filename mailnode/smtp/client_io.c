#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/smtp/client_io.h"
#include "mailnode/smtp/client_reply.h"

enum {
	IO_READ = 4096,			/* octets of one read */
	IO_OUT_MAX = 512 * 1024		/* octets waiting to be written */
};

void
client_io_init(struct client_io *io, int fd)
{
	memset(io, 0, sizeof *io);
	io->fd = fd;
	buf_init(&io->in, REPLY_LINE_MAX + IO_READ);
	buf_init(&io->out, IO_OUT_MAX);
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void
client_io_clear(struct client_io *io)
{
	tls_free(io->tls);
	io->tls = NULL;
	buf_clear(&io->in);
	buf_clear(&io->out);
}

static int
await(struct client_io *io, short events, int64_t until_ms)
{
	struct pollfd p = { .fd = io->fd, .events = events };
	int64_t left;
	int n;

	do {
		left = until_ms - clock_mono_ms();
		if (left <= 0) {
			io->error = "timed out";
			return -1;
		}
		n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
	} while (n == 0 || (n == -1 && errno == EINTR));
	if (n == -1) {
		io->error = strerror(errno);
		return -1;
	}
	return 0;
}

/* Octets read or written, or -1; *wait is what to wait for, or 0. */
static ssize_t
once(struct client_io *io, void *in, const void *out, size_t n, short *wait)
{
	ssize_t k;

	*wait = 0;
	if (io->tls != NULL) {
		k = out != NULL ? tls_write(io->tls, out, n) :
		    tls_read(io->tls, in, n);
		if (k == TLS_WANT_READ || k == TLS_WANT_WRITE)
			*wait = k == TLS_WANT_READ ? POLLIN : POLLOUT;
		else if (k < 0)
			io->error = tls_error(io->tls);
		return k < 0 ? -1 : k;
	}
	k = out != NULL ? send(io->fd, out, n, MSG_NOSIGNAL) :
	    recv(io->fd, in, n, 0);
	if (k == -1 && (errno == EAGAIN || errno == EINTR))
		*wait = out != NULL ? POLLOUT : POLLIN;
	else if (k == -1)
		io->error = strerror(errno);
	return k;
}

static int
read_more(struct client_io *io, int64_t until_ms)
{
	ssize_t n;
	short wait;

	if (buf_reserve(&io->in, IO_READ) == -1) {
		io->error = "a line of the server is too long";
		return -1;
	}
	for (;;) {
		n = once(io, io->in.data + io->in.len, NULL, IO_READ, &wait);
		if (n > 0)
			break;
		if (n == 0) {
			io->error = "the server closed the connection";
			return -1;
		}
		if (wait == 0 || await(io, wait, until_ms) == -1)
			return -1;
	}
	io->in.len += (size_t)n;
	return 0;
}

/* A CR, LF or NUL inside a line: no server of good will sends it. */
static int
check(struct client_io *io, const uint8_t *p, size_t n)
{
	if (memchr(p, '\r', n) == NULL && memchr(p, '\0', n) == NULL)
		return 0;
	io->error = "a line of the server holds a bare CR or a NUL";
	return -1;
}

int
client_io_line(struct client_io *io, int64_t until_ms, const char **line,
    size_t *n)
{
	const uint8_t *lf;
	size_t seen = 0;

	*line = "";
	*n = 0;
	buf_drop(&io->in, io->taken);
	io->taken = 0;
	for (;;) {
		lf = io->in.len > seen ? memchr(io->in.data + seen, '\n',
		    io->in.len - seen) : NULL;
		if (lf != NULL)
			break;
		seen = io->in.len;
		if (seen > REPLY_LINE_MAX) {
			io->error = "a line of the server is too long";
			return -1;
		}
		if (read_more(io, until_ms) == -1)
			return -1;
	}
	io->taken = (size_t)(lf - io->in.data) + 1;
	if (io->taken < 2 || lf[-1] != '\r') {
		io->error = "a line of the server ends in a bare LF";
		return -1;
	}
	*line = (const char *)io->in.data;
	*n = io->taken - 2;
	return check(io, io->in.data, *n);
}

int
client_io_flush(struct client_io *io, int64_t until_ms)
{
	size_t done = 0;
	ssize_t n;
	short wait;

	if (io->out.err != 0) {
		io->error = "out of memory";
		return -1;
	}
	while (done < io->out.len) {
		n = once(io, NULL, io->out.data + done, io->out.len - done,
		    &wait);
		if (n > 0)
			done += (size_t)n;
		else if (wait == 0 || await(io, wait, until_ms) == -1)
			return -1;
	}
	buf_reset(&io->out);
	return 0;
}

int
client_io_secure(struct client_io *io, struct tls_client *trust,
    const char *name, int64_t until_ms)
{
	buf_reset(&io->in);
	io->taken = 0;
	io->tls = tls_connect(trust, io->fd, name);
	if (io->tls == NULL) {
		io->error = "out of memory";
		return -1;
	}
	if (tls_handshake_until(io->tls, until_ms) == 0)
		return 0;
	io->error = tls_error(io->tls);
	return -1;
}
