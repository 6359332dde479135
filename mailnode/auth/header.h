/*
 * The header of a message as it streams by: its octets up to a limit, its
 * fields, and where the body begins.  Line ends become CRLF.
 */
#ifndef AUTH_HEADER_H
#define AUTH_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

enum { HEADER_FIELDS_MAX = 2048 };	/* kept; more is `over` */

struct header_field {
	uint32_t	 off;		/* in text */
	uint32_t	 len;		/* with its last CRLF */
	uint32_t	 name;		/* octets before the colon; 0: junk */
};

struct header {
	struct buf	 text;
	struct header_field *fields;	/* owned */
	size_t		 nfields;
	size_t		 cap;		/* private */
	size_t		 line;		/* private: where the line began */
	bool		 cr;		/* private: a CR awaits its LF */
	bool		 content;	/* private: the line is not empty */
	bool		 over;		/* too large: text is incomplete */
	bool		 done;		/* the empty line was seen */
	bool		 nomem;
};

/* Caller's memory; at most max octets of text. */
void	header_init(struct header *h, size_t max);
void	header_clear(struct header *h);

/*
 * Takes octets of a message and returns how many belonged to the header:
 * less than n only when the rest is body.
 */
size_t	header_feed(struct header *h, const void *p, size_t n);

/* The message ends, perhaps within its header. */
void	header_end(struct header *h);

static inline const uint8_t *
header_text(const struct header *h, size_t i)
{
	return h->text.data + h->fields[i].off;
}

/* True if field i has this name, in any case. */
bool	header_is(const struct header *h, size_t i, const char *name,
	    size_t len);
/* How many fields have this name. */
size_t	header_count(const struct header *h, const char *name);

#endif
