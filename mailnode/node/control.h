/*
 * How the client and the commands reach the node: over the control socket
 * of the running daemon, or, when there is none, over that of a parent
 * started for the purpose, which has the same processes but no listeners,
 * sender and vault.  One code path for both.
 */
#ifndef NODE_CONTROL_H
#define NODE_CONTROL_H

#include <stdbool.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/op.h"
#include "mailnode/base/role.h"
#include "mailnode/node/alarm.h"
#include "mailnode/node/bans.h"
#include "mailnode/node/program.h"

enum control_msg {
	CONTROL_LINK = 0x0a01,		/* u8 role → fd */
	CONTROL_STATUS = 0x0a02,	/* → struct node_state */
	CONTROL_YIELD = 0x0a03,		/* a daemon wants the node → u8 local */
	CONTROL_LINK_LOCAL = 0x0a04,	/* → fd, to keeper as ROLE_LOCAL */
	CONTROL_BAN_AT = 0x0a05,	/* u32 i → struct ban; NOTHING */
	CONTROL_BAN_ADD = 0x0a06,	/* str net, i64 seconds */
	CONTROL_BAN_RM = 0x0a07,	/* str net; NOTHING */
	CONTROL_BAN_FORGET = 0x0a08	/* str device */
};

enum {
	CONTROL_NO_SERVICE = OP_ROOM_FIRST,	/* that role does not run */
	CONTROL_NOTHING			/* there is none */
};

struct node;

/*
 * Joins the running node, or starts a local one unless daemon_only.
 * Returns owned, or NULL with errno: ENOENT no daemon, EACCES not ours,
 * ENXIO nothing was set up here, and nothing is made.
 */
struct node	*node_connect(bool daemon_only);

/* Why that failed, from errno.  EPROTO: another version answered. */
const char	*node_why(int err);

/* Closes the control channel; links stay open.  A local node ends with its
 * last client. */
void		 node_close(struct node *n);

/*
 * A channel of its own to keeper, reader, parser, vault, resolver or
 * runner, as ROLE_OWNER.  Returns the descriptor, owned by the caller, or
 * -1 with errno: ENOTCONN when the node is gone, ENOENT no such service
 * (the local node has no vault; nobody asks the sender).
 */
int		 node_link(struct node *n, enum role service);

/* True for a local node, that neither receives nor sends. */
bool		 node_is_local(const struct node *n);

/* The parent's view of the node. */
enum { NODE_SESSIONS_MAX = 64 };	/* told one by one; all are counted */

struct node_session {
	enum role	role;
	int32_t		pid;
	uint32_t	seconds;
	char		peer[64];
};

struct node_state {
	char		program[PROGRAM_ID_MAX];	/* it runs */
	int32_t		pid;
	bool		local, ready;
	int64_t		since;			/* wall, s */
	uint64_t	accepted, refused;	/* connections */
	char		missing[64];		/* of the sandbox; "": none */
	uint32_t	running[ROLE_MAX], crashes[ROLE_MAX];
	uint32_t	sessions;
	struct node_session session[NODE_SESSIONS_MAX];
	struct alarms	alarms;
};

/* 0, or -1 with errno. */
int		 node_state(struct node *n, struct node_state *st);

/*
 * Bans: see node/bans.h.  ban_at: the i-th in force; -1 with errno ENOENT
 * behind the last.  add: EINVAL, ENOSPC.  rm: ENOENT.  forget: a device is
 * no more.
 */
int		 node_ban_at(struct node *n, uint32_t i, struct ban *b);
int		 node_ban_add(struct node *n, const char *net,
		    int64_t seconds);
int		 node_ban_rm(struct node *n, const char *net);
int		 node_ban_forget(struct node *n, const char *device);

/* The two ends of CONTROL_STATUS's payload. */
void		 node_state_put(struct buf *b, const struct node_state *st);
bool		 node_state_get(struct chan_in *in, struct node_state *st);

/*
 * For a daemon that finds the lock taken: 1 a local node answered and ends
 * now, 0 a daemon runs already, -1 nobody answers.
 */
int		 node_yield(const char *home);

/*
 * The submit-only door of other local users (conf.local_socket): a channel
 * to keeper as ROLE_LOCAL.  Returns the descriptor or -1 with errno.
 */
int		 node_link_local(void);

#endif
