#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "crypto/scram.h"

/* RFC 7677 section 3. */
static const char nonce[] = "rOprNGfwEbeRWgbNEkqO";
static const char server_first[] = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfux"
    "FIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
static const char server_final[] =
    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

static struct secret *
password(void)
{
	return secret_copy("pencil", 6);
}

static void
rfc7677_example(void **state)
{
	struct scram *s = scram_new("user", SCRAM_N, NULL, 0, nonce);
	struct secret *pw = password();
	struct buf b;

	(void)state;
	buf_init(&b, SCRAM_MESSAGE_MAX);
	assert_int_equal(scram_first(s, &b), CRYPTO_OK);
	assert_string_equal(buf_str(&b), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
	buf_reset(&b);
	assert_int_equal(scram_final(s, pw, server_first,
	    strlen(server_first), &b), CRYPTO_OK);
	assert_string_equal(buf_str(&b), "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYD"
	    "pWUa2RaTCAfuxFIlj)hNlF$k0,"
	    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
	assert_int_equal(scram_verify(s, server_final, strlen(server_final)),
	    CRYPTO_OK);
	assert_int_equal(scram_verify(s, server_final, strlen(server_final)),
	    CRYPTO_STATE);
	buf_clear(&b);
	secret_free(pw);
	scram_free(s);
}

static void
names_are_escaped_and_bindings_carried(void **state)
{
	struct scram *s = scram_new("a=b,c", SCRAM_P, "bind", 4, nonce);
	struct secret *pw = password();
	struct buf b;

	(void)state;
	buf_init(&b, SCRAM_MESSAGE_MAX);
	assert_int_equal(scram_first(s, &b), CRYPTO_OK);
	assert_string_equal(buf_str(&b),
	    "p=tls-exporter,,n=a=3Db=2Cc,r=rOprNGfwEbeRWgbNEkqO");
	buf_reset(&b);
	assert_int_equal(scram_final(s, pw, server_first,
	    strlen(server_first), &b), CRYPTO_OK);
	/* base64("p=tls-exporter,,bind") */
	assert_memory_equal(b.data, "c=cD10bHMtZXhwb3J0ZXIsLGJpbmQ=,r=", 33);
	buf_clear(&b);
	secret_free(pw);
	scram_free(s);
}

static void
every_false_server_is_refused(void **state)
{
#define R	"r=rOprNGfwEbeRWgbNEkqO"
#define S	",s=W22ZaJ0SNY7soEsUEjb6gQ=="
	static const char *const firsts[] = {
		"", "x", "r=", R "x", R "x" S, R "x" S ",i=",
		R S ",i=4096",			/* adds nothing to ours */
		"r=other" S ",i=4096",		/* not ours at all */
		R "x,s=,i=4096", R "x,s=***,i=4096",
		R "x" S ",i=4095", R "x" S ",i=200001",
		R "x" S ",i=4294967297", R "x" S ",i=-1",
		"m=ext," R "x" S ",i=4096",	/* must be understood */
		"e=other-error",
	};
	static const char *const finals[] = { "", "v=", "v=AAAA",
	    "e=invalid-proof", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95"
	    "G5=", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4" };
	struct secret *pw = password();
	struct scram *s;
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, SCRAM_MESSAGE_MAX);
	for (i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
		s = scram_new("user", SCRAM_N, NULL, 0, nonce);
		buf_reset(&b);
		assert_int_equal(scram_first(s, &b), CRYPTO_OK);
		buf_reset(&b);
		assert_int_equal(scram_final(s, pw, firsts[i],
		    strlen(firsts[i]), &b), CRYPTO_PEER);
		assert_int_equal(b.len, 0);
		assert_int_equal(scram_final(s, pw, server_first,
		    strlen(server_first), &b), CRYPTO_STATE);
		scram_free(s);
	}
	for (i = 0; i < sizeof finals / sizeof finals[0]; i++) {
		s = scram_new("user", SCRAM_N, NULL, 0, nonce);
		buf_reset(&b);
		assert_int_equal(scram_verify(s, "v=", 2), CRYPTO_STATE);
		assert_int_equal(scram_first(s, &b), CRYPTO_OK);
		assert_int_equal(scram_final(s, pw, server_first,
		    strlen(server_first), &b), CRYPTO_OK);
		assert_int_equal(scram_verify(s, finals[i],
		    strlen(finals[i])), CRYPTO_PEER);
		scram_free(s);
	}
	buf_clear(&b);
	secret_free(pw);
}

static void
fresh_nonces_differ(void **state)
{
	struct scram *a = scram_new("u", SCRAM_Y, NULL, 0, NULL);
	struct scram *c = scram_new("u", SCRAM_Y, NULL, 0, NULL);
	struct buf x, y;

	(void)state;
	buf_init(&x, SCRAM_MESSAGE_MAX);
	buf_init(&y, SCRAM_MESSAGE_MAX);
	assert_int_equal(scram_first(a, &x), CRYPTO_OK);
	assert_int_equal(scram_first(c, &y), CRYPTO_OK);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.data, "y,,n=u,r=", 9);
	assert_memory_not_equal(x.data, y.data, x.len);
	buf_clear(&x);
	buf_clear(&y);
	scram_free(a);
	scram_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7677_example),
		cmocka_unit_test(names_are_escaped_and_bindings_carried),
		cmocka_unit_test(every_false_server_is_refused),
		cmocka_unit_test(fresh_nonces_differ),
	};

	if (crypto_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
