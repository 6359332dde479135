/*
 * Devices in keeper, 0x01c0: which session is which device, and what its
 * channel may do from then on.  Before the vault has said so, a session of
 * imap or submission may do nothing (OP_LOGIN); after it, what the device's
 * scope has (else OP_SCOPE).  Both leave the channel open: when keeper was
 * started anew it hears of the logins a moment later, and one asks again.
 *
 * And what devices did last, for the owner's list.
 */
#ifndef STORE_OP_DEVICE_H
#define STORE_OP_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/device.h"
#include "mailnode/base/op.h"
#include "mailnode/base/role.h"

struct store;

enum device_op {
	DEVICE_LOGIN = 0x01c0,	/* vault, its only one: see device_login_put */
	DEVICE_NOTE = 0x01c1,	/* the session; has no answer */
	DEVICE_LIST = 0x01c2,
	DEVICE_FORGET = 0x01c3
};

enum {
	DEVICE_ADDR_MAX = 64,		/* octets, NUL included */
	DEVICE_CLIENT_MAX = 128,	/* likewise */
	DEVICE_WAIT_MS = 30000
};

/*
 * Session N, of that role, is device D, from addr; scope 0: no longer.  The
 * vault sends it with chan_send and waits in its loop for the reply of the
 * same id: OP_OK, or STORE_GONE when keeper has no such session.
 */
void	 device_login_put(struct buf *b, uint32_t session, enum role role,
	    const char *addr, const struct device *d);

/*
 * What a session knows of its device, for the list; NULL and 0: not known.
 * client: as it calls itself (IMAP ID, EHLO).  folder and modseq: what it
 * has seen of that folder.
 */
struct device_note {
	const char	*client, *folder;
	uint64_t	 modseq;
};
int	 device_note(int ch, const struct device_note *n);

/* What was last heard of a device. */
struct device_seen {
	char		 name[DEVICE_NAME_MAX];
	int64_t		 at;		/* wall seconds; 0: never */
	char		 service[16];	/* "imap", "submission" */
	char		 addr[DEVICE_ADDR_MAX];
	char		 client[DEVICE_CLIENT_MAX];
	char		 folder[DEVICE_FOLDER_MAX];
	uint32_t	 unsynced; /* changes since, in folders it looked at */
	uint32_t	 sessions;	/* at present */
};

/* The one behind `after` ("" for the first), by name.  STORE_NOTFOUND. */
uint16_t device_seen_next(int ch, struct op_reply *r, const char *after,
	    struct device_seen *s);

/* It was revoked: what was known of it goes. */
uint16_t device_forget(int ch, struct op_reply *r, const char *name);

extern const struct op device_ops[];	/* service: struct store */

/* ---- inside keeper ---- */


/* op_server.may of keeper. */
uint16_t device_may(void *service, const struct op_call *c);
/* The device at the other end; NULL for every other peer.  Borrowed, until
 * the peer is gone. */
const struct device	*device_of(struct store *st,
			    const struct op_peer *p);
/* Watchers are told of what they may look at. */
bool	 device_sees(struct store *st, const struct op_peer *p,
	    uint64_t mbox);
void	 device_gone(struct store *st, struct op_peer *p);
void	 devices_close(struct store *st);

#endif
