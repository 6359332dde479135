#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/auth/dkim.h"
#include "mailnode/auth/dkim_sign.h"
#include "mailnode/base/codec.h"

#define NOW INT64_C(1700000000)

/* What the resolver would say: a name's records, or a class. */
struct zone {
	const char	*name;
	enum dns_class	 class;
	const char	*txt[4];
};

/* RFC 8463 appendix A. */
#define ED_KEY	"v=DKIM1; k=ed25519; " \
	"p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define RSA_KEY	"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQD" \
	"kHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/b" \
	"yYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5Q" \
	"jvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
#define ED_SIG	"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n" \
	" d=football.example.com; i=@football.example.com;\r\n" \
	" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n" \
	" subject : date : message-id : from : subject : date;\r\n" \
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n" \
	" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n" \
	" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
#define RSA_SIG	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n" \
	" d=football.example.com; i=@football.example.com;\r\n" \
	" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n" \
	" date : message-id : from : subject : date;\r\n" \
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n" \
	" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n" \
	" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n" \
	" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
#define FIELDS	"From: Joe SixPack <joe@football.example.com>\r\n" \
	"To: Suzie Q <suzie@shopping.example.net>\r\n" \
	"Subject: Is dinner ready?\r\n" \
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n" \
	"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
#define BODY	"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"

static const struct zone rfc8463[] = {
	{ "brisbane._domainkey.football.example.com", DNS_OK, { ED_KEY } },
	{ "test._domainkey.football.example.com", DNS_OK, { RSA_KEY } },
	{ NULL, 0, { NULL } }
};

static void
answer(struct dkim_verify *v, size_t i, const char *name,
    const struct zone *z)
{
	struct dns_answer a;
	struct dns_rr rr = { 0 };
	size_t k;

	dns_answer_init(&a);
	a.class = DNS_NXDOMAIN;
	for (; z->name != NULL; z++) {
		if (strcmp(z->name, name) != 0)
			continue;
		a.class = z->class;
		for (k = 0; k < 4 && z->txt[k] != NULL; k++) {
			rr.data = (const uint8_t *)z->txt[k];
			rr.len = strlen(z->txt[k]);
			assert_int_equal(dns_answer_add(&a, &rr), 0);
		}
	}
	dkim_verify_answer(v, i, &a);
	dns_answer_clear(&a);
}

static int
begin(void *arg, struct message *m)
{
	return dkim_verify_begin(arg, &m->header, &m->bodies);
}

static struct dkim_verify *
feed(const char *p, size_t n, size_t step)
{
	struct dkim_verify *v = dkim_verify_new(NOW, NULL);
	struct message m;
	size_t i;

	assert_non_null(v);
	message_init(&m, begin, v, NULL);
	for (i = 0; i < n; i += step)
		assert_int_equal(message_feed(&m, p + i,
		    step < n - i ? step : n - i), 0);
	assert_int_equal(message_end(&m), 0);
	dkim_verify_end(v, &m.bodies);
	message_clear(&m);
	return v;
}

static struct dkim_verify *
run(const char *p, size_t n, size_t step, const struct zone *z)
{
	struct dkim_verify *v = feed(p, n, step);
	const char *name;
	size_t i;

	for (i = 0; (name = dkim_verify_ask(v, i)) != NULL; i++)
		answer(v, i, name, z);
	return v;
}

/* "pass", or "fail body hash did not verify", one a signature. */
static void
expect(const char *msg, const struct zone *z, const char *const *want)
{
	const struct dkim_signature *s;
	struct dkim_verify *v;
	size_t step, i;
	char got[200];

	for (step = 1; step < 2000; step += 331) {
		v = run(msg, strlen(msg), step, z);
		for (i = 0; (s = dkim_verify_result(v, i)) != NULL; i++) {
			snprintf(got, sizeof got, "%s%s%s",
			    dkim_result_text(s->result),
			    s->reason[0] != '\0' ? " " : "", s->reason);
			assert_non_null(want[i]);
			assert_string_equal(got, want[i]);
		}
		assert_null(want[i]);
		dkim_verify_free(v);
	}
}

#define EXPECT(msg, zone, ...) \
	expect(msg, zone, (const char *const []){ __VA_ARGS__, NULL })

