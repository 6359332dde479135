/*
 * Addresses that misbehave: logins that fail, recipients that are refused,
 * protocol errors, connections that were too many.  So many of one kind
 * within BANS_WINDOW_S close a door to an address (an IPv6 host has its
 * /64) for BANS_FIRST_S; each further time for twice as long.  Logins close
 * those where one logs in, the rest the door where it happened: port 25 is
 * open to who fails to log in.  What an address does counts for the network
 * around it, too (/24, /48), as far as it counts for itself: BANS_NET_FACTOR
 * of them together close the door to all.
 *
 * A ban has its evidence and its end.  Networks of the owner, and those from
 * which a device of his has logged in within BANS_KNOWN_S, are never banned,
 * whatever others do there.
 *
 * Kept in home/bans, see bans_file.c.
 */
#ifndef NODE_BANS_H
#define NODE_BANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/device.h"
#include "mailnode/base/buf.h"
#include "mailnode/base/chan.h"
#include "mailnode/base/loop.h"
#include "mailnode/node/net.h"

enum ban_kind {
	BAN_LOGINS,		/* that failed */
	BAN_RECIPIENTS,		/* unknown here, or elsewhere */
	BAN_ERRORS,		/* of the protocol */
	BAN_CONNECTIONS,	/* over the limits of an address */
	BAN_KINDS
};

enum ban_door { BAN_LOGIN_DOORS, BAN_MAIL_DOOR, BAN_ALL_DOORS };

enum {
	BANS_LOGINS = 6,		/* two sessions of three tries */
	BANS_RECIPIENTS = 20,		/* one session: its errors_hard */
	BANS_ERRORS = 30,
	BANS_CONNECTIONS = 100,
	BANS_NET_FACTOR = 4,		/* and as many addresses, at least */
	BANS_WINDOW_S = 15 * 60,
	BANS_FIRST_S = 5 * 60,
	BANS_LONGEST_S = 24 * 3600,
	BANS_MAIL_LONGEST_S = 4 * 3600,	/* good mail may come from there, too;
					   senders try for days */
	BANS_MEMORY_S = 7 * 86400,	/* then the next is a first one */
	BANS_KNOWN_S = 90 * 86400,
	BANS_MANUAL_MAX_S = 365 * 86400,
	BANS_MAX = 2048,		/* the oldest goes */
	BANS_KNOWN_MAX = 256,
	BANS_EVIDENCE_MAX = 160,	/* octets, NUL included */
	BANS_AT_ONCE = 2		/* an address, and its network */
};

struct ban {
	struct net_prefix net;
	enum ban_door	door;
	int64_t		since;		/* wall s: of the first fault, or ban */
	int64_t		until;		/* 0: only counted */
	int64_t		last;		/* the last fault */
	uint64_t	used;		/* private: in what order */
	uint32_t	level;		/* bans so far */
	uint32_t	count[BAN_KINDS];
	uint32_t	addresses; /* of a network: whose faults these are */
	bool		manual;		/* by the owner: of every door */
	char		evidence[BANS_EVIDENCE_MAX];
};

struct ban_fault {
	const char	*addr;
	enum ban_door	 door;		/* where */
	enum ban_kind	 kind;
	const char	*what;		/* of it, from outside */
};

struct bans;

/* Reads home/bans; what cannot be read is not there.  Returns owned, or
 * NULL: no memory.  home is borrowed; l NULL: nothing is ever written. */
struct bans	*bans_new(struct loop *l, const char *home);
void		 bans_free(struct bans *b);

/* Counts it, unless addr is kept out already: what its sessions do while they
 * are sent away is no evidence.  How many bans that began, borrowed until the
 * next call.  now: wall seconds, as everywhere below. */
size_t		 bans_fault(struct bans *b, const struct ban_fault *f,
		    int64_t now, const struct ban *began[BANS_AT_ONCE]);
void		 bans_known(struct bans *b, const char *addr,
		    const char *device, int64_t now);
/* A device is gone, and with it what was known of it. */
void		 bans_forget(struct bans *b, const char *device);

/* The ban that keeps addr out of a door.  NULL: none.  Borrowed, until the
 * next call. */
const struct ban *bans_find(const struct bans *b, const char *addr,
		    enum ban_door door, int64_t now);
bool		 bans_is_known(const struct bans *b, const char *addr,
		    int64_t now);
/* In own_networks[]. */
bool		 bans_is_own(const char *addr);

/* By the owner.  0, or -1 with errno: EINVAL no network, ENOSPC. */
int		 bans_add(struct bans *b, const char *net, int64_t seconds,
		    int64_t now);
/* At every door.  -1 with errno: EINVAL no network, ENOENT none. */
int		 bans_rm(struct bans *b, const char *net);
/* The i-th in force; NULL behind the last. */
const struct ban *bans_at(const struct bans *b, size_t i, int64_t now);

/* ---- ban.c ---- */

void		 ban_put(struct buf *out, const struct ban *b);
bool		 ban_get(struct chan_in *in, struct ban *b);

const char	*ban_door_name(enum ban_door d);
/* "20 refused recipients, 1 protocol error: root@example.org, …". */
void		 ban_text(struct buf *out, const struct ban *b);

#endif
