/*
 * Bounded bytes.  Only a struct buf grows, and never beyond the max given
 * at init.  A failed add leaves the contents as they were and sets err to
 * ENOMEM or EMSGSIZE; every later add fails too, so that a series of adds
 * is checked once, at its end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t	*data;		/* owned; NULL while cap is 0 */
	size_t	 len;		/* octets in use */
	size_t	 cap;		/* octets allocated */
	size_t	 max;		/* octets it may ever hold */
	int	 err;		/* 0, ENOMEM or EMSGSIZE; sticky */
};

/* Caller's memory; nothing is allocated before the first add. */
void	 buf_init(struct buf *b, size_t max);

/* Frees the bytes; the buf may be used again with the same max. */
void	 buf_clear(struct buf *b);

/* Forgets contents and error, keeps the allocation. */
void	 buf_reset(struct buf *b);

/* Each returns 0, or -1 with b->err set. */
int	 buf_reserve(struct buf *b, size_t more);
int	 buf_add(struct buf *b, const void *p, size_t n);
int	 buf_addc(struct buf *b, int c);
int	 buf_adds(struct buf *b, const char *s);
int	 buf_addu(struct buf *b, uint64_t v);	/* decimal */
int	 buf_addf(struct buf *b, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* Drops the first n octets; n <= b->len. */
void	 buf_drop(struct buf *b, size_t n);

/*
 * NUL-terminates behind the contents (not counted in len) and returns
 * them: borrows, valid until the next call on b.  NULL when b->err is set.
 */
char	*buf_str(struct buf *b);

/*
 * Hands the bytes over, NUL-terminated behind len: returns owned, free()
 * them.  NULL when b->err is set; b is empty afterwards.
 */
char	*buf_take(struct buf *b, size_t *len);

#endif
