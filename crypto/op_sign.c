#include <string.h>

#include "crypto/vault_service.h"

enum { TLS_IN_MAX = SIGN_SIG_MAX };

/* ---- handlers: TLS ---- */

/* One handshake is one signature: a session that was taken over cannot use
 * its channel to be our server elsewhere. */
static bool
may_sign_again(const struct op_call *c, const struct client *cl)
{
	return c->role == ROLE_OWNER || !cl->signed_tls;
}

static uint16_t
on_tls_sign(void *service, struct op_call *c)
{
	struct vault_service *s = service;
	struct client *cl = client_of(c->peer);
	const uint8_t *in;
	struct buf sig;
	size_t n;
	uint8_t how;
	enum crypto_err e;

	how = chan_get_u8(&c->in);
	in = chan_get_bytes(&c->in, TLS_IN_MAX, &n);
	if (!chan_end(&c->in) || how > TLS_SIGN_RSA_RAW)
		return OP_BAD;
	if (cl == NULL)
		return CRYPTO_NOMEM;
	if (s->tls == NULL)
		return s->v == NULL ? CRYPTO_NOVAULT : CRYPTO_LOCKED;
	if (!may_sign_again(c, cl))
		return CRYPTO_STATE;
	buf_init(&sig, SIGN_SIG_MAX);
	e = sign_tls(s->tls, (enum tls_sign)how, in, n, &sig);
	if (e == CRYPTO_OK) {
		cl->signed_tls = true;
		chan_put_bytes(c->out, sig.data, sig.len);
	}
	buf_clear(&sig);
	return (uint16_t)e;
}

/* ---- handlers: DKIM ---- */

static enum crypto_err
may_sign_mail(const struct vault_service *s, struct op_call *c)
{
	struct client *cl = client_of(c->peer);

	if (cl == NULL)
		return CRYPTO_NOMEM;
	if (cl->routed)
		return CRYPTO_STATE;
	if (s->v == NULL)
		return CRYPTO_NOVAULT;
	return vault_is_open(s->v, VAULT_OWNER) ? CRYPTO_OK : CRYPTO_LOCKED;
}

static uint16_t
on_dkim_keys(void *service, struct op_call *c)
{
	struct vault_service *s = service;
	enum crypto_err e;
	size_t i;

	if (!chan_end(&c->in))
		return OP_BAD;
	e = may_sign_mail(s, c);
	if (e != CRYPTO_OK)
		return (uint16_t)e;
	chan_put_u8(c->out, (uint8_t)s->ndkim);
	for (i = 0; i < s->ndkim; i++) {
		chan_put_str(c->out, s->dkim[i].selector);
		chan_put_u8(c->out, (uint8_t)sign_key_alg(s->dkim[i].key));
	}
	return OP_OK;
}

static uint16_t
on_dkim_sign(void *service, struct op_call *c)
{
	struct vault_service *s = service;
	char selector[VAULT_SELECTOR_MAX];
	const uint8_t *digest;
	struct buf sig;
	enum crypto_err e;
	size_t n, i;

	chan_get_str(&c->in, selector, sizeof selector);
	digest = chan_get_bytes(&c->in, SHA256_OCTETS, &n);
	if (!chan_end(&c->in) || n != SHA256_OCTETS)
		return OP_BAD;
	e = may_sign_mail(s, c);
	if (e != CRYPTO_OK)
		return (uint16_t)e;
	for (i = 0; i < s->ndkim; i++)
		if (strcmp(s->dkim[i].selector, selector) == 0)
			break;
	if (i == s->ndkim)
		return CRYPTO_ABSENT;
	buf_init(&sig, SIGN_SIG_MAX);
	e = sign_digest(s->dkim[i].key, digest, &sig);
	if (e == CRYPTO_OK)
		chan_put_bytes(c->out, sig.data, sig.len);
	buf_clear(&sig);
	return (uint16_t)e;
}

#define R(r)	ROLE_BIT(ROLE_##r)
#define STRANGERS	(R(SMTP) | R(SUBMISSION) | R(IMAP) | R(WEB))

const struct op vault_ops_sign[] = {
	{ OP_VAULT_TLS_SIGN,	STRANGERS | R(OWNER),	on_tls_sign },
	{ OP_VAULT_DKIM_KEYS,	R(RELAY) | R(OWNER),	on_dkim_keys },
	{ OP_VAULT_DKIM_SIGN,	R(RELAY) | R(OWNER),	on_dkim_sign },
	{ 0, 0, NULL }
};

/* ---- client ---- */

enum crypto_err
vault_tls_sign(void *channel, enum tls_sign how, const uint8_t *in, size_t n,
    struct buf *sig)
{
	const int *ch = channel;
	struct buf b;

	buf_init(&b, TLS_IN_MAX + 16);
	chan_put_u8(&b, (uint8_t)how);
	chan_put_bytes(&b, in, n);
	return vault_ask(*ch, OP_VAULT_TLS_SIGN, &b, -1, SIGN_SIG_MAX, sig);
}

enum crypto_err
vault_dkim_keys(int ch, struct vault_dkim *keys, size_t max, size_t *n)
{
	struct op_reply r;
	enum crypto_err e;
	struct vault_dkim k;
	size_t count;

	*n = 0;
	op_reply_init(&r);
	e = crypto_err_status(op_call(ch, OP_VAULT_DKIM_KEYS, NULL, -1, &r,
	    VAULT_WAIT_MS));
	count = e == CRYPTO_OK ? chan_get_u8(&r.in) : 0;
	for (; count > 0 && !r.in.bad; count--) {
		chan_get_str(&r.in, k.selector, sizeof k.selector);
		k.alg = (enum sign_alg)chan_get_u8(&r.in);
		if (*n < max)
			keys[(*n)++] = k;
	}
	if (e == CRYPTO_OK && !chan_end(&r.in)) {
		*n = 0;
		e = CRYPTO_GONE;
	}
	op_reply_clear(&r);
	return e;
}

enum crypto_err
vault_dkim_sign(int ch, const struct vault_dkim *key,
    const uint8_t digest[SHA256_OCTETS], struct buf *sig)
{
	struct buf b;

	buf_init(&b, 256);
	chan_put_str(&b, key->selector);
	chan_put_bytes(&b, digest, SHA256_OCTETS);
	return vault_ask(ch, OP_VAULT_DKIM_SIGN, &b, -1, SIGN_SIG_MAX, sig);
}
