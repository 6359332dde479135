/*
 * A connection that speaks in lines: buffered octets in and out of a socket,
 * plain or over TLS, each wait with a deadline.  Nothing here knows what a
 * line means.  SIGPIPE must be ignored by the process.
 *
 * Output is collected; it leaves with line_flush(), and by itself before any
 * wait for input, so that the answers to pipelined commands share a packet.
 */
#ifndef NODE_LINE_H
#define NODE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/tls.h"
#include "mailnode/base/buf.h"

enum {
	LINE_HEAD_MAX = 128,		/* octets: see line_head() */
	LINE_IN_MIN = 4 * 1024,		/* octets of an input buffer */
	LINE_IN_DEFAULT = 32 * 1024,
	LINE_OUT_SEND = 16 * 1024,	/* collected octets that are sent */
	LINE_SKIP_MAX = 1024 * 1024	/* octets of one line passed over */
};

enum line_err {
	LINE_OK,
	LINE_END,	/* the peer closed, perhaps inside a line */
	LINE_TIMEOUT,	/* nothing, or no whole line, within the timeout */
	LINE_SLOW,	/* below the minimum rate */
	LINE_WAKE,	/* the other descriptor is readable; nothing lost */
	LINE_LONG,	/* over max: passed over, the next line follows */
	LINE_FLOOD,	/* no end of line within LINE_SKIP_MAX: give up */
	LINE_BARE,	/* CR without LF or LF without CR: give up */
	LINE_NUL,	/* a line with NUL in it: passed over */
	LINE_IO,	/* the system refused: errno */
	LINE_CODED,	/* what came cannot be decoded */
	LINE_TLS,	/* tls_error(line_tls_of(l)) says why */
	LINE_NOMEM
};

/* A sentence without its full stop; never NULL. */
const char	*line_err_text(enum line_err e);

struct line;

/*
 * On fd (borrowed; made non-blocking, TCP_NODELAY where it is TCP).  in_max:
 * octets of the input buffer, at least LINE_IN_MIN and over the longest line
 * plus two.  Returns owned, or NULL: no memory.
 */
struct line	*line_new(int fd, size_t in_max);
void		 line_free(struct line *l);	/* its tls too; not the fd */

/* For every wait that follows; a whole line must come within it. */
void		 line_timeout(struct line *l, int64_t timeout_ms);

/*
 * From now on, input must come with at least that many octets a second, as
 * the mean over the time spent waiting for it once that exceeds grace_ms;
 * else LINE_SLOW.  0 octets: no such rule.
 */
void		 line_rate(struct line *l, uint32_t octets_per_s,
		    int64_t grace_ms);

/* A silent peer is asked for life by TCP, in minutes: phones vanish without
 * a word. */
void		 line_alive(const struct line *l);

/* Waits for input end with LINE_WAKE when fd is readable; -1: none. */
void		 line_wake(struct line *l, int fd);

/*
 * Sends what is collected, forgets every octet read so far (RFC 3207
 * section 4.2), takes t and shakes hands.  LINE_OK, or why not: l is then
 * only good for line_tls_of and line_free.
 */
enum line_err	 line_tls(struct line *l, struct tls *t);
/* Borrows; NULL: plain. */
struct tls	*line_tls_of(const struct line *l);

/*
 * A coding between the lines and TLS, such as compression.  decode uses up
 * at most *n octets of p and fills at most *room of to, and sets both to what
 * it did; it may have more to give with *n = 0.  encode appends all of p to
 * out, so that the peer can read it at once.  Each returns 0, or -1.
 */
struct line_codec {
	void	*arg;
	int	(*decode)(void *arg, const uint8_t *p, size_t *n, uint8_t *to,
		    size_t *room);
	int	(*encode)(void *arg, const void *p, size_t n, struct buf *out);
};
/*
 * From now on, behind what was collected; octets received and not used up
 * are coded already.  Borrows c.  LINE_OK, or why not.
 */
enum line_err	 line_code(struct line *l, const struct line_codec *c);

/*
 * One line of at most max octets, CRLF not counted: *text is NUL-terminated
 * without its CRLF, borrowed until the next call on l, and may be written
 * to.  The string is empty whenever this is not LINE_OK.
 */
enum line_err	 line_get(struct line *l, size_t max, char **text,
		    size_t *len);

/* How the last line began that was LINE_LONG or LINE_NUL; borrowed. */
const char	*line_head(const struct line *l, size_t *n);

/*
 * Raw octets for what is not lines: all that are buffered (at least one),
 * borrowed; line_drop then uses up the first n of them.
 */
enum line_err	 line_peek(struct line *l, const uint8_t **p, size_t *n);
void		 line_drop(struct line *l, size_t n);
/* Exactly n octets. */
enum line_err	 line_read(struct line *l, void *p, size_t n);

/* Octets that were received and not used up yet. */
size_t		 line_buffered(const struct line *l);
/* All octets ever received, before line_tls and after. */
uint64_t	 line_received(const struct line *l);

/* A failure to collect or send is kept: line_flush tells it. */
void		 line_put(struct line *l, const void *p, size_t n);
void		 line_puts(struct line *l, const char *s);
void		 line_putf(struct line *l, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));
enum line_err	 line_flush(struct line *l);

/* Waits so long without reading, before it sends what is collected:
 * LINE_OK or LINE_WAKE. */
enum line_err	 line_pause(struct line *l, int64_t ms);

/* Sends what is collected and, over TLS, the close; keeps no error. */
void		 line_bye(struct line *l);

/*
 * After line_bye: no more output, and octets still on their way are read
 * and dropped for at most LINE_LINGER_MS.  A close with input left would
 * take the last answer away from the peer.
 */
enum { LINE_LINGER_MS = 1000 };
void		 line_linger(struct line *l);

#endif
