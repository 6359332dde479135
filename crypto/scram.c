#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/scram.h"
#include "crypto/sign.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/num.h"

enum { NONCE_OCTETS = 18, KEY = SHA256_OCTETS };

enum state { ST_NEW, ST_FIRST, ST_FINAL, ST_DONE, ST_FAILED };

struct scram {
	enum state	 state;
	enum scram_flag	 flag;
	struct buf	 nonce;		/* ours */
	struct buf	 bare;		/* client-first-message-bare */
	struct buf	 cbind;		/* GS2 header and binding */
	struct secret	*server_sig;	/* what server-final must prove */
};

static const char *const gs2[] = { [SCRAM_N] = "n,,", [SCRAM_Y] = "y,,",
    [SCRAM_P] = "p=tls-exporter,," };

void
scram_hmac(const uint8_t key[SCRAM_KEY], const void *p, size_t n,
    uint8_t out[SCRAM_KEY])
{
	crypto_auth_hmacsha256_state h;

	crypto_auth_hmacsha256_init(&h, key, SCRAM_KEY);
	crypto_auth_hmacsha256_update(&h, p, n);
	crypto_auth_hmacsha256_final(&h, out);
	mem_wipe(&h, sizeof h);
}

void
scram_free(struct scram *s)
{
	if (s == NULL)
		return;
	buf_clear(&s->nonce);
	buf_clear(&s->bare);
	buf_clear(&s->cbind);
	secret_free(s->server_sig);
	free(s);
}

/* RFC 5802 section 5.1: "=" and "," are spelled in a user name. */
static void
put_user(struct buf *b, const char *user)
{
	for (; *user != '\0'; user++) {
		if (*user == '=')
			buf_adds(b, "=3D");
		else if (*user == ',')
			buf_adds(b, "=2C");
		else
			buf_addc(b, *user);
	}
}

struct scram *
scram_new(const char *user, enum scram_flag flag, const void *binding,
    size_t n, const char *nonce)
{
	struct scram *s = calloc(1, sizeof *s);
	uint8_t raw[NONCE_OCTETS];

	if (s == NULL)
		return NULL;
	s->flag = flag;
	buf_init(&s->nonce, SCRAM_MESSAGE_MAX);
	buf_init(&s->bare, SCRAM_MESSAGE_MAX);
	buf_init(&s->cbind, SCRAM_MESSAGE_MAX);
	random_bytes(raw, sizeof raw);
	if (nonce != NULL)
		buf_adds(&s->nonce, nonce);
	else
		codec_base64_put(&s->nonce, raw, sizeof raw);
	buf_adds(&s->cbind, gs2[flag]);
	if (flag == SCRAM_P)
		buf_add(&s->cbind, binding, n);
	buf_adds(&s->bare, "n=");
	put_user(&s->bare, user);
	buf_adds(&s->bare, ",r=");
	buf_add(&s->bare, s->nonce.data, s->nonce.len);
	if (s->nonce.err || s->bare.err || s->cbind.err) {
		scram_free(s);
		return NULL;
	}
	return s;
}

enum crypto_err
scram_first(struct scram *s, struct buf *out)
{
	if (s->state != ST_NEW)
		return CRYPTO_STATE;
	s->state = ST_FIRST;
	buf_adds(out, gs2[s->flag]);
	return buf_add(out, s->bare.data, s->bare.len) == -1 ? CRYPTO_NOMEM :
	    CRYPTO_OK;
}

/* ---- what the server says ---- */

struct attr {
	const char	*p;
	size_t		 n;
};

/* "x=value" at *at up to "," or the end; advances past the comma. */
static bool
take(const char **at, const char *end, char name, struct attr *a)
{
	const char *p = *at, *comma;

	if (end - p < 2 || p[0] != name || p[1] != '=')
		return false;
	p += 2;
	comma = memchr(p, ',', (size_t)(end - p));
	a->p = p;
	a->n = (size_t)((comma != NULL ? comma : end) - p);
	*at = comma != NULL ? comma + 1 : end;
	return true;
}

struct server_first {
	struct attr	nonce;
	struct buf	salt;
	uint32_t	iterations;
};

/* Extensions after the three are allowed and ignored; "m=" before them is
 * mandatory to understand, hence refused (RFC 5802 section 5.1). */
static bool
parse_first(const struct scram *s, const char *p, size_t n,
    struct server_first *f)
{
	const char *end = p + n;
	struct attr salt, i;

	return take(&p, end, 'r', &f->nonce) && take(&p, end, 's', &salt) &&
	    take(&p, end, 'i', &i) && f->nonce.n > s->nonce.len &&
	    memcmp(f->nonce.p, s->nonce.data, s->nonce.len) == 0 &&
	    codec_base64_get(&f->salt, salt.p, salt.n, false) == 0 &&
	    f->salt.len > 0 && num_u32(i.p, i.p + i.n, SCRAM_ITERATIONS_MIN,
	    SCRAM_ITERATIONS_MAX, &f->iterations) == 0;
}

