/*
 * Inside the room only: what the files of the vault's ops share.  Ops of
 * sessions and mail are in op_sign.c, logins of relays in op_login.c, those of
 * devices in op_device.c, rewritten senders in op_srs.c, the owner's in
 * op_owner.c; each has its handlers and, at its foot, the stubs.
 */
#ifndef CRYPTO_VAULT_SERVICE_H
#define CRYPTO_VAULT_SERVICE_H

#include "crypto/device.h"
#include "crypto/op_vault.h"
#include "crypto/scram.h"

enum {
	OP_VAULT_TLS_SIGN = 0x0501,	/* u8 how, bytes in → bytes sig */
	OP_VAULT_DKIM_KEYS = 0x0502,	/* → u8 n, n × (str selector, u8 alg) */
	OP_VAULT_DKIM_SIGN = 0x0503,	/* str selector, bytes digest → bytes */
	OP_VAULT_ROUTE = 0x0504,		/* str entry, "" for none */
	OP_VAULT_LOGIN = 0x0505,	/* u8 mech, bytes binding → bytes */
	OP_VAULT_STEP = 0x0506,		/* bytes → bytes, u8 done */
	OP_VAULT_SRS_FORWARD = 0x0507,	/* str from, str domain → bytes */
	OP_VAULT_SRS_REVERSE = 0x0508,	/* str address → bytes */
	OP_VAULT_STATUS = 0x0510,		/* → see handler */
	OP_VAULT_LOCK = 0x0511,
	OP_VAULT_UNLOCK = 0x0512,		/* bytes keys + file */
	OP_VAULT_RELOAD = 0x0513,		/* file */
	OP_VAULT_SET = 0x0514,		/* str name, str user, bytes password
					   + file → bytes sealed */
	OP_VAULT_KEYGEN = 0x0515,	/* str name, u8 alg + file → bytes */
	OP_VAULT_PLAIN = 0x0520,	/* str user, bytes password → see
					   put_done() */
	OP_VAULT_FIRST = 0x0521,	/* str user, bytes bare, bytes nonce
					   → bytes server-first */
	OP_VAULT_FINAL = 0x0522		/* bytes, bytes proof → put_done() */
};

enum { DKIM_MAX = 2 };			/* active keys: one an algorithm */

struct active {
	char		 selector[VAULT_SELECTOR_MAX];
	struct sign_key	*key;
};

struct vault_service {
	struct vault		*v;		/* NULL: no usable file */
	enum crypto_err		 trouble;
	struct sign_key		*tls;
	struct active		 dkim[DKIM_MAX];
	size_t			 ndkim;
	struct device		*devices;	/* owned; NULL while locked */
	size_t			 ndevices;
	struct secret		*verifiers;	/* of each, in that order */
	uint8_t			 salt[DEVICE_SALT];
	struct derived		*derived;		/* of right passwords */
	const struct vault_house *house;	/* NULL: no devices here */
	bool			 heap_locked;	/* OpenSSL's secure heap */
	struct op_server	*srv;
	void			(*changed)(void *);
	void			*changed_arg;
};

/* A session that logged in. */
struct login {
	struct device	 device;
	int64_t		 created;	/* of its entry */
	uint64_t	 version;
	bool		 over;		/* revoked, expired: told so */
	bool		 waits;		/* for keeper, then this answer: */
	bool		 proves;
	uint8_t		 proof[DEVICE_KEY];
	uint16_t	 type;
	uint32_t	 id;
};

/* What a peer has done so far; made when it first asks for more than a
 * key's name. */
struct client {
	bool		 signed_tls;
	bool		 routed;
	bool		 can_log_in;
	unsigned int	 srs;		/* addresses asked about */
	char		 entry[VAULT_NAME_MAX];
	enum vault_mech	 mech;
	unsigned int	 step;		/* 0: no login under way */
	struct scram	*scram;
	/* logins of devices: */
	unsigned int	 tries;
	char		 user[VAULT_USER_MAX];	/* as tried */
	bool		 known;		/* … and it is a name of ours */
	char		 device[DEVICE_NAME_MAX]; /* … of this one; "": any */
	bool		 scramming;
	struct buf	 bare, first;	/* the first two messages */
	bool		 proves;
	uint8_t		 server_proof[DEVICE_KEY];
	struct login	*login;		/* owned; NULL: not yet */
};

extern const struct op vault_ops_sign[], vault_ops_login[], vault_ops_owner[],
    vault_ops_device[], vault_ops_srs[];

/* NULL: no memory.  Borrowed, until the peer goes. */
struct client	*client_of(struct op_peer *p);
void		 client_end_login(struct client *c);
void		 client_end_scram(struct client *c);

/* devices.c: verifiers as the owner section has them; none while locked. */
void		 devices_load(struct vault_service *s);
void		 devices_forget(struct vault_service *s);

/* Keys as the open sections have them; tells the role. */
void		 service_changed(struct vault_service *s);
/* Takes v. */
void		 service_install(struct vault_service *s, struct vault *v);
/* CRYPTO_NOVAULT for -1; *out is owned, NULL on error. */
enum crypto_err	 service_parse(int fd, struct vault **out);

/*
 * For stubs: appends the one string of bytes that the reply has to out
 * (NULL: none).  Wipes and clears args (may be NULL).
 */
enum crypto_err	 vault_ask(int ch, uint16_t type, struct buf *args, int fd,
		    size_t max, struct buf *out);

#endif
