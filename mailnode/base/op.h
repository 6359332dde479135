/*
 * Requests over a channel, both sides.  A service has one table of ops; who
 * may call which is data: the mask of roles.  The stub that calls an op and
 * the handler that answers it share a file in the room they belong to.
 */
#ifndef BASE_OP_H
#define BASE_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/chan.h"
#include "mailnode/base/loop.h"
#include "mailnode/base/role.h"

/* Statuses every service answers by itself; rooms start their own at 16. */
enum op_status {
	OP_OK = 0,
	OP_DENIED = 1,		/* the role's mask does not have this op */
	OP_UNKNOWN = 2,		/* no such op */
	OP_BAD = 3,		/* arguments malformed or out of range */
	OP_GONE = 4,		/* client side: channel closed or timed out */
	OP_LOGIN = 5,		/* no device has logged in on this session */
	OP_SCOPE = 6,		/* outside what that device may do */
	OP_ROOM_FIRST = 16
};

struct op_server;
struct op_peer;

/* What a handler sees of one request. */
struct op_call {
	struct op_peer	*peer;
	enum role	 role;		/* as told by the parent */
	uint32_t	 session;	/* likewise */
	uint16_t	 type;
	uint32_t	 id;		/* 0: the caller wants no reply */
	struct chan_in	 in;		/* arguments; borrowed */
	int		 fd;		/* handler sets -1 to keep it */
	struct buf	*out;		/* the reply's payload goes here */
	int		 fd_out;	/* -1; borrowed for the reply */
	bool		 close_fd_out;	/* set: closed after the reply */
};

/* Handlers return a status, or OP_LATER and answer with op_reply. */
enum { OP_LATER = 0xffff };

struct op {
	uint16_t	  type;
	uint32_t	  roles;	/* ROLE_BIT mask */
	uint16_t	(*fn)(void *service, struct op_call *c);
};

struct op_server {
	struct loop	*loop;
	const struct op	*ops;		/* ended by .fn == NULL */
	void		*service;
	/* Asked before each handler that the role may call; what is not
	 * OP_OK is the answer, and the peer keeps its channel.  NULL: all. */
	uint16_t	(*may)(void *service, const struct op_call *c);
	/* Told before a peer goes; `why` is NULL for a plain close. */
	void		(*gone)(void *service, struct op_peer *p,
			    const char *why);
	struct op_peer	*peers;		/* private */
	struct buf	 in, out;	/* private */
	size_t		 ntables;	/* private: see op_server_more */
	const struct op	*more[32];	/* private */
};

void	 op_server_init(struct op_server *s, struct loop *l,
	    const struct op *ops, void *service);
/* Joins one more table, of another file; at most 32. */
void	 op_server_more(struct op_server *s, const struct op *ops);
void	 op_server_clear(struct op_server *s);

/* Takes fd.  Returns the peer (borrowed, until gone), or NULL with errno. */
struct op_peer	*op_server_add(struct op_server *s, int fd, enum role role,
	    uint32_t session);
/* Peers of that role and session. */
size_t	 op_server_count(const struct op_server *s, enum role role,
	    uint32_t session);

/*
 * Answers a request that was put off, or (id 0) tells a peer something.
 * Borrows payload and fd.  What cannot be sent at once is kept, up to
 * OP_BACKLOG octets; a peer that does not read loses its channel.
 */
enum { OP_BACKLOG = 4 * 1024 * 1024 };
void	 op_reply(struct op_peer *p, uint16_t type, uint32_t id,
	    uint16_t status, const struct buf *payload, int fd);

/* It hung up: nothing that is sent gets there.  What it said before is heard
 * first; then it is gone. */
bool	 op_peer_deaf(const struct op_peer *p);

/* What a peer that is dead said before, and waits to be read. */
void	 op_drain(struct op_peer *p);

/* Ends a peer: its channel is closed after this turn; gone() is called. */
void	 op_drop(struct op_peer *p, const char *why);

enum role	 op_peer_role(const struct op_peer *p);
uint32_t	 op_peer_session(const struct op_peer *p);
/* What the parent knows of it: an address, a user's name; "" if nothing. */
const char	*op_peer_name(const struct op_peer *p);
void		 op_peer_rename(struct op_peer *p, const char *name);
/* A word of the service's own with the peer; NULL at first. */
void		*op_peer_data(const struct op_peer *p);
void		 op_peer_set(struct op_peer *p, void *data);
/* Calls fn for each peer. */
void	 op_each(struct op_server *s, void (*fn)(struct op_peer *, void *),
	    void *arg);

/* ---- the calling side ---- */

struct op_reply {
	uint16_t	 status;	/* OP_OK or why not */
	struct chan_in	 in;		/* valid until the next call */
	int		 fd;		/* -1; owned by the caller */
	/* Hears what is told (id 0) while a call waits, before op_call
	 * returns; it must not call.  NULL: told messages are dropped. */
	void		(*told)(void *arg, const struct chan_msg *m);
	void		*told_arg;
	/* Called each slow_ms that a call waits; it must not call.  NULL. */
	void		(*slow)(void *arg);
	void		*slow_arg;
	int64_t		 slow_ms;
	struct buf	 store;		/* private */
	uint32_t	 last_id;	/* private */
};

/* Caller's memory; init once, use for many calls, clear at the end. */
void	 op_reply_init(struct op_reply *r);
void	 op_reply_clear(struct op_reply *r);	/* closes r->fd too */

/*
 * Sends a request and waits for its answer.  Borrows args (may be NULL) and
 * fd (-1).  Told messages (id 0) met on the way go to r->told.  Returns
 * r->status; OP_GONE when the service is gone or does not answer within
 * timeout_ms (-1: wait for ever).  Only one request may be under way.
 */
uint16_t op_call(int ch, uint16_t type, const struct buf *args, int fd,
	    struct op_reply *r, int64_t timeout_ms);

/* Sends a request that has no answer.  0, or -1 with errno. */
int	 op_tell(int ch, uint16_t type, const struct buf *args, int fd);

#endif
