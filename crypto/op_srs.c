#include <string.h>

#include "crypto/srs.h"
#include "crypto/vault_service.h"
#include "mailnode/base/clock.h"

enum { SRS_TRIES = 50 };	/* of one session with a stranger */

/* ---- handlers ---- */

static enum crypto_err
key_of(const struct vault_service *s, struct op_call *c, struct secret **key)
{
	struct client *cl = client_of(c->peer);

	*key = NULL;
	if (cl == NULL)
		return CRYPTO_NOMEM;
	if (cl->routed)
		return CRYPTO_STATE;
	if (c->role == ROLE_SMTP && ++cl->srs > SRS_TRIES)
		return CRYPTO_TRIES;
	if (s->v == NULL)
		return CRYPTO_NOVAULT;
	return vault_srs_key(s->v, key);
}

static uint16_t
on_forward(void *service, struct op_call *c)
{
	char from[SRS_ADDR_MAX], domain[SRS_ADDR_MAX], to[SRS_ADDR_MAX];
	struct secret *key;
	enum crypto_err e;

	chan_get_str(&c->in, from, sizeof from);
	chan_get_str(&c->in, domain, sizeof domain);
	if (!chan_end(&c->in))
		return OP_BAD;
	e = key_of(service, c, &key);
	if (e == CRYPTO_OK)
		e = srs_forward(key->data, from, domain, clock_wall_s(), to);
	if (e == CRYPTO_OK)
		chan_put_bytes(c->out, to, strlen(to));
	secret_free(key);
	return (uint16_t)e;
}

static uint16_t
on_reverse(void *service, struct op_call *c)
{
	char addr[SRS_ADDR_MAX], to[SRS_ADDR_MAX];
	struct secret *key;
	enum crypto_err e;

	chan_get_str(&c->in, addr, sizeof addr);
	if (!chan_end(&c->in))
		return OP_BAD;
	e = key_of(service, c, &key);
	if (e == CRYPTO_OK)
		e = srs_reverse(key->data, addr, clock_wall_s(), to);
	if (e == CRYPTO_OK)
		chan_put_bytes(c->out, to, strlen(to));
	secret_free(key);
	return (uint16_t)e;
}

const struct op vault_ops_srs[] = {
	{ OP_VAULT_SRS_FORWARD,	ROLE_BIT(ROLE_RELAY),	on_forward },
	{ OP_VAULT_SRS_REVERSE,	ROLE_BIT(ROLE_RELAY) | ROLE_BIT(ROLE_SMTP),
	    on_reverse },
	{ 0, 0, NULL }
};

/* ---- client ---- */

static enum crypto_err
ask(int ch, uint16_t type, struct buf *args, char dst[SRS_ADDR_MAX])
{
	struct buf out;
	enum crypto_err e;

	dst[0] = '\0';
	buf_init(&out, SRS_ADDR_MAX - 1);
	e = vault_ask(ch, type, args, -1, SRS_ADDR_MAX - 1, &out);
	if (e == CRYPTO_OK && (out.len == 0 ||
	    memchr(out.data, '\0', out.len) != NULL))
		e = CRYPTO_GONE;
	if (e == CRYPTO_OK) {
		memcpy(dst, out.data, out.len);
		dst[out.len] = '\0';
	}
	buf_clear(&out);
	return e;
}

enum crypto_err
vault_srs_forward(int ch, const char *from, const char *domain,
    char dst[SRS_ADDR_MAX])
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_str(&b, from);
	chan_put_str(&b, domain);
	return ask(ch, OP_VAULT_SRS_FORWARD, &b, dst);
}

enum crypto_err
vault_srs_reverse(int ch, const char *addr, char dst[SRS_ADDR_MAX])
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_str(&b, addr);
	return ask(ch, OP_VAULT_SRS_REVERSE, &b, dst);
}
