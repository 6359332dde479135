#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "crypto/vault_parts.h"

enum { CHEAP_MIB = 1 };

static struct secret *
word(const char *s)
{
	return secret_copy(s, strlen(s));
}

/* What every test starts from: a slot, a machine key, three entries. */
struct made {
	struct vault	*v;
	struct secret	*machine;
	struct buf	 file;
};

static void
make(struct made *m)
{
	struct secret *pass = word("open sesame"), *pw = word("hunter2");

	buf_init(&m->file, VAULT_FILE_MAX);
	assert_int_equal(vault_new(&m->v), CRYPTO_OK);
	assert_int_equal(vault_machine_new(m->v, &m->machine), CRYPTO_OK);
	assert_int_equal(vault_slot_add(m->v, VAULT_PASSPHRASE, "first",
	    pass, CHEAP_MIB), CRYPTO_OK);
	assert_int_equal(vault_put_new(m->v, "tls/key", SIGN_P256),
	    CRYPTO_OK);
	assert_int_equal(vault_put(m->v, "relay/a", VAULT_LOGIN_ENTRY, pw,
	    "me", 2), CRYPTO_OK);
	assert_int_equal(vault_put(m->v, "relay/b", VAULT_LOGIN_ENTRY, pass,
	    "me", 2), CRYPTO_OK);
	assert_int_equal(vault_seal(m->v, &m->file), CRYPTO_OK);
	secret_free(pass);
	secret_free(pw);
}

static void
unmake(struct made *m)
{
	vault_free(m->v);
	secret_free(m->machine);
	buf_clear(&m->file);
}

static enum crypto_err
open_with(const struct buf *file, const char *phrase, struct vault **v)
{
	struct secret *s = word(phrase);
	enum crypto_err e = vault_parse(file->data, file->len, v);

	if (e == CRYPTO_OK)
		e = vault_open_phrase(*v, s);
	secret_free(s);
	return e;
}

static void
what_was_sealed_comes_back(void **state)
{
	struct made m;
	struct vault *v;
	struct secret *s;

	(void)state;
	make(&m);
	assert_int_equal(open_with(&m.file, "open sesame", &v), CRYPTO_OK);
	assert_int_equal(vault_entries(v), 3);
	assert_int_equal(vault_get(v, "relay/a", &s), CRYPTO_OK);
	assert_int_equal(s->len, 7);
	assert_memory_equal(s->data, "hunter2", 7);
	secret_free(s);
	assert_int_equal(vault_get(v, "tls/key", &s), CRYPTO_OK);
	assert_int_equal(s->len, 32);
	secret_free(s);
	assert_int_equal(vault_get(v, "relay/c", &s), CRYPTO_ABSENT);
	assert_null(s);
	vault_free(v);
	unmake(&m);
}

static void
machine_key_opens_boot_alone(void **state)
{
	struct made m;
	struct vault *v;
	struct secret *s, *keys;

	(void)state;
	make(&m);
	assert_int_equal(vault_parse(m.file.data, m.file.len, &v), CRYPTO_OK);
	assert_int_equal(vault_get(v, "tls/key", &s), CRYPTO_LOCKED);
	assert_int_equal(vault_open_machine(v, m.machine), CRYPTO_OK);
	assert_true(vault_is_open(v, VAULT_BOOT));
	assert_false(vault_is_open(v, VAULT_OWNER));
	assert_int_equal(vault_get(v, "tls/key", &s), CRYPTO_OK);
	secret_free(s);
	assert_int_equal(vault_get(v, "relay/a", &s), CRYPTO_LOCKED);
	assert_int_equal(vault_rm(v, "relay/a"), CRYPTO_LOCKED);
	assert_int_equal(vault_slot_rm(v, "first"), CRYPTO_LOCKED);
	assert_int_equal(vault_keys(v, &keys), CRYPTO_LOCKED);
	m.machine->data[0] ^= 1;
	assert_int_equal(vault_open_machine(v, m.machine), CRYPTO_MACHINE);
	vault_free(v);
	unmake(&m);
}

static void
wrong_passphrase_is_its_own_error(void **state)
{
	struct made m;
	struct vault *v;

	(void)state;
	make(&m);
	assert_int_equal(open_with(&m.file, "open sesam", &v),
	    CRYPTO_PASSPHRASE);
	assert_false(vault_is_open(v, VAULT_OWNER));
	assert_false(vault_is_open(v, VAULT_BOOT));
	vault_free(v);
	unmake(&m);
}