static void
rfc8463_example_passes(void **state)
{
	const struct dkim_signature *s;
	struct dkim_verify *v;
	const char *msg = ED_SIG RSA_SIG FIELDS "\r\n" BODY;

	(void)state;
	EXPECT(msg, rfc8463, "pass", "pass");
	v = run(msg, strlen(msg), 100, rfc8463);
	s = dkim_verify_result(v, 1);
	assert_string_equal(s->domain, "football.example.com");
	assert_string_equal(s->selector, "test");
	assert_string_equal(s->identity, "@football.example.com");
	assert_string_equal(s->algorithm, "rsa-sha256");
	assert_string_equal(s->b, "F45dVWDf");
	assert_int_equal(s->key_bits, 1024);
	assert_false(s->partial);
	assert_true(s->signed_s == 1528637909);
	assert_null(dkim_verify_result(v, 2));
	dkim_verify_free(v);
}

static void
changes_are_seen(void **state)
{
	static const char bh[] = "fail body hash did not verify";
	static const char sig[] = "fail signature did not verify";

	(void)state;
	EXPECT(ED_SIG FIELDS "\r\n" BODY "x", rfc8463, bh);
	EXPECT(ED_SIG FIELDS "\r\nx" BODY, rfc8463, bh);
	EXPECT(ED_SIG FIELDS "\r\n", rfc8463, bh);
	EXPECT(ED_SIG FIELDS, rfc8463, bh);
	EXPECT(ED_SIG FIELDS "\r\n" BODY "\r\n\r\n", rfc8463, "pass");
	EXPECT(ED_SIG "Subject: more\r\n" FIELDS "\r\n" BODY, rfc8463, sig);
	EXPECT(ED_SIG FIELDS "Subject: more\r\n\r\n" BODY, rfc8463, sig);
	EXPECT(ED_SIG "To: more\r\n" FIELDS "\r\n" BODY, rfc8463, "pass");
	EXPECT(ED_SIG FIELDS "To: more\r\n\r\n" BODY, rfc8463, sig);
	EXPECT(ED_SIG FIELDS "X-New: more\r\n\r\n" BODY, rfc8463, "pass");
}

/* Section 6.1 has the key first; but no DNS makes an altered body whole. */
static void
the_key_comes_before_the_body(void **state)
{
	static const char name[] = "brisbane._domainkey.football.example.com";
	static const char msg[] = ED_SIG FIELDS "\r\n" BODY "x";
	static const struct zone none[] = { { NULL, 0, { NULL } } };
	static const struct zone down[] = {
		{ name, DNS_TEMPFAIL, { NULL } }, { NULL, 0, { NULL } } };
	static const struct zone testing[] = {
		{ name, DNS_OK, { ED_KEY "; t=y" } }, { NULL, 0, { NULL } } };
	struct dkim_verify *v = feed(msg, sizeof msg - 1, 100);

	(void)state;
	EXPECT(msg, none, "permerror no key for signature");
	EXPECT(msg, down, "fail body hash did not verify");
	EXPECT(msg, testing, "neutral body hash did not verify");
	assert_int_equal(dkim_verify_result(v, 0)->result, DKIM_FAIL);
	dkim_verify_free(v);
}

/* A second From: the reader might show the one nobody signed. */
static void
exactly_one_from(void **state)
{
	(void)state;
	EXPECT("From: a@b\r\n" ED_SIG FIELDS "\r\n" BODY, rfc8463,
	    "permerror more than one From field");
	EXPECT("FROM : a@b\r\n" ED_SIG FIELDS "\r\n" BODY, rfc8463,
	    "permerror more than one From field");
	EXPECT(ED_SIG "To: a@b\r\n\r\n" BODY, rfc8463,
	    "permerror no From field");
}

