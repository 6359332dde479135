/*
 * Logins of devices.  A session gives a name and a password, or a name and
 * a proof (SCRAM, RFC 5802); whether it is right, and whose, is found out
 * here, against the verifiers of all devices, so that neither the answer
 * nor its time tells which names there are.  The messages of SCRAM are taken
 * apart by the session; here they are octets to be signed.  The nonce is
 * ours: no proof is good twice.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/derived.h"
#include "crypto/vault_service.h"
#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"

enum { NONCE_OCTETS = 18, AUTH_MAX = 3 * SCRAM_MESSAGE_MAX };

static void
put_done(struct buf *b, const struct login *l)
{
	chan_put_bytes(b, l->proof, l->proves ? sizeof l->proof : 0);
	chan_put_str(b, l->device.name);
	chan_put_u8(b, l->device.scope);
	chan_put_u32(b, l->device.undo_s);
	chan_put_str(b, l->device.folder);
}

struct settling {
	uint32_t	session;
	bool		ok;
};

static void
settle(struct op_peer *p, void *arg)
{
	const struct settling *w = arg;
	struct client *cl = op_peer_data(p);
	struct buf out;

	if (op_peer_session(p) != w->session || cl == NULL ||
	    cl->login == NULL || !cl->login->waits)
		return;
	buf_init(&out, 1024);
	if (w->ok)
		put_done(&out, cl->login);
	op_reply(p, cl->login->type, cl->login->id,
	    w->ok ? OP_OK : CRYPTO_GONE, &out, -1);
	buf_clear(&out);
	cl->login->waits = false;
	if (!w->ok) {
		free(cl->login);
		cl->login = NULL;
	}
}

void
vault_service_settle(struct vault_service *s, uint32_t session, bool ok)
{
	struct settling w = { session, ok };

	op_each(s->srv, settle, &w);
}

static void
failed(const struct vault_service *s, const struct op_call *c,
    const struct client *cl, const struct device *d, enum crypto_err why)
{
	if (s->house != NULL)
		s->house->failed(s->house->arg, c->session, cl->user,
		    d != NULL ? d->name : "", why);
}

/* The secret was right: may it be used here and now? */
static enum crypto_err
may_log_in(const struct vault_service *s, const struct op_call *c,
    const struct device *d)
{
	if (d->expires != 0 && clock_wall_s() >= d->expires)
		return CRYPTO_EXPIRED;
	if (d->from[0] != '\0' && (s->house == NULL ||
	    !s->house->from(s->house->arg, op_peer_name(c->peer), d->from)))
		return CRYPTO_NETWORK;
	return CRYPTO_OK;
}

/* Keeper has to know before the session does: the answer waits for it. */
static uint16_t
logged_in(struct vault_service *s, struct op_call *c, struct client *cl,
    const struct device *d)
{
	char name[VAULT_NAME_MAX] = "device/";
	const struct vault_entry *e;
	struct login *l = calloc(1, sizeof *l);

	if (l == NULL)
		return CRYPTO_NOMEM;
	memcpy(name + strlen(name), d->name, strlen(d->name) + 1);
	e = vault_find(s->v, name);
	l->device = *d;
	l->created = e != NULL ? e->created : 0;
	l->version = e != NULL ? e->version : 0;
	l->waits = true;
	l->type = c->type;
	l->id = c->id;
	l->proves = cl->proves;
	memcpy(l->proof, cl->server_proof, sizeof l->proof);
	cl->login = l;
	if (s->house == NULL || !s->house->login(s->house->arg, c->session,
	    c->role, op_peer_name(c->peer), &l->device, true)) {
		free(l);
		cl->login = NULL;
		return CRYPTO_GONE;
	}
	return OP_LATER;
}

static uint16_t
judge(struct vault_service *s, struct op_call *c, struct client *cl,
    const struct device *d)
{
	enum crypto_err e = d == NULL ? CRYPTO_PEER : may_log_in(s, c, d);

	if (e == CRYPTO_OK)
		return logged_in(s, c, cl, d);
	failed(s, c, cl, d, e);
	return (uint16_t)e;
}

/* Each of them is looked at, whoever it was. */
static const struct device *
find(const struct vault_service *s, const struct client *cl,
    bool (*fits)(const uint8_t *verifier, const void *arg), const void *arg)
{
	const struct device *d, *found = NULL;
	size_t i;

	for (i = 0; i < s->ndevices; i++) {
		d = &s->devices[i];
		if (fits(s->verifiers->data + i * DEVICE_VERIFIER, arg) &&
		    cl->known && (cl->device[0] == '\0' ||
		    strcmp(cl->device, d->name) == 0))
			found = d;
	}
	return found;
}