/* All that is as good as the password, in one piece of guarded memory. */
struct keys {
	uint8_t	salted[KEY], client[KEY], stored[KEY], sig[KEY], server[KEY];
};

static enum crypto_err
prove(struct scram *s, const struct secret *password,
    const struct server_first *f, const struct buf *auth, struct buf *proof)
{
	struct secret *mem = secret_new(sizeof(struct keys));
	struct keys *k;
	enum crypto_err e = CRYPTO_NOMEM;
	size_t i;

	s->server_sig = secret_new(KEY);
	if (mem == NULL || s->server_sig == NULL)
		goto out;
	k = (struct keys *)(void *)mem->data;
	e = CRYPTO_INTERNAL;
	if (PKCS5_PBKDF2_HMAC((const char *)password->data,
	    (int)password->len, f->salt.data, (int)f->salt.len,
	    (int)f->iterations, EVP_sha256(), KEY, k->salted) != 1)
		goto out;
	scram_hmac(k->salted, "Client Key", 10, k->client);
	sha256_of(k->client, KEY, k->stored);
	scram_hmac(k->stored, auth->data, auth->len, k->sig);
	for (i = 0; i < KEY; i++)
		k->client[i] ^= k->sig[i];
	scram_hmac(k->salted, "Server Key", 10, k->server);
	scram_hmac(k->server, auth->data, auth->len, s->server_sig->data);
	s->server_sig->len = KEY;
	e = codec_base64_put(proof, k->client, KEY) == 0 ? CRYPTO_OK :
	    CRYPTO_NOMEM;
out:
	secret_free(mem);
	return e;
}

static enum crypto_err
answer(struct scram *s, const struct secret *password,
    const struct server_first *f, const struct attr *said, struct buf *out)
{
	struct buf auth, final, proof;
	enum crypto_err e;

	buf_init(&auth, 3 * SCRAM_MESSAGE_MAX);
	buf_init(&final, SCRAM_MESSAGE_MAX);
	buf_init(&proof, SCRAM_MESSAGE_MAX);
	buf_adds(&final, "c=");
	codec_base64_put(&final, s->cbind.data, s->cbind.len);
	buf_adds(&final, ",r=");
	buf_add(&final, f->nonce.p, f->nonce.n);
	buf_add(&auth, s->bare.data, s->bare.len);
	buf_addc(&auth, ',');
	buf_add(&auth, said->p, said->n);
	buf_addc(&auth, ',');
	buf_add(&auth, final.data, final.len);
	e = auth.err || final.err ? CRYPTO_NOMEM :
	    prove(s, password, f, &auth, &proof);
	if (e == CRYPTO_OK) {
		buf_add(out, final.data, final.len);
		buf_adds(out, ",p=");
		if (buf_add(out, proof.data, proof.len) == -1)
			e = CRYPTO_NOMEM;
	}
	buf_clear(&auth);
	buf_clear(&final);
	buf_clear(&proof);
	return e;
}

enum crypto_err
scram_final(struct scram *s, const struct secret *password,
    const void *server_first, size_t n, struct buf *out)
{
	struct attr said = { server_first, n };
	struct server_first f;
	enum crypto_err e = CRYPTO_PEER;

	if (s->state != ST_FIRST)
		return CRYPTO_STATE;
	s->state = ST_FAILED;
	memset(&f, 0, sizeof f);
	buf_init(&f.salt, SCRAM_MESSAGE_MAX);
	if (n <= SCRAM_MESSAGE_MAX && parse_first(s, said.p, n, &f))
		e = answer(s, password, &f, &said, out);
	if (e == CRYPTO_OK)
		s->state = ST_FINAL;
	buf_clear(&f.salt);
	return e;
}

enum crypto_err
scram_verify(struct scram *s, const void *server_final, size_t n)
{
	const char *p = server_final, *end = p + n;
	struct attr v;
	struct buf sig;
	enum crypto_err e = CRYPTO_PEER;

	if (s->state != ST_FINAL)
		return CRYPTO_STATE;
	s->state = ST_FAILED;
	buf_init(&sig, SCRAM_MESSAGE_MAX);
	if (n <= SCRAM_MESSAGE_MAX && take(&p, end, 'v', &v) &&
	    codec_base64_get(&sig, v.p, v.n, false) == 0 &&
	    mem_equal(sig.data, sig.len, s->server_sig->data, KEY)) {
		s->state = ST_DONE;
		e = CRYPTO_OK;
	}
	buf_clear(&sig);
	return e;
}