static void
keys_are_checked(void **state)
{
	static const struct {
		enum dns_class	 class;
		const char	*txt[3], *want;
	} cases[] = {
		{ DNS_NXDOMAIN, { NULL }, "permerror no key for signature" },
		{ DNS_NODATA, { NULL }, "permerror no key for signature" },
		{ DNS_TEMPFAIL, { NULL }, "temperror DNS: " },
		{ DNS_OK, { "v=DKIM1; p=" }, "permerror key was revoked" },
		{ DNS_OK, { "v=DKIM1; k=ed25519" },
		    "permerror key record has no p=" },
		{ DNS_OK, { "v=DKIM2; k=ed25519; p=x" },
		    "permerror key record is not of DKIM1" },
		{ DNS_OK, { "k=ed25519; v=DKIM1; p=x" },
		    "permerror key record is not of DKIM1" },
		{ DNS_OK, { "k=ed448; p=x" }, "permerror unknown type of key" },
		{ DNS_OK, { "h=sha1; " ED_KEY },
		    "permerror key record is not of DKIM1" },
		{ DNS_OK, { ED_KEY "; h=sha1" },
		    "permerror key does not allow sha256" },
		{ DNS_OK, { ED_KEY "; h=sha1 : sha256:x" }, "pass" },
		{ DNS_OK, { ED_KEY "; s=tlsrpt" },
		    "permerror key is not for mail" },
		{ DNS_OK, { ED_KEY "; s=x:email" }, "pass" },
		{ DNS_OK, { ED_KEY "; s=*; n=a note; t=s; g=nobody;" },
		    "pass" },
		{ DNS_OK, { ED_KEY "; p=twice" },
		    "permerror key record is malformed" },
		{ DNS_OK, { "no key at all" },
		    "permerror key record is malformed" },
		{ DNS_OK, { "k=ed25519; p=AAAA" },
		    "permerror key is too short or too long" },
		{ DNS_OK, { "k=ed25519; p=%%" },
		    "permerror p= is no base64" },
		{ DNS_OK, { RSA_KEY }, "permerror key is of another type" },
		{ DNS_OK, { RSA_KEY, "v=spf1 -all", ED_KEY }, "pass" },
		/* Base64 with blanks in it, and a key that is another's. */
		{ DNS_OK, { "p=11qYAYKx CrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
		    ";k=ed25519" }, "pass" },
		{ DNS_OK, { "k=ed25519; p=SvoPT692bVrQBT8UNxt6SF538O3snA4fE3/"
		    "i/glCxwQ=" }, "fail signature did not verify" },
		{ DNS_OK, { "t=y:s; k=ed25519; p=SvoPT692bVrQBT8UNxt6SF538O3s"
		    "nA4fE3/i/glCxwQ=" },
		    "neutral signature did not verify" },
	};
	struct zone z[2] = { { NULL, 0, { NULL } }, { NULL, 0, { NULL } } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		z[0].name = rfc8463[0].name;
		z[0].class = cases[i].class;
		memcpy(z[0].txt, cases[i].txt, sizeof cases[i].txt);
		EXPECT(ED_SIG FIELDS "\r\n" BODY, z, cases[i].want);
	}
}

/* A 512-bit key is refused whatever it signs: RFC 8301 section 3.2. */
static void
short_keys_are_refused(void **state)
{
	static const struct zone z[] = {
		{ "test._domainkey.football.example.com", DNS_OK,
		    { "p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL1TJXHOZ74194TMW8oiXPbJQd"
		    "b9q2panMDhaWVN2s8Uc8UDJcIxUnXR+eyq/sMWw+2oyOoEkVGZxshBk7KI"
		    "1NUCAwEAAQ==" } },
		{ NULL, 0, { NULL } }
	};
	struct dkim_verify *v;
	const char *msg = RSA_SIG FIELDS "\r\n" BODY;

	(void)state;
	v = run(msg, strlen(msg), 50, z);
	assert_string_equal(dkim_verify_result(v, 0)->reason,
	    "key is too short or too long");
	dkim_verify_free(v);
}

#define T_A	"a=ed25519-sha256;"
#define T_D	"d=football.example.com;s=brisbane;"
#define T_H	"h=from:to;"
#define T_BH	"bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;"
#define T_B	"b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus" \
	"Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
#define T_ALL	"v=1;" T_A T_D T_H T_BH T_B

