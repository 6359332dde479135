/*
 * Handing in a message, 0x0110.  STORE_OK of spool_commit() means that it
 * is on disk to stay; then, and only then, answer 250.
 *
 *	up to SPOOL_INLINE octets	spool_commit() with the body
 *	more				spool_begin(), spool_data()...,
 *					spool_commit() with that id
 *
 * Keeper puts all that were complete in one turn into one commit.  It checks
 * recipients again itself and gives the message its folder.
 */
#ifndef STORE_OP_SPOOL_H
#define STORE_OP_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/op.h"
#include "store/err.h"

enum spool_op {
	SPOOL_BEGIN = 0x0110,
	SPOOL_DATA = 0x0111,	/* has no answer: see SPOOL_COMMIT */
	SPOOL_COMMIT = 0x0112,
	SPOOL_ABORT = 0x0113,	/* has no answer */
	SPOOL_STATUS = 0x0114
};

enum {
	SPOOL_INLINE = 64 * 1024,	/* octets of body in a record */
	SPOOL_CHUNK = 96 * 1024,	/* octets of one SPOOL_DATA */
	SPOOL_HEAD_MAX = 32 * 1024,	/* octets we may prepend */
	SPOOL_RCPT_MAX = 1000,
	SPOOL_TEXT_MAX = 2048,		/* octets of verdict, of peer */
	SPOOL_TRACE_MAX = 32,		/* octets, NUL included */
	SPOOL_ADDR_MAX = 512,		/* octets, NUL included */
	SPOOL_WAIT_MS = 120000		/* for a commit: RFC 5321 gives the
					   client ten minutes */
};

/* All strings are borrowed and without control characters. */
struct spool_msg {
	const char	*trace;		/* t7k2m9qx.1 */
	const char	*sender;	/* reverse path, "" for <> */
	const char	*const *rcpt;	/* as they were given at RCPT */
	size_t		 nrcpt;
	const char	*folder;	/* "" (INBOX, or what the alias
					   says), "Junk"; the
					   sender role may say any */
	const char	*tags;		/* blank between; "" for none */
	const char	*verdict;	/* one line: the reasons, for why */
	const char	*peer;		/* one line: who brought it */
	int64_t		 received;	/* wall clock, s */
	bool		 stays;		/* is not sent on, wherever it came */
	/* Of the client; each may be NULL. */
	const char	*ip;
	const char	*from;		/* the sender, folded */
	const char	*author;	/* proved, folded */
	const char	*key;		/* of the message: letin.h */
};

/* *id is for the calls that follow; of this channel only. */
uint16_t spool_begin(int ch, struct op_reply *r, uint64_t *id);
/* n <= SPOOL_CHUNK.  0, or -1 with errno; a full disk shows at commit. */
int	 spool_data(int ch, uint64_t id, const void *p, size_t n);
void	 spool_abort(int ch, uint64_t id);

/*
 * `head` is put before the body.  With id 0 the body is `body`; else it is
 * what spool_data() brought, which must be `n` octets in all (body NULL).
 */
uint16_t spool_commit(int ch, struct op_reply *r, uint64_t id,
	    const struct spool_msg *m, const void *head, size_t nhead,
	    const void *body, uint64_t n);

/* For status: what waits. */
struct spool_status {
	uint64_t	 entries, octets;
	int64_t		 oldest;	/* wall clock, s; 0: empty */
	bool		 refusing;	/* STORE_BUSY, STORE_NOSPACE */
};
uint16_t spool_status(int ch, struct op_reply *r, struct spool_status *s);

extern const struct op spool_ops[];	/* service: struct store */

#endif
