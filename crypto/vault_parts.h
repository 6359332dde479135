/* Inside the room only: what vault*.c share. */
#ifndef CRYPTO_VAULT_PARTS_H
#define CRYPTO_VAULT_PARTS_H

#include <sodium.h>

#include "crypto/vault.h"

enum {
	NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	SALT = crypto_pwhash_SALTBYTES,
	MANIFEST = crypto_generichash_BYTES
};

struct sealed {
	struct vault_entry	 e;
	uint8_t			 nonce[NONCE];
	uint8_t			*ct;		/* TAG octets more */
	size_t			 ct_len;
};

struct section {
	uint64_t	 revision;
	struct sealed	*sealed;
	size_t		 n;
	uint8_t		 manifest[MANIFEST];
	struct secret	*key;			/* NULL: closed */
};

struct slot {
	struct vault_slot	s;
	uint8_t			salt[SALT], nonce[NONCE];
	uint8_t			wrapped[VAULT_KEYS + TAG];
};

struct vault {
	struct slot	slots[VAULT_SLOTS_MAX];
	size_t		nslots;
	bool		machine;		/* is there one? */
	uint8_t		machine_nonce[NONCE];
	uint8_t		machine_wrapped[VAULT_KEY + TAG];
	struct section	sec[VAULT_SECTIONS];
};

/* The version that this vault is written as. */
uint8_t	vault_version(const struct vault *v);

/* Octets as they stand in the file, for manifests and writing. */
void	put_slots(struct buf *b, const struct vault *v);
void	put_machine(struct buf *b, const struct vault *v);
void	put_section(struct buf *b, const struct section *s);

/* Authenticated, not secret: all of an entry but its ciphertext. */
void	put_entry(struct buf *b, const struct vault_entry *e);
void	put_u8(struct buf *b, uint8_t v);
void	put_u64(struct buf *b, uint64_t v);

/* The manifest that section s should have; its key must be there. */
enum crypto_err	vault_manifest(const struct vault *v, enum vault_section s,
		    uint8_t out[MANIFEST]);

/* Takes key; checks the manifest, and closes again if it is false. */
enum crypto_err	vault_take_key(struct vault *v, enum vault_section s,
		    struct secret *key);

#endif
