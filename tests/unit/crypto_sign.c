#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "crypto/sign.h"
#include "mailnode/base/codec.h"

/* RFC 8463 appendix A.2: the Ed25519 pair of brisbane. */
static const char ed_seed[] = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
static const char ed_pub[] = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
/* Appendix A.2 too: its RSA record, a SubjectPublicKeyInfo of 1024 bits. */
static const char rsa_pub[] =
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3id"
    "Y6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/B"
    "C/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
    "Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

static void
decode(struct buf *b, const char *text)
{
	buf_init(b, 8192);
	assert_int_equal(codec_base64_get(b, text, strlen(text), true), 0);
}

static void
sha256_is_sha256(void **state)
{
	struct sha256 h, copy;
	uint8_t a[SHA256_OCTETS], b[SHA256_OCTETS];
	struct buf hex;

	(void)state;
	sha256_of("abc", 3, a);
	buf_init(&hex, 100);
	codec_hex_put(&hex, a, sizeof a);
	assert_string_equal(buf_str(&hex), "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	buf_clear(&hex);
	sha256_init(&h);
	sha256_add(&h, "a", 1);
	copy = h;
	sha256_add(&h, "bc", 2);
	sha256_end(&h, b);
	assert_memory_equal(a, b, sizeof a);
	sha256_add(&copy, "bc", 2);
	sha256_end(&copy, b);
	assert_memory_equal(a, b, sizeof a);
}

static void
ed25519_matches_rfc8463(void **state)
{
	struct buf seed, pub, mine;
	struct secret *s;
	struct sign_key *k;

	(void)state;
	decode(&seed, ed_seed);
	decode(&pub, ed_pub);
	s = secret_copy(seed.data, seed.len);
	assert_int_equal(sign_private(SIGN_ED25519, s, &k), CRYPTO_OK);
	buf_init(&mine, SIGN_PUB_MAX);
	assert_int_equal(sign_key_public(k, &mine), CRYPTO_OK);
	assert_int_equal(mine.len, pub.len);
	assert_memory_equal(mine.data, pub.data, pub.len);
	buf_clear(&mine);
	buf_clear(&seed);
	buf_clear(&pub);
	sign_key_free(k);
	secret_free(s);
}

static void
every_algorithm_verifies_its_own_and_no_other(void **state)
{
	static const enum sign_alg algs[] = { SIGN_RSA, SIGN_ED25519,
	    SIGN_P256 };
	uint8_t digest[SHA256_OCTETS];
	struct secret *s;
	struct sign_key *k, *v;
	struct buf pub, sig;
	size_t i, at;

	(void)state;
	sha256_of("letter", 6, digest);
	buf_init(&pub, SIGN_PUB_MAX);
	buf_init(&sig, SIGN_SIG_MAX);
	for (i = 0; i < 3; i++) {
		assert_int_equal(sign_generate(algs[i], &s), CRYPTO_OK);
		assert_int_equal(sign_private(algs[i], s, &k), CRYPTO_OK);
		assert_int_equal(sign_key_public(k, &pub), CRYPTO_OK);
		assert_int_equal(sign_digest(k, digest, &sig), CRYPTO_OK);
		assert_int_equal(sign_public(algs[i], pub.data, pub.len, &v),
		    CRYPTO_OK);
		assert_int_equal(sign_verify(v, digest, sig.data, sig.len),
		    CRYPTO_OK);
		for (at = 0; at < sig.len; at += sig.len / 4) {
			sig.data[at] ^= 1;
			assert_int_equal(sign_verify(v, digest, sig.data,
			    sig.len), CRYPTO_SIGNATURE);
			sig.data[at] ^= 1;
		}
		assert_int_equal(sign_verify(v, digest, sig.data,
		    sig.len - 1), CRYPTO_SIGNATURE);
		assert_int_equal(sign_verify(v, digest, sig.data, 0),
		    CRYPTO_SIGNATURE);
		digest[0] ^= 1;
		assert_int_equal(sign_verify(v, digest, sig.data, sig.len),
		    CRYPTO_SIGNATURE);
		digest[0] ^= 1;
		/* a public half cannot sign */
		assert_int_equal(sign_digest(v, digest, &sig), CRYPTO_KEY);
		sign_key_free(k);
		sign_key_free(v);
		secret_free(s);
		buf_reset(&pub);
		buf_reset(&sig);
	}
	buf_clear(&pub);
	buf_clear(&sig);
}

static void
a_new_rsa_key_has_2048_bits(void **state)
{
	struct secret *s;
	struct sign_key *k;

	(void)state;
	assert_int_equal(sign_generate(SIGN_RSA, &s), CRYPTO_OK);
	assert_int_equal(sign_private(SIGN_RSA, s, &k), CRYPTO_OK);
	assert_int_equal(sign_key_bits(k), SIGN_RSA_NEW_BITS);
	sign_key_free(k);
	/* what is not all of a key is none */
	s->len--;
	assert_int_equal(sign_private(SIGN_RSA, s, &k), CRYPTO_KEY);
	assert_null(k);
	secret_free(s);
}

static void
public_keys_are_bounded_and_complete(void **state)
{
	struct buf spki;
	struct sign_key *k;
	size_t i;

	(void)state;
	decode(&spki, rsa_pub);
	assert_int_equal(sign_public(SIGN_RSA, spki.data, spki.len, &k),
	    CRYPTO_OK);
	assert_int_equal(sign_key_bits(k), 1024);
	sign_key_free(k);
	/* RFC 6376 names the bare RSAPublicKey: 22 octets further in */
	assert_int_equal(sign_public(SIGN_RSA, spki.data + 22, spki.len - 22,
	    &k), CRYPTO_OK);
	sign_key_free(k);
	for (i = 0; i < spki.len; i++)
		assert_int_equal(sign_public(SIGN_RSA, spki.data, i, &k),
		    CRYPTO_KEY);
	buf_addc(&spki, 0);	/* something behind it */
	assert_int_equal(sign_public(SIGN_RSA, spki.data, spki.len, &k),
	    CRYPTO_KEY);
	assert_int_equal(sign_public(SIGN_ED25519, spki.data, 31, &k),
	    CRYPTO_KEYSIZE);
	assert_int_equal(sign_public(SIGN_ED25519, spki.data, 33, &k),
	    CRYPTO_KEYSIZE);
	assert_int_equal(sign_public(SIGN_RSA, spki.data, SIGN_PUB_MAX + 1,
	    &k), CRYPTO_KEYSIZE);
	buf_clear(&spki);
}

/* A DER RSAPublicKey with a modulus of that many bits, exponent 65537. */
static void
bare_rsa(struct buf *b, unsigned int bits)
{
	size_t n = (bits + 7) / 8, len = n + 1 + 4 + 5;

	buf_addc(b, 0x30), buf_addc(b, 0x82);
	buf_addc(b, (int)(len >> 8)), buf_addc(b, (int)(len & 255));
	buf_addc(b, 0x02), buf_addc(b, 0x82);
	buf_addc(b, (int)((n + 1) >> 8)), buf_addc(b, (int)((n + 1) & 255));
	buf_addc(b, 0);
	buf_addc(b, 1 << (bits - 1) % 8);
	while (--n > 1)
		buf_addc(b, 0x55);
	buf_addc(b, 0x55);
	buf_add(b, "\x02\x03\x01\x00\x01", 5);
}

static void
rsa_sizes_at_the_limits(void **state)
{
	static const struct { unsigned int bits; enum crypto_err e; } t[] = {
		{ 512, CRYPTO_KEYSIZE }, { 1023, CRYPTO_KEYSIZE },
		{ 1024, CRYPTO_OK }, { 8192, CRYPTO_OK },
		{ 8193, CRYPTO_KEYSIZE }, { 16000, CRYPTO_KEYSIZE }
	};
	struct sign_key *k;
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 8192);
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		buf_reset(&b);
		bare_rsa(&b, t[i].bits);
		assert_int_equal(sign_public(SIGN_RSA, b.data, b.len, &k),
		    t[i].e);
		sign_key_free(k);
	}
	buf_clear(&b);
}

