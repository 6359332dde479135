/*
 * PGP/MIME (RFC 3156), and what stands in a text, by the owner's gpg, run as
 * a program: no key and no OpenPGP packet is ever in this process.
 *
 *	pgp_key.c	whose keys would be used
 *	pgp.c		signing and encrypting
 *	pgp_read.c	verifying and decrypting
 *	pgp_run.c	gpg itself, beside the client
 *	pgp_text.c	octets to and from it
 *
 * Each request is answered once, never before it has returned, unless it is
 * stopped.  It is owned by who asked until either.
 */
#ifndef TUI_PGP_H
#define TUI_PGP_H

#include "tui/app.h"
#include "tui/letter.h"
#include "tui/pgp_seen.h"

enum {
	PGP_SIGN = 1, PGP_ENCRYPT = 2,	/* a mask */
	PGP_KEY_MAX = 64		/* octets of a fingerprint, NUL too */
};

/* What the letter's Pgp line asks for: words "sign", "encrypt". */
unsigned int	 pgp_wanted(const struct letter *l);
void		 pgp_want(struct letter *l, unsigned int how);

/* ---- keys ---- */

struct pgp_key {
	char	 addr[320];
	char	 key[PGP_KEY_MAX];	/* fingerprint */
	bool	 hidden;		/* of Bcc */
	char	 why[40];		/* it has none to use: what is wrong
					   with what there is, or "" */
	/* private */
	int	 valid;			/* of its user id, as gpg judges */
	uint64_t made;			/* s since 1970; 0: unknown */
};

struct pgp_keys {
	struct pgp_key	 sign;		/* key "": not to be signed */
	struct pgp_key	*to;
	size_t		 n;
};

struct pgp_find;

/*
 * k: the keys, emptied by a callee who keeps them; NULL: one is missing.
 * text for people: "as 0x… , ada@x 0x…", or what is missing.
 */
typedef void	 pgp_keys_fn(void *arg, struct pgp_keys *k, const char *text);

/* Borrows the letter for the call.  NULL: no memory. */
struct pgp_find	*pgp_keys_find(struct tui *t, const struct letter *l,
		    unsigned int how, pgp_keys_fn *fn, void *arg);
void		 pgp_find_stop(struct pgp_find *p);
void		 pgp_keys_clear(struct pgp_keys *k);

/* ---- writing ---- */

struct pgp_wrap;

/* fd: the letter signed and encrypted, the callee's; -1: text says why, and
 * nothing may be sent. */
typedef void	 pgp_wrap_fn(void *arg, int fd, const char *text);

/*
 * Signs and encrypts what fd (taken) holds; also to our own key, and to Bcc
 * without naming them.  Borrows the rest for the call.
 */
struct pgp_wrap	*pgp_wrap(struct tui *t, int fd, const char *msgid,
		    const struct letter *l, pgp_wrap_fn *fn, void *arg);
void		 pgp_wrap_stop(struct pgp_wrap *p);

/* ---- reading ---- */

struct pgp_read;

/* plain: what was inside, as a memory file, the callee's; or -1. */
typedef void	 pgp_read_fn(void *arg, int plain,
		    const struct pgp_seen *seen);

/*
 * Octets that a detached signature covers (fd), and the signature: what gpg
 * says of it, and whether `from` (a From field) is an address of that key,
 * behind what `seen` said before.  Borrows all for the call.
 */
struct pgp_read	*pgp_verify(struct tui *t, int fd, int sig, const char *from,
		    const struct pgp_seen *seen, pgp_read_fn *fn, void *arg);
struct pgp_read	*pgp_decrypt(struct tui *t, int fd, const char *from,
		    const struct pgp_seen *seen, pgp_read_fn *fn, void *arg);
/* One block of a text (pgp_block): clear if that is its kind. */
struct pgp_read	*pgp_read_block(struct tui *t, int fd, bool clear,
		    const char *from, pgp_read_fn *fn, void *arg);
void		 pgp_read_stop(struct pgp_read *p);

enum pgp_kind { PGP_NONE, PGP_CLEAR, PGP_SEALED };

/*
 * The first block that stands in a text (RFC 9580 section 6.2), quoted ones
 * aside: signed and to be read, or in armor.  *from..*to are its octets.
 */
enum pgp_kind	 pgp_block(const char *text, size_t n, size_t *from,
		    size_t *to);

/* ---- for tests ---- */

/* Splits a message: fields that stay outside, and the entity to be signed,
 * both CRLF.  False: no memory, or no MIME message. */
bool		 pgp_split(const struct buf *msg, struct buf *outer,
		    struct buf *entity);
/* What gpg's status lines mean. */
void		 pgp_status(const char *lines, const char *from,
		    struct pgp_seen *seen);
/*
 * Of a listing with colons, the keys that can do it ('S', 'E') of those
 * addresses, none that is revoked, expired or disabled: of several the one
 * whose user id gpg holds for most surely theirs, of these the newest.
 */
void		 pgp_listing(const char *lines, char can, struct pgp_key *k,
		    size_t n);

#endif
