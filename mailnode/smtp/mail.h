/*
 * One mail transaction: the envelope as it grows, then the message on its
 * way to keeper.  Up to SPOOL_INLINE octets wait here for one commit; a
 * larger one goes on in chunks, so that memory does not grow with it.
 */
#ifndef SMTP_MAIL_H
#define SMTP_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/auth/verify.h"
#include "mailnode/filter/attach.h"
#include "mailnode/node/trace.h"
#include "mailnode/smtp/backend.h"
#include "mailnode/smtp/cmd.h"
#include "mailnode/smtp/data.h"
#include "mailnode/smtp/head.h"
#include "mailnode/smtp/msgkey.h"
#include "mailnode/smtp/received.h"

enum {
	MAIL_RCPT_OCTETS = 32 * 1024,	/* of all recipients together */
	MAIL_HOPS_MAX = 50	/* Received fields.  RFC 5321 section 6.3 says
				   100; no real way has half as many */
};

/* Why a message is not taken although its end was reached. */
enum mail_err {
	MAIL_OK,
	MAIL_TOO_BIG,
	MAIL_HEADER_BIG,	/* over HEAD_MAX */
	MAIL_LINE_LONG,		/* over DATA_LINE_MAX */
	MAIL_NUL,
	MAIL_LOOP,		/* over MAIL_HOPS_MAX */
	MAIL_AGAIN,		/* was sent on from here before */
	MAIL_ATTACHED,		/* what config.h refuses; see why */
	MAIL_POLICY,		/* the author's domain wants it refused */
	MAIL_REFUSED,		/* the filter's ladder: not wanted here */
	MAIL_DEFERRED,		/* … not now */
	MAIL_NO_DNS,		/* nothing can be proved at present */
	MAIL_STORE,		/* see status */
	MAIL_NOMEM
};

struct mail {
	const struct smtp_backend *be;	/* borrowed */
	char		 trace[TRACE_SIZE];
	struct cmd_mail	 env;
	char		**rcpt;		/* owned, as accepted */
	size_t		 nrcpt, cap;
	size_t		 rcpt_octets;
	struct buf	 dsn;		/* NOTIFY, ORCPT: a line for `why` */
	struct cmd_rcpt	**opt;		/* submission: of each rcpt, owned */
	uint64_t	 max;		/* octets of a message */
	/* the message */
	bool		 open;
	struct data	 data;
	struct head	 head;
	const char	**ids;		/* owned; whose results are ours */
	struct auth_verify *auth;	/* owned */
	struct memo	*memo;		/* borrowed: the connection's */
	const char	*ip;		/* borrowed: the client's; or "" */
	struct buf	 body;		/* not handed on yet */
	struct buf	 letter;	/* submission: all of it */
	struct attach	*attach;	/* owned; NULL: nothing is refused */
	struct buf	 sample;	/* its start, for the filter */
	uint64_t	 kept;		/* octets to be stored, without head */
	uint64_t	 spool;		/* id of what was begun; 0: nothing */
	enum mail_err	 err;
	uint16_t	 status;	/* keeper's, with MAIL_STORE */
	char		 verdict[SPOOL_TEXT_MAX];	/* after mail_hand_in */
	const char	*why; /* of MAIL_ATTACHED, MAIL_POLICY, MAIL_DEFERRED */
	char		 wait[64];	/* the greylist's answer */
	struct buf	 top;	/* the header, MSGKEY_HEADER_MAX of it */
	char		 key[LETIN_KEY_MAX];	/* by which it is known again */
	char		 folded[HISTORY_NAME_MAX];	/* the sender; or "" */
	char		 author[HISTORY_NAME_MAX];	/* proved; or "" */
	char		 claimed[HISTORY_NAME_MAX];	/* … or not; or "" */
	bool		 told;	/* `why` knows its sender */
	bool		 junk;		/* filed as such */
	bool		 tls;		/* it came over TLS: caller sets */
	bool		 forged;	/* in our name, so it seems */
	bool		 fans;		/* a recipient sends it on */
	bool		 known;		/* keeper knows of some senders */
	char		 tags[32];	/* TAG_FIRST, TAG_LOOKALIKE */
	char		 like[HISTORY_NAME_MAX];	/* whom it imitates */
	char		 unproved[LISTED_NAME_MAX]; /* who would come in, were
						   he proved; or "" */
};

/* Caller's memory; be borrowed. */
void		 mail_init(struct mail *m, const struct smtp_backend *be);
/* Frees, and forgets what keeper was given: RSET, or the connection went. */
void		 mail_clear(struct mail *m);

/*
 * addr is taken unless it is there already (true, as well).  False: no
 * room, or no memory.
 */
bool		 mail_add_rcpt(struct mail *m, const char *addr,
		    const struct cmd_rcpt *r);

/* The message begins; dots: DATA, else BDAT.  False: no memory. */
bool		 mail_open(struct mail *m, const struct auth_conn *conn,
		    bool dots);

/* Submission, which hands in m->letter itself: MAIL_OK, or why not. */
enum mail_err	 mail_whole(struct mail *m);

/* As data_push; the octets go where they must. */
enum data_err	 mail_push(struct mail *m, const uint8_t *p, size_t n,
		    size_t *used);

/*
 * The message is complete: judge, write our head, hand it in.  MAIL_OK:
 * it is on disk to stay.  peer: one line about who brought it.
 */
enum mail_err	 mail_hand_in(struct mail *m, const struct received *trace,
		    const char *peer);

#endif