static void
signatures_are_checked(void **state)
{
	static const struct {
		const char	*tags, *want;
	} cases[] = {
		/* c=simple is another body here: what is worth hashing. */
		{ T_ALL, "fail body hash did not verify" },
		{ T_ALL ";", "fail body hash did not verify" },
		{ T_ALL ";unknown=x;z=From:a|To:b", "fail body hash did not "
		    "verify" },
		{ "c=relaxed;" T_ALL, "fail body hash did not verify" },
		{ "c=simple/relaxed;" T_ALL, "fail signature did not verify" },
		{ "c=relaxed/relaxed;" T_ALL, "fail signature did not "
		    "verify" },
		{ "c=nofws;" T_ALL, "permerror unknown canonicalization" },
		{ "c=relaxed/;" T_ALL, "permerror unknown canonicalization" },
		{ T_ALL ";;", "permerror signature is malformed" },
		{ T_ALL ";v=1", "permerror signature is malformed" },
		{ T_ALL ";=x", "permerror signature is malformed" },
		{ T_ALL ";x", "permerror signature is malformed" },
		{ "", "permerror signature is malformed" },
		{ "v=2;" T_A T_D T_H T_BH T_B, "permerror unknown version" },
		{ T_A T_D T_H T_BH T_B, "permerror unknown version" },
		{ "v=1;" T_D T_H T_BH T_B, "permerror no a=" },
		{ "v=1;a=rsa-sha1;" T_D T_H T_BH T_B,
		    "permerror rsa-sha1 is no longer accepted" },
		{ "v=1;a=rsa-md5;" T_D T_H T_BH T_B,
		    "permerror unknown algorithm" },
		{ "v=1;s=x;" T_A T_H T_BH T_B, "permerror d= is no domain" },
		{ "v=1;d=a..b;s=x;" T_A T_H T_BH T_B,
		    "permerror d= is no domain" },
		{ "v=1;d=a.b;" T_A T_H T_BH T_B,
		    "permerror s= is no selector" },
		{ "v=1;" T_A T_D T_BH T_B, "permerror no h=" },
		{ "v=1;h=to:date;" T_A T_D T_BH T_B,
		    "permerror From is not signed" },
		{ "v=1;h=from::to;" T_A T_D T_BH T_B,
		    "permerror an empty name in h=" },
		{ "v=1;" T_A T_D T_H T_B, "permerror bh= is no SHA-256" },
		{ "v=1;bh=AAAA;" T_A T_D T_H T_B,
		    "permerror bh= is no SHA-256" },
		{ "v=1;" T_A T_D T_H T_BH, "permerror b= is no signature" },
		{ "v=1;b=;" T_A T_D T_H T_BH, "permerror b= is no signature" },
		{ "v=1;b=@;" T_A T_D T_H T_BH,
		    "permerror b= is no signature" },
		{ T_ALL ";i=joe@example.com", "permerror i= is not within d=" },
		{ T_ALL ";i=@xfootball.example.com",
		    "permerror i= is not within d=" },
		{ T_ALL ";i=joe", "permerror i= is no identity" },
		{ T_ALL ";i=joe@sub.FOOTBALL.example.com",
		    "fail body hash did not verify" },
		/* Section 2.11: quoted-printable. */
		{ T_ALL ";i==6A=6fe=40football=2Eexample.com",
		    "fail body hash did not verify" },
		{ T_ALL ";i=joe=4@football.example.com",
		    "permerror i= is no identity" },
		{ T_ALL ";i=joe=0D=0A@football.example.com",
		    "permerror i= is no identity" },
		{ T_ALL ";q=dns/any", "permerror unknown query method" },
		{ T_ALL ";q=x:dns/txt", "fail body hash did not verify" },
		{ T_ALL ";l=1000", "permerror l= is more than the body has" },
		{ T_ALL ";l=-1", "permerror l= is no number" },
		{ T_ALL ";t=x", "permerror t= is no time" },
		{ T_ALL ";x=1e9", "permerror x= is no time" },
		{ T_ALL ";t=5;x=5", "permerror x= is not after t=" },
		{ T_ALL ";x=1699999999", "fail signature expired" },
		{ T_ALL ";x=1700000000", "fail body hash did not verify" },
	};
	char msg[2000];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(msg, sizeof msg, "DKIM-Signature:%s\r\n" FIELDS
		    "\r\n" BODY, cases[i].tags);
		EXPECT(msg, rfc8463, cases[i].want);
	}
}