/* One more try, if there is one left. */
static enum crypto_err
begin(struct vault_service *s, struct op_call *c, struct client *cl,
    const char *user)
{
	if (cl == NULL)
		return CRYPTO_NOMEM;
	if (cl->login != NULL)
		return CRYPTO_STATE;
	if (s->v == NULL)
		return CRYPTO_NOVAULT;
	if (!vault_is_open(s->v, VAULT_OWNER) || s->devices == NULL)
		return CRYPTO_LOCKED;
	if (cl->tries >= VAULT_TRIES)
		return CRYPTO_TRIES;
	cl->tries++;
	cl->device[0] = '\0';
	cl->proves = false;
	memcpy(cl->user, user, strlen(user) + 1);
	cl->known = s->house != NULL &&
	    s->house->user(s->house->arg, user, cl->device);
	(void)c;
	return CRYPTO_OK;
}

static bool
same_verifier(const uint8_t *verifier, const void *arg)
{
	const struct secret *v = arg;

	return mem_equal(verifier, DEVICE_VERIFIER, v->data, v->len);
}

/* What is no secret of ours at all costs no derivation, whoever asks. */
static enum crypto_err
check_password(const struct vault_service *s, const struct client *cl,
    const struct secret *typed, const struct device **d)
{
	struct secret *text = NULL, *v = NULL;
	bool known = false;
	enum crypto_err e;

	*d = NULL;
	e = device_secret_read(typed->data, typed->len, &text);
	if (e == CRYPTO_OK)
		known = derived_get(s->derived, text, &v);
	if (e == CRYPTO_OK && !known)
		e = device_verifier(text, s->salt, &v);
	if (e == CRYPTO_OK)
		*d = find(s, cl, same_verifier, v);
	if (*d != NULL && !known)
		derived_put(s->derived, text, v);
	secret_free(text);
	secret_free(v);
	return e == CRYPTO_WORDS ? CRYPTO_OK : e;
}

static uint16_t
on_plain(void *service, struct op_call *c)
{
	struct vault_service *s = service;
	struct client *cl = client_of(c->peer);
	struct secret *typed = NULL;
	const struct device *d;
	char user[VAULT_USER_MAX];
	const uint8_t *p;
	enum crypto_err e;
	bool ok;
	size_t n;

	chan_get_str(&c->in, user, sizeof user);
	p = chan_get_bytes(&c->in, SECRET_LINE_MAX, &n);
	ok = chan_end(&c->in);
	if (ok)
		typed = secret_copy(p, n);
	mem_wipe(s->srv->in.data, s->srv->in.cap);
	if (!ok)
		return OP_BAD;
	e = typed == NULL ? CRYPTO_NOMEM : begin(s, c, cl, user);
	if (e == CRYPTO_OK)
		e = check_password(s, cl, typed, &d);
	secret_free(typed);
	return e == CRYPTO_OK ? judge(s, c, cl, d) : (uint16_t)e;
}

static enum crypto_err
put_server_first(const struct vault_service *s, struct client *cl,
    const uint8_t *nonce, size_t n)
{
	uint8_t ours[NONCE_OCTETS];

	random_bytes(ours, sizeof ours);
	buf_adds(&cl->first, "r=");
	buf_add(&cl->first, nonce, n);
	codec_base64_put(&cl->first, ours, sizeof ours);
	buf_adds(&cl->first, ",s=");
	codec_base64_put(&cl->first, s->salt, sizeof s->salt);
	return buf_addf(&cl->first, ",i=%d", DEVICE_ROUNDS) == -1 ?
	    CRYPTO_NOMEM : CRYPTO_OK;
}

static uint16_t
on_first(void *service, struct op_call *c)
{
	struct vault_service *s = service;
	struct client *cl = client_of(c->peer);
	const uint8_t *bare, *nonce;
	char user[VAULT_USER_MAX];
	enum crypto_err e;
	size_t nbare, nnonce;

	chan_get_str(&c->in, user, sizeof user);
	bare = chan_get_bytes(&c->in, SCRAM_MESSAGE_MAX, &nbare);
	nonce = chan_get_bytes(&c->in, VAULT_NONCE_MAX, &nnonce);
	if (!chan_end(&c->in))
		return OP_BAD;
	e = begin(s, c, cl, user);
	if (e != CRYPTO_OK)
		return (uint16_t)e;
	client_end_scram(cl);
	buf_init(&cl->bare, SCRAM_MESSAGE_MAX);
	buf_init(&cl->first, SCRAM_MESSAGE_MAX);
	e = put_server_first(s, cl, nonce, nnonce);
	if (e == CRYPTO_OK && buf_add(&cl->bare, bare, nbare) == -1)
		e = CRYPTO_NOMEM;
	if (e == CRYPTO_OK) {
		cl->scramming = true;
		chan_put_bytes(c->out, cl->first.data, cl->first.len);
	}
	return (uint16_t)e;
}

struct proving {
	struct buf	 auth;
	const uint8_t	*proof;
};

static bool
proves(const uint8_t *verifier, const void *arg)
{
	const struct proving *p = arg;

	return device_proves(verifier, &p->auth, p->proof);
}

