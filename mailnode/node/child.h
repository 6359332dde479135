/*
 * The parent's children: starting them, wiring them, burying them.  Nothing
 * here reads a byte from the network.
 */
#ifndef NODE_CHILD_H
#define NODE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "mailnode/base/loop.h"
#include "mailnode/base/op.h"
#include "mailnode/node/proc.h"

enum child_life {
	LIFE_RUN,	/* the whole run; started again when it ends */
	LIFE_CONN,	/* one connection */
	LIFE_DEMAND	/* one task of the process that asked */
};

/* One line of the table of roles (mailnode/main.c). */
struct role_entry {
	enum role	role;
	enum child_life	life;
	bool		exec;		/* own address layout, own memory */
	bool		daemon;		/* not in a local node */
	uint32_t	services;	/* ROLE_BIT of those it may ask */
	void		(*fn)(struct proc *);
};

struct child {
	struct child	*next;
	const struct role_entry *entry;
	pid_t		 pid;		/* 0: dead */
	struct op_peer	*chan;		/* NULL once it hung up */
	struct proc_conn conn;
	int64_t		 started_ms;	/* monotonic */
	bool		 ready;
	bool		 failed;	/* how it ended */
	bool		 stopping;
	uint32_t	 asked_by;	/* session it works for; 0: none */
	/* A device's session, from its login on. */
	char		 device[DEVICE_NAME_MAX];
	uint8_t		 scope;
	char		 folder[DEVICE_FOLDER_MAX];
	bool		 light;		/* its reader needs no index */
	bool		 wants_reader;	/* asked before we heard of it */
	unsigned int	 faults;	/* told of this connection */
	int64_t		 over_ms;	/* killed then, monotonic; 0: no */
	bool		 waiting;	/* no connection: forked ahead, or
					   resting after one from conn.peer */
	unsigned int	 served;	/* connections before this one */
	bool		 asked_vault;	/* it asked the vault in the last */
	int64_t		 rested_ms;	/* monotonic */
};

/* The parent's own state that children need; filled by role_parent.c. */
struct nursery {
	struct loop		*loop;
	struct op_server	 server;	/* children's own channels */
	const struct role_entry	*roles;		/* ended by .fn == NULL */
	struct child		*children;
	bool			 local;		/* a local node */
	bool			 stopping;
	uint32_t		 last_session;
	unsigned int		 crashes[ROLE_MAX];
	struct loop_timer	 again[ROLE_MAX];
	int64_t			 again_ms[ROLE_MAX];	/* backoff */
	struct loop_timer	 rest;		/* ends who rested too long */
	/* A child ended: crash is NULL, or the signal's name. */
	void			(*ended)(void *, struct child *,
				    const char *crash);
	/* A child is ready. */
	void			(*up)(void *, struct child *);
	void			*arg;
};

/* 0, or -1 with errno. */
int	nursery_init(struct nursery *n, struct loop *l,
	    const struct role_entry *roles);

/* Every role that is to run does, and is ready. */
bool	nursery_up(const struct nursery *n);

/* Starts every LIFE_RUN role and wires them.  0, or -1 with errno. */
int	nursery_start(struct nursery *n);

/*
 * Starts one process.  conn may be NULL; sock is borrowed (-1: none).
 * `asker`, when not NULL, gets a channel to it.  NULL with errno.
 */
struct child	*nursery_spawn(struct nursery *n, enum role role, int sock,
		    const struct proc_conn *conn, struct child *asker);

/* Whoever rests learned its files before they changed: none goes on. */
void	nursery_wake(struct nursery *n);

/*
 * Forks ahead, so that `want` processes of a role for one connection, or on
 * demand, wait with their channels ready; nursery_spawn uses them up.
 */
void	nursery_ahead(struct nursery *n, enum role role, unsigned int want);

/*
 * One end of a fresh channel to a service, for a peer of that role; an
 * on-demand service is started for it.  The descriptor, or -1 with errno.
 */
int	nursery_link(struct nursery *n, enum role service, enum role as,
	    uint32_t session, const char *name);

/* A reader for a device's session, if it may have one. */
void	nursery_want_reader(struct nursery *n, struct child *c);

/* Collects the dead, starts again what must run.  Call on SIGCHLD. */
void	nursery_reap(struct nursery *n);

/* Tells all to stop, sessions and askers first; see nursery_idle. */
void	nursery_stop(struct nursery *n);
bool	nursery_idle(const struct nursery *n);	/* no child left */
/* SIGKILL to those of that role, ROLE_MAX: to all. */
void	nursery_kill(struct nursery *n, enum role role);

const struct role_entry	*nursery_entry(const struct nursery *n, enum role r);

#endif