static void
too_much_is_refused_by_name(void **state)
{
	struct dkim_verify *v;
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1 << 22);
	for (i = 0; i < DKIM_SIGNATURES_MAX + 2; i++)
		buf_adds(&b, ED_SIG);
	buf_adds(&b, FIELDS "\r\n" BODY);
	v = run((char *)b.data, b.len, 1000, rfc8463);
	for (i = 0; i < DKIM_SIGNATURES_MAX; i++)
		assert_int_equal(dkim_verify_result(v, i)->result, DKIM_PASS);
	assert_null(dkim_verify_ask(v, 1));	/* one question for all */
	for (; i < DKIM_SIGNATURES_MAX + 2; i++)
		assert_int_equal(dkim_verify_result(v, i)->result,
		    DKIM_POLICY);
	assert_null(dkim_verify_result(v, i));
	dkim_verify_free(v);

	buf_reset(&b);
	buf_adds(&b, ED_SIG FIELDS);
	for (i = 0; i < 4 * MESSAGE_HEADER_MAX / 100; i++)
		buf_addf(&b, "X-%090zu: y\r\n", i);
	buf_adds(&b, "\r\n" BODY);
	v = run((char *)b.data, b.len, 1000, rfc8463);
	assert_string_equal(dkim_verify_result(v, 0)->reason,
	    "header is too large");
	dkim_verify_free(v);

	buf_reset(&b);
	buf_adds(&b, "DKIM-Signature: " T_ALL ";c=relaxed/relaxed;z=");
	for (i = 0; i < DKIM_FIELD_MAX; i++)
		buf_addc(&b, 'a');
	buf_adds(&b, "\r\n" FIELDS "\r\n" BODY);
	v = run((char *)b.data, b.len, 1000, rfc8463);
	assert_string_equal(dkim_verify_result(v, 0)->reason,
	    "signature is malformed");
	dkim_verify_free(v);
	buf_clear(&b);
}

static void
no_answer_is_temporary(void **state)
{
	const char *msg = ED_SIG FIELDS "\r\n" BODY;
	struct dkim_verify *v = feed(msg, strlen(msg), 100);

	(void)state;
	assert_int_equal(dkim_verify_result(v, 0)->result, DKIM_TEMPERROR);
	dkim_verify_free(v);
}

/* ---- signing ---- */

static struct sign_key *keys[2];
static char records[2][1000];

static int
make_keys(void **state)
{
	static const enum sign_alg alg[] = { SIGN_RSA, SIGN_ED25519 };
	struct secret *s;
	struct buf pub, b64;
	size_t i;

	(void)state;
	if (crypto_init() == -1)
		return -1;
	buf_init(&pub, 2000);
	buf_init(&b64, 3000);
	for (i = 0; i < 2; i++) {
		buf_reset(&pub);
		buf_reset(&b64);
		if (sign_generate(alg[i], &s) != CRYPTO_OK ||
		    sign_private(alg[i], s, &keys[i]) != CRYPTO_OK ||
		    sign_key_public(keys[i], &pub) != CRYPTO_OK)
			return -1;
		secret_free(s);
		codec_base64_put(&b64, pub.data, pub.len);
		snprintf(records[i], sizeof records[i],
		    "v=DKIM1; k=%s; p=%s", i == 0 ? "rsa" : "ed25519",
		    buf_str(&b64));
	}
	buf_clear(&pub);
	buf_clear(&b64);
	return 0;
}

static int
free_keys(void **state)
{
	(void)state;
	sign_key_free(keys[0]);
	sign_key_free(keys[1]);
	return 0;
}

static void
sign(const char *msg, size_t n, size_t step, struct buf *out)
{
	static const struct dkim_sign_key names[] = {
		{ "rsa2026", SIGN_RSA }, { "ed.sub", SIGN_ED25519 }
	};
	struct dkim_sign *s = dkim_sign_new("example.org", names, 2, NOW);
	struct buf sig;
	size_t i;

	assert_non_null(s);
	for (i = 0; i < n; i += step)
		assert_int_equal(dkim_sign_feed(s, msg + i,
		    step < n - i ? step : n - i), DKIM_SIGN_OK);
	assert_int_equal(dkim_sign_end(s), DKIM_SIGN_OK);
	buf_init(&sig, SIGN_SIG_MAX);
	for (i = 0; i < 2; i++) {
		buf_reset(&sig);
		assert_int_equal(sign_digest(keys[i], dkim_sign_digest(s, i),
		    &sig), CRYPTO_OK);
		assert_int_equal(dkim_sign_put(s, i, sig.data, sig.len, out),
		    DKIM_SIGN_OK);
	}
	buf_clear(&sig);
	dkim_sign_free(s);
}

