/*
 * Delivery status notifications that we write: for the owner's INBOX, never
 * for the Internet.  RFC 3464, 6522.
 */
#ifndef QUEUE_DSN_H
#define QUEUE_DSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

enum dsn_kind { DSN_FAILED, DSN_DELAYED, DSN_DELIVERED };

enum {
	DSN_HEADER_MAX = 16 * 1024,	/* octets of the letter's header */
	DSN_RCPTS_MAX = 11	/* in one notice, which fits a record with
				   all as long as they may be */
};

struct dsn_rcpt {
	const char	*addr;
	const char	*orcpt;		/* "rfc822;…" as given, or "" */
	const char	*reply;		/* "550 5.1.1 …", or words of ours */
	const char	*peer;		/* who said so, or "" */
	bool		 expired;	/* that was the last of many tries */
};

struct dsn {
	enum dsn_kind	 kind;
	const char	*hostname;
	const char	*to;		/* whose letter it was */
	const char	*id;		/* of the queue */
	const char	*msgid;		/* of the letter, without < > */
	const char	*subject;
	const char	*envid;		/* or "" */
	int64_t		 now, created, expires;	/* wall seconds */
	const struct dsn_rcpt *rcpt;
	size_t		 nrcpt;
	const void	*header; /* of the letter, up to its empty line */
	size_t		 nheader;
};

/* Appends the message, CRLF; unique makes boundary and Message-ID. */
void	dsn_put(struct buf *b, const struct dsn *d, const char *unique);

/* "5.1.1" of a reply, else one for its class, else "5.0.0"; of what is
 * expired what stood in its way, "4.2.2", else "4.4.7" (RFC 3463). */
void	dsn_status(enum dsn_kind kind, const struct dsn_rcpt *rcpt, char *dst,
	    size_t size);

#endif
