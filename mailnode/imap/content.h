/* Octets of message files, on their way to the client. */
#ifndef IMAP_CONTENT_H
#define IMAP_CONTENT_H

#include "mailnode/imap/section.h"
#include "mailnode/imap/talk.h"

/* The file of one message, opened when first needed. */
struct content {
	uint32_t	 uid;
	bool		 tried, here;
	struct view_file file;
	struct buf	 parts;
};

void	 content_init(struct content *c, uint32_t uid);
void	 content_clear(struct content *c);
/* False: it is not there (any more). */
bool	 content_open(struct session *s, struct content *c);

/* Opens those of n messages at once; content_init() was called for each. */
void	 content_open_many(struct session *s, struct content *c, size_t n);

/* " LABEL {n}CRLF" and the octets, behind what is in s->out. */
void	 content_put(struct session *s, struct content *c,
	    const struct section *sec);

#endif
