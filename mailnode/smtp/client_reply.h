/*
 * What a server says: its replies and the extensions it offers.  No I/O, no
 * state of the session.  RFC 5321 section 4.2.
 */
#ifndef SMTP_CLIENT_REPLY_H
#define SMTP_CLIENT_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	REPLY_LINE_MAX = 4096,	/* octets; the RFC says 512, some say more */
	REPLY_LINES_MAX = 200,	/* of one reply */
	REPLY_TEXT_MAX = 512,	/* octets kept, NUL included */
	REPLY_ODD_MAX = 160	/* … of a line that is no reply */
};

struct reply {
	unsigned int	code;		/* 200..599 */
	unsigned int	lines;		/* so far */
	bool		done;		/* the last line was read */
	char		text[REPLY_TEXT_MAX];	/* "550 5.1.1 No such…", one
						   line, no control octet */
};

void	reply_init(struct reply *r);

/*
 * Takes one line without its end.  0, or -1: no reply line, another code
 * than the line before, too many lines.  Never after r->done.
 */
int	reply_line(struct reply *r, const char *line, size_t n);

/* What to call a line that reply_line() did not take. */
void	reply_odd(const char *line, size_t n, char *dst, size_t size);

/* "x.y.z" of the text if the server gave one of the right class (RFC 2034),
 * else one made of the code: "5.0.0".  dst holds 12 octets. */
void	reply_status(const struct reply *r, char *dst, size_t size);

/* What EHLO offered. */
enum {
	OFFER_STARTTLS = 1,
	OFFER_PIPELINING = 2,
	OFFER_8BITMIME = 4,
	OFFER_SMTPUTF8 = 8,
	OFFER_DSN = 16,
	OFFER_SIZE = 32,
	/* AUTH */
	OFFER_PLAIN = 64,
	OFFER_LOGIN = 128,
	OFFER_SCRAM = 256,
	OFFER_SCRAM_PLUS = 512,
	OFFER_ENVID = 1024	/* DSN, and its notices name the id */
};

struct offer {
	unsigned int	bits;		/* OFFER_* */
	uint64_t	size;		/* octets; 0: no fixed limit */
	uint32_t	rcpt_max;	/* RFC 9422 LIMITS; 0: not said */
};

/* One line of the answer to EHLO, behind the code, not the first. */
void	offer_line(struct offer *o, const char *text, size_t n);

#endif
