/*
 * Is this address ours?  0x0120, asked at RCPT, and again by keeper itself
 * when the message is handed in.
 */
#ifndef STORE_OP_RCPT_H
#define STORE_OP_RCPT_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/op.h"

struct store;

enum rcpt_op { RCPT_CHECK = 0x0120 };

enum rcpt_class {
	RCPT_FOREIGN,		/* not our domain: 5.7.1 */
	RCPT_UNKNOWN,		/* our domain, nobody: 5.1.1 */
	RCPT_BURNED,		/* an alias given up, or over: 5.1.1 */
	RCPT_USER,		/* the owner, also with a subaddress */
	RCPT_ALIAS,
	RCPT_SYSTEM,		/* postmaster, abuse, where reports go */
	RCPT_CATCHALL,
	RCPT_SRS		/* a sender we rewrote, if the vault says so;
				   only notices (<>) may go there */
};

enum {
	RCPT_ADDR_MAX = 512,	/* octets, NUL included */
	RCPT_WAIT_MS = 30000
};

struct rcpt {
	enum rcpt_class	 class;
	char		 address[RCPT_ADDR_MAX];	/* canonical */
	char		 detail[128];	/* the subaddress, or "" */
	char		 folder[128];	/* "" for INBOX */
	char		 tags[256];	/* blank between */
	bool		 fans;		/* has further destinations */
	bool		 only;		/* all of them elsewhere; keeper's */
	bool		 knows;		/* ask history_ask() of the sender */
};

/* True when mail for it is accepted. */
bool	 rcpt_ok(enum rcpt_class c);

/*
 * addr: local@domain as lexed (no < >, quotes removed where they change
 * nothing, UTF-8), or "postmaster" alone.  STORE_NOSPACE and STORE_BUSY, to
 * sessions with strangers: ours, but nothing is taken now.
 */
uint16_t rcpt_check(int ch, struct op_reply *r, const char *addr,
	    struct rcpt *out);

/* The same inside keeper. */
void	 rcpt_resolve(struct store *st, const char *addr, struct rcpt *out);

/* Local parts that are always accepted, ended by NULL. */
extern const char *const rcpt_system[];
#define RCPT_DMARC_LOCAL	"dmarc-reports"	/* rua= of our record */
#define RCPT_TLSRPT_LOCAL	"tls-reports"	/* rua= of _smtp._tls */

extern const struct op rcpt_ops[];	/* service: struct store */

#endif
