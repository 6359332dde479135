/* The parent's doors: listening sockets, and who may come in just now. */
#ifndef NODE_LISTEN_H
#define NODE_LISTEN_H

#include <stddef.h>
#include <stdint.h>

#include "mailnode/node/conf.h"
#include "mailnode/node/proc.h"

/*
 * Opens conf.listeners[i].  The descriptor, non-blocking and close-on-exec,
 * or -1 with errno: EINVAL for an address that is none.
 */
int	listen_open(size_t i);

/*
 * Writes "service tls address port" lines of the open doors (fds[i], -1
 * for none) to home/run/listeners, atomically.  0, or -1 with errno.
 */
int	listen_publish(const char *home, const int *fds, size_t n);

/* Accepts one.  The connection, conn filled; -1 with errno: EAGAIN … */
int	listen_accept(int fd, size_t i, struct proc_conn *conn);

enum listen_verdict {
	LISTEN_OK,
	LISTEN_FOREIGN,		/* not in the door's networks */
	LISTEN_FULL,		/* conf.sessions_max */
	LISTEN_BUSY,		/* conf.sessions_per_address */
	LISTEN_RATE,		/* conf.connections_per_minute */
	LISTEN_BANNED		/* see bans.h */
};

/* Who is here when one comes. */
enum listen_trust {
	LISTEN_STRANGER,
	LISTEN_KNOWN,		/* a device of the owner was there, or it is
				   this machine: no limits of a network */
	LISTEN_OWN		/* own_networks[]: nor of an address */
};

struct listen_crowd {
	unsigned int	strangers;	/* not logged in, at any door */
	unsigned int	knocking;	/* … at one where one logs in */
	unsigned int	same;		/* … from this host */
	unsigned int	around;		/* … from its network */
	unsigned int	devices;	/* logged in */
	enum listen_trust trust;
};

/* How often each host and network was here lately; caller's memory.  A
 * network (net_around) may have LISTEN_NET_FACTOR times what a host may. */
enum { LISTEN_NET_FACTOR = 4 };
enum { LISTEN_SLOTS = 4096 };
struct listen_rates {
	struct {
		uint32_t	hash;
		uint32_t	count;
		int64_t		minute;
	} slot[LISTEN_SLOTS];
};

/* May this connection have a session?  Counts it when it may. */
enum listen_verdict	listen_judge(struct listen_rates *r,
			    const struct proc_conn *conn,
			    const struct listen_crowd *w);

/* Says 421 to a connection of a mail service that gets no session (RFC 5321
 * section 3.1), with the trace id that the log has; closes it. */
void	listen_refuse(int sock, const struct conf_listener *l,
	    enum listen_verdict v, const char *trace);

const char	*listen_verdict_text(enum listen_verdict v);

const char	*listen_service_name(enum conf_service s);

#endif
