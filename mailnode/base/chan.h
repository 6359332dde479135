/*
 * Typed messages between our own processes: one SOCK_SEQPACKET record each,
 * a header and a payload, with at most one file descriptor.
 *
 * Header, 12 octets, host order (both ends are one binary):
 *	u16 type    what is asked or told; the reply has the type it answers
 *	u16 status  0 in requests; in replies 0 or the room's error
 *	u32 id      chosen by the caller, repeated in the reply; 0: no reply
 *	u32 len     octets of payload: must equal what was received
 */
#ifndef BASE_CHAN_H
#define BASE_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

enum {
	CHAN_RECORD_MAX = 128 * 1024,	/* octets, header included */
	CHAN_HEADER = 12,		/* octets */
	CHAN_DATA_MAX = CHAN_RECORD_MAX - CHAN_HEADER
};

struct chan_msg {
	uint16_t	 type;
	uint16_t	 status;
	uint32_t	 id;
	const uint8_t	*data;	/* borrows the receiving buf */
	size_t		 len;
	int		 fd;	/* owned by whoever received it; -1 */
};

/* A position in a payload; any get past the end makes it bad for good. */
struct chan_in {
	const uint8_t	*p, *end;
	bool		 bad;
};

/* Two ends, close-on-exec.  0, or -1 with errno. */
int	chan_pair(int fds[2]);

/*
 * Sends one record; borrows `payload` (may be NULL) and `fd` (-1: none).
 * Blocks unless `nowait`.  0, or -1 with errno: EAGAIN, EPIPE, EMSGSIZE.
 */
int	chan_send(int ch, const struct chan_msg *head,
	    const struct buf *payload, bool nowait);

/*
 * Receives one record into `store`, which *m then borrows.  1: *m is set;
 * 0: the peer is gone; -1 with errno: EAGAIN (only if `nowait`), EPROTO for
 * a record that is no message (its descriptor is closed).
 */
int	chan_recv(int ch, struct buf *store, struct chan_msg *m, bool nowait);

/*
 * Waits at most timeout_ms (-1: for ever) for a record.  As chan_recv, and
 * ETIMEDOUT.
 */
int	chan_recv_in(int ch, struct buf *store, struct chan_msg *m,
	    int64_t timeout_ms);

/* Payloads: put appends, get reads; strings carry a u32 length before them. */
void	 chan_put_u8(struct buf *b, uint8_t v);
void	 chan_put_u16(struct buf *b, uint16_t v);
void	 chan_put_u32(struct buf *b, uint32_t v);
void	 chan_put_u64(struct buf *b, uint64_t v);
void	 chan_put_i64(struct buf *b, int64_t v);
void	 chan_put_bytes(struct buf *b, const void *p, size_t n);
void	 chan_put_str(struct buf *b, const char *s);	/* NULL as "" */

void	 chan_in_init(struct chan_in *in, const void *p, size_t n);
uint8_t	 chan_get_u8(struct chan_in *in);
uint16_t chan_get_u16(struct chan_in *in);
uint32_t chan_get_u32(struct chan_in *in);
uint64_t chan_get_u64(struct chan_in *in);
int64_t	 chan_get_i64(struct chan_in *in);

/* Borrows from the payload; *n = 0 and NULL when bad or over max. */
const uint8_t	*chan_get_bytes(struct chan_in *in, size_t max, size_t *n);

/*
 * A string without NUL and of at most size - 1 octets into dst, terminated;
 * "" and bad otherwise.
 */
void	 chan_get_str(struct chan_in *in, char *dst, size_t size);

/* Returns owned: the same with memory of its own; NULL when bad. */
char	*chan_get_strdup(struct chan_in *in, size_t max);

/* True when every octet was read and no get failed: call it last, always. */
bool	 chan_end(const struct chan_in *in);

#endif
