/*
 * What one may ask of the vault, both ends.  No op gives a secret away but
 * the login of a relay, which is what the relay must send.  Every stub
 * borrows ch, blocks at most VAULT_WAIT_MS, and answers CRYPTO_LOCKED while
 * the section it needs is not open, CRYPTO_GONE when there is no vault.
 */
#ifndef CRYPTO_OP_VAULT_H
#define CRYPTO_OP_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/device.h"
#include "crypto/err.h"
#include "crypto/secret.h"
#include "crypto/sign.h"
#include "crypto/srs.h"
#include "crypto/tls.h"
#include "crypto/vault.h"
#include "mailnode/base/buf.h"
#include "mailnode/base/op.h"
#include "mailnode/base/role.h"

enum {
	VAULT_WAIT_MS = 10000,
	VAULT_SELECTOR_MAX = 64,	/* a DNS label, NUL included */
	VAULT_USER_MAX = 256,	/* octets of a login's user name, with NUL */
	VAULT_SASL_MAX = 4096,	/* octets of a SASL message */
	VAULT_NONCE_MAX = 512,	/* octets of a client's nonce */
	VAULT_TRIES = 3		/* logins of one session */
};

/* --- every session with a stranger: a tls_sign_fn; arg: int *channel --- */
enum crypto_err	vault_tls_sign(void *channel, enum tls_sign how,
		    const uint8_t *in, size_t n, struct buf *sig);

/* --- relay, before it connects; owner, for `mailnode sign` --- */
struct vault_dkim {
	char		selector[VAULT_SELECTOR_MAX];
	enum sign_alg	alg;
};

/* The active keys, the oldest not retired of each algorithm; RSA first. */
enum crypto_err	vault_dkim_keys(int ch, struct vault_dkim *keys, size_t max,
		    size_t *n);
/* Appends the raw signature over the digest of the signed headers. */
enum crypto_err	vault_dkim_sign(int ch, const struct vault_dkim *key,
		    const uint8_t digest[SHA256_OCTETS], struct buf *sig);

/* --- relay: no way back.  From now on this channel can only log in with
 * that entry (NULL: not even that).  Call it before connecting. --- */
enum crypto_err	vault_route(int ch, const char *entry);

/* --- relay, before it names its route: a sender that is rewritten.  smtp
 * and relay: one that comes back, which only what we made does.  As in
 * srs.h. --- */
enum crypto_err	vault_srs_forward(int ch, const char *from,
		    const char *domain, char dst[SRS_ADDR_MAX]);
enum crypto_err	vault_srs_reverse(int ch, const char *addr,
		    char dst[SRS_ADDR_MAX]);

enum vault_mech {
	VAULT_PLAIN,
	VAULT_LOGIN,
	VAULT_SCRAM,		/* SCRAM-SHA-256 */
	VAULT_SCRAM_PLUS	/* with tls-exporter */
};

/*
 * Starts a login; appends the first message to out, raw (before base64):
 * PLAIN all of it, SCRAM client-first, LOGIN nothing.  binding: TLS_BINDING
 * octets for PLUS; for SCRAM over a TLS that has a binding the server did
 * not offer PLUS for, give it too (flag "y", RFC 5802 section 6); else NULL.
 */
enum crypto_err	vault_login(int ch, enum vault_mech mech,
		    const uint8_t *binding, struct buf *out);
/*
 * The next: challenge as decoded from base64.  LOGIN: user, then password.
 * SCRAM: client-final, then (on server-final, out stays empty) the proof of
 * the server: CRYPTO_PEER when it does not know the password either.
 * *done: nothing more is to be sent; SCRAM counts only when *done was set.
 */
enum crypto_err	vault_login_step(int ch, const void *challenge, size_t n,
		    struct buf *out, bool *done);

/* --- imap, submission: logins of devices.  CRYPTO_PEER: wrong; EXPIRED,
 * NETWORK: right, but not here or now; TRIES: the session has had
 * VAULT_TRIES; LOCKED, NOVAULT, GONE: nobody can tell just now, which is no
 * failure.  On CRYPTO_OK keeper knows already, and of *d name, scope, undo_s
 * and folder are set. --- */
