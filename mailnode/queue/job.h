/*
 * Between sender and relay, both ends.  Types 0x0800.  One relay process
 * carries the letters of one batch to one next hop:
 *
 *	sender				relay
 *	JOB + letter's fd (1..n)
 *	GO			---->	signs all, closes the vault but for
 *					the login, connects, logs in
 *			 <----	MARK	before each final dot
 *	MARK (status)		---->
 *			 <----	RESULT	up to JOB_CHUNK recipients of a job
 *					the last RESULT ends the process
 */
#ifndef QUEUE_JOB_H
#define QUEUE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/chan.h"
#include "store/op_queue.h"

enum job_msg {
	JOB_JOB = 0x0800,
	JOB_GO = 0x0801,
	JOB_MARK = 0x0802,
	JOB_RESULT = 0x0803
};

enum {
	JOB_BATCH = 20,		/* letters of one connection */
	JOB_CHUNK = 100,	/* recipients of one transaction: every server
				   takes as many, RFC 5321 4.5.3.1.8 */
	JOB_TEXT_MAX = QUEUE_TEXT_MAX
};

/* What became of a recipient, or of the whole connection. */
enum job_fate {
	JOB_TAKEN,
	JOB_DEFERRED,
	JOB_REFUSED,
	JOB_UNKNOWN,		/* the dot went out, no answer came */
	JOB_LOCKED,		/* the vault is: nothing was tried */
	JOB_NO_DNS,		/* the breaker is open: likewise */
	JOB_FATES
};

struct job_rcpt {
	uint32_t	 n;		/* number in the letter, from 1 */
	const char	*addr, *orcpt;
	uint32_t	 notify;
};

struct job {
	uint32_t	 id;		/* of the batch, from 1 */
	uint32_t	 route;		/* index in conf.relays */
	const char	*domain;	/* "mx": the next domain; else "" */
	const char	*from, *envid;
	uint32_t	 flags;		/* QUEUE_* */
	uint32_t	 attempts;	/* before, of the least tried */
	uint64_t	 offset, size;	/* of the letter in fd */
	int		 fd;		/* owned once received */
	struct job_rcpt	*rcpt;
	size_t		 nrcpt;
	char		*text;		/* private: what was received */
};

/* Borrows; the fd goes beside it. */
void	 job_put(struct buf *b, const struct job *j);
/* Takes fd also when it fails. */
bool	 job_get(struct chan_in *in, uint32_t id, int fd, struct job *j);
void	 job_clear(struct job *j);	/* closes fd */

struct job_fate_of {
	uint32_t	 n;
	enum job_fate	 fate;
	const char	*text;
};

struct job_result {
	bool		 last;		/* of this job */
	bool		 tried;		/* a connection was at least begun */
	bool		 reports;	/* the next hop does DSN (RFC 3461) */
	bool		 told;		/* … and was told the envelope's id */
	const char	*peer, *tls;	/* "" if it did not come so far */
	const char	*why;		/* what went wrong with all of it */
	struct job_fate_of *rcpt;
	size_t		 nrcpt;
	char		*text;		/* private */
};

void	 job_result_put(struct buf *b, const struct job_result *r);
bool	 job_result_get(struct chan_in *in, struct job_result *r);
void	 job_result_clear(struct job_result *r);

void	 job_mark_put(struct buf *b, const uint32_t *n, size_t count);
/* Into n, at most JOB_CHUNK; *count is set.  False: malformed. */
bool	 job_mark_get(struct chan_in *in, uint32_t *n, size_t *count);

#endif
