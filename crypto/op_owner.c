#include <string.h>
#include <unistd.h>

#include "crypto/vault_service.h"

/* ---- handlers: owner ---- */

static uint16_t
on_status(void *service, struct op_call *c)
{
	struct vault_state st;

	if (!chan_end(&c->in))
		return OP_BAD;
	vault_service_state(service, &st);
	chan_put_u8(c->out, st.exists);
	chan_put_u8(c->out, st.boot);
	chan_put_u8(c->out, st.owner);
	chan_put_u8(c->out, st.guarded);
	chan_put_u32(c->out, st.entries);
	chan_put_u16(c->out, (uint16_t)st.trouble);
	return OP_OK;
}

static uint16_t
on_lock(void *service, struct op_call *c)
{
	struct vault_service *s = service;

	if (!chan_end(&c->in))
		return OP_BAD;
	if (s->v == NULL)
		return CRYPTO_NOVAULT;
	vault_close(s->v, VAULT_OWNER);
	service_changed(s);
	return OP_OK;
}

/* What came in may hold a secret: gone before the next message. */
static void
forget_in(struct vault_service *s)
{
	mem_wipe(s->srv->in.data, s->srv->in.cap);
}

static uint16_t
on_unlock(void *service, struct op_call *c)
{
	struct vault_service *s = service;
	struct secret *keys = NULL;
	struct vault *v = NULL;
	const uint8_t *p;
	enum crypto_err e;
	size_t n;

	p = chan_get_bytes(&c->in, VAULT_KEYS, &n);
	if (chan_end(&c->in) && n == VAULT_KEYS && c->fd != -1)
		keys = secret_copy(p, n);
	else
		p = NULL;
	forget_in(s);
	if (p == NULL)
		return OP_BAD;
	e = keys != NULL ? service_parse(c->fd, &v) : CRYPTO_NOMEM;
	if (e == CRYPTO_OK)
		e = vault_open_keys(v, keys);
	secret_free(keys);
	if (e == CRYPTO_OK)
		service_install(s, v);
	else
		vault_free(v);
	return (uint16_t)e;
}

/* A file that our keys do not fit is not taken: what serves, serves on. */
static uint16_t
on_reload(void *service, struct op_call *c)
{
	struct vault_service *s = service;
	struct vault *v;
	enum crypto_err e;
	size_t i;

	if (!chan_end(&c->in) || c->fd == -1)
		return OP_BAD;
	e = service_parse(c->fd, &v);
	if (e != CRYPTO_OK)
		return (uint16_t)e;
	vault_open_like(v, s->v);
	for (i = 0; s->v != NULL && i < VAULT_SECTIONS; i++)
		if (vault_is_open(s->v, (enum vault_section)i) &&
		    !vault_is_open(v, (enum vault_section)i)) {
			vault_free(v);
			return CRYPTO_ALTERED;
		}
	service_install(s, v);
	return OP_OK;
}

/* A copy of the file, open as we are, for one change. */
static enum crypto_err
open_copy(const struct vault_service *s, int fd, struct vault **v)
{
	enum crypto_err e = service_parse(fd, v);

	if (e != CRYPTO_OK)
		return e;
	vault_open_like(*v, s->v);
	if (!vault_is_open(*v, VAULT_BOOT) || !vault_is_open(*v, VAULT_OWNER))
		return s->v != NULL && vault_is_open(s->v, VAULT_OWNER) ?
		    CRYPTO_ALTERED : CRYPTO_LOCKED;
	return CRYPTO_OK;
}

static enum crypto_err
put_sealed(struct vault *v, struct buf *out)
{
	struct buf file;
	enum crypto_err e;

	buf_init(&file, VAULT_FILE_MAX);
	e = vault_seal(v, &file);
	if (e == CRYPTO_OK)
		chan_put_bytes(out, file.data, file.len);
	buf_clear(&file);
	return e;
}

static uint16_t
on_set(void *service, struct op_call *c)
{
	struct vault_service *s = service;
	char name[VAULT_NAME_MAX], user[VAULT_USER_MAX];
	struct secret *password = NULL;
	struct vault *v = NULL;
	const uint8_t *p;
	enum crypto_err e;
	bool ok;
	size_t n;

	chan_get_str(&c->in, name, sizeof name);
	chan_get_str(&c->in, user, sizeof user);
	p = chan_get_bytes(&c->in, SECRET_LINE_MAX, &n);
	ok = chan_end(&c->in) && c->fd != -1;
	if (ok)
		password = secret_copy(p, n);
	forget_in(s);
	if (!ok)
		return OP_BAD;
	e = password == NULL ? CRYPTO_NOMEM :
	    strncmp(name, "relay/", 6) != 0 ? CRYPTO_NAME :
	    open_copy(s, c->fd, &v);
	if (e == CRYPTO_OK)
		e = vault_put(v, name, VAULT_LOGIN_ENTRY, password, user,
		    strlen(user));
	if (e == CRYPTO_OK)
		e = put_sealed(v, c->out);
	secret_free(password);
	vault_free(v);
	return (uint16_t)e;
}

