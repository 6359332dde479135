#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/vault_service.h"

enum { SECURE_HEAP = 64 * 1024, SECURE_LEAST = 32 };	/* octets */

/* ---- the service's state ---- */

static void
forget_keys(struct vault_service *s)
{
	size_t i;

	for (i = 0; i < s->ndkim; i++)
		sign_key_free(s->dkim[i].key);
	memset(s->dkim, 0, sizeof s->dkim);
	s->ndkim = 0;
	sign_key_free(s->tls);
	s->tls = NULL;
	devices_forget(s);
}

static struct sign_key *
load_key(const struct vault *v, const struct vault_entry *e)
{
	struct sign_key *k = NULL;
	struct secret *sec;
	enum sign_alg alg;

	if (vault_alg(e->kind, &alg) == -1 ||
	    vault_get(v, e->name, &sec) != CRYPTO_OK)
		return NULL;
	(void)sign_private(alg, sec, &k);
	secret_free(sec);
	return k;
}

static void
load_keys(struct vault_service *s)
{
	static const enum vault_kind kinds[DKIM_MAX] = { VAULT_RSA_KEY,
	    VAULT_ED25519_KEY };
	const struct vault_entry *e;
	struct active *a;
	size_t i;

	forget_keys(s);
	if (s->v == NULL)
		return;
	e = vault_find(s->v, "tls/key");
	if (e != NULL && vault_is_open(s->v, VAULT_BOOT))
		s->tls = load_key(s->v, e);
	for (i = 0; i < DKIM_MAX; i++) {
		e = vault_active(s->v, kinds[i]);
		a = &s->dkim[s->ndkim];
		if (e == NULL || !vault_is_open(s->v, VAULT_OWNER) ||
		    strlen(e->name + 5) >= sizeof a->selector)
			continue;
		a->key = load_key(s->v, e);
		if (a->key == NULL)
			continue;
		memcpy(a->selector, e->name + 5, strlen(e->name + 5) + 1);
		s->ndkim++;
	}
	devices_load(s);
}

static enum crypto_err
read_file(int fd, struct buf *b)
{
	ssize_t n;

	if (buf_reserve(b, VAULT_FILE_MAX + 1) == -1)
		return CRYPTO_NOMEM;
	while (b->len <= VAULT_FILE_MAX) {
		n = pread(fd, b->data + b->len, VAULT_FILE_MAX + 1 - b->len,
		    (off_t)b->len);
		if (n == -1)
			return CRYPTO_SYSTEM;
		if (n == 0)
			return CRYPTO_OK;
		b->len += (size_t)n;
	}
	return CRYPTO_NOTVAULT;
}

enum crypto_err
service_parse(int fd, struct vault **out)
{
	struct buf b;
	enum crypto_err e;

	*out = NULL;
	if (fd == -1)
		return CRYPTO_NOVAULT;
	buf_init(&b, VAULT_FILE_MAX + 1);
	e = read_file(fd, &b);
	if (e == CRYPTO_OK)
		e = vault_parse(b.data, b.len, out);
	buf_clear(&b);
	return e;
}

void
service_changed(struct vault_service *s)
{
	load_keys(s);
	vault_service_look(s);
	if (s->changed != NULL)
		s->changed(s->changed_arg);
}

void
service_install(struct vault_service *s, struct vault *v)
{
	vault_free(s->v);
	s->v = v;
	s->trouble = CRYPTO_OK;
	service_changed(s);
}

/* What the credential does not open, the machine key may. */
static enum crypto_err
open_at_start(struct vault *v, const struct secret *machine,
    const struct secret *credential)
{
	enum crypto_err e = CRYPTO_OK, m;

	if (credential != NULL) {
		e = vault_open_credential(v, credential);
		if (e == CRYPTO_OK)
			return e;
	}
	m = machine != NULL ? vault_open_machine(v, machine) :
	    CRYPTO_MACHINE;
	return m != CRYPTO_OK ? m : e;
}

