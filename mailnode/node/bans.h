/*
 * Addresses where logins fail.  After BANS_FAILURES within BANS_WINDOW_S a
 * network (IPv4: the address, IPv6: its /64) may not come to the doors where
 * one logs in, for BANS_FIRST_S; each further time for twice as long, at
 * most BANS_LONGEST_S.  Port 25 stays open to it.  A ban has its evidence
 * and its end.  Networks from which a device of the owner has logged in
 * within BANS_KNOWN_S are never banned, whatever others do there.
 *
 * Kept in home/bans, text, one line each, fields divided by a blank:
 *
 *	mailnode-bans 1
 *	ban NETWORK SINCE UNTIL LEVEL FAILURES MANUAL EVIDENCE…
 *		(evidence: printable ASCII, "?" for all else that was tried)
 *	known NETWORK DEVICE LAST
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

enum {
	BANS_FAILURES = 6,		/* two sessions of three tries */
	BANS_WINDOW_S = 15 * 60,
	BANS_FIRST_S = 5 * 60,
	BANS_LONGEST_S = 24 * 3600,
	BANS_MEMORY_S = 7 * 86400,	/* then the next is a first one */
	BANS_KNOWN_S = 90 * 86400,
	BANS_MANUAL_MAX_S = 365 * 86400,
	BANS_MAX = 1024,		/* networks; the oldest goes */
	BANS_KNOWN_MAX = 256,
	BANS_NET_MAX = 52,		/* octets, NUL included */
	BANS_EVIDENCE_MAX = 160		/* likewise */
};

struct ban {
	char		net[BANS_NET_MAX];	/* "192.0.2.1", "2001:db8::/64" */
	int64_t		since;		/* wall s: of the first failure, or ban */
	int64_t		until;		/* 0: only counted */
	int64_t		last;		/* the last failure */
	uint32_t	level;		/* bans so far */
	uint32_t	failures;
	bool		manual;		/* by the owner: of every door */
	char		evidence[BANS_EVIDENCE_MAX];
};

struct bans;

/* Reads home/bans; what cannot be read is not there.  Returns owned, or
 * NULL: no memory.  home is borrowed; l NULL: nothing is ever written. */
struct bans	*bans_new(struct loop *l, const char *home);
void		 bans_free(struct bans *b);

/* now: wall seconds, as everywhere below.  True: that was one too many. */
bool		 bans_failed(struct bans *b, const char *addr,
		    const char *user, const char *why, int64_t now);
void		 bans_known(struct bans *b, const char *addr,
		    const char *device, int64_t now);
/* A device is gone, and with it what was known of it. */
void		 bans_forget(struct bans *b, const char *device);

/* The ban that keeps addr out; login: of a door where one logs in.  NULL:
 * none.  Borrowed, until the next call. */
const struct ban *bans_find(const struct bans *b, const char *addr,
		    bool login, int64_t now);
bool		 bans_is_known(const struct bans *b, const char *addr,
		    int64_t now);

/* By the owner.  0, or -1 with errno: EINVAL no network, ENOSPC. */
int		 bans_add(struct bans *b, const char *net, int64_t seconds,
		    int64_t now);
/* False: there is none. */
bool		 bans_rm(struct bans *b, const char *net);
/* The i-th in force; NULL behind the last. */
const struct ban *bans_at(const struct bans *b, size_t i, int64_t now);

void		 ban_put(struct buf *out, const struct ban *b);
bool		 ban_get(struct chan_in *in, struct ban *b);

#endif
