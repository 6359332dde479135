#include <string.h>

#include "crypto/vault_service.h"

/* ---- handlers: login of a relay ---- */

static uint16_t
on_route(void *service, struct op_call *c)
{
	struct client *cl = client_of(c->peer);
	char entry[VAULT_NAME_MAX];

	(void)service;
	chan_get_str(&c->in, entry, sizeof entry);
	if (!chan_end(&c->in))
		return OP_BAD;
	if (cl == NULL)
		return CRYPTO_NOMEM;
	if (cl->routed)
		return CRYPTO_STATE;
	if (entry[0] != '\0' && strncmp(entry, "relay/", 6) != 0)
		return CRYPTO_NAME;
	cl->routed = true;
	cl->can_log_in = entry[0] != '\0';
	memcpy(cl->entry, entry, sizeof entry);
	return OP_OK;
}

/* The entry of this peer's route; the password is the caller's. */
static enum crypto_err
credentials(const struct vault_service *s, const struct client *cl,
    char user[VAULT_USER_MAX], struct secret **password)
{
	const struct vault_entry *e;

	*password = NULL;
	user[0] = '\0';
	if (s->v == NULL)
		return CRYPTO_NOVAULT;
	if (!vault_is_open(s->v, VAULT_OWNER))
		return CRYPTO_LOCKED;
	e = vault_find(s->v, cl->entry);
	if (e == NULL || e->kind != VAULT_LOGIN_ENTRY)
		return CRYPTO_ABSENT;
	if (e->pub_len >= VAULT_USER_MAX || memchr(e->pub, '\0', e->pub_len))
		return CRYPTO_ALTERED;
	memcpy(user, e->pub, e->pub_len);
	user[e->pub_len] = '\0';
	return vault_get(s->v, e->name, password);
}

static struct scram *
scram_for(enum vault_mech mech, const char *user, const uint8_t *binding,
    size_t n)
{
	enum scram_flag flag = SCRAM_N;

	if (mech == VAULT_SCRAM_PLUS)
		flag = SCRAM_P;
	else if (n == TLS_BINDING)
		flag = SCRAM_Y;
	return scram_new(user, flag, binding, n, NULL);
}

static enum crypto_err
begin(struct client *cl, const char *user, const struct secret *password,
    const struct chan_in *binding, struct buf *out)
{
	size_t n = (size_t)(binding->end - binding->p);

	switch (cl->mech) {
	case VAULT_PLAIN:
		buf_addc(out, 0);
		buf_adds(out, user);
		buf_addc(out, 0);
		buf_add(out, password->data, password->len);
		return out->err ? CRYPTO_NOMEM : CRYPTO_OK;
	case VAULT_LOGIN:
		return CRYPTO_OK;
	default:
		cl->scram = scram_for(cl->mech, user, binding->p, n);
		return cl->scram == NULL ? CRYPTO_NOMEM :
		    scram_first(cl->scram, out);
	}
}

/* The reply has a secret in it: sent here, so that it can be wiped here. */
static uint16_t
reply_wiped(struct op_call *c, enum crypto_err e, struct buf *msg, bool step,
    bool done)
{
	struct buf out;

	buf_init(&out, VAULT_SASL_MAX + 16);
	(void)buf_reserve(&out, VAULT_SASL_MAX + 16);
	if (e == CRYPTO_OK) {
		chan_put_bytes(&out, msg->data, msg->len);
		if (step)
			chan_put_u8(&out, done);
	}
	op_reply(c->peer, c->type, c->id, (uint16_t)e, &out, -1);
	buf_wipe(&out);
	buf_clear(&out);
	buf_wipe(msg);
	buf_clear(msg);
	return OP_LATER;
}

static uint16_t
on_login(void *service, struct op_call *c)
{
	struct vault_service *s = service;
	struct client *cl = client_of(c->peer);
	struct secret *password = NULL;
	char user[VAULT_USER_MAX];
	struct chan_in binding;
	struct buf msg;
	const uint8_t *p;
	enum crypto_err e;
	uint8_t mech;
	size_t n;

	mech = chan_get_u8(&c->in);
	p = chan_get_bytes(&c->in, TLS_BINDING, &n);
	if (!chan_end(&c->in) || mech > VAULT_SCRAM_PLUS ||
	    (n != 0 && n != TLS_BINDING) ||
	    (mech == VAULT_SCRAM_PLUS && n == 0))
		return OP_BAD;
	if (cl == NULL)
		return CRYPTO_NOMEM;
	if (!cl->routed || !cl->can_log_in)
		return CRYPTO_STATE;
	chan_in_init(&binding, p, n);
	client_end_login(cl);
	cl->mech = (enum vault_mech)mech;
	buf_init(&msg, VAULT_SASL_MAX);
	(void)buf_reserve(&msg, VAULT_SASL_MAX);
	e = credentials(s, cl, user, &password);
	if (e == CRYPTO_OK)
		e = begin(cl, user, password, &binding, &msg);
	secret_free(password);
	if (e == CRYPTO_OK)
		cl->step = 1;
	else
		client_end_login(cl);
	return reply_wiped(c, e, &msg, false, false);
}

