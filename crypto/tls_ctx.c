#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/tls_ctx.h"
#include "mailnode/base/codec.h"

/* Without static RSA: the key in the vault never decrypts.  No anonymous
 * suites, nothing without forward secrecy. */
static const char ciphers[] =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:"
    "ECDHE+AES:DHE+AES:!aNULL:!eNULL:!PSK:!SRP";

enum { CHAIN_MAX = 10 };	/* certificates */

/* The machine's openssl.cnf has no say: what a node offers its peers does
 * not depend on a file that others edit. */
int
tls_init(void)
{
	static int state;	/* 0 not yet, 1 done, -1 failed */

	if (state == 0)
		state = OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
		    OPENSSL_INIT_LOAD_SSL_STRINGS, NULL) == 1 &&
		    remote_key_init() == 0 ? 1 : -1;
	return state == 1 ? 0 : -1;
}

static SSL_CTX *
ctx_new(const SSL_METHOD *method)
{
	SSL_CTX *c;

	if (tls_init() == -1 || (c = SSL_CTX_new(method)) == NULL)
		return NULL;
	SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_num_tickets(c, 0) != 1 ||
	    SSL_CTX_set_cipher_list(c, ciphers) != 1 ||
	    SSL_CTX_set_dh_auto(c, 1) != 1) {
		SSL_CTX_free(c);
		return NULL;
	}
	return c;
}

static int
no_passphrase(char *buf, int size, int rw, void *arg)
{
	(void)buf, (void)size, (void)rw, (void)arg;
	return -1;
}

/* Leaf first, then at most CHAIN_MAX others; anything after is an error. */
static enum crypto_err
load_chain(struct tls_server *s, BIO *bio)
{
	X509 *x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
	EVP_PKEY *key = NULL;
	enum crypto_err e = CRYPTO_CERT;
	int n = 0;

	if (x == NULL || SSL_CTX_use_certificate(s->ctx, x) != 1)
		goto out;
	key = remote_key_new(X509_get0_pubkey(x), &s->key);
	if (key == NULL || SSL_CTX_use_PrivateKey(s->ctx, key) != 1)
		goto out;
	X509_free(x);
	while ((x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		if (++n > CHAIN_MAX ||
		    SSL_CTX_add0_chain_cert(s->ctx, x) != 1)
			goto out;
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
		e = CRYPTO_OK;
out:
	X509_free(x);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return e;
}

enum crypto_err
tls_server_new(const void *pem, size_t n, struct tls_server **out)
{
	struct tls_server *s;
	BIO *bio = NULL;
	enum crypto_err e = CRYPTO_NOMEM;

	*out = NULL;
	if (n == 0 || n > TLS_PEM_MAX)
		return CRYPTO_CERT;
	s = calloc(1, sizeof *s);
	if (s == NULL)
		return CRYPTO_NOMEM;
	s->ctx = ctx_new(TLS_server_method());
	bio = BIO_new_mem_buf(pem, (int)n);
	if (s->ctx != NULL && bio != NULL)
		e = load_chain(s, bio);
	BIO_free(bio);
	if (e != CRYPTO_OK)
		tls_server_free(s);
	else
		*out = s;
	return e;
}

void
tls_server_free(struct tls_server *s)
{
	if (s == NULL)
		return;
	SSL_CTX_free(s->ctx);
	free(s);
}

int
tls_trust_parse(const char *text, struct tls_trust *t)
{
	static const char pin[] = "sha256:";
	struct buf b;
	int rc = -1;

	memset(t, 0, sizeof *t);
	t->how = TLS_VERIFY_SYSTEM;
	if (text == NULL)
		return 0;
	if (text[0] == '/') {
		t->how = TLS_VERIFY_FILE;
		t->file = text;
		return 0;
	}
	if (strncmp(text, pin, sizeof pin - 1) != 0)
		return -1;
	text += sizeof pin - 1;
	buf_init(&b, SHA256_OCTETS);
	if (codec_hex_get(&b, text, strlen(text)) == 0 &&
	    b.len == SHA256_OCTETS) {
		t->how = TLS_VERIFY_PIN;
		memcpy(t->pin, b.data, SHA256_OCTETS);
		rc = 0;
	}
	buf_clear(&b);
	return rc;
}

int
tls_spki(const X509 *x, uint8_t out[SHA256_OCTETS])
{
	uint8_t *der = NULL;
	int n;

	n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	if (n <= 0)
		return -1;
	sha256_of(der, (size_t)n, out);
	OPENSSL_free(der);
	return 0;
}

/* Replaces the library's check: the key is the identity, dates and names
 * are not looked at.  arg is the client. */
static int
check_pin(X509_STORE_CTX *store, void *arg)
{
	const struct tls_client *c = arg;
	uint8_t spki[SHA256_OCTETS];
	X509 *leaf = X509_STORE_CTX_get0_cert(store);

	if (leaf != NULL && tls_spki(leaf, spki) == 0 &&
	    mem_equal(spki, sizeof spki, c->trust.pin, sizeof c->trust.pin))
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
	return 0;
}

/* Read as a whole and now: the library's own defaults look certificates up
 * by hash in a directory, during the handshake, behind a sandbox. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",		/* Debian, Arch */
	"/etc/pki/tls/certs/ca-bundle.crt",		/* Fedora */
	"/etc/ssl/ca-bundle.pem",			/* openSUSE */
	"/etc/ssl/cert.pem"				/* Alpine */
};

static int
load_trust(struct tls_client *c, const struct tls_trust *trust)
{
	size_t i;
	int ok = 0;

	switch (trust->how) {
	case TLS_VERIFY_NONE:
		SSL_CTX_set_verify(c->ctx, SSL_VERIFY_NONE, NULL);
		return 0;
	case TLS_VERIFY_PIN:
		SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_cert_verify_callback(c->ctx, check_pin, c);
		return 0;
	case TLS_VERIFY_FILE:
		ok = SSL_CTX_load_verify_file(c->ctx, trust->file);
		break;
	case TLS_VERIFY_SYSTEM:
		for (i = 0; ok != 1 && i < sizeof bundles / sizeof *bundles;
		    i++)
			ok = SSL_CTX_load_verify_file(c->ctx, bundles[i]);
		break;
	}
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	return ok == 1 ? 0 : -1;
}

enum crypto_err
tls_client_new(const struct tls_trust *trust, struct tls_client **out)
{
	struct tls_client *c;
	enum crypto_err e = CRYPTO_NOMEM;

	*out = NULL;
	c = calloc(1, sizeof *c);
	if (c == NULL)
		return CRYPTO_NOMEM;
	c->trust = *trust;
	c->trust.file = NULL;
	c->ctx = ctx_new(TLS_client_method());
	if (c->ctx != NULL)
		e = load_trust(c, trust) == 0 ? CRYPTO_OK : CRYPTO_CERT;
	ERR_clear_error();
	if (e != CRYPTO_OK)
		tls_client_free(c);
	else
		*out = c;
	return e;
}

void
tls_client_free(struct tls_client *c)
{
	if (c == NULL)
		return;
	SSL_CTX_free(c->ctx);
	free(c);
}