static void
truncated_at_every_octet(void **state)
{
	struct made m;
	struct vault *v;
	size_t i;

	(void)state;
	make(&m);
	for (i = 0; i < m.file.len; i++) {
		assert_int_equal(vault_parse(m.file.data, i, &v),
		    CRYPTO_TRUNCATED);
		assert_null(v);
	}
	buf_clear(&m.file);
	buf_init(&m.file, 100);
	buf_adds(&m.file, "SQLite format 3");
	assert_int_equal(vault_parse(m.file.data, m.file.len, &v),
	    CRYPTO_NOTVAULT);
	unmake(&m);
}

static void
flipped_at_every_bit(void **state)
{
	struct made m;
	struct vault *v;
	enum crypto_err e;
	size_t i;

	(void)state;
	make(&m);
	for (i = 0; i < m.file.len * 8; i++) {
		m.file.data[i / 8] ^= (uint8_t)(1 << i % 8);
		e = vault_parse(m.file.data, m.file.len, &v);
		assert_int_equal(e, i / 8 < sizeof "mailnode vault\n" ?
		    CRYPTO_NOTVAULT : CRYPTO_DAMAGED);
		m.file.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	buf_addc(&m.file, 0);
	assert_int_equal(vault_parse(m.file.data, m.file.len, &v),
	    CRYPTO_DAMAGED);
	unmake(&m);
}

/* Makes the checksums right again, as somebody who alters a file would. */
static void
recheck(struct buf *f)
{
	crypto_generichash(f->data + 24, 16, f->data, 24, NULL, 0);
	crypto_generichash(f->data + f->len - 32, 32, f->data, f->len - 32,
	    NULL, 0);
}

static void
newer_version_is_refused_by_name(void **state)
{
	struct made m;
	struct vault *v;

	(void)state;
	make(&m);
	m.file.data[16] = VAULT_VERSION + 1;
	recheck(&m.file);
	assert_int_equal(vault_parse(m.file.data, m.file.len, &v),
	    CRYPTO_NEWER);
	m.file.data[16] = 0;
	recheck(&m.file);
	assert_int_equal(vault_parse(m.file.data, m.file.len, &v),
	    CRYPTO_DAMAGED);
	unmake(&m);
}

/* With the checksum repaired, no bit may change and still open. */
static void
altered_anywhere_never_opens(void **state)
{
	struct made m;
	struct vault *v;
	struct secret *keys;
	enum crypto_err e;
	size_t i;

	(void)state;
	make(&m);
	assert_int_equal(vault_keys(m.v, &keys), CRYPTO_OK);
	for (i = 40; i < m.file.len - 32; i++) {
		m.file.data[i] ^= 0x10;
		recheck(&m.file);
		e = vault_parse(m.file.data, m.file.len, &v);
		if (e == CRYPTO_OK) {
			assert_int_equal(vault_open_keys(v, keys),
			    CRYPTO_ALTERED);
			assert_false(vault_is_open(v, VAULT_BOOT));
			assert_false(vault_is_open(v, VAULT_OWNER));
		} else {
			assert_int_equal(e, CRYPTO_DAMAGED);
		}
		vault_free(v);
		m.file.data[i] ^= 0x10;
	}
	secret_free(keys);
	unmake(&m);
}

static struct sealed *
inside(struct vault *v, const char *name)
{
	struct section *s = &v->sec[VAULT_OWNER];
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->sealed[i].e.name, name) == 0)
			return &s->sealed[i];
	fail();
	return NULL;
}

static void
swap_sealed(struct sealed *a, struct sealed *b)
{
	struct sealed t = *a;

	memcpy(a->nonce, b->nonce, NONCE);
	a->ct = b->ct;
	a->ct_len = b->ct_len;
	memcpy(b->nonce, t.nonce, NONCE);
	b->ct = t.ct;
	b->ct_len = t.ct_len;
}

/* As somebody with the file but no key can put it together. */
static void
forge(struct vault *v, struct buf *file)
{
	struct buf body;
	size_t i, total;

	buf_init(&body, VAULT_FILE_MAX);
	put_slots(&body, v);
	put_machine(&body, v);
	for (i = 0; i < VAULT_SECTIONS; i++) {
		put_section(&body, &v->sec[i]);
		buf_add(&body, v->sec[i].manifest, MANIFEST);
	}
	file->len = 40;
	buf_add(file, body.data, body.len);
	buf_add(file, "................................", 32);
	total = file->len;
	for (i = 0; i < 4; i++)
		file->data[20 + i] = (uint8_t)(total >> 8 * i);
	recheck(file);
	buf_clear(&body);
}

