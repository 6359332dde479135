/*
 * Submission (RFC 6409): what a session of a device does otherwise than one
 * of a stranger.  It logs in first, over TLS only; then it may send to
 * anybody, as one of the owner's addresses.
 */
#ifndef SMTP_SUBMIT_H
#define SMTP_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/device.h"
#include "mailnode/smtp/answer.h"

struct cmd;
struct cmd_rcpt;
struct mail;
struct session;

enum { SUBMIT_DETAIL_MAX = 300 };	/* octets, NUL included */

/* The part of the backend that only submission has. */
struct smtp_submit {
	const int	*vault;		/* channel for logins */
	bool		 tls_first;	/* port 465: no STARTTLS */
	/* A whole letter, m->letter; answers what is to be said.  detail:
	 * more for the client, "" for nothing. */
	const struct answer *(*letter)(void *arg, const struct mail *m,
			    const struct device *d,
			    char detail[SUBMIT_DETAIL_MAX]);
	/* For the owner's list of devices. */
	void		(*seen)(void *arg, const char *client);
};

/* Why a verb may not come yet; NULL: it may. */
const struct answer	*submit_not_yet(const struct session *s);
/* "AUTH …" for the answer to EHLO, or NULL: not now. */
const char	*submit_offer(struct session *s, char *text, size_t size);
void		 submit_auth(struct session *s, const struct cmd *c);
/* Is the sender one of ours?  NULL: yes. */
const struct answer	*submit_sender(struct session *s);
const struct answer	*submit_rcpt(struct session *s,
			    const struct cmd_rcpt *r);
/* The message is complete. */
void		 submit_hand_in(struct session *s);

#endif
