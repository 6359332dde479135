/*
 * A message as it streams by: its header is kept until its end, and whoever
 * checks something of it then says which hashes of the body are wanted.
 */
#ifndef AUTH_MESSAGE_H
#define AUTH_MESSAGE_H

#include "mailnode/auth/bodies.h"
#include "mailnode/auth/header.h"

enum { MESSAGE_HEADER_MAX = 256 * 1024 };	/* octets that can be hashed */

struct message {
	struct header	 header;
	struct bodies	 bodies;
	bool		 failed, ended;
	/* The header is complete; it is gone after this.  0; -1: no memory. */
	int		(*begin)(void *arg, struct message *m);
	void		*arg;
};

/* Caller's memory; must not move. */
void	message_init(struct message *m, int (*begin)(void *,
	    struct message *), void *arg, struct trace *trace);
void	message_clear(struct message *m);

/*
 * Octets, lines ended by CRLF, cut anywhere.  A bare LF is taken as CRLF.
 * 0, or -1 when memory is out (every later call fails too).
 */
int	message_feed(struct message *m, const void *p, size_t n);
int	message_end(struct message *m);

#endif
