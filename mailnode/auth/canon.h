/*
 * DKIM canonicalization (RFC 6376 section 3.4) of bodies as they stream by
 * and of single header fields.  Shared by verifier and signer; what comes
 * out goes to a sink, in chunks.
 */
#ifndef AUTH_CANON_H
#define AUTH_CANON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum canon { CANON_SIMPLE, CANON_RELAXED };

typedef void canon_sink(void *arg, const void *p, size_t n);

enum { CANON_CHUNK = 4096 };	/* octets handed to the sink at once */

struct canon_body {
	enum canon	 how;
	canon_sink	*sink;
	void		*arg;
	uint64_t	 total;	/* canonical octets so far, all of them */
	uint64_t	 ends;		/* CRLFs held back: they may be last */
	bool		 cr;		/* a CR held back: LF may follow */
	bool		 wsp;		/* relaxed: blanks held back */
	size_t		 fill;
	uint8_t		 out[CANON_CHUNK];
};

/* Caller's memory; nothing to free.  Borrows arg. */
void	canon_body_init(struct canon_body *c, enum canon how,
	    canon_sink *sink, void *arg);
void	canon_body_feed(struct canon_body *c, const void *p, size_t n);

/* The end of the body: what must follow goes to the sink. */
void	canon_body_end(struct canon_body *c);

/*
 * One header field [p, p+n), from its name to its last octet; its ending
 * CRLF, if there, is not looked at.  `name` is the length of its name, up
 * to the colon.  The sink gets no CRLF after it.
 */
void	canon_field(enum canon how, const uint8_t *p, size_t n, size_t name,
	    canon_sink *sink, void *arg);

#endif
