/*
 * Devices of the owner: a random credential each, of which the vault keeps
 * verifiers only (RFC 5802: StoredKey and ServerKey), and what the device
 * may do.  The public part of an entry "device/NAME", authenticated with
 * the rest of the vault, numbers little-endian:
 *
 *	u8 format (1), u8 scope, u32 undo seconds, u64 expires,
 *	16 salt, u8 and octets of networks, u16 and octets of folder
 *
 * All devices of a vault share one salt, so that a login by the owner's
 * address can be tried against each without telling which there are.  The
 * secrets are 128 random bits: neither salt nor rounds have to protect them.
 */
#ifndef CRYPTO_DEVICE_H
#define CRYPTO_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/err.h"
#include "crypto/secret.h"
#include "mailnode/base/buf.h"

enum {
	DEVICE_NAME_MAX = 33,		/* octets, NUL included */
	DEVICE_FROM_MAX = 250,		/* of networks, likewise */
	DEVICE_FOLDER_MAX = 256,	/* of a folder's name, likewise */
	DEVICE_SALT = 16,		/* octets */
	DEVICE_ROUNDS = 4096,		/* RFC 7677 section 4 */
	DEVICE_KEY = 32,		/* octets of StoredKey, of ServerKey */
	DEVICE_VERIFIER = 2 * DEVICE_KEY,
	DEVICE_RAW = 16,		/* octets of a secret */
	DEVICE_TEXT = 34		/* octets of a secret as it is typed */
};
#define DEVICE_UNDO_CONF UINT32_MAX	/* undo_s: as the configuration has */

/* Bits of what a device may do. */
enum device_scope {
	DEVICE_READ = 1,	/* see mail */
	DEVICE_CHANGE = 2,	/* file, flag, delete it */
	DEVICE_SEND = 4,
	DEVICE_ALL = 7
};

struct device {
	char		 name[DEVICE_NAME_MAX];
	uint8_t		 scope;
	uint32_t	 undo_s;	/* before its letters leave */
	int64_t		 expires;	/* wall seconds; 0: never */
	uint8_t		 salt[DEVICE_SALT];
	char		 from[DEVICE_FROM_MAX];	/* networks; "": any */
	char		 folder[DEVICE_FOLDER_MAX];	/* "": all of them */
};

/* Lower case, digits and ".-_", starting with a letter or digit. */
bool		 device_name_ok(const char *name);

/* The public part, without the name.  get: CRYPTO_OK or CRYPTO_DAMAGED. */
void		 device_put(struct buf *b, const struct device *d);
enum crypto_err	 device_get(const void *p, size_t n, struct device *d);

/*
 * A new secret: 128 random bits and a check of 12, as seven groups of four
 * letters and digits with "-" between.  *out is owned.
 */
enum crypto_err	 device_secret_new(struct secret **out);
/*
 * A secret as somebody typed it (capitals, blanks, no "-") in its one
 * spelling.  CRYPTO_WORDS: it is none, or mistyped; told without a guess
 * at any device.  *out is owned.
 */
enum crypto_err	 device_secret_read(const void *p, size_t n,
		    struct secret **out);

/* StoredKey and ServerKey of a password with that salt.  *out is owned. */
enum crypto_err	 device_verifier(const struct secret *text,
		    const uint8_t salt[DEVICE_SALT], struct secret **out);

/* RFC 5802 section 3: is proof that of somebody who knows the secret behind
 * stored, for this AuthMessage? */
bool		 device_proves(const uint8_t stored[DEVICE_KEY],
		    const struct buf *auth, const uint8_t proof[DEVICE_KEY]);
/* ServerSignature. */
void		 device_server_sign(const uint8_t server[DEVICE_KEY],
		    const struct buf *auth, uint8_t out[DEVICE_KEY]);

#endif
