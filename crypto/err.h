/* The one kind of result of this room; each value has a text. */
#ifndef CRYPTO_ERR_H
#define CRYPTO_ERR_H

#include <stdint.h>

/* Also the statuses of the vault's ops, hence the numbers. */
enum crypto_err {
	CRYPTO_OK = 0,
	CRYPTO_NOMEM = 16,	/* memory, also locked memory */
	CRYPTO_SYSTEM,		/* errno says what the system refused */
	CRYPTO_LOCKED,		/* that section of the vault is not open */
	CRYPTO_ABSENT,		/* no such entry, slot or key */
	CRYPTO_EXISTS,		/* a name that is taken */
	CRYPTO_NAME,		/* a name that breaks the rules for names */
	CRYPTO_FULL,		/* a limit of the vault's size */
	CRYPTO_LAST,		/* the last way to open the vault */
	CRYPTO_NOVAULT,		/* there is no vault yet */
	CRYPTO_NOTVAULT,	/* a file of another kind */
	CRYPTO_TRUNCATED,	/* the vault file ends early */
	CRYPTO_DAMAGED,		/* its checksum is wrong: bits changed */
	CRYPTO_NEWER,		/* its format is newer than this program */
	CRYPTO_ALTERED,		/* authentic parts, put together falsely */
	CRYPTO_PASSPHRASE,	/* no slot opens with it */
	CRYPTO_MACHINE,		/* the machine key is of another vault */
	CRYPTO_CREDENTIAL,	/* no slot opens with that credential */
	CRYPTO_WORDS,		/* recovery words that were mistyped */
	CRYPTO_SHORT,		/* a new passphrase that is too short */
	CRYPTO_TYPED,		/* typed twice, not the same */
	CRYPTO_COST,		/* Argon2 parameters outside the limits */
	CRYPTO_KEY,		/* a key that cannot be parsed */
	CRYPTO_KEYSIZE,		/* a key too short or too long */
	CRYPTO_MISMATCH,	/* a certificate for another key */
	CRYPTO_SIGNATURE,	/* a signature that does not verify */
	CRYPTO_STATE,		/* not at this point of the dialogue */
	CRYPTO_PEER,		/* the other side answered falsely */
	CRYPTO_CERT,		/* a certificate that cannot be parsed */
	CRYPTO_CERTNAME,	/* a certificate for another name */
	CRYPTO_CERTDATE,	/* not yet or no longer valid */
	CRYPTO_CHAIN,		/* one not signed by the next of its chain */
	CRYPTO_INTERNAL,	/* the library refused what must work */
	CRYPTO_GONE,		/* the vault does not answer */
	CRYPTO_EXPIRED,		/* a device's credential is too old */
	CRYPTO_NETWORK,		/* a device that may not come from there */
	CRYPTO_TRIES,		/* the session had its tries */
	CRYPTO_DENIED,		/* the vault does not let us ask that */
	CRYPTO_ERR_END
};

/* A sentence without its full stop, lower case; never NULL. */
const char	*crypto_err_text(enum crypto_err e);

/* The result that the status of an op stands for. */
enum crypto_err	 crypto_err_status(uint16_t status);

#endif
