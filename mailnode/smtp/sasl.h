/*
 * The server's side of a login: PLAIN (RFC 4616), LOGIN, SCRAM-SHA-256 and
 * SCRAM-SHA-256-PLUS (RFC 5802, 7677) bound by tls-exporter (9266) or
 * tls-server-end-point (5929).  For submission and IMAP: it makes and takes
 * messages, base64 is outside.  It knows no secret: whether one is right it
 * asks the vault, by the vault's op, which may wait.
 *
 * Use it only on a connection that has TLS.
 */
#ifndef SMTP_SASL_H
#define SMTP_SASL_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/device.h"
#include "crypto/tls.h"
#include "mailnode/base/buf.h"

enum {
	SASL_MESSAGE_MAX = 4096,	/* octets, decoded */
	SASL_LINE_MAX = 8192,		/* of base64; RFC 4954 section 4 has
					   at most 12288 with the command */
	SASL_USER_MAX = 256		/* octets, NUL included */
};

enum sasl_result {
	SASL_MORE,		/* out is a challenge, perhaps empty */
	SASL_DONE,		/* logged in: see sasl_device */
	SASL_FAILED,		/* name or secret is wrong; sasl_why */
	SASL_BAD,		/* no message of this mechanism */
	SASL_UNKNOWN,		/* no such mechanism, or not here */
	SASL_UNAVAILABLE,	/* vault locked or gone: try again later, no
				   failure of the client */
	SASL_TRIES,		/* the session has had its tries: close */
	SASL_OVER,		/* sasl_talk: the client gave up ("*") */
	SASL_CODING,		/* sasl_talk: not base64 */
	SASL_LOST		/* sasl_talk: no line came */
};

struct sasl;

/* How the binding of a connection is found out, for tests too. */
struct sasl_binding {
	int		 exporter;	/* 0, or -1: there is none */
	uint8_t		 exported[TLS_BINDING];
	int		 end_point;	/* likewise */
	uint8_t		 digest[TLS_END_POINT_MAX];
	size_t		 ndigest;
};
void		 sasl_bind(const struct tls *t, struct sasl_binding *b);

/*
 * vault: channel, borrowed: *vault is read at each question, so that a new
 * channel is used as it comes.  b is copied; NULL: no TLS that binds.
 * Returns owned, or NULL: no memory.
 */
struct sasl	*sasl_new(const int *vault, const struct sasl_binding *b);
void		 sasl_free(struct sasl *s);	/* wipes; accepts NULL */

/* Mechanisms to offer, best first, a blank between. */
const char	*sasl_mechs(const struct sasl *s);

/*
 * Begins, forgetting what was under way.  mech: any case, n octets.
 * initial: the initial response, NULL for none.  Appends to out.
 */
enum sasl_result sasl_start(struct sasl *s, const char *mech,
		    const void *initial, size_t n, struct buf *out);
/* The client's next message.  SASL_BAD when none is due. */
enum sasl_result sasl_step(struct sasl *s, const void *p, size_t n,
		    struct buf *out);
/* The client gave up. */
void		 sasl_abort(struct sasl *s);

/* The initial response of a command, of n octets in base64; "=" is an empty
 * one: RFC 4954 section 4, RFC 4959.  False: no base64. */
bool		 sasl_initial(struct buf *out, const char *p, size_t n);

/*
 * A whole dialogue in base64.  initial: decoded, NULL for none.  ask() sends
 * a challenge and reads the client's next line, of n octets, which is wiped
 * afterwards; NULL: there is none, and all is said about that.
 */
enum sasl_result sasl_talk(struct sasl *s, const char *mech,
		    const struct buf *initial,
		    char *(*ask)(void *arg, const char *challenge, size_t *n),
		    void *arg);

/* A command that brings what PLAIN has; neither is empty. */
enum sasl_result sasl_login(struct sasl *s, const char *user,
		    const char *password);

/* After SASL_DONE: name, scope, undo_s and folder; else NULL. */
const struct device	*sasl_device(const struct sasl *s);
/* The name that was tried, for the log; "" before.  Clean text. */
const char	*sasl_user(const struct sasl *s);
/* The mechanism under way, in capitals; "" before. */
const char	*sasl_mech(const struct sasl *s);
/* What to tell the client of the last result that was no success. */
const char	*sasl_why(const struct sasl *s);

#endif