static void
what_we_sign_verifies(void **state)
{
	static const char *const messages[] = {
		FIELDS "\r\n" BODY,
		FIELDS "\r\n",
		FIELDS,
		FIELDS "\r\n\r\n\r\n \t\r\n",
		"From:a@example.org\r\n\r\nx",
		"Subject: a\r\n\tfolded  one \r\nFROM : a@example.org\r\nTo:\r\n"
		    "To: twice\r\n\r\n. a\t b \r\n",
		"from: a@example.org\nsubject: lf only\n\nbody\n\n\n",
	};
	struct zone z[] = {
		{ "rsa2026._domainkey.example.org", DNS_OK, { records[0] } },
		{ "ed.sub._domainkey.example.org", DNS_OK, { records[1] } },
		{ NULL, 0, { NULL } }
	};
	const char *p, *lf;
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1 << 16);
	for (i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		buf_reset(&b);
		sign(messages[i], strlen(messages[i]), 1 + i * 7, &b);
		for (p = buf_str(&b); (lf = strchr(p, '\n')) != NULL;
		    p = lf + 1)
			assert_true(lf - p <= 78);
		buf_adds(&b, messages[i]);
		EXPECT(buf_str(&b), z, "pass", "pass");
		/* A field that readers act on cannot be added. */
		buf_reset(&b);
		buf_adds(&b, "Reply-To: thief@example.net\r\n");
		sign(messages[i], strlen(messages[i]), 100, &b);
		buf_adds(&b, messages[i]);
		EXPECT(buf_str(&b), z, "fail signature did not verify",
		    "fail signature did not verify");
	}
	buf_clear(&b);
}

static enum dkim_sign_err
try_sign(const char *domain, const char *selector, const char *msg)
{
	struct dkim_sign_key k = { selector, SIGN_RSA };
	struct dkim_sign *s = dkim_sign_new(domain, &k, 1, NOW);
	enum dkim_sign_err rc;

	rc = dkim_sign_feed(s, msg, strlen(msg));
	if (rc == DKIM_SIGN_OK)
		rc = dkim_sign_end(s);
	dkim_sign_free(s);
	return rc;
}

static void
signing_refuses(void **state)
{
	struct buf b;

	(void)state;
	assert_int_equal(try_sign("a.b", "s", "To: x\r\n\r\n"),
	    DKIM_SIGN_NOFROM);
	assert_int_equal(try_sign("a.b", "s", "From: x\r\nFrom: y\r\n\r\n"),
	    DKIM_SIGN_NOFROM);
	assert_int_equal(try_sign("a b", "s", "From: x\r\n\r\n"),
	    DKIM_SIGN_NAME);
	assert_int_equal(try_sign("a.b", "", "From: x\r\n\r\n"),
	    DKIM_SIGN_NAME);
	buf_init(&b, 1 << 20);
	while (b.len <= DKIM_SIGN_HEADER_MAX)
		buf_adds(&b, "From: x\r\n");
	assert_int_equal(try_sign("a.b", "s", buf_str(&b)),
	    DKIM_SIGN_HEADER);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8463_example_passes),
		cmocka_unit_test(changes_are_seen),
		cmocka_unit_test(the_key_comes_before_the_body),
		cmocka_unit_test(exactly_one_from),
		cmocka_unit_test(keys_are_checked),
		cmocka_unit_test(short_keys_are_refused),
		cmocka_unit_test(signatures_are_checked),
		cmocka_unit_test(too_much_is_refused_by_name),
		cmocka_unit_test(no_answer_is_temporary),
		cmocka_unit_test(what_we_sign_verifies),
		cmocka_unit_test(signing_refuses),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
