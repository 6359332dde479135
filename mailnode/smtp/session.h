/* One SMTP connection to us, from the banner to the close: RFC 5321. */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/smtp/backend.h"
#include "store/op_event.h"

struct session_limits {
	int64_t		 command_ms;	/* for a line: section 4.5.3.2.7 */
	int64_t		 data_ms;	/* for more of a message: 4.5.3.2.5
					   has the client wait 3 minutes */
	int64_t		 tls_ms;	/* for the handshake */
	uint32_t	 rate;		/* octets a second of a message … */
	int64_t		 rate_grace_ms;	/* … as the mean, beyond this */
	int64_t		 idle_ms;	/* in all, between messages taken */
	int64_t		 login_ms;	/* submission: until it has logged in */
	unsigned int	 errors_soft;	/* from here on each costs a pause */
	unsigned int	 errors_hard;	/* then 421 */
	int64_t		 pause_ms;
	unsigned int	 junk;		/* commands that bring no mail */
	unsigned int	 rcpt;		/* of one message */
	uint64_t	 message;	/* octets */
};

/* As RFC 5321 and the configuration have it. */
void	session_limits(struct session_limits *l);

struct session_start {
	int		 fd;		/* the connection; borrowed */
	int		 wake;		/* see line_wake; -1: none */
	const char	*peer;		/* its address */
	uint16_t	 peer_port;
	uint32_t	 number;	/* of the session, for the trace id */
	const struct smtp_backend *backend;
	struct session_limits limits;
};

/*
 * Returns when it is over; the descriptor is still open.  True when the peer
 * gave no trouble: it brought mail, was refused nothing and said QUIT.
 */
bool	session_run(const struct session_start *start);

#endif