static void
tls_gets_only_what_tls_asks_for(void **state)
{
	struct secret *s, *e;
	struct sign_key *rsa, *ec;
	uint8_t in[300] = { 0 };
	struct buf sig;

	(void)state;
	buf_init(&sig, SIGN_SIG_MAX);
	assert_int_equal(sign_generate(SIGN_RSA, &s), CRYPTO_OK);
	assert_int_equal(sign_private(SIGN_RSA, s, &rsa), CRYPTO_OK);
	assert_int_equal(sign_generate(SIGN_P256, &e), CRYPTO_OK);
	assert_int_equal(sign_private(SIGN_P256, e, &ec), CRYPTO_OK);
	assert_int_equal(sign_tls(ec, TLS_SIGN_ECDSA, in, 32, &sig),
	    CRYPTO_OK);
	assert_int_equal(sign_tls(ec, TLS_SIGN_ECDSA, in, 64, &sig),
	    CRYPTO_OK);
	assert_int_equal(sign_tls(ec, TLS_SIGN_ECDSA, in, 31, &sig),
	    CRYPTO_KEY);
	assert_int_equal(sign_tls(ec, TLS_SIGN_ECDSA, in, 65, &sig),
	    CRYPTO_KEY);
	assert_int_equal(sign_tls(ec, TLS_SIGN_RSA_RAW, in, 256, &sig),
	    CRYPTO_KEY);
	assert_int_equal(sign_tls(rsa, TLS_SIGN_ECDSA, in, 32, &sig),
	    CRYPTO_KEY);
	assert_int_equal(sign_tls(rsa, TLS_SIGN_RSA_PKCS1, in, 83, &sig),
	    CRYPTO_OK);
	assert_int_equal(sign_tls(rsa, TLS_SIGN_RSA_PKCS1, in, 84, &sig),
	    CRYPTO_KEY);
	assert_int_equal(sign_tls(rsa, TLS_SIGN_RSA_PKCS1, in, 0, &sig),
	    CRYPTO_KEY);
	assert_int_equal(sign_tls(rsa, TLS_SIGN_RSA_RAW, in, 256, &sig),
	    CRYPTO_OK);
	assert_int_equal(sign_tls(rsa, TLS_SIGN_RSA_RAW, in, 255, &sig),
	    CRYPTO_KEY);
	assert_int_equal(sign_tls(rsa, (enum tls_sign)9, in, 32, &sig),
	    CRYPTO_KEY);
	buf_clear(&sig);
	sign_key_free(rsa);
	sign_key_free(ec);
	secret_free(s);
	secret_free(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_is_sha256),
		cmocka_unit_test(ed25519_matches_rfc8463),
		cmocka_unit_test(
		    every_algorithm_verifies_its_own_and_no_other),
		cmocka_unit_test(a_new_rsa_key_has_2048_bits),
		cmocka_unit_test(public_keys_are_bounded_and_complete),
		cmocka_unit_test(rsa_sizes_at_the_limits),
		cmocka_unit_test(tls_gets_only_what_tls_asks_for),
	};

	if (crypto_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
