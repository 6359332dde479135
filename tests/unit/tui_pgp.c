#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tui/pgp.h"

#define G	"[GNUPG:] "
#define ADA	"0123456789ABCDEF Ada <ada@x.y>\n"

static void
status(void **state)
{
	static const struct {
		const char *lines, *from;
		bool encrypted;
		enum pgp_verdict verdict;
		const char *text;
	} t[] = {
		{ G "NEWSIG\n" G "GOODSIG " ADA G "TRUST_FULLY 0 pgp\n",
		    "Ada <ADA@x.y>", false, PGP_GOOD,
		    "good signature, key 0123456789ABCDEF Ada <ada@x.y>" },
		{ G "GOODSIG " ADA G "TRUST_UNDEFINED 0 pgp\n", "ada@x.y",
		    false, PGP_DOUBT, "good signature of a key that is not "
		    "certified, key 0123456789ABCDEF Ada <ada@x.y>" },
		{ G "GOODSIG " ADA G "TRUST_ULTIMATE 0 pgp\n",
		    "\"ada@x.y\" <eve@x.y>", false, PGP_DOUBT, "signed, but "
		    "NOT by who is in From, key 0123456789ABCDEF Ada "
		    "<ada@x.y>" },
		{ G "GOODSIG " ADA G "TRUST_FULLY 0 pgp\n",
		    "ada@x.y, eve@x.y", false, PGP_DOUBT, "signed, but NOT by "
		    "who is in From, key 0123456789ABCDEF Ada <ada@x.y>" },
		/* Whom somebody else's key is good for is no matter. */
		{ G "NEWSIG\n" G "GOODSIG " ADA G "TRUST_UNDEFINED 0 pgp\n"
		    G "NEWSIG\n" G "GOODSIG 02 Eve <eve@x.y>\n"
		    G "TRUST_FULLY 0 pgp\n", "ada@x.y", false, PGP_DOUBT,
		    "good signature of a key that is not certified, key "
		    "0123456789ABCDEF Ada <ada@x.y>" },
		{ G "GOODSIG " ADA G "GOODSIG 02 Eve <eve@x.y>\n"
		    G "TRUST_ULTIMATE 0 pgp\n", "ada@x.y", false, PGP_DOUBT,
		    "good signature of a key that is not certified, key "
		    "0123456789ABCDEF Ada <ada@x.y>" },
		/* A bad one beside a good one is bad. */
		{ G "GOODSIG " ADA G "BADSIG " ADA, "ada@x.y", false,
		    PGP_BAD, "BAD signature, key 0123456789ABCDEF Ada "
		    "<ada@x.y>" },
		{ G "NO_PUBKEY 0123456789ABCDEF\n", "ada@x.y", false,
		    PGP_DOUBT, "signed by an unknown key, key "
		    "0123456789ABCDEF " },
		{ G "EXPKEYSIG " ADA, "ada@x.y", false, PGP_DOUBT,
		    "signed by an expired key, key 0123456789ABCDEF Ada "
		    "<ada@x.y>" },
		{ G "EXPSIG " ADA, "ada@x.y", false, PGP_DOUBT,
		    "expired signature, key 0123456789ABCDEF Ada <ada@x.y>" },
		/* What a user id holds is no status. */
		{ G "GOODSIG 01 " G "TRUST_FULLY 0 <ada@x.y>\n", "ada@x.y",
		    false, PGP_DOUBT, "good signature of a key that is not "
		    "certified, key 01 " G "TRUST_FULLY 0 <ada@x.y>" },
		/* Not at the start of a line, or nothing at all. */
		{ "x " G "GOODSIG " ADA, "ada@x.y", false, PGP_BAD,
		    "no signature that can be checked" },
		{ "", "", false, PGP_BAD,
		    "no signature that can be checked" },
	};
	struct pgp_seen seen;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		memset(&seen, 0, sizeof seen);
		seen.encrypted = t[i].encrypted;
		pgp_status(t[i].lines, t[i].from, &seen);
		assert_string_equal(seen.text, t[i].text);
		assert_int_equal(seen.verdict, t[i].verdict);
	}
}

static void
split(void **state)
{
	static const char msg[] = "From: a\r\nContent-Type: text/plain;\r\n"
	    " charset=us-ascii\r\nSubject: b\r\n c\r\nMIME-Version: 1.0\r\n"
	    "content-transfer-encoding: 7bit\r\n\r\nText\r\n";
	struct buf in, outer, entity;

	(void)state;
	buf_init(&in, 1000);
	buf_init(&outer, 1000);
	buf_init(&entity, 1000);
	buf_adds(&in, msg);
	assert_true(pgp_split(&in, &outer, &entity));
	assert_string_equal(buf_str(&outer), "From: a\r\nSubject: b\r\n c\r\n"
	    "MIME-Version: 1.0\r\n");
	assert_string_equal(buf_str(&entity), "Content-Type: text/plain;\r\n"
	    " charset=us-ascii\r\ncontent-transfer-encoding: 7bit\r\n\r\n"
	    "Text\r\n");
	buf_reset(&in);
	buf_adds(&in, "From: a\r\nno end");
	assert_false(pgp_split(&in, &outer, &entity));
	buf_clear(&in);
	buf_clear(&outer);
	buf_clear(&entity);
}

#define PUB(valid, made, can) \
	"pub:" valid ":255:22:0123456789ABCDEF:" made ":::-:::" can "::::::23:\n"
#define FPR(x)	"fpr:::::::::" x ":\n"
#define UID(valid, id)	"uid:" valid "::::1::x::" id ":\n"

