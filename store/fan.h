/*
 * Where else a message goes that came to an alias of several destinations,
 * or to a sender that we had rewritten: copies into other mailboxes, and
 * letters in the queue.  Runs when the message is filed and listed; until
 * all of it is durable the spool keeps its entry.
 *
 *	each destination: its letter or copy, and a row of `fanned`, in one
 *	transaction of node.db; a crash before the spool knows finds the rows,
 *	one before the commit leaves a letter's file, which the start removes
 *
 * A letter of our own is a letter of ours again, to be signed.  Another's
 * that is sent on is the message as it came: behind our Received and
 * Authentication-Results, without Return-Path and Envelope-To, each octet.
 * In front stands Delivered-To with the address it was sent to, by which a
 * loop is known when it comes again.
 */
#ifndef STORE_FAN_H
#define STORE_FAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/store.h"

extern const char fan_schema[];		/* a part of node.db */

enum {
	FAN_KEEP_S = 30 * 86400,	/* rows; the spool is far quicker */
	FAN_LINE_MAX = 4096		/* octets of these two fields */
};

struct fan {
	uint64_t	 entry;		/* of the spool */
	uint64_t	 mbox, row;	/* where it stands */
	uint32_t	 uidvalidity, uid;
	const char	*trace, *msgid, *subject;
	bool		 goes;		/* its copy here, when all is sent */
	const uint8_t	*hash;		/* of the content, if so */
};

/* Joins the turn.  STORE_OK: all of it did, or was done before; else once
 * more, later. */
enum store_err	 fan_out(struct store *st, struct fan *f);

/* A message, borrowed: what lies in memory, and what in a file behind it. */
struct fan_text {
	const char	*sender;	/* reverse path, "" for <> */
	bool		 own;		/* a letter of ours */
	const void	*head, *body;
	size_t		 nhead, nbody;
	int		 fd;		/* from `at` on; -1: none */
	off_t		 at;
};

struct fan_to {
	const char	*given;		/* the address it came to */
	const char	*dest;		/* and goes on to */
	bool		 home;		/* it is the sender we had rewritten */
};

/* The same for a message that is filed, t->fd alone, to one destination. */
enum store_err	 fan_filed(struct store *st, const struct fan *f,
		    struct fan_text *t, const struct fan_to *to);

#endif
