#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

#include "crypto/remote_key.h"

/*
 * OpenSSL 3 takes a key with a foreign method along its legacy path: no
 * engine, no provider; see RSA_meth_new(3), EC_KEY_METHOD_new(3).
 */
static EC_KEY_METHOD *ec_method;
static RSA_METHOD *rsa_method;
static int ec_slot, rsa_slot;

static int
ask(const struct remote_key *r, enum tls_sign how, const uint8_t *in, size_t n,
    uint8_t *out, size_t max, size_t *len)
{
	struct buf sig;
	int ok = 0;

	buf_init(&sig, max);
	if (r != NULL && r->fn != NULL &&
	    r->fn(r->arg, how, in, n, &sig) == CRYPTO_OK && sig.len > 0) {
		memcpy(out, sig.data, sig.len);
		*len = sig.len;
		ok = 1;
	}
	buf_clear(&sig);
	return ok;
}

static int
ec_ask(int type, const unsigned char *digest, int n, unsigned char *sig,
    unsigned int *len, const BIGNUM *kinv, const BIGNUM *rp, EC_KEY *ec)
{
	size_t got = 0;

	(void)type, (void)kinv, (void)rp;
	if (n <= 0 || !ask(EC_KEY_get_ex_data(ec, ec_slot), TLS_SIGN_ECDSA,
	    digest, (size_t)n, sig, (size_t)ECDSA_size(ec), &got))
		return 0;
	*len = (unsigned int)got;
	return 1;
}

static int
rsa_ask(int n, const unsigned char *in, unsigned char *out, RSA *rsa,
    int padding)
{
	size_t got = 0, size = (size_t)RSA_size(rsa);
	enum tls_sign how;

	if (padding == RSA_PKCS1_PADDING)
		how = TLS_SIGN_RSA_PKCS1;
	else if (padding == RSA_NO_PADDING)
		how = TLS_SIGN_RSA_RAW;
	else
		return -1;
	if (n <= 0 || !ask(RSA_get_ex_data(rsa, rsa_slot), how, in,
	    (size_t)n, out, size, &got) || got != size)
		return -1;
	return (int)got;
}

static int
rsa_never(int n, const unsigned char *in, unsigned char *out, RSA *rsa,
    int padding)
{
	(void)n, (void)in, (void)out, (void)rsa, (void)padding;
	return -1;
}

int
remote_key_init(void)
{
	ec_method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	rsa_method = RSA_meth_dup(RSA_PKCS1_OpenSSL());
	ec_slot = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	rsa_slot = RSA_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (ec_method == NULL || rsa_method == NULL || ec_slot < 0 ||
	    rsa_slot < 0)
		return -1;
	EC_KEY_METHOD_set_sign(ec_method, ec_ask, NULL, NULL);
	RSA_meth_set_priv_enc(rsa_method, rsa_ask);
	RSA_meth_set_priv_dec(rsa_method, rsa_never);
	return 0;
}

EVP_PKEY *
remote_key_new(const EVP_PKEY *pub, struct remote_key *r)
{
	EVP_PKEY *key = EVP_PKEY_new();
	EC_KEY *ec = NULL;
	RSA *rsa = NULL;
	int ok = 0;

	if (pub == NULL || key == NULL)
		goto out;
	if (EVP_PKEY_get_base_id(pub) == EVP_PKEY_EC) {
		ec = EC_KEY_dup(EVP_PKEY_get0_EC_KEY(pub));
		ok = ec != NULL && EC_KEY_set_method(ec, ec_method) == 1 &&
		    EC_KEY_set_ex_data(ec, ec_slot, r) == 1 &&
		    EVP_PKEY_set1_EC_KEY(key, ec) == 1;
	} else if (EVP_PKEY_get_base_id(pub) == EVP_PKEY_RSA) {
		rsa = RSAPublicKey_dup(EVP_PKEY_get0_RSA(pub));
		ok = rsa != NULL && RSA_set_method(rsa, rsa_method) == 1 &&
		    RSA_set_ex_data(rsa, rsa_slot, r) == 1 &&
		    EVP_PKEY_set1_RSA(key, rsa) == 1;
	}
out:
	EC_KEY_free(ec);
	RSA_free(rsa);
	if (ok == 1)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}