/* Which of several keys of one address it is. */
static void
choice(void **state)
{
	static const struct {
		const char *name, *lines, *key;
	} t[] = {
		{ "alone", PUB("u", "10", "scESC") FPR("A") UID("u",
		    "Ada <ada@x.y>"), "A" },
		{ "the newest", PUB("f", "10", "scESC") FPR("A") UID("f",
		    "<ada@x.y>") PUB("f", "30", "scESC") FPR("B") UID("f",
		    "<ada@x.y>") PUB("f", "20", "scESC") FPR("C") UID("f",
		    "<ada@x.y>"), "B" },
		/* Anybody can make a key with her address, today. */
		{ "the certified one", PUB("f", "10", "scESC") FPR("A")
		    UID("f", "<ada@x.y>") PUB("-", "30", "scESC") FPR("B")
		    UID("-", "<ada@x.y>"), "A" },
		{ "expired", PUB("e", "30", "sc") FPR("A") UID("e",
		    "<ada@x.y>") PUB("-", "10", "scESC") FPR("B") UID("-",
		    "<ada@x.y>"), "B" },
		{ "revoked", PUB("-", "10", "scESC") FPR("B") UID("-",
		    "<ada@x.y>") PUB("r", "30", "scESC") FPR("A") UID("r",
		    "<ada@x.y>"), "B" },
		{ "user id revoked", PUB("u", "30", "scESC") FPR("A")
		    UID("r", "<ada@x.y>") UID("u", "<other@x.y>"), "" },
		{ "disabled", PUB("u", "30", "scESCD") FPR("A") UID("u",
		    "<ada@x.y>"), "" },
		{ "cannot encrypt", PUB("u", "30", "scSC") FPR("A") UID("u",
		    "<ada@x.y>"), "" },
		{ "another's", PUB("u", "30", "scESC") FPR("A") UID("u",
		    "ada@x.y <eve@x.y>"), "" },
		{ "a subkey's fingerprint", PUB("u", "30", "scESC") FPR("A")
		    FPR("B") UID("u", "ada@x.y"), "A" },
		{ "no listing", "pub\nuid:u\n", "" },
	};
	struct pgp_key k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		memset(&k, 0, sizeof k);
		memcpy(k.addr, "ada@x.y", sizeof "ada@x.y");
		pgp_listing(t[i].lines, 'E', &k, 1);
		if (strcmp(k.key, t[i].key) != 0)
			fail_msg("%s: %s", t[i].name, k.key);
	}
}

/* What is wrong with the key that there is. */
static void
missing(void **state)
{
	static const struct {
		const char *lines, *why;
	} t[] = {
		{ "pub:e:255:22:0123456789ABCDEF:10:1590969600::-:::sc:::\n"
		    FPR("A") UID("e", "<ada@x.y>"), "it expired 2020-06-01" },
		{ PUB("r", "30", "scESC") FPR("A") UID("r", "<ada@x.y>"),
		    "it is revoked" },
		{ PUB("u", "30", "scESC") FPR("A") UID("r", "<ada@x.y>"),
		    "it is revoked" },
		{ PUB("u", "30", "scESCD") FPR("A") UID("u", "<ada@x.y>"),
		    "it is disabled" },
		{ PUB("u", "30", "scSC") FPR("A") UID("u", "<ada@x.y>"),
		    "it cannot encrypt" },
		{ PUB("r", "30", "sc") FPR("A") UID("r", "<eve@x.y>"), "" },
	};
	struct pgp_key k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		memset(&k, 0, sizeof k);
		memcpy(k.addr, "ada@x.y", sizeof "ada@x.y");
		pgp_listing(t[i].lines, 'E', &k, 1);
		assert_string_equal(k.key, "");
		assert_string_equal(k.why, t[i].why);
	}
}

static void
blocks(void **state)
{
#define B	"-----BEGIN PGP MESSAGE-----\n"
#define E	"-----END PGP MESSAGE-----\n"
#define S	"-----BEGIN PGP SIGNED MESSAGE-----\n"
#define G1	"-----BEGIN PGP SIGNATURE-----\n"
#define G2	"-----END PGP SIGNATURE-----"
	static const struct {
		const char *text;
		enum pgp_kind kind;
		size_t from, left;
	} t[] = {
		{ B "x\n" E, PGP_SEALED, 0, 0 },
		{ "Hi\n" B "x\n" E "bye\n", PGP_SEALED, 3, 4 },
		{ S "x\n" G1 "y\n" G2, PGP_CLEAR, 0, 0 },
		{ S "x\n" G1 "y\n" G2 " \r\nz", PGP_CLEAR, 0, 1 },
		{ S "- " B "x\n- " E G1 "y\n" G2 "\n", PGP_CLEAR, 0, 0 },
		{ "> " B "> x\n> " E, PGP_NONE, 0, 0 },
		{ "see " B E, PGP_NONE, 0, 0 },
		{ B "x\n", PGP_NONE, 0, 0 },
		{ B G2 "\n", PGP_NONE, 0, 0 },
		{ "", PGP_NONE, 0, 0 },
	};
	size_t i, n, from, to;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		n = strlen(t[i].text);
		assert_int_equal(pgp_block(t[i].text, n, &from, &to),
		    t[i].kind);
		if (t[i].kind == PGP_NONE)
			continue;
		assert_int_equal(from, t[i].from);
		assert_int_equal(n - to, t[i].left);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status), cmocka_unit_test(blocks), cmocka_unit_test(split),
		cmocka_unit_test(choice), cmocka_unit_test(missing)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
