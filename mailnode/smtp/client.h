/*
 * One outgoing SMTP connection: greeting, STARTTLS, login, and then any
 * number of letters.  RFC 5321, 3207, 4954.
 *
 *	client_init, client_open, client_letter..., client_close
 *
 *	          open              mail+rcpt          data         dot
 *	CONNECTED ----> READY(idle) ---------> ENVELOPE ----> DATA ----> READY
 *	    any state, on I/O trouble, nonsense or 421: BROKEN
 *
 * The password never leaves but over TLS whose server was verified.
 */
#ifndef SMTP_CLIENT_H
#define SMTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/tls.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/line.h"
#include "mailnode/smtp/client_reply.h"

/* RFC 5321 section 4.5.3.2, but for a connect and an end of our own. */
enum {
	CLIENT_GREETING_MS = 300 * 1000,
	CLIENT_COMMAND_MS = 300 * 1000,
	CLIENT_DATA_MS = 120 * 1000,	/* for the 354 */
	CLIENT_BLOCK_MS = 180 * 1000,	/* a piece of the letter */
	CLIENT_DOT_MS = 600 * 1000,
	CLIENT_QUIT_MS = 5 * 1000,
	CLIENT_PIPE = 50		/* commands on their way at once: their
					   replies fit any socket buffer */
};

enum client_fate {
	CLIENT_TAKEN,		/* 250 behind the dot */
	CLIENT_DEFERRED,	/* 4xx, or it came to nothing: again later */
	CLIENT_REFUSED,		/* 5xx */
	CLIENT_UNKNOWN,		/* the dot went out, no answer came */
	CLIENT_LOCKED		/* the vault is: not even tried */
};

struct client_conf {
	int		 fd;		/* connected; borrowed */
	const char	*hostname;	/* our name in EHLO */
	const char	*server;	/* its name, for the certificate */
	enum conf_tls	 tls;		/* STARTTLS or TLS: must be */
	bool		 opportunistic;	/* STARTTLS if offered, any cert */
	struct tls_client *trust;	/* borrowed; NULL only for PLAIN */
	bool		 verified;	/* go on only with a verified one */
	int		 vault;		/* channel for the login, or -1 */
	int		 wake;		/* readable: give up; or -1 */
};

struct client {
	struct client_conf conf;
	struct line	*line;		/* NULL: no memory */
	const char	*error;		/* why I/O failed; NULL */
	struct offer	 offer;
	struct reply	 reply;		/* the last one */
	struct tls_info	 tls;		/* version "" while plain */
	bool		 broken;	/* only client_close is left */
	bool		 forgets;	/* no notice of its names ENVID */
	bool		 tls_failed;	/* it broke between STARTTLS and TLS */
	char		 odd[REPLY_ODD_MAX];	/* its answer that was none */
	char		 why[REPLY_TEXT_MAX];	/* what went wrong */
};

void	client_init(struct client *c, const struct client_conf *conf);

/* TAKEN when letters may follow; else c->why says why not. */
enum client_fate client_open(struct client *c);

struct client_rcpt {
	const char	*addr;
	const char	*orcpt;		/* RFC 3461, or "" */
	uint32_t	 notify;	/* QUEUE_NOTIFY_* */
	enum client_fate fate;		/* out */
	bool		 crowded;	/* out: too many for one transaction,
					   another may take him */
	char		 text[REPLY_TEXT_MAX];	/* out */
	bool		 unfit;		/* private: it is not named */
};

struct client_letter {
	const char	*from;		/* "" for <> */
	const char	*envid;
	bool		 eightbit, utf8;
	bool		 one_by_one;	/* tried before: the server may not
					   bear what it offers, RFC 2920 */
	struct client_rcpt *rcpt;
	size_t		 nrcpt;
	const void	*head;		/* signatures, put before the letter */
	size_t		 nhead;
	int		 fd;		/* read by pread from offset */
	uint64_t	 offset, size;	/* octets */
	bool		 unheard;	/* out: the server ended the dialogue
					   where MAIL wanted an answer */
	/* Durably notes that the dot is about to go out for those with
	 * fate TAKEN.  0, or -1: it must not. */
	int		(*mark)(void *arg);
	void		*arg;
};

/*
 * One transaction.  Each recipient has its fate afterwards; look at
 * c->broken before the next.
 */
void	client_letter(struct client *c, struct client_letter *l);

/* QUIT if there is still somebody to say it to; frees.  fd stays open. */
void	client_close(struct client *c);

/*
 * For client_login.c: a command and its answer; an answer alone.  0 with
 * c->reply, or -1 with c->error.
 */
int	client_ask(struct client *c, int64_t timeout_ms, const char *verb,
	    const char *arg);
int	client_answer(struct client *c, int64_t timeout_ms);

#endif