/* AuthMessage, RFC 5802 section 3, with the first two as we know them. */
static void
put_auth(struct buf *b, const struct client *cl, const uint8_t *final,
    size_t n)
{
	buf_add(b, cl->bare.data, cl->bare.len);
	buf_addc(b, ',');
	buf_add(b, cl->first.data, cl->first.len);
	buf_addc(b, ',');
	buf_add(b, final, n);
}

static uint16_t
on_final(void *service, struct op_call *c)
{
	struct vault_service *s = service;
	struct client *cl = client_of(c->peer);
	const struct device *d = NULL;
	const uint8_t *final;
	struct proving p;
	size_t n, nproof;
	uint16_t rc;

	final = chan_get_bytes(&c->in, SCRAM_MESSAGE_MAX, &n);
	p.proof = chan_get_bytes(&c->in, DEVICE_KEY, &nproof);
	if (!chan_end(&c->in) || nproof != DEVICE_KEY)
		return OP_BAD;
	if (cl == NULL)
		return CRYPTO_NOMEM;
	if (!cl->scramming || cl->login != NULL)
		return CRYPTO_STATE;
	if (s->v == NULL || !vault_is_open(s->v, VAULT_OWNER) ||
	    s->devices == NULL)
		return CRYPTO_LOCKED;
	buf_init(&p.auth, AUTH_MAX);
	put_auth(&p.auth, cl, final, n);
	rc = CRYPTO_NOMEM;
	if (p.auth.err == 0) {
		d = find(s, cl, proves, &p);
		cl->proves = d != NULL;
		if (d != NULL)
			device_server_sign(s->verifiers->data +
			    (size_t)(d - s->devices) * DEVICE_VERIFIER +
			    DEVICE_KEY, &p.auth, cl->server_proof);
		rc = judge(s, c, cl, d);
	}
	client_end_scram(cl);
	buf_clear(&p.auth);
	return rc;
}

#define R(r)	ROLE_BIT(ROLE_##r)

const struct op vault_ops_device[] = {
	{ OP_VAULT_PLAIN,	R(SUBMISSION) | R(IMAP),	on_plain },
	{ OP_VAULT_FIRST,	R(SUBMISSION) | R(IMAP),	on_first },
	{ OP_VAULT_FINAL,	R(SUBMISSION) | R(IMAP),	on_final },
	{ 0, 0, NULL }
};

/* ---- client ---- */

static enum crypto_err
ask_login(int ch, uint16_t type, struct buf *args,
    uint8_t proof[DEVICE_KEY], struct device *d)
{
	struct op_reply r;
	const uint8_t *p;
	enum crypto_err e;
	size_t n;

	memset(d, 0, sizeof *d);
	op_reply_init(&r);
	e = crypto_err_status(op_call(ch, type, args, -1, &r,
	    VAULT_WAIT_MS));
	if (e == CRYPTO_OK) {
		p = chan_get_bytes(&r.in, DEVICE_KEY, &n);
		chan_get_str(&r.in, d->name, sizeof d->name);
		d->scope = chan_get_u8(&r.in);
		d->undo_s = chan_get_u32(&r.in);
		chan_get_str(&r.in, d->folder, sizeof d->folder);
		if (!chan_end(&r.in) ||
		    n != (proof != NULL ? DEVICE_KEY : 0))
			e = CRYPTO_GONE;
		else if (proof != NULL)
			memcpy(proof, p, DEVICE_KEY);
	}
	buf_wipe(args);
	buf_clear(args);
	op_reply_clear(&r);
	return e;
}

enum crypto_err
vault_device_plain(int ch, const char *user, const void *password, size_t n,
    struct device *d)
{
	struct buf b;

	buf_init(&b, VAULT_USER_MAX + SECRET_LINE_MAX + 16);
	(void)buf_reserve(&b, VAULT_USER_MAX + SECRET_LINE_MAX + 16);
	chan_put_str(&b, user);
	chan_put_bytes(&b, password, n);
	return ask_login(ch, OP_VAULT_PLAIN, &b, NULL, d);
}

enum crypto_err
vault_device_first(int ch, const struct vault_scram *m, struct buf *out)
{
	struct buf b;

	buf_init(&b, 2 * SCRAM_MESSAGE_MAX);
	chan_put_str(&b, m->user);
	chan_put_bytes(&b, m->bare, m->nbare);
	chan_put_bytes(&b, m->nonce, m->nnonce);
	return vault_ask(ch, OP_VAULT_FIRST, &b, -1, SCRAM_MESSAGE_MAX, out);
}

enum crypto_err
vault_device_final(int ch, const void *without_proof, size_t n,
    uint8_t proof[DEVICE_KEY], struct device *d)
{
	struct buf b;

	buf_init(&b, SCRAM_MESSAGE_MAX + 64);
	chan_put_bytes(&b, without_proof, n);
	chan_put_bytes(&b, proof, DEVICE_KEY);
	return ask_login(ch, OP_VAULT_FINAL, &b, proof, d);
}