static enum crypto_err
step(struct client *cl, const char *user, const struct secret *password,
    const struct chan_in *in, struct buf *out, bool *done)
{
	size_t n = (size_t)(in->end - in->p);
	bool first = cl->step++ == 1;

	*done = !first;
	if (cl->mech == VAULT_PLAIN || cl->step > 3)
		return CRYPTO_STATE;
	if (cl->mech == VAULT_LOGIN) {
		if (first)
			return buf_adds(out, user) == -1 ? CRYPTO_NOMEM :
			    CRYPTO_OK;
		return buf_add(out, password->data, password->len) == -1 ?
		    CRYPTO_NOMEM : CRYPTO_OK;
	}
	if (first)
		return scram_final(cl->scram, password, in->p, n, out);
	return scram_verify(cl->scram, in->p, n);
}

static uint16_t
on_step(void *service, struct op_call *c)
{
	struct vault_service *s = service;
	struct client *cl = client_of(c->peer);
	struct secret *password = NULL;
	char user[VAULT_USER_MAX];
	struct chan_in in;
	struct buf msg;
	const uint8_t *p;
	enum crypto_err e;
	bool done = false;
	size_t n;

	p = chan_get_bytes(&c->in, VAULT_SASL_MAX, &n);
	if (!chan_end(&c->in))
		return OP_BAD;
	if (cl == NULL)
		return CRYPTO_NOMEM;
	if (cl->step == 0)
		return CRYPTO_STATE;
	chan_in_init(&in, p, n);
	buf_init(&msg, VAULT_SASL_MAX);
	(void)buf_reserve(&msg, VAULT_SASL_MAX);
	e = credentials(s, cl, user, &password);
	if (e == CRYPTO_OK)
		e = step(cl, user, password, &in, &msg, &done);
	secret_free(password);
	if (e != CRYPTO_OK)
		client_end_login(cl);
	return reply_wiped(c, e, &msg, true, done);
}

#define R(r)	ROLE_BIT(ROLE_##r)

const struct op vault_ops_login[] = {
	{ OP_VAULT_ROUTE,	R(RELAY),		on_route },
	{ OP_VAULT_LOGIN,	R(RELAY),		on_login },
	{ OP_VAULT_STEP,	R(RELAY),		on_step },
	{ 0, 0, NULL }
};

/* ---- client ---- */

enum crypto_err
vault_route(int ch, const char *entry)
{
	struct buf b;

	buf_init(&b, 256);
	chan_put_str(&b, entry);
	return vault_ask(ch, OP_VAULT_ROUTE, &b, -1, 0, NULL);
}

/* As ask, for replies with a secret in them. */
static enum crypto_err
ask_sasl(int ch, uint16_t type, struct buf *args, struct buf *out,
    bool *done)
{
	struct op_reply r;
	const uint8_t *p;
	enum crypto_err e;
	size_t n;

	op_reply_init(&r);
	e = crypto_err_status(op_call(ch, type, args, -1, &r,
	    VAULT_WAIT_MS));
	if (e == CRYPTO_OK) {
		p = chan_get_bytes(&r.in, VAULT_SASL_MAX, &n);
		if (done != NULL)
			*done = chan_get_u8(&r.in);
		if (!chan_end(&r.in))
			e = CRYPTO_GONE;
		else if (buf_add(out, p, n) == -1)
			e = CRYPTO_NOMEM;
	}
	if (r.store.data != NULL)
		mem_wipe(r.store.data, r.store.cap);
	buf_clear(args);
	op_reply_clear(&r);
	return e;
}

enum crypto_err
vault_login(int ch, enum vault_mech mech, const uint8_t *binding,
    struct buf *out)
{
	struct buf b;

	buf_init(&b, 256);
	chan_put_u8(&b, (uint8_t)mech);
	chan_put_bytes(&b, binding, binding != NULL ? TLS_BINDING : 0);
	return ask_sasl(ch, OP_VAULT_LOGIN, &b, out, NULL);
}

enum crypto_err
vault_login_step(int ch, const void *challenge, size_t n, struct buf *out,
    bool *done)
{
	struct buf b;

	*done = false;
	buf_init(&b, VAULT_SASL_MAX + 16);
	chan_put_bytes(&b, challenge, n);
	return ask_sasl(ch, OP_VAULT_STEP, &b, out, done);
}