struct vault_service *
vault_service_new(int file, const struct secret *machine,
    const struct secret *credential)
{
	struct vault_service *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	/* OpenSSL's private numbers, between guard pages as well */
	if (!CRYPTO_secure_malloc_initialized())
		s->heap_locked = CRYPTO_secure_malloc_init(SECURE_HEAP,
		    SECURE_LEAST) == 1;
	s->trouble = service_parse(file, &s->v);
	if (s->trouble == CRYPTO_OK)
		s->trouble = open_at_start(s->v, machine, credential);
	load_keys(s);
	return s;
}

void
vault_service_free(struct vault_service *s)
{
	if (s == NULL)
		return;
	forget_keys(s);
	vault_free(s->v);
	free(s);
}

void
vault_service_state(const struct vault_service *s, struct vault_state *st)
{
	memset(st, 0, sizeof *st);
	st->exists = s->v != NULL;
	st->trouble = s->trouble;
	st->guarded = s->heap_locked && secret_can_lock();
	if (s->v == NULL)
		return;
	st->boot = vault_is_open(s->v, VAULT_BOOT);
	st->owner = vault_is_open(s->v, VAULT_OWNER);
	st->entries = (uint32_t)vault_entries(s->v);
}

int
vault_service_spki(const struct vault_service *s, uint8_t out[SHA256_OCTETS])
{
	const struct vault_entry *e;

	e = s->v != NULL ? vault_find(s->v, "tls/key") : NULL;
	if (e == NULL)
		return -1;
	sha256_of(e->pub, e->pub_len, out);
	return 0;
}

/* ---- peers ---- */

struct client *
client_of(struct op_peer *p)
{
	struct client *c = op_peer_data(p);

	if (c == NULL) {
		c = calloc(1, sizeof *c);
		op_peer_set(p, c);
	}
	return c;
}

void
client_end_login(struct client *c)
{
	scram_free(c->scram);
	c->scram = NULL;
	c->step = 0;
}

void
client_end_scram(struct client *c)
{
	buf_clear(&c->bare);
	buf_clear(&c->first);
	c->scramming = false;
}

static void
peer_gone(void *service, struct op_peer *p, const char *why)
{
	struct client *c = op_peer_data(p);

	(void)service, (void)why;
	if (c == NULL)
		return;
	client_end_login(c);
	client_end_scram(c);
	free(c->login);
	free(c);
	op_peer_set(p, NULL);
}

void
vault_service_start(struct vault_service *s, struct op_server *srv,
    struct loop *l, void (*changed)(void *), void *arg)
{
	op_server_init(srv, l, vault_ops_sign, s);
	op_server_more(srv, vault_ops_login);
	op_server_more(srv, vault_ops_owner);
	op_server_more(srv, vault_ops_device);
	op_server_more(srv, vault_ops_srs);
	srv->gone = peer_gone;
	s->srv = srv;
	s->changed = changed;
	s->changed_arg = arg;
}

void
vault_service_house(struct vault_service *s, const struct vault_house *house)
{
	s->house = house;
}

enum crypto_err
vault_ask(int ch, uint16_t type, struct buf *args, int fd, size_t max,
    struct buf *out)
{
	struct op_reply r;
	const uint8_t *p;
	enum crypto_err e;
	size_t n;

	op_reply_init(&r);
	e = crypto_err_status(op_call(ch, type, args, fd, &r, VAULT_WAIT_MS));
	if (e == CRYPTO_OK && out != NULL) {
		p = chan_get_bytes(&r.in, max, &n);
		if (!chan_end(&r.in))
			e = CRYPTO_GONE;
		else if (buf_add(out, p, n) == -1)
			e = CRYPTO_NOMEM;
	}
	if (args != NULL) {
		buf_wipe(args);
		buf_clear(args);
	}
	op_reply_clear(&r);
	return e;
}
