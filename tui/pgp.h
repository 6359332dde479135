/*
 * PGP/MIME (RFC 3156) by the owner's gpg, run as a program: no key and no
 * OpenPGP packet is ever in this process.  Its agent asks for passphrases;
 * the screen is given up for that, as for an editor.
 */
#ifndef TUI_PGP_H
#define TUI_PGP_H

#include "tui/app.h"
#include "tui/letter.h"
#include "tui/outgoing.h"
#include "tui/pgp_seen.h"

enum { PGP_SIGN = 1, PGP_ENCRYPT = 2 };		/* a mask */

/* What the letter's Pgp line asks for: words "sign", "encrypt". */
unsigned int	 pgp_wanted(const struct letter *l);
void		 pgp_want(struct letter *l, unsigned int how);

/*
 * The keys that would be used, for people: "sign: 0x… ; to ada@x 0x…".
 * False: one is missing, and text names it.
 */
bool		 pgp_keys(struct tui *t, const struct letter *l,
		    unsigned int how, struct buf *text);

/*
 * Signs and encrypts what o->fd holds, and puts that there instead; also to
 * our own key, and to Bcc without naming them.  False: o is closed, *text
 * says why, and nothing may be sent.
 */
bool		 pgp_wrap(struct tui *t, struct outgoing *o,
		    const struct letter *l, struct buf *text);

/*
 * Octets that a detached signature covers (fd), and the signature; what gpg
 * says of it, and whether `from` (a From field) is an address of that key.
 */
void		 pgp_verify(struct tui *t, int fd, int sig, const char *from,
		    struct pgp_seen *seen);
/* The plain text as a memory file, or -1; seen in any case. */
int		 pgp_decrypt(struct tui *t, int fd, const char *from,
		    struct pgp_seen *seen);

/* ---- for tests ---- */

/* Splits a message: fields that stay outside, and the entity to be signed,
 * both CRLF.  False: no memory, or no MIME message. */
bool		 pgp_split(const struct buf *msg, struct buf *outer,
		    struct buf *entity);
/* What gpg's status lines mean. */
void		 pgp_status(const char *lines, const char *from,
		    struct pgp_seen *seen);

#endif
