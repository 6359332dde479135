/*
 * A letter as a program hands it in, made fit to leave: CRLF, one From,
 * Date and Message-ID, and nothing in it that tells of this machine.
 */
#ifndef QUEUE_PREPARE_H
#define QUEUE_PREPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/smtp/path.h"

enum {
	PREPARE_HEADER_MAX = 256 * 1024,	/* octets */
	PREPARE_LINE_MAX = 998,		/* octets, RFC 5322 section 2.1.1 */
	PREPARE_MSGID_MAX = 512,
	PREPARE_SUBJECT_MAX = 512,
	PREPARE_RCPTS_MAX = 64 * 1024,	/* octets of addresses */
	PREPARE_SENDERS_MAX = 16	/* besides From */
};

enum prepare_err {
	PREPARE_OK,
	PREPARE_NOMEM,
	PREPARE_TOOBIG,		/* over conf.message_max */
	PREPARE_HEADER,		/* header over PREPARE_HEADER_MAX */
	PREPARE_FROM,		/* a From that is no address, or several */
	PREPARE_SENDER,		/* a Sender that is none, or too many */
	PREPARE_RCPT		/* bad names what is no address */
};

const char	*prepare_err_text(enum prepare_err e);

struct prepare {
	/* set by the caller */
	bool		 local;		/* another user: no From at all, the
					   service writes it */
	bool		 rcpts_wanted;	/* from To, Cc and Bcc */
	const char	*from;		/* address for a From that is missing */
	const char	*name;		/* its display name, or NULL */
	const char	*domain;	/* of names that have none */
	/* A user of this machine, whose mail is the owner's: "root" is
	 * user+root; NULL: there are none. */
	bool		 (*is_login)(void *arg, const char *name);
	/* A name of this machine itself behind an address's '@', which then
	 * is a name without a domain; NULL: there is none. */
	bool		 (*is_here)(void *arg, const char *domain);
	void		*arg;
	int64_t		 now;		/* wall seconds */
	const char	*unique;	/* for a Message-ID */
	/* found */
	struct buf	 text;		/* the letter */
	char		 author[PATH_SIZE];	/* address of From */
	char		 msgid[PREPARE_MSGID_MAX];	/* without < > */
	bool		 named;		/* it came with that one */
	char		 subject[PREPARE_SUBJECT_MAX];
	struct buf	 rcpts;		/* addresses, a NUL behind each */
	size_t		 nrcpts;
	/* Of Sender, Resent-From and Resent-Sender, likewise: who is said
	 * to have sent it, besides the author. */
	struct buf	 senders;
	size_t		 nsenders;
	bool		 eightbit;	/* anywhere */
	bool		 utf8;		/* in the header */
	char		 bad[128];	/* PREPARE_RCPT */
};

void	prepare_init(struct prepare *p, uint64_t max);
void	prepare_clear(struct prepare *p);

/* One more recipient, as typed: "a@b", "root", "A <a@b>, c@d". */
enum prepare_err prepare_rcpt(struct prepare *p, const char *text, size_t n);

/* The letter, line ends of any kind. */
enum prepare_err prepare_letter(struct prepare *p, const void *data,
	    size_t n);

/*
 * Line ends to CRLF, NULs dropped, lines over PREPARE_LINE_MAX broken with
 * a blank in front of the rest.  *eightbit is set if an octet is over 127.
 * 0, or -1 with out->err.
 */
int	prepare_lines(struct buf *out, const void *data, size_t n,
	    bool *eightbit);

#endif
