#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "crypto/derived.h"
#include "crypto/device.h"
#include "crypto/vault.h"
#include "mailnode/base/codec.h"

static void
take64(const char *text, void *dst, size_t n)
{
	struct buf b;

	buf_init(&b, 256);
	assert_int_equal(codec_base64_get(&b, text, strlen(text), false), 0);
	assert_int_equal(b.len, n);
	memcpy(dst, b.data, n);
	buf_clear(&b);
}

/* RFC 7677 section 3, from the server's side. */
static void
rfc7677_example(void **state)
{
	struct secret *pw = secret_copy("pencil", 6), *v;
	uint8_t salt[DEVICE_SALT], proof[DEVICE_KEY], want[DEVICE_KEY],
	    got[DEVICE_KEY];
	struct buf auth;

	(void)state;
	take64("W22ZaJ0SNY7soEsUEjb6gQ==", salt, sizeof salt);
	take64("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", proof,
	    sizeof proof);
	take64("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", want,
	    sizeof want);
	assert_int_equal(device_verifier(pw, salt, &v), CRYPTO_OK);
	buf_init(&auth, 1024);
	buf_adds(&auth, "n=user,r=rOprNGfwEbeRWgbNEkqO,"
	    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
	    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
	assert_true(device_proves(v->data, &auth, proof));
	device_server_sign(v->data + DEVICE_KEY, &auth, got);
	assert_memory_equal(got, want, sizeof want);
	/* another message, another proof, another device */
	buf_adds(&auth, "x");
	assert_false(device_proves(v->data, &auth, proof));
	auth.len--;
	proof[31] ^= 1;
	assert_false(device_proves(v->data, &auth, proof));
	proof[31] ^= 1;
	v->data[0] ^= 1;
	assert_false(device_proves(v->data, &auth, proof));
	buf_clear(&auth);
	secret_free(v);
	secret_free(pw);
}

static void
read_as(const char *typed, size_t n, const struct secret *want)
{
	struct secret *got;

	assert_int_equal(device_secret_read(typed, n, &got), CRYPTO_OK);
	assert_int_equal(got->len, want->len);
	assert_memory_equal(got->data, want->data, got->len);
	secret_free(got);
}

static void
secrets_are_read_as_people_type_them(void **state)
{
	struct secret *s, *other, *got;
	char typed[2 * DEVICE_TEXT];
	size_t i, n = 0;

	(void)state;
	assert_int_equal(device_secret_new(&s), CRYPTO_OK);
	assert_int_equal(device_secret_new(&other), CRYPTO_OK);
	assert_int_equal(s->len, DEVICE_TEXT);
	assert_memory_not_equal(s->data, other->data, DEVICE_TEXT);
	read_as((const char *)s->data, s->len, s);
	for (i = 0; i < s->len; i++)
		if (s->data[i] != '-')
			typed[n++] = (char)toupper(s->data[i]);
	read_as(typed, n, s);
	typed[n++] = ' ';
	read_as(typed, n, s);
	/* one too many, one too few, and every single mistake */
	typed[n] = 'a';
	assert_int_equal(device_secret_read(typed, n + 1, &got),
	    CRYPTO_WORDS);
	assert_null(got);
	assert_int_equal(device_secret_read(typed, n - 2, &got),
	    CRYPTO_WORDS);
	assert_int_equal(device_secret_read("", 0, &got), CRYPTO_WORDS);
	assert_int_equal(device_secret_read("123456", 6, &got),
	    CRYPTO_WORDS);
	typed[3] = '\0';
	assert_int_equal(device_secret_read(typed, n, &got), CRYPTO_WORDS);
	secret_free(s);
	secret_free(other);
}

static void
mistakes_are_found_without_a_derivation(void **state)
{
	struct secret *s, *got;
	unsigned int found = 0, i;
	uint8_t was;

	(void)state;
	assert_int_equal(device_secret_new(&s), CRYPTO_OK);
	for (i = 0; i < s->len; i++) {
		if (s->data[i] == '-')
			continue;
		was = s->data[i];
		s->data[i] = was == 'a' ? 'b' : 'a';
		if (device_secret_read(s->data, s->len, &got) == CRYPTO_WORDS)
			found++;
		else
			secret_free(got);
		s->data[i] = was;
	}
	assert_true(found >= 26);	/* of 28; a check of 12 bits */
	secret_free(s);
}

static void
the_public_part_comes_back(void **state)
{
	struct device d = { .scope = DEVICE_READ | DEVICE_SEND,
	    .undo_s = 30, .expires = 1900000000, .salt = { 1, 2, 3 },
	    .from = "10.0.0.0/8 ::1", .folder = "Lists/Käse" }, got;
	struct buf b;
	size_t n;

	(void)state;
	buf_init(&b, 1024);
	device_put(&b, &d);
	assert_int_equal(device_get(b.data, b.len, &got), CRYPTO_OK);
	assert_int_equal(got.scope, d.scope);
	assert_int_equal(got.undo_s, 30);
	assert_true(got.expires == d.expires);
	assert_memory_equal(got.salt, d.salt, sizeof d.salt);
	assert_string_equal(got.from, d.from);
	assert_string_equal(got.folder, d.folder);
	for (n = 0; n < b.len; n++)
		assert_int_equal(device_get(b.data, n, &got),
		    CRYPTO_DAMAGED);
	b.data[1] = DEVICE_ALL + 1;
	assert_int_equal(device_get(b.data, b.len, &got), CRYPTO_DAMAGED);
	b.data[1] = DEVICE_ALL;
	b.data[0] = 2;
	assert_int_equal(device_get(b.data, b.len, &got), CRYPTO_DAMAGED);
	buf_clear(&b);
}

static void
names(void **state)
{
	(void)state;
	assert_true(device_name_ok("phone"));
	assert_true(device_name_ok("0.a-b_c"));
	assert_false(device_name_ok(""));
	assert_false(device_name_ok(".a"));
	assert_false(device_name_ok("Phone"));
	assert_false(device_name_ok("my phone"));
	assert_true(device_name_ok("12345678901234567890123456789012"));
	assert_false(device_name_ok("123456789012345678901234567890123"));
}

/* A vault with a device is version 2, and 1 again without. */
static void
the_vault_file_says_that_it_has_devices(void **state)
{
	struct secret *s, *keys;
	struct vault *v, *again;
	struct buf b;

	(void)state;
	buf_init(&b, VAULT_FILE_MAX);
	s = secret_new(DEVICE_VERIFIER);
	s->len = DEVICE_VERIFIER;
	assert_int_equal(vault_new(&v), CRYPTO_OK);
	assert_int_equal(vault_keys(v, &keys), CRYPTO_OK);
	assert_int_equal(vault_seal(v, &b), CRYPTO_OK);
	assert_int_equal(b.data[16], 1);
	assert_int_equal(vault_put(v, "device/phone", VAULT_DEVICE_ENTRY, s,
	    "x", 1), CRYPTO_OK);
	buf_reset(&b);
	assert_int_equal(vault_seal(v, &b), CRYPTO_OK);
	assert_int_equal(b.data[16], 2);
	assert_int_equal(vault_parse(b.data, b.len, &again), CRYPTO_OK);
	assert_int_equal(vault_open_keys(again, keys), CRYPTO_OK);
	assert_int_equal(vault_rm(again, "device/phone"), CRYPTO_OK);
	buf_reset(&b);
	assert_int_equal(vault_seal(again, &b), CRYPTO_OK);
	assert_int_equal(b.data[16], 1);
	vault_free(again);
	vault_free(v);
	secret_free(keys);
	secret_free(s);
	buf_clear(&b);
}

static void
right_passwords_are_known_again(void **state)
{
	struct derived *m = derived_new();
	struct secret *text, *v, *got;
	char name[16];
	int i;

	(void)state;
	assert_non_null(m);
	v = secret_new(DEVICE_VERIFIER);
	assert_non_null(v);
	v->len = DEVICE_VERIFIER;
	for (i = 0; i < DERIVED_KEPT + 1; i++) {
		text = secret_copy(name, (size_t)snprintf(name, sizeof name,
		    "text %d", i));
		assert_false(derived_get(m, text, &got));
		assert_null(got);
		memset(v->data, i, DEVICE_VERIFIER);
		derived_put(m, text, v);
		assert_true(derived_get(m, text, &got));
		assert_memory_equal(got->data, v->data, DEVICE_VERIFIER);
		secret_free(got);
		secret_free(text);
	}
	text = secret_copy("text 0", 6);	/* the oldest went */
	assert_false(derived_get(m, text, &got));
	secret_free(text);
	text = secret_copy("text 1", 6);
	assert_true(derived_get(m, text, &got));
	secret_free(got);
	text->len--;				/* a part is not the whole */
	assert_false(derived_get(m, text, &got));
	secret_free(text);
	secret_free(v);
	derived_free(m);
	derived_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7677_example),
		cmocka_unit_test(secrets_are_read_as_people_type_them),
		cmocka_unit_test(mistakes_are_found_without_a_derivation),
		cmocka_unit_test(the_public_part_comes_back),
		cmocka_unit_test(names),
		cmocka_unit_test(the_vault_file_says_that_it_has_devices),
		cmocka_unit_test(right_passwords_are_known_again),
	};

	if (crypto_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