static void
swapped_entries_are_detected(void **state)
{
	struct made m;
	struct vault *v;
	struct secret *s;

	(void)state;
	make(&m);
	/* by the manifest, when opened */
	assert_int_equal(vault_parse(m.file.data, m.file.len, &v), CRYPTO_OK);
	swap_sealed(inside(v, "relay/a"), inside(v, "relay/b"));
	forge(v, &m.file);
	vault_free(v);
	assert_int_equal(open_with(&m.file, "open sesame", &v),
	    CRYPTO_ALTERED);
	vault_free(v);
	/* and by the name each is bound to, even past the manifest */
	swap_sealed(inside(m.v, "relay/a"), inside(m.v, "relay/b"));
	assert_int_equal(vault_get(m.v, "relay/a", &s), CRYPTO_ALTERED);
	assert_null(s);
	unmake(&m);
}

static void
one_entry_rolled_back_is_detected(void **state)
{
	struct made m;
	struct vault *old, *v;
	struct secret *s = word("new password");
	struct sealed *a, *b;
	struct vault_entry e;

	(void)state;
	make(&m);
	assert_int_equal(vault_parse(m.file.data, m.file.len, &old),
	    CRYPTO_OK);
	assert_int_equal(vault_put(m.v, "relay/a", VAULT_LOGIN_ENTRY, s, "me",
	    2), CRYPTO_OK);
	buf_reset(&m.file);
	assert_int_equal(vault_seal(m.v, &m.file), CRYPTO_OK);
	assert_int_equal(open_with(&m.file, "open sesame", &v), CRYPTO_OK);
	assert_int_equal(vault_find(v, "relay/a")->version, 2);
	vault_free(v);
	/* the older relay/a, complete and authentic, in the newer file */
	assert_int_equal(vault_parse(m.file.data, m.file.len, &v), CRYPTO_OK);
	a = inside(v, "relay/a");
	b = inside(old, "relay/a");
	swap_sealed(a, b);
	e = a->e;
	a->e = b->e;
	b->e = e;
	forge(v, &m.file);
	vault_free(v);
	vault_free(old);
	assert_int_equal(open_with(&m.file, "open sesame", &v),
	    CRYPTO_ALTERED);
	vault_free(v);
	secret_free(s);
	unmake(&m);
}

static void
section_or_slots_of_an_older_file_are_detected(void **state)
{
	struct made m;
	struct vault *old, *v;
	struct section t;
	struct secret *other = word("another one");

	(void)state;
	make(&m);
	assert_int_equal(vault_parse(m.file.data, m.file.len, &old),
	    CRYPTO_OK);
	assert_int_equal(vault_slot_add(m.v, VAULT_PASSPHRASE, "second",
	    other, CHEAP_MIB), CRYPTO_OK);
	assert_int_equal(vault_slot_rm(m.v, "first"), CRYPTO_OK);
	buf_reset(&m.file);
	assert_int_equal(vault_seal(m.v, &m.file), CRYPTO_OK);
	/* the old boot section */
	assert_int_equal(vault_parse(m.file.data, m.file.len, &v), CRYPTO_OK);
	t = v->sec[VAULT_BOOT];
	v->sec[VAULT_BOOT] = old->sec[VAULT_BOOT];
	old->sec[VAULT_BOOT] = t;
	forge(v, &m.file);
	vault_free(v);
	assert_int_equal(open_with(&m.file, "another one", &v),
	    CRYPTO_ALTERED);
	vault_free(v);
	/* the slot of a passphrase that was taken away */
	buf_reset(&m.file);
	assert_int_equal(vault_seal(m.v, &m.file), CRYPTO_OK);
	assert_int_equal(vault_parse(m.file.data, m.file.len, &v), CRYPTO_OK);
	v->slots[v->nslots++] = old->slots[0];
	forge(v, &m.file);
	vault_free(v);
	assert_int_equal(open_with(&m.file, "open sesame", &v),
	    CRYPTO_ALTERED);
	vault_free(v);
	vault_free(old);
	secret_free(other);
	unmake(&m);
}

