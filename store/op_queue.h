/*
 * The outgoing queue, kept by keeper: submit a letter, look at it, change
 * its course, and what the sender needs.  Types 0x0160.
 *
 * NAME() asks and waits; NAME_put() writes the arguments and NAME_get()
 * reads the reply's payload, for a client that sends with chan_send and
 * goes on.  Statuses: enum op_status, enum store_err and enum queue_status;
 * queue_text() has words for each of them.
 */
#ifndef STORE_OP_QUEUE_H
#define STORE_OP_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/chan.h"
#include "mailnode/base/op.h"

enum queue_op {
	/* owner, submission, local */
	QUEUE_BEGIN = 0x0160,	/* envelope → str id */
	QUEUE_DATA = 0x0161,	/* bytes; no reply payload */
	QUEUE_COMMIT = 0x0162,	/* → durable */
	/* owner */
	QUEUE_LIST = 0x0163,
	QUEUE_SHOW = 0x0164,	/* str id → one letter, all of it */
	QUEUE_FATE = 0x0165,	/* str Message-ID → the same */
	QUEUE_CHANGE = 0x0166,
	/* owner, sender */
	QUEUE_OPEN = 0x0167,	/* str id → u32 offset of the letter + fd */
	/* sender */
	QUEUE_DUE = 0x0168,	/* → what waits; pushes follow */
	QUEUE_CLAIM = 0x0169,
	QUEUE_MARK = 0x016a,
	QUEUE_RESULT = 0x016b,
	QUEUE_LOCAL = 0x016c,
	/* told (id 0) to the sender: str id of a letter to look at again */
	QUEUE_PUSH = 0x016f
};

enum queue_status {
	QUEUE_E_FULL = 0x40,	/* disk below its reserve: try later */
	QUEUE_E_IDENTITY,	/* the sender is none of ours */
	QUEUE_E_RCPT,		/* no recipient, or one that is no address */
	QUEUE_E_SIZE,		/* letter over conf.message_max */
	QUEUE_E_ORDER,		/* data without begin, begin twice … */
	QUEUE_E_STATE		/* the letter is not in a state for that */
};

enum {
	QUEUE_ID_MAX = 24,		/* octets, NUL included */
	QUEUE_ADDR_MAX = 320,		/* octets of an address, NUL included */
	QUEUE_RCPTS_MAX = 1000,		/* recipients of one letter */
	QUEUE_ENVELOPE_MAX = 96 * 1024,	/* octets of all of them */
	QUEUE_CHUNK_MAX = 96 * 1024,	/* octets of one QUEUE_DATA */
	QUEUE_TEXT_MAX = 512,		/* octets of a reply kept, with NUL */
	QUEUE_KEEP_S = 90 * 86400,	/* what became of it is known so long */
	QUEUE_WAIT_MS = 30000		/* NAME() gives up: OP_GONE */
};

/* Where a letter stands. */
enum queue_state {
	QUEUE_ACTIVE,		/* waits for its time */
	QUEUE_HELD,		/* waits for the owner; why says for what */
	QUEUE_DONE,		/* every recipient has its fate */
	QUEUE_DAMAGED		/* set aside: the file cannot be used */
};

/* What became of a recipient. */
enum queue_fate {
	QUEUE_WAITING,		/* not tried, or deferred */
	QUEUE_UNKNOWN,		/* the final dot went out, no answer came */
	QUEUE_SENT,		/* the next hop took it */
	QUEUE_LOCALLY,		/* delivered here */
	QUEUE_FAILED,		/* refused for good */
	QUEUE_EXPIRED,		/* no luck in all the time there was */
	QUEUE_DROPPED		/* by the owner */
};

const char	*queue_state_name(enum queue_state s);	/* "active" … */
const char	*queue_fate_name(enum queue_fate f);	/* "waiting" … */
const char	*queue_text(uint16_t status);

/* ---- submit ---- */