enum crypto_err	vault_device_plain(int ch, const char *user,
		    const void *password, size_t n, struct device *d);

struct vault_scram {
	const char	*user;		/* of n=, decoded */
	const void	*bare;		/* client-first-message-bare */
	size_t		 nbare;
	const void	*nonce;		/* of r= */
	size_t		 nnonce;
};

/* Appends server-first-message. */
enum crypto_err	vault_device_first(int ch, const struct vault_scram *m,
		    struct buf *out);
/* without_proof: client-final-message-without-proof.  proof: in ClientProof,
 * out ServerSignature. */
enum crypto_err	vault_device_final(int ch, const void *without_proof,
		    size_t n, uint8_t proof[DEVICE_KEY], struct device *d);

/* --- owner --- */
struct vault_state {
	bool		exists;		/* a vault file that could be read */
	bool		boot;		/* TLS key open */
	bool		owner;		/* unlocked */
	bool		guarded;	/* memory could be locked */
	uint32_t	entries;
	enum crypto_err	trouble;	/* why the file could not be used */
};

enum crypto_err	vault_status(int ch, struct vault_state *st);
enum crypto_err	vault_lock(int ch);
/* file: the vault's, read anew; keys from vault_open of the command. */
enum crypto_err	vault_unlock(int ch, int file, const struct secret *keys);
/* Read the vault file anew; what was open stays open if its key fits. */
enum crypto_err	vault_reload(int ch, int file);

/*
 * Seals a login into a copy of file: appends the new file's octets for the
 * caller to write, who then says vault_reload.
 */
enum crypto_err	vault_set(int ch, int file, const char *name,
		    const char *user, const struct secret *password,
		    struct buf *sealed);
/* The same with a key made inside the vault. */
enum crypto_err	vault_keygen(int ch, int file, const char *name,
		    enum sign_alg alg, struct buf *sealed);

/* --- the service: tables of handlers around a struct vault_service --- */
struct vault_service;

/*
 * Opens file (-1: none): by the credential both sections, by the machine
 * key the boot section; either may be NULL.  Returns owned, or NULL: no
 * memory.  Trouble with the file is no failure: it shows in the status.
 */
struct vault_service	*vault_service_new(int file,
			    const struct secret *machine,
			    const struct secret *credential);
void			 vault_service_free(struct vault_service *s);
/* Makes srv serve it on l; changed (may be NULL) is told of each change of
 * the state, such as locked or unlocked. */
void			 vault_service_start(struct vault_service *s,
			    struct op_server *srv, struct loop *l,
			    void (*changed)(void *), void *arg);
/* What logins of devices need of the process; arg first. */
struct vault_house {
	void	*arg;
	/* Is that a name of the owner?  device: the only one it may be, or
	 * "" for any. */
	bool	(*user)(void *arg, const char *user,
		    char device[DEVICE_NAME_MAX]);
	/* Is the address in those networks? */
	bool	(*from)(void *arg, const char *addr, const char *networks);
	/* Session N is device D: tell keeper, then settle (if it waits).
	 * False: there is nobody to tell. */
	bool	(*login)(void *arg, uint32_t session, enum role role,
		    const char *addr, const struct device *d, bool waits);
	/* It is no longer: its session has to end. */
	void	(*logout)(void *arg, uint32_t session, enum role role,
		    const struct device *d);
	/* device: "" unless it was found out. */
	void	(*failed)(void *arg, uint32_t session, const char *user,
		    const char *device, enum crypto_err why);
};

/* Borrows house. */
void			 vault_service_house(struct vault_service *s,
			    const struct vault_house *house);
/* Keeper's word on a session whose login waits for it. */
void			 vault_service_settle(struct vault_service *s,
			    uint32_t session, bool ok);
/* Keeper is a new one: house->login for each session that is logged in. */
void			 vault_service_again(struct vault_service *s);
/* house->logout for devices that are gone or expired; also after each
 * change by itself. */
void			 vault_service_look(struct vault_service *s);
/* SHA-256 of the TLS key's SPKI.  0, or -1: there is no such key. */
int			 vault_service_spki(const struct vault_service *s,
			    uint8_t out[SHA256_OCTETS]);
void			 vault_service_state(const struct vault_service *s,
			    struct vault_state *st);

#endif
