#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/chan.h"
#include "mailnode/base/clock.h"

/* Room for a whole record in flight; Linux counts bookkeeping as well. */
enum { CHAN_SOCKBUF = 4 * CHAN_RECORD_MAX };

enum { CHAN_USUAL = 1024 };	/* octets of a record, first guess */

int
chan_pair(int fds[2])
{
	int size = CHAN_SOCKBUF, i;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		return -1;
	/* Best effort: the default of Debian also holds one record. */
	for (i = 0; i < 2; i++)
		(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof size);
	return 0;
}

static void
head_put(uint8_t h[CHAN_HEADER], const struct chan_msg *m, uint32_t len)
{
	memcpy(h, &m->type, 2);
	memcpy(h + 2, &m->status, 2);
	memcpy(h + 4, &m->id, 4);
	memcpy(h + 8, &len, 4);
}

union fd_room {
	char		buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr	align;
};

static void
fd_attach(struct msghdr *mh, union fd_room *room, int fd)
{
	struct cmsghdr *c;

	memset(room, 0, sizeof *room);
	mh->msg_control = room->buf;
	mh->msg_controllen = sizeof room->buf;
	c = CMSG_FIRSTHDR(mh);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
}

int
chan_send(int ch, const struct chan_msg *head, const struct buf *payload,
    bool nowait)
{
	uint8_t h[CHAN_HEADER];
	struct iovec iov[2];
	struct msghdr mh;
	union fd_room room;
	size_t len = payload != NULL ? payload->len : 0;
	ssize_t n;

	if (payload != NULL && payload->err) {
		errno = payload->err;
		return -1;
	}
	if (len > CHAN_DATA_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	head_put(h, head, (uint32_t)len);
	iov[0] = (struct iovec){ h, sizeof h };
	iov[1] = (struct iovec){ len > 0 ? payload->data : h, len };
	memset(&mh, 0, sizeof mh);
	mh.msg_iov = iov;
	mh.msg_iovlen = 2;
	if (head->fd != -1)
		fd_attach(&mh, &room, head->fd);
	do {		/* ECONNRESET: see receive(); then EPIPE */
		n = sendmsg(ch, &mh,
		    MSG_NOSIGNAL | (nowait ? MSG_DONTWAIT : 0));
	} while (n == -1 && (errno == EINTR || errno == ECONNRESET));
	return n == -1 ? -1 : 0;
}

/* The one descriptor that a record may carry; -1 for none. */
static int
fd_detach(struct msghdr *mh)
{
	struct cmsghdr *c;
	int fd = -1;

	for (c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

static int
parse(struct buf *store, struct chan_msg *m, bool cut)
{
	const uint8_t *h = store->data;
	uint32_t len = 0;

	if (!cut && store->len >= CHAN_HEADER) {
		memcpy(&m->type, h, 2);
		memcpy(&m->status, h + 2, 2);
		memcpy(&m->id, h + 4, 4);
		memcpy(&len, h + 8, 4);
		if (len == store->len - CHAN_HEADER) {
			m->data = h + CHAN_HEADER;
			m->len = len;
			return 1;
		}
	}
	if (m->fd != -1)
		close(m->fd);
	m->fd = -1;
	errno = EPROTO;
	return -1;
}

/*
 * A record goes into what the caller's buffer has, and what is longer into
 * a room for all: its pages are only there once they were needed, so that a
 * waiting process stays small.
 */
static ssize_t
receive(int ch, struct buf *store, struct msghdr *mh, int flags)
{
	static uint8_t room[CHAN_RECORD_MAX];
	struct iovec iov[2];
	ssize_t n;
	size_t first;

	if (buf_reserve(store, CHAN_USUAL) == -1) {
		errno = store->err;
		return -1;
	}
	first = store->cap - 1;
	if (first > CHAN_RECORD_MAX)
		first = CHAN_RECORD_MAX;
	iov[0] = (struct iovec){ store->data, first };
	iov[1] = (struct iovec){ room, CHAN_RECORD_MAX - first };
	mh->msg_iov = iov;
	mh->msg_iovlen = 2;
	/* Once, of a peer that is gone and did not read all; then what it
	 * sent, and the end. */
	do {
		n = recvmsg(ch, mh, flags);
	} while (n == -1 && (errno == EINTR || errno == ECONNRESET));
	if (n == -1)
		return -1;
	store->len = (size_t)n < first ? (size_t)n : first;
	if ((size_t)n > first &&
	    buf_add(store, room, (size_t)n - first) == -1) {
		mh->msg_flags |= MSG_TRUNC;
		errno = store->err;
	}
	return n;
}

int
chan_recv(int ch, struct buf *store, struct chan_msg *m, bool nowait)
{
	struct msghdr mh;
	union fd_room room;
	ssize_t n;

	memset(m, 0, sizeof *m);
	m->fd = -1;
	buf_reset(store);
	memset(&mh, 0, sizeof mh);
	mh.msg_control = room.buf;
	/* Its padding would hold a second one, which nobody would close. */
	mh.msg_controllen = CMSG_LEN(sizeof(int));
	n = receive(ch, store, &mh, MSG_CMSG_CLOEXEC |
	    (nowait ? MSG_DONTWAIT : 0));
	if (n == -1)
		return -1;
	m->fd = fd_detach(&mh);
	if (n == 0) {
		if (m->fd != -1)
			close(m->fd);
		m->fd = -1;
		return 0;
	}
	return parse(store, m, mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
}

int
chan_recv_in(int ch, struct buf *store, struct chan_msg *m,
    int64_t timeout_ms)
{
	struct pollfd pfd = { .fd = ch, .events = POLLIN };
	int64_t until = 0, left = -1;
	int n;

	if (timeout_ms >= 0)
		until = clock_mono_ms() + timeout_ms;
	for (;;) {
		if (timeout_ms >= 0) {
			left = until - clock_mono_ms();
			left = left < 0 ? 0 : left;
		}
		n = poll(&pfd, 1, left > INT32_MAX ? INT32_MAX : (int)left);
		if (n > 0)
			return chan_recv(ch, store, m, false);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n == 0 && left == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
}

void
chan_put_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, sizeof v);
}

void
chan_put_u16(struct buf *b, uint16_t v)
{
	buf_add(b, &v, sizeof v);
}

void
chan_put_u32(struct buf *b, uint32_t v)
{
	buf_add(b, &v, sizeof v);
}

void
chan_put_u64(struct buf *b, uint64_t v)
{
	buf_add(b, &v, sizeof v);
}

void
chan_put_i64(struct buf *b, int64_t v)
{
	buf_add(b, &v, sizeof v);
}

void
chan_put_bytes(struct buf *b, const void *p, size_t n)
{
	if (n > UINT32_MAX) {
		b->err = EMSGSIZE;
		return;
	}
	chan_put_u32(b, (uint32_t)n);
	buf_add(b, p, n);
}

void
chan_put_str(struct buf *b, const char *s)
{
	chan_put_bytes(b, s, s != NULL ? strlen(s) : 0);
}

void
chan_in_init(struct chan_in *in, const void *p, size_t n)
{
	in->p = p;
	in->end = in->p != NULL ? in->p + n : NULL;
	in->bad = false;
}

static void
get(struct chan_in *in, void *v, size_t n)
{
	memset(v, 0, n);
	if (in->bad || (size_t)(in->end - in->p) < n) {
		in->bad = true;
		return;
	}
	memcpy(v, in->p, n);
	in->p += n;
}

uint8_t
chan_get_u8(struct chan_in *in)
{
	uint8_t v;

	get(in, &v, sizeof v);
	return v;
}

uint16_t
chan_get_u16(struct chan_in *in)
{
	uint16_t v;

	get(in, &v, sizeof v);
	return v;
}

uint32_t
chan_get_u32(struct chan_in *in)
{
	uint32_t v;

	get(in, &v, sizeof v);
	return v;
}

uint64_t
chan_get_u64(struct chan_in *in)
{
	uint64_t v;

	get(in, &v, sizeof v);
	return v;
}

int64_t
chan_get_i64(struct chan_in *in)
{
	int64_t v;

	get(in, &v, sizeof v);
	return v;
}

const uint8_t *
chan_get_bytes(struct chan_in *in, size_t max, size_t *n)
{
	const uint8_t *p;
	uint32_t len;

	*n = 0;
	len = chan_get_u32(in);
	if (in->bad || len > max || len > (size_t)(in->end - in->p)) {
		in->bad = true;
		return NULL;
	}
	p = in->p;
	in->p += len;
	*n = len;
	return p;
}

void
chan_get_str(struct chan_in *in, char *dst, size_t size)
{
	const uint8_t *p;
	size_t n;

	BUG_ON(size == 0);
	dst[0] = '\0';
	p = chan_get_bytes(in, size - 1, &n);
	if (p == NULL)
		return;
	if (memchr(p, '\0', n) != NULL) {
		in->bad = true;
		return;
	}
	memcpy(dst, p, n);
	dst[n] = '\0';
}

char *
chan_get_strdup(struct chan_in *in, size_t max)
{
	const uint8_t *p;
	char *s;
	size_t n;

	p = chan_get_bytes(in, max, &n);
	if (p == NULL || memchr(p, '\0', n) != NULL ||
	    (s = malloc(n + 1)) == NULL) {
		in->bad = true;
		return NULL;
	}
	memcpy(s, p, n);
	s[n] = '\0';
	return s;
}

bool
chan_end(const struct chan_in *in)
{
	return !in->bad && in->p == in->end;
}