static void
slots_come_and_go_but_for_the_last(void **state)
{
	struct made m;
	struct vault *v;
	struct secret *s = word("second"), *words;

	(void)state;
	make(&m);
	assert_int_equal(vault_slot_rm(m.v, "first"), CRYPTO_LAST);
	assert_int_equal(vault_slot_add(m.v, VAULT_PASSPHRASE, "first", s,
	    CHEAP_MIB), CRYPTO_EXISTS);
	assert_int_equal(vault_slot_add(m.v, VAULT_PASSPHRASE, "no name", s,
	    CHEAP_MIB), CRYPTO_NAME);
	assert_int_equal(vault_slot_add(m.v, VAULT_PASSPHRASE, "dear", s,
	    VAULT_ARGON_MIB_MAX + 1), CRYPTO_COST);
	assert_int_equal(vault_slot_add(m.v, VAULT_PASSPHRASE, "free", s, 0),
	    CRYPTO_COST);
	assert_int_equal(vault_words_new(&words), CRYPTO_OK);
	assert_int_equal(vault_slot_add(m.v, VAULT_RECOVERY, "paper", words,
	    CHEAP_MIB), CRYPTO_OK);
	assert_int_equal(vault_slot_rm(m.v, "none"), CRYPTO_ABSENT);
	assert_int_equal(vault_slot_rm(m.v, "first"), CRYPTO_OK);
	buf_reset(&m.file);
	assert_int_equal(vault_seal(m.v, &m.file), CRYPTO_OK);
	assert_int_equal(vault_parse(m.file.data, m.file.len, &v), CRYPTO_OK);
	assert_int_equal(vault_open_phrase(v, words), CRYPTO_OK);
	vault_free(v);
	/* blanks and capitals, as people type */
	words->data[5] = ' ';
	words->data[0] = (uint8_t)(words->data[0] - 'a' + 'A');
	assert_int_equal(vault_parse(m.file.data, m.file.len, &v), CRYPTO_OK);
	assert_int_equal(vault_open_phrase(v, words), CRYPTO_OK);
	vault_free(v);
	/* one letter wrong */
	words->data[1] = words->data[1] == 'a' ? 'i' : 'a';
	assert_int_equal(vault_parse(m.file.data, m.file.len, &v), CRYPTO_OK);
	assert_int_equal(vault_open_phrase(v, words), CRYPTO_WORDS);
	vault_free(v);
	assert_int_equal(open_with(&m.file, "open sesame", &v),
	    CRYPTO_PASSPHRASE);
	vault_free(v);
	secret_free(words);
	secret_free(s);
	unmake(&m);
}

static void
names_say_where_they_belong(void **state)
{
	static const struct { const char *name; enum crypto_err e;
	    enum vault_section s; } t[] = {
		{ "tls/key", CRYPTO_OK, VAULT_BOOT },
		{ "dkim/202611r", CRYPTO_OK, VAULT_OWNER },
		{ "relay/smtp.example.net", CRYPTO_OK, VAULT_OWNER },
		{ "relay/", CRYPTO_NAME, VAULT_OWNER },
		{ "relay", CRYPTO_NAME, VAULT_OWNER },
		{ "", CRYPTO_NAME, VAULT_OWNER },
		{ "relay/A", CRYPTO_NAME, VAULT_OWNER },
		{ "relay/a/b", CRYPTO_NAME, VAULT_OWNER },
		{ "relay/a b", CRYPTO_NAME, VAULT_OWNER },
		{ "other/x", CRYPTO_NAME, VAULT_OWNER },
	};
	char longest[VAULT_NAME_MAX + 1] = "relay/";
	enum vault_section s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		assert_int_equal(vault_name(t[i].name, &s), t[i].e);
		if (t[i].e == CRYPTO_OK)
			assert_int_equal(s, t[i].s);
	}
	memset(longest + 6, 'x', VAULT_NAME_MAX - 6);
	longest[VAULT_NAME_MAX - 1] = '\0';
	assert_int_equal(vault_name(longest, &s), CRYPTO_OK);
	longest[VAULT_NAME_MAX - 1] = 'x';
	assert_int_equal(vault_name(longest, &s), CRYPTO_NAME);
}

