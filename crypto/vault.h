/*
 * The vault: secrets sealed in one file.  Two sections with a key each:
 * boot (the TLS key; opened at start by the machine key) and owner (DKIM
 * keys, logins of relays; opened by a slot).  Neither process nor file I/O
 * here: octets in, octets out.  The format stands at the head of
 * vault_file.c, what it protects against in mailnode-vault.7.
 */
#ifndef CRYPTO_VAULT_H
#define CRYPTO_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/err.h"
#include "crypto/secret.h"
#include "crypto/sign.h"
#include "mailnode/base/buf.h"

enum vault_section { VAULT_BOOT, VAULT_OWNER, VAULT_SECTIONS };

enum vault_kind {
	VAULT_LOGIN_ENTRY,	/* secret: password; pub: user name */
	VAULT_RSA_KEY,		/* secret: see sign.c; pub: as in sign.h */
	VAULT_ED25519_KEY,
	VAULT_P256_KEY,
	VAULT_DEVICE_ENTRY,	/* secret: verifiers; pub: see device.h */
	VAULT_KINDS
};

enum vault_slot_kind {
	VAULT_PASSPHRASE,
	VAULT_RECOVERY,
	VAULT_CREDENTIAL,	/* a random key that systemd keeps sealed */
	VAULT_SLOT_KINDS
};

enum {
	VAULT_VERSION = 2,		/* of the file format; written as 1
					   while it has no device */
	VAULT_FILE_MAX = 96 * 1024,	/* octets: fits one record */
	VAULT_ENTRIES_MAX = 100,	/* in a section */
	VAULT_SLOTS_MAX = 8,
	VAULT_LABEL_MAX = 32,		/* octets, NUL included */
	VAULT_NAME_MAX = 96,		/* octets, NUL included */
	VAULT_SECRET_MAX = 4096,	/* octets of one secret */
	VAULT_PUB_MAX = SIGN_PUB_MAX,
	VAULT_KEY = 32,			/* octets of machine, section keys */
	VAULT_KEYS = VAULT_SECTIONS * VAULT_KEY,
	VAULT_ARGON_MIB = 256,		/* Argon2id, libsodium's moderate */
	VAULT_ARGON_MIB_MAX = 1024,
	VAULT_ARGON_PASSES = 3
};

struct vault;

/* What is no secret of an entry.  Valid until the vault changes. */
struct vault_entry {
	char		 name[VAULT_NAME_MAX];
	enum vault_kind	 kind;
	bool		 retired;	/* its secret was destroyed */
	uint64_t	 version;	/* of this entry, from 1 */
	int64_t		 created;	/* wall seconds */
	uint8_t		*pub;
	size_t		 pub_len;
};

struct vault_slot {
	enum vault_slot_kind	kind;
	char			label[VAULT_LABEL_MAX];
	int64_t			created;	/* wall seconds */
	uint32_t		mib, passes;	/* Argon2id; 0: none */
};

/* A vault without entries or slots, both sections open.  *out is owned. */
enum crypto_err	 vault_new(struct vault **out);
/*
 * CRYPTO_NOTVAULT, CRYPTO_TRUNCATED, CRYPTO_DAMAGED, CRYPTO_NEWER, or a
 * vault with both sections closed; *out is owned, NULL on error.
 */
enum crypto_err	 vault_parse(const void *p, size_t n, struct vault **out);
/* Wipes and frees; accepts NULL. */
void		 vault_free(struct vault *v);
/* Appends the file; both sections must be open. */
enum crypto_err	 vault_seal(struct vault *v, struct buf *out);

/* ---- opening; each checks the manifest: CRYPTO_ALTERED ---- */

/* The boot section. */
enum crypto_err	 vault_open_machine(struct vault *v,
		    const struct secret *machine);
/*
 * Both, by a passphrase or recovery words.  Takes Argon2's memory and half
 * a second for each slot tried: in a command, never in a service.
 */
enum crypto_err	 vault_open_phrase(struct vault *v,
		    const struct secret *phrase);
