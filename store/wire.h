/* Rows and strings of replies, read into memory of the page's own. */
#ifndef STORE_WIRE_H
#define STORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/chan.h"
#include "mailnode/base/op.h"

struct wire {
	struct chan_in	*in;
	char		*at, *end;	/* free part of the page's text */
	size_t		 cap;		/* rows allocated */
	bool		 bad;
};

/* Sets *text, owned by the page; borrows in.  False: no memory. */
bool	 wire_init(struct wire *w, struct chan_in *in, char **text);

/* One more zeroed row behind *rows?  Grows it and counts in *n. */
bool	 wire_row(struct wire *w, void **rows, size_t *n, size_t size);

/* A string without NUL; "" when bad.  Valid as long as the page's text. */
const char *wire_str(struct wire *w);

/*
 * After adding what began at `before`: true if it and `tail` octets more
 * fit a record; else it is taken back.
 */
bool	 wire_fits(struct buf *out, size_t before, size_t tail);

/* What b holds as a memory file that nobody can change any more; -1 with
 * errno. */
int	 wire_seal(const struct buf *b);

/* What every waiting stub needs around its call. */
void	 wire_call(struct buf *args, struct op_reply *r);
void	 wire_done(struct buf *args, struct op_reply *r);

/* Asks, waits and clears args; STORE_TOOBIG: they fit no record. */
uint16_t wire_ask(int ch, struct op_reply *r, uint16_t op, struct buf *args,
	    int wait_ms);
/* A question that is one string, or a word that is one number. */
uint16_t wire_ask_str(int ch, struct op_reply *r, uint16_t op,
	    const char *s, int wait_ms);
void	 wire_tell_u64(int ch, uint16_t op, uint64_t v);

#endif
