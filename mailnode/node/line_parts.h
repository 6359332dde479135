/* What line.c (input, TLS, life) and line_out.c share, and nobody else. */
#ifndef NODE_LINE_PARTS_H
#define NODE_LINE_PARTS_H

#include "mailnode/base/buf.h"
#include "mailnode/node/line.h"

enum {
	LINE_OUT_MAX = LINE_OUT_SEND + 64 * 1024	/* octets collected */
};

struct line {
	int		 fd;		/* borrowed */
	int		 wake;		/* borrowed; -1 */
	struct tls	*tls;		/* owned; NULL: plain */
	uint8_t		*in;		/* owned; one octet over max: a NUL */
	size_t		 max;
	size_t		 at, end;	/* unused input: [at, end) of in */
	size_t		 seen;		/* of it, octets known to lack an LF */
	size_t		 passed;	/* octets of this line passed over */
	char		 head[LINE_HEAD_MAX];	/* see line_head() */
	size_t		 nhead;
	uint64_t	 received;
	struct buf	 out;
	const struct line_codec *codec;	/* borrowed; NULL: none */
	struct buf	 raw;		/* input to be decoded, */
	size_t		 raw_at;	/* from here on */
	struct buf	 coded;		/* output */
	enum line_err	 broken;	/* output failed; sticky */
	int64_t		 timeout_ms;
	uint32_t	 rate;		/* octets a second; 0: none */
	int64_t		 grace_ms;
	int64_t		 waited_ms;	/* since line_rate */
	uint64_t	 rated;		/* octets since line_rate */
};

/* When a call that begins now is over: monotonic, INT64_MAX for never. */
int64_t		 line_until(const struct line *l);
/* For poll(). */
int		 line_poll_time(int64_t left_ms);
/* Waits for the socket alone: LINE_OK, LINE_TIMEOUT or LINE_IO. */
enum line_err	 line_wait_socket(struct line *l, short events,
		    int64_t until_ms);

#endif