/* Both, by a credential: no Argon2, hence also in the service.  As text, see
 * vault_credential_new; CRYPTO_CREDENTIAL. */
enum crypto_err	 vault_open_credential(struct vault *v,
		    const struct secret *text);
/* Both, by what vault_keys gave. */
enum crypto_err	 vault_open_keys(struct vault *v, const struct secret *keys);
/* What another copy has open, here too where it fits. */
void		 vault_open_like(struct vault *v, const struct vault *other);
/* *out is owned; both sections must be open. */
enum crypto_err	 vault_keys(const struct vault *v, struct secret **out);
/* Of rewritten senders: derived from the owner section's key, as old as the
 * vault.  *out is owned, SRS_KEY octets. */
enum crypto_err	 vault_srs_key(const struct vault *v, struct secret **out);
bool		 vault_is_open(const struct vault *v, enum vault_section s);
void		 vault_close(struct vault *v, enum vault_section s);

/* ---- slots; the owner section must be open ---- */

/* A new machine key, in place of any before; *out is owned. */
enum crypto_err	 vault_machine_new(struct vault *v, struct secret **out);
enum crypto_err	 vault_slot_add(struct vault *v, enum vault_slot_kind kind,
		    const char *label, const struct secret *phrase,
		    uint32_t mib);
/* A slot that a random key opens; *out, owned, is its text: 64 hexadecimal
 * digits.  Takes the place of one of that label. */
enum crypto_err	 vault_credential_new(struct vault *v, const char *label,
		    struct secret **out);
/* As vault_slot_add, in place of one of that label if there is one. */
enum crypto_err	 vault_slot_set(struct vault *v, enum vault_slot_kind kind,
		    const char *label, const struct secret *phrase,
		    uint32_t mib);
/* CRYPTO_LAST for the last one. */
enum crypto_err	 vault_slot_rm(struct vault *v, const char *label);
const struct vault_slot	*vault_slot_at(const struct vault *v, size_t i);

/* ---- entries: of both sections, the name tells which ---- */

/* "tls/…" is of the boot section, "dkim/…", "relay/…" and "device/…" of the
 * owner's; CRYPTO_NAME for all others and what is not lower case, digits or
 * ".-_". */
enum crypto_err	 vault_name(const char *name, enum vault_section *s);
size_t		 vault_entries(const struct vault *v);
const struct vault_entry	*vault_at(const struct vault *v, size_t i);
const struct vault_entry	*vault_find(const struct vault *v,
				    const char *name);
/* *out is owned.  CRYPTO_LOCKED, CRYPTO_ABSENT (also when retired). */
enum crypto_err	 vault_get(const struct vault *v, const char *name,
		    struct secret **out);
/* Makes or replaces. */
enum crypto_err	 vault_put(struct vault *v, const char *name,
		    enum vault_kind kind, const struct secret *s,
		    const void *pub, size_t pub_len);
/* A new key pair of that algorithm. */
enum crypto_err	 vault_put_new(struct vault *v, const char *name,
		    enum sign_alg alg);
/* Destroys the secret, keeps the rest to be shown. */
enum crypto_err	 vault_retire(struct vault *v, const char *name);
enum crypto_err	 vault_rm(struct vault *v, const char *name);

/*
 * The DKIM key of that kind that signs: the oldest that is not retired.  A
 * new one waits until its record is published and the old one retired.
 * NULL: none.
 */
const struct vault_entry	*vault_active(const struct vault *v,
				    enum vault_kind kind);

/* The algorithm of a key's kind.  0, or -1: not a key. */
int		 vault_alg(enum vault_kind kind, enum sign_alg *alg);

/* ---- recovery words: 128 bit and a check as nine words of five ---- */

/* *out is owned. */
enum crypto_err	 vault_words_new(struct secret **out);
/*
 * In the one spelling that slots are made of: lower case, one "-" between.
 * CRYPTO_OK; CRYPTO_WORDS: looks like words, but some are mistyped;
 * CRYPTO_ABSENT: something else, hence a passphrase.  *out is owned.
 */
enum crypto_err	 vault_words(const struct secret *typed,
		    struct secret **out);

#endif