static void
limits_hold(void **state)
{
	struct made m;
	struct secret *big = secret_new(VAULT_SECRET_MAX + 1);
	char name[VAULT_NAME_MAX];
	enum crypto_err e = CRYPTO_OK;
	unsigned int i;

	(void)state;
	make(&m);
	big->len = VAULT_SECRET_MAX + 1;
	assert_int_equal(vault_put(m.v, "relay/big", VAULT_LOGIN_ENTRY, big,
	    "", 0), CRYPTO_FULL);
	big->len = 1;
	for (i = 0; i < VAULT_ENTRIES_MAX - 2; i++) {
		snprintf(name, sizeof name, "relay/n%u", i);
		assert_int_equal(vault_put(m.v, name, VAULT_LOGIN_ENTRY, big,
		    "", 0), CRYPTO_OK);
	}
	assert_int_equal(vault_put(m.v, "relay/one-more", VAULT_LOGIN_ENTRY,
	    big, "", 0), CRYPTO_FULL);
	assert_int_equal(vault_put(m.v, "relay/n0", VAULT_LOGIN_ENTRY, big,
	    "", 0), CRYPTO_OK);
	/* and the file: entries that are large in all */
	big->len = VAULT_SECRET_MAX;
	for (i = 0; i < VAULT_ENTRIES_MAX - 2; i++) {
		snprintf(name, sizeof name, "relay/n%u", i);
		assert_int_equal(vault_put(m.v, name, VAULT_LOGIN_ENTRY, big,
		    "", 0), CRYPTO_OK);
	}
	buf_reset(&m.file);
	e = vault_seal(m.v, &m.file);
	assert_int_equal(e, CRYPTO_FULL);
	assert_int_equal(m.file.len, 0);
	secret_free(big);
	unmake(&m);
}

static void
retired_and_removed(void **state)
{
	struct made m;
	struct vault *v;
	struct secret *s;
	struct buf pub;

	(void)state;
	make(&m);
	assert_int_equal(vault_put_new(m.v, "dkim/x", SIGN_ED25519),
	    CRYPTO_OK);
	buf_init(&pub, 100);
	buf_add(&pub, vault_find(m.v, "dkim/x")->pub, 32);
	assert_int_equal(vault_retire(m.v, "dkim/x"), CRYPTO_OK);
	assert_int_equal(vault_retire(m.v, "dkim/x"), CRYPTO_ABSENT);
	assert_int_equal(vault_rm(m.v, "relay/a"), CRYPTO_OK);
	assert_int_equal(vault_rm(m.v, "relay/a"), CRYPTO_ABSENT);
	buf_reset(&m.file);
	assert_int_equal(vault_seal(m.v, &m.file), CRYPTO_OK);
	assert_int_equal(open_with(&m.file, "open sesame", &v), CRYPTO_OK);
	assert_true(vault_find(v, "dkim/x")->retired);
	assert_memory_equal(vault_find(v, "dkim/x")->pub, pub.data, 32);
	assert_int_equal(vault_get(v, "dkim/x", &s), CRYPTO_ABSENT);
	assert_null(vault_find(v, "relay/a"));
	assert_int_equal(vault_get(v, "relay/b", &s), CRYPTO_OK);
	secret_free(s);
	vault_free(v);
	buf_clear(&pub);
	unmake(&m);
}

static void
keys_of_another_vault_open_nothing(void **state)
{
	struct made a, b;
	struct secret *keys;

	(void)state;
	make(&a);
	make(&b);
	assert_int_equal(vault_keys(a.v, &keys), CRYPTO_OK);
	assert_int_equal(vault_open_keys(b.v, keys), CRYPTO_ALTERED);
	assert_false(vault_is_open(b.v, VAULT_BOOT));
	keys->len--;
	assert_int_equal(vault_open_keys(a.v, keys), CRYPTO_KEY);
	secret_free(keys);
	unmake(&a);
	unmake(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_comes_back),
		cmocka_unit_test(machine_key_opens_boot_alone),
		cmocka_unit_test(wrong_passphrase_is_its_own_error),
		cmocka_unit_test(truncated_at_every_octet),
		cmocka_unit_test(flipped_at_every_bit),
		cmocka_unit_test(newer_version_is_refused_by_name),
		cmocka_unit_test(altered_anywhere_never_opens),
		cmocka_unit_test(swapped_entries_are_detected),
		cmocka_unit_test(one_entry_rolled_back_is_detected),
		cmocka_unit_test(
		    section_or_slots_of_an_older_file_are_detected),
		cmocka_unit_test(slots_come_and_go_but_for_the_last),
		cmocka_unit_test(names_say_where_they_belong),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(retired_and_removed),
		cmocka_unit_test(keys_of_another_vault_open_nothing),
	};

	if (crypto_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
