/* Between sasl.c and sasl_scram.c. */
#ifndef SMTP_SASL_PARTS_H
#define SMTP_SASL_PARTS_H

#include <stdbool.h>

#include "crypto/op_vault.h"
#include "mailnode/smtp/sasl.h"

enum sasl_kind { SASL_PLAIN, SASL_LOGIN, SASL_SCRAM, SASL_SCRAM_PLUS };

struct sasl {
	const int	*vault;
	struct sasl_binding binding;
	enum sasl_kind	 kind;
	unsigned int	 step;		/* the message that is due; 0: none */
	bool		 right;		/* proven, but not told yet */
	struct device	 device;
	bool		 done;
	char		 user[SASL_USER_MAX];
	enum crypto_err	 err;
	const char	*why;
	/* SCRAM */
	struct buf	 gs2;		/* gs2-header as it came */
	struct buf	 nonce;		/* of both */
	const uint8_t	*bound;		/* what c= must have behind it */
	size_t		 nbound;
};

/* What the vault said, as a result. */
enum sasl_result sasl_judge(struct sasl *s, enum crypto_err e);

/* The client's two messages. */
enum sasl_result sasl_scram_first(struct sasl *s, const char *p, size_t n,
		    struct buf *out);
enum sasl_result sasl_scram_final(struct sasl *s, const char *p, size_t n,
		    struct buf *out);

/* ---- lexers, RFC 5802 section 7: no I/O ---- */

struct scram_client_first {
	char		 flag;		/* 'n', 'y' or 'p' */
	const char	*cb;		/* name of the binding, with 'p' */
	size_t		 ncb;
	size_t		 ngs2;		/* octets of gs2-header */
	char		 authzid[SASL_USER_MAX];	/* "" for none */
	char		 user[SASL_USER_MAX];
	const char	*nonce;		/* borrows */
	size_t		 nnonce;
};
struct scram_client_final {
	const char	*cbind;		/* base64; borrows */
	size_t		 ncbind;
	const char	*nonce;
	size_t		 nnonce;
	size_t		 nwithout;	/* octets before ",p=" */
	uint8_t		 proof[DEVICE_KEY];
};

bool	 scram_lex_first(const char *p, size_t n,
	    struct scram_client_first *out);
bool	 scram_lex_final(const char *p, size_t n,
	    struct scram_client_final *out);

#endif