enum queue_flag {
	QUEUE_8BIT = 1,		/* some octet is over 127 */
	QUEUE_UTF8 = 2,		/* header or an address is UTF-8 (6531) */
	QUEUE_COPY = 4,		/* file a copy in Sent when it leaves */
	QUEUE_NOW = 8,		/* no undo window */
	QUEUE_HOLD = 16		/* queued, but held */
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

void	 queue_begin_put(struct buf *args, const struct queue_envelope *e);

/* ---- look ---- */

struct queue_row {
	const char	*id;
	const char	*from, *msgid, *subject;
	const char	*why;		/* held, damaged or waiting: reason */
	uint32_t	 flags;		/* QUEUE_* of the envelope */
	enum queue_state state;
	int64_t		 created, due, expires;	/* wall seconds */
	uint64_t	 size;		/* octets of the letter */
	uint32_t	 nrcpt, nwaiting, nfailed;
	const char	*first;		/* first recipient */
};

enum queue_which {
	QUEUE_OPEN_ONES,	/* active, held, damaged */
	QUEUE_ALL_ONES		/* done ones too, for as long as kept */
};

struct queue_rows {
	struct queue_row *row;
	size_t		 n;
	bool		 more;		/* ask again, behind the last id */
	char		*text;		/* private */
};

/* Newest first, behind id `after` ("" or NULL: from the start). */
uint16_t queue_list(int ch, enum queue_which which, const char *after,
	    struct queue_rows *out);
void	 queue_list_put(struct buf *args, enum queue_which which,
	    const char *after);
bool	 queue_list_get(struct chan_in *in, struct queue_rows *out);
void	 queue_rows_clear(struct queue_rows *r);

struct queue_rcpt {
	const char	*addr;
	const char	*orcpt;
	uint32_t	 notify;
	enum queue_fate	 fate;
	uint32_t	 attempts;
	int64_t		 due, changed;	/* wall seconds */
	const char	*route;		/* forced or last; "" not yet known */
	const char	*reply;		/* last answer, "" if none */
	bool		 maybe_twice;	/* sent again after an unknown */
};

struct queue_attempt {
	int64_t		 at;		/* wall seconds */
	const char	*route;		/* relay's name */
	const char	*peer;		/* "smtp.example.net 192.0.2.1:465" */
	const char	*tls;		/* "TLSv1.3 … verified", "" for none */
	const char	*rcpts;		/* "1 2 5", numbers from 1 */
	const char	*reply;		/* what ended it */
};

struct queue_letter {
	struct queue_row row;		/* row.first is "" */
	struct queue_rcpt *rcpt;
	size_t		 nrcpt;
	struct queue_attempt *attempt;	/* oldest first, the last 50 */
	size_t		 nattempt;
	char		*text;		/* private */
};

uint16_t queue_show(int ch, const char *id, struct queue_letter *out);
void	 queue_show_put(struct buf *args, const char *id);
/* By Message-ID (without < >): the newest letter of the owner's. */
uint16_t queue_fate(int ch, const char *msgid, struct queue_letter *out);
void	 queue_fate_put(struct buf *args, const char *msgid);
bool	 queue_show_get(struct chan_in *in, struct queue_letter *out);
void	 queue_letter_clear(struct queue_letter *l);

/* ---- change ---- */

enum queue_change {
	QUEUE_DO_HOLD,		/* active → held */
	QUEUE_DO_RELEASE,	/* held → active, due now */
	QUEUE_DO_RETRY,		/* due now, whatever was said */
	QUEUE_DO_ROUTE,		/* by the relay named in arg; "" as conf says */
	QUEUE_DO_DROP		/* forget the waiting recipients */
};

/*
 * STORE_NOTFOUND no such letter; QUEUE_E_STATE done already, or (hold,
 * drop) just under way to the next hop.  A letter dropped before it left
 * has no copy in Sent.
 */
uint16_t queue_change(int ch, const char *id, enum queue_change what,
	    const char *arg);
void	 queue_change_put(struct buf *args, const char *id,
	    enum queue_change what, const char *arg);

/* *fd is the caller's, read-only; the letter starts at *offset. */
uint16_t queue_open(int ch, const char *id, int *fd, uint32_t *offset);
void	 queue_open_put(struct buf *args, const char *id);

#endif