static uint16_t
on_keygen(void *service, struct op_call *c)
{
	struct vault_service *s = service;
	char name[VAULT_NAME_MAX];
	struct vault *v = NULL;
	enum crypto_err e;
	uint8_t alg;

	chan_get_str(&c->in, name, sizeof name);
	alg = chan_get_u8(&c->in);
	if (!chan_end(&c->in) || alg > SIGN_P256 || c->fd == -1)
		return OP_BAD;
	if (strncmp(name, "relay/", 6) == 0)
		return CRYPTO_NAME;
	e = open_copy(s, c->fd, &v);
	if (e == CRYPTO_OK && vault_find(v, name) != NULL)
		e = CRYPTO_EXISTS;
	if (e == CRYPTO_OK)
		e = vault_put_new(v, name, (enum sign_alg)alg);
	if (e == CRYPTO_OK)
		e = put_sealed(v, c->out);
	vault_free(v);
	return (uint16_t)e;
}

#define R(r)	ROLE_BIT(ROLE_##r)

const struct op vault_ops_owner[] = {
	{ OP_VAULT_STATUS,	R(OWNER) | R(SENDER),	on_status },
	{ OP_VAULT_LOCK,	R(OWNER),		on_lock },
	{ OP_VAULT_UNLOCK,	R(OWNER),		on_unlock },
	{ OP_VAULT_RELOAD,	R(OWNER),		on_reload },
	{ OP_VAULT_SET,		R(OWNER),		on_set },
	{ OP_VAULT_KEYGEN,	R(OWNER),		on_keygen },
	{ 0, 0, NULL }
};

/* ---- client ---- */

enum crypto_err
vault_status(int ch, struct vault_state *st)
{
	struct op_reply r;
	enum crypto_err e;

	memset(st, 0, sizeof *st);
	op_reply_init(&r);
	e = crypto_err_status(op_call(ch, OP_VAULT_STATUS, NULL, -1, &r,
	    VAULT_WAIT_MS));
	if (e == CRYPTO_OK) {
		st->exists = chan_get_u8(&r.in);
		st->boot = chan_get_u8(&r.in);
		st->owner = chan_get_u8(&r.in);
		st->guarded = chan_get_u8(&r.in);
		st->entries = chan_get_u32(&r.in);
		st->trouble = crypto_err_status(chan_get_u16(&r.in));
		if (!chan_end(&r.in))
			e = CRYPTO_GONE;
	}
	op_reply_clear(&r);
	return e;
}

enum crypto_err
vault_lock(int ch)
{
	return vault_ask(ch, OP_VAULT_LOCK, NULL, -1, 0, NULL);
}

enum crypto_err
vault_unlock(int ch, int file, const struct secret *keys)
{
	struct buf b;

	buf_init(&b, 256);
	chan_put_bytes(&b, keys->data, keys->len);
	return vault_ask(ch, OP_VAULT_UNLOCK, &b, file, 0, NULL);
}

enum crypto_err
vault_reload(int ch, int file)
{
	return vault_ask(ch, OP_VAULT_RELOAD, NULL, file, 0, NULL);
}

enum crypto_err
vault_set(int ch, int file, const char *name, const char *user,
    const struct secret *password, struct buf *sealed)
{
	struct buf b;

	buf_init(&b, SECRET_LINE_MAX + 1024);
	(void)buf_reserve(&b, SECRET_LINE_MAX + 1024);
	chan_put_str(&b, name);
	chan_put_str(&b, user);
	chan_put_bytes(&b, password->data, password->len);
	return vault_ask(ch, OP_VAULT_SET, &b, file, VAULT_FILE_MAX, sealed);
}

enum crypto_err
vault_keygen(int ch, int file, const char *name, enum sign_alg alg,
    struct buf *sealed)
{
	struct buf b;

	buf_init(&b, 256);
	chan_put_str(&b, name);
	chan_put_u8(&b, (uint8_t)alg);
	return vault_ask(ch, OP_VAULT_KEYGEN, &b, file, VAULT_FILE_MAX, sealed);
}
