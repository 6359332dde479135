/*
 * Submitting a letter to the outgoing queue.  Types 0x0160; the rest of the
 * queue's ops are in op_queue.h.
 */
#ifndef STORE_OP_SUBMIT_H
#define STORE_OP_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/op.h"

enum submit_op {
	QUEUE_BEGIN = 0x0160,	/* envelope → str id */
	QUEUE_DATA = 0x0161,	/* bytes; no reply payload */
	QUEUE_COMMIT = 0x0162,	/* → durable: str id, u8 again */
	QUEUE_ONCE = 0x016e	/* bytes hash */
};

/* Besides enum op_status and enum store_err. */
enum submit_status {
	QUEUE_E_IDENTITY = 0x40,	/* the sender is none of ours */
	QUEUE_E_RCPT		/* no recipient, or one that is no address */
};

/* Words for any status of the queue's ops; never NULL. */
const char	*submit_text(uint16_t status);

enum {
	QUEUE_ID_MAX = 24,		/* octets, NUL included */
	QUEUE_ADDR_MAX = 512,		/* octets of an address, NUL included */
	QUEUE_LINE_MAX = 1000,		/* of Message-ID, subject, envid */
	QUEUE_RCPTS_MAX = 1000,		/* recipients of one letter */
	QUEUE_ENVELOPE_MAX = 96 * 1024,	/* octets of all of them */
	QUEUE_CHUNK_MAX = 96 * 1024,	/* octets of one QUEUE_DATA */
	QUEUE_WAIT_MS = 30000,		/* NAME() gives up: OP_GONE */
	QUEUE_HASH = 32,		/* octets */
	QUEUE_ONCE_S = 24 * 3600
};

enum queue_flag {
	QUEUE_8BIT = 1,		/* some octet is over 127 */
	QUEUE_UTF8 = 2,		/* header or an address is UTF-8 (6531) */
	QUEUE_COPY = 4,		/* file a copy in Sent when it leaves */
	QUEUE_NOW = 8,		/* no undo window */
	QUEUE_HOLD = 16,	/* queued, but held */
	QUEUE_ASKED = 31,	/* what a submitter may ask for */
	/* keeper's own, see fan.h: */
	QUEUE_FORWARD = 32,	/* somebody's, sent on: not to be signed, the
				   sender to be rewritten */
	QUEUE_HOME = 64,	/* a notice, to whom orcpt (rewritten) hides */
	QUEUE_ENVID = 128,	/* envid is ours, and nobody's guess */
	QUEUE_KNOWN = 256	/* … and who took the letter was told it */
};

/* RFC 3461 NOTIFY; 0 is the default: failure and delay. */
enum queue_notify {
	QUEUE_NOTIFY_NEVER = 1,
	QUEUE_NOTIFY_SUCCESS = 2,
	QUEUE_NOTIFY_FAILURE = 4,
	QUEUE_NOTIFY_DELAY = 8
};

struct queue_to {
	const char	*addr;		/* "a@example.net" */
	const char	*orcpt;		/* "rfc822;…" or "" */
	uint32_t	 notify;
};

struct queue_envelope {
	const char	*from;		/* "" is the null sender */
	const char	*msgid;		/* of the letter, without < > */
	const char	*subject;	/* decoded, for listings only */
	const char	*envid;		/* RFC 3461, or "" */
	uint32_t	 flags;		/* QUEUE_* */
	int64_t		 due_s;		/* not before this time; 0: soon */
	const struct queue_to *to;
	size_t		 nto;
};

/*
 * The letter is CRLF throughout, complete with its header, without Bcc.
 * One at a time on a channel.  begin sets id; what was not committed is
 * gone when the channel is.  After commit it is durable.
 *
 * A ROLE_LOCAL peer is some other user of this machine: its sender becomes
 * user+NAME@domain, and the service writes the From field itself, so that
 * the letter must have none.
 */
uint16_t queue_begin(int ch, const struct queue_envelope *e,
	    char id[QUEUE_ID_MAX]);
uint16_t queue_data(int ch, const void *p, size_t n);
uint16_t queue_commit(int ch);
/* All three of them; size of the letter is as you like. */
uint16_t queue_submit(int ch, const struct queue_envelope *e, const void *p,
	    size_t n, char id[QUEUE_ID_MAX]);

/*
 * Between begin and commit: what a device submitted under the same hash
 * within QUEUE_ONCE_S is the same letter (a client that did not hear our
 * answer tries again), unless some of its recipients did not get it.  The
 * commit then answers with the id of the first, and this one is gone.
 */
uint16_t queue_once(int ch, const uint8_t hash[QUEUE_HASH]);
uint16_t queue_commit_once(int ch, char id[QUEUE_ID_MAX], bool *again);

void	 queue_begin_put(struct buf *args, const struct queue_envelope *e);

extern const struct op submit_ops[];	/* service: struct store */

#endif
