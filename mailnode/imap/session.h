/* One IMAP connection to us, from the greeting to the close: RFC 9051. */
#ifndef IMAP_SESSION_H
#define IMAP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/tls.h"

/* What a session needs of the rest of the house.  Channels are read at each
 * use, as new ones come. */
enum imap_woken {
	IMAP_NEWS,	/* nothing, or what keeper tells */
	IMAP_STOP,	/* the parent ends the session */
	IMAP_ALONE	/* keeper is gone: the next knows nothing of it */
};

struct imap_start {
	int		 fd;		/* the connection; borrowed */
	int		 wake;		/* see line_wake */
	const char	*peer;		/* its address */
	uint32_t	 number;	/* of the session, for the trace id */
	const int	*keeper, *reader, *vault;
	void		*arg;
	/* The connection in TLS, or NULL.  Itself NULL: a session without,
	 * which the doors never ask for. */
	struct tls	*(*tls)(void *arg, int fd);
	/* After the login: a reader is wanted, light or one that can search
	 * the index; true when there is one. */
	bool		(*want_reader)(void *arg, bool light);
	/* It is not needed for now. */
	void		(*drop_reader)(void *arg);
	/* The wake descriptor was readable. */
	enum imap_woken	(*woken)(void *arg);
	/* Before the login: the peer said what is no IMAP.  Or NULL. */
	void		(*fault)(void *arg, const char *what);
	int64_t		 idle_ms;	/* RFC 9051 section 5.4: 30 minutes */
	int64_t		 login_ms;	/* in all, until somebody logged in */
	int64_t		 rest_ms;	/* without a command: no reader */
	int64_t		 alive_ms;	/* "Still here" while in IDLE */
	uint64_t	 message_max;	/* octets */
};

/* As the RFC and clients have it: the times and limits. */
void	imap_limits(struct imap_start *start);

/* Returns when it is over; the descriptor is still open. */
void	imap_run(const struct imap_start *start);

#endif
