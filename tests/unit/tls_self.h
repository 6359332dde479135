/* A server's key and the certificate it has made for itself. */
#ifndef UNIT_TLS_SELF_H
#define UNIT_TLS_SELF_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/cert.h"
#include "crypto/tls.h"

struct tls_self {
	struct sign_key		*key;
	struct tls_server	*server;
};

static inline enum crypto_err
tls_self_sign(void *arg, enum tls_sign how, const uint8_t *in, size_t n,
    struct buf *sig)
{
	return sign_tls(((struct tls_self *)arg)->key, how, in, n, sig);
}

static inline void
tls_self_init(struct tls_self *s)
{
	static const char *const names[] = { "mail.example.org" };
	struct cert_subject subject = { NULL, 0, names, 1 };
	struct secret *sec;
	struct buf spki, pem;

	buf_init(&spki, SIGN_PUB_MAX);
	buf_init(&pem, TLS_PEM_MAX);
	assert_int_equal(sign_generate(SIGN_P256, &sec), CRYPTO_OK);
	assert_int_equal(sign_private(SIGN_P256, sec, &s->key), CRYPTO_OK);
	secret_free(sec);
	assert_int_equal(sign_key_public(s->key, &spki), CRYPTO_OK);
	subject.spki = spki.data;
	subject.spki_len = spki.len;
	assert_int_equal(cert_self_signed(&subject, 30, tls_self_sign, s,
	    &pem), CRYPTO_OK);
	assert_int_equal(tls_server_new(pem.data, pem.len, &s->server),
	    CRYPTO_OK);
	buf_clear(&spki);
	buf_clear(&pem);
}

static inline void
tls_self_clear(struct tls_self *s)
{
	tls_server_free(s->server);
	sign_key_free(s->key);
}

#endif
