/*
 * The child's side of being one of our processes.  The parent hands over
 * channels, and a start message with the connection if there is one, on
 * descriptor 3; then the role runs: config, privileges, peers, sandbox, loop.
 */
#ifndef NODE_PROC_H
#define NODE_PROC_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "crypto/device.h"
#include "mailnode/base/loop.h"
#include "mailnode/base/op.h"
#include "mailnode/base/role.h"
#include "mailnode/node/conf.h"

enum {
	PROC_PARENT_FD = 3,
	PROC_NAME_MAX = 64,	/* octets of a peer's name, NUL included */
	PROC_EARLY_MAX = 512,	/* peers handed over before the start: every
				   session, when a service starts again */
	PROC_LOCAL_MAX = 32,	/* connections of one other user */
	PROC_LIMIT_MAX = 256	/* octets of a folder's name, NUL included */
};

/* Between parent and child; see role_parent.c for who sends what. */
enum proc_msg {
	PROC_START = 0x0901,	/* struct proc_conn + fd of the connection;
				   all channels were handed over before */
	PROC_LINK = 0x0902,	/* u8 role + fd: your channel to that service */
	PROC_PEER = 0x0903,	/* u8 role, u32 session, str name, str limit,
				   u8 light + fd */
	PROC_STOP = 0x0904,	/* finish and exit */
	PROC_READY = 0x0910,	/* child: in its sandbox, serving */
	PROC_WANT = 0x0911,	/* child: u8 role, u8 light: start one for me */
	PROC_ALARM = 0x0912,	/* child: str: the owner should know */
	PROC_CLEAR = 0x0913,	/* child: str: that alarm is over */
	PROC_LOGIN = 0x0914,	/* vault: struct proc_login */
	PROC_FAULT = 0x0916,	/* session: u8 enum ban_kind, str what: what
				   its peer did */
	PROC_TLS = 0x0917,	/* vault: u8: it has the key for TLS; octets:
				   the hash of its public half, or none */
	PROC_REST = 0x0915	/* child: its connection is over, its peer gave
				   no trouble: another START may come; u8: the
				   channel to the vault was used */
};

/* What became of a login of a device. */
enum proc_outcome {
	LOGIN_OK,		/* from now on that session is that device */
	LOGIN_FAILED,
	LOGIN_OVER		/* revoked or expired: its session must end */
};

struct proc_login {
	uint32_t	session;
	enum proc_outcome outcome;
	char		user[DEVICE_NAME_MAX * 2];	/* as tried; cut */
	char		device[DEVICE_NAME_MAX];	/* "" unless known */
	uint8_t		scope;			/* enum device_scope */
	char		folder[DEVICE_FOLDER_MAX];	/* "": all */
	char		why[64];
};
void	proc_login_put(struct buf *b, const struct proc_login *l);
bool	proc_login_get(struct chan_in *in, struct proc_login *l);

/* Where a connection came from; all empty in other roles. */
struct proc_conn {
	uint32_t	session;		/* unique in this run, not 0 */
	char		peer[INET6_ADDRSTRLEN];	/* v4-mapped: as v4 */
	uint16_t	peer_port;
	char		local[INET6_ADDRSTRLEN];
	uint16_t	local_port;
	uint32_t	listener;		/* index in conf.listeners */
	bool		keyless;		/* the vault cannot do TLS */
};

struct proc {
	enum role	  role;
	struct proc_conn  conn;
	int		  sock;		/* the connection, or -1 */
	int		  parent;	/* channel */
	int		  link[ROLE_MAX];	/* our services; -1: none */
	const char	 *home;		/* $MAILNODE_HOME, absolute */
	const char	 *maildir;	/* absolute */
	char		  limit[PROC_LIMIT_MAX]; /* reader: the only folder
					   its session may see; "": all */
	bool		  light; /* reader: for lists, without the index */
	struct loop	 *loop;
	/* private from here on */
	bool		  started;
	struct loop_io	  parent_io;
	struct loop_timer settle;	/* see sandbox_enter */
	struct op_server *server;
	struct proc_early *early;	/* of a service; owned */
	unsigned int	  nearly;
	void		(*on_link)(void *, enum role, int);
	void		 *link_arg;
	bool		  stopping;	/* told to */
	void		(*on_stop)(void *);
	void		 *stop_arg;
};

/*
 * Takes over descriptor 3 and waits for the start.  Ends the process
 * when the parent is gone.  pr is the caller's memory, for the whole run.
 */
void	proc_begin(struct proc *pr, enum role role);

/* Peers of the parent's making become peers of srv, early ones at once. */
void	proc_serve(struct proc *pr, struct op_server *srv);

/*
 * fn(arg, role, fd) takes fd: the answer to proc_want, or a new channel to
 * a service that was started again (pr->link[role] is then set already and
 * the old descriptor closed: forget what was under way there).
 */
void	proc_on_link(struct proc *pr, void (*fn)(void *, enum role, int),
	    void *arg);

/* fn is called when the parent says stop; without it the loop is stopped. */
void	proc_on_stop(struct proc *pr, void (*fn)(void *), void *arg);

/* Hears what the parent has said so far: its word on a peer may wait behind
 * what another service says of that. */
void	proc_hear(struct proc *pr);

/* Asks for a fresh process of an on-demand role.  0, or -1 with errno. */
int	proc_want(struct proc *pr, enum role role);
/* The same of a reader; light: it cannot search the index. */
int	proc_want_reader(struct proc *pr, bool light);

/*
 * Waits until there is a channel to that service, at most timeout_ms, hearing
 * what else the parent says.  For sessions that asked for a reader.  0, or
 * -1 with errno: ETIMEDOUT, or ECANCELED when told to stop meanwhile.
 */
int	proc_wait_link(struct proc *pr, enum role role, int64_t timeout_ms);

/* Call after the sandbox, before the loop; joins the loop. */
void	proc_ready(struct proc *pr);

/*
 * Closes the connection and waits for another one from the same address,
 * which is pr->sock and pr->conn then; ends the process when the parent
 * has none.  asked_vault: its channel to the vault is used up.
 */
void	proc_rest(struct proc *pr, bool asked_vault);

/* The peer of this connection did that, of which `what` is a sample; see
 * bans.h.  Cut. */
void	proc_fault(struct proc *pr, unsigned int kind, const char *what);

/* Owner's attention: kept by the parent until cleared; shown by status. */
void	proc_alarm(struct proc *pr, const char *text);
void	proc_clear(struct proc *pr, const char *text);

/* The vault: sessions may offer TLS, or may not; SHA256_OCTETS of what the
 * certificate must be for, or NULL. */
void	proc_tls(struct proc *pr, bool can, const uint8_t *spki);

/* "home/name" as returns owned; ends the process when memory is gone. */
char	*proc_path(const char *dir, const char *name);

#endif
