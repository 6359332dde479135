/* A whole message: what is asked, in what order, told and done. */
#include <stdio.h>
#include <stdlib.h>

#include "auth_zone.h"
#include "mailnode/auth/dkim_sign.h"
#include "mailnode/auth/verify.h"
#include "mailnode/base/codec.h"

#define NOW INT64_C(1700000000)
#define HEAD	"To: me@node.test\r\nSubject: x\r\n\r\nHi.\r\n"

static char record[1000];
static struct sign_key *key;

static struct zone_rr zone[] = {
	{ "s1._domainkey.good.test", DNS_TXT, record },
	{ "s1._domainkey.xn--bcher-kva.test", DNS_TXT, record },
	{ "s1._domainkey.down.test", DNS_TXT, "!" },
	{ "_dmarc.good.test", DNS_TXT, "v=DMARC1; p=reject" },
	{ "_dmarc.xn--bcher-kva.test", DNS_TXT, "v=DMARC1; p=reject" },
	{ "_dmarc.quar.test", DNS_TXT, "v=DMARC1; p=quarantine" },
	{ "_dmarc.down.test", DNS_TXT, "v=DMARC1; p=reject" },
	{ "good.test", DNS_TXT, "v=spf1 ip4:192.0.2.1 -all" },
	{ "list.test", DNS_TXT, "v=spf1 ip4:192.0.2.1 -all" },
	{ "1.2.0.192.in-addr.arpa", DNS_PTR, "mx.fwd.test" },
	{ "mx.fwd.test", DNS_A, "192.0.2.1" },
	{ NULL, 0, NULL }
};

static int
make_key(void **state)
{
	struct secret *s;
	struct buf pub, b64;

	(void)state;
	buf_init(&pub, 2000);
	buf_init(&b64, sizeof record - 32);
	if (crypto_init() == -1 || sign_generate(SIGN_ED25519, &s) !=
	    CRYPTO_OK || sign_private(SIGN_ED25519, s, &key) != CRYPTO_OK ||
	    sign_key_public(key, &pub) != CRYPTO_OK ||
	    codec_base64_put(&b64, pub.data, pub.len) == -1)
		return -1;
	snprintf(record, sizeof record, "v=DKIM1; k=ed25519; p=%s",
	    buf_str(&b64));
	secret_free(s);
	buf_clear(&pub);
	buf_clear(&b64);
	return 0;
}

/* The message, signed by domain; valid until the next. */
static const char *
sign(const char *domain, const char *text)
{
	static const struct dkim_sign_key k = { "s1", SIGN_ED25519 };
	static char out[8000];
	struct dkim_sign *s = dkim_sign_new(domain, &k, 1, NOW);
	struct buf sig, field;

	buf_init(&sig, 200);
	buf_init(&field, sizeof out);
	assert_non_null(s);
	assert_int_equal(dkim_sign_feed(s, text, strlen(text)), 0);
	assert_int_equal(dkim_sign_end(s), 0);
	assert_int_equal(sign_digest(key, dkim_sign_digest(s, 0), &sig), 0);
	assert_int_equal(dkim_sign_put(s, 0, sig.data, sig.len, &field), 0);
	snprintf(out, sizeof out, "%s%s", buf_str(&field), text);
	dkim_sign_free(s);
	buf_clear(&sig);
	buf_clear(&field);
	return out;
}

static const char *const forwarders[] = { "list.test", "198.51.100.0/24",
    "fwd.test", NULL };

struct told {
	enum auth_action action;
	char		 why[AUTH_WHY_MAX];
	char		 field[4000];	/* unfolded */
	char		 line[1000];
};

static void
unfold(char *dst, size_t size, struct buf *b)
{
	size_t i, n = 0;

	for (i = 0; i < b->len && n + 1 < size; i++)
		if (strchr("\r\n\t ", b->data[i]) == NULL)
			dst[n++] = (char)b->data[i];
		else if (n > 0 && dst[n - 1] != ' ')
			dst[n++] = ' ';
	while (n > 0 && dst[n - 1] == ' ')
		n--;
	dst[n] = '\0';
}

static struct told
verify(const char *ip, const char *from, const char *text, bool known)
{
	struct auth_conn c = { .authserv_id = "me.test", .ip = ip,
	    .helo = "helo.test", .mail_from = from, .now_s = NOW,
	    .trust = { .forwarders = forwarders, .nforwarders = 4,
	    .known_list = known } };
	struct auth_verify *a = auth_verify_new(&c);
	struct lookup l = zone_lookup(zone);
	struct told t;
	struct buf b;
	const char *why;

	memset(&t, 0, sizeof t);
	assert_int_equal(auth_verify_feed(a, text, strlen(text)), 0);
	assert_int_equal(auth_verify_with(a, &l), 0);
	t.action = auth_verify_action(a, &why);
	snprintf(t.why, sizeof t.why, "%s", why);
	buf_init(&b, sizeof t.field);
	assert_int_equal(auth_verify_put(a, &b), 0);
	unfold(t.field, sizeof t.field, &b);
	buf_reset(&b);
	assert_int_equal(auth_verify_line(a, &b), 0);
	unfold(t.line, sizeof t.line, &b);
	buf_clear(&b);
	auth_verify_free(a);
	return t;
}

static void
all_is_told_once(void **state)
{
	const char *m = sign("good.test", "From: a@good.test\r\n" HEAD);
	struct told t = verify("192.0.2.1", "b@list.test", m, false);

	(void)state;
	assert_int_equal(t.action, AUTH_TAKE);
	assert_non_null(strstr(t.field, "Authentication-Results: me.test; "
	    "dkim=pass header.d=good.test header.s=s1 "
	    "header.a=ed25519-sha256 header.b="));
	assert_non_null(strstr(t.field, "; spf=pass reason=\"ip4:192.0.2.1\" "
	    "smtp.mailfrom=b@list.test; spf=none reason=\"no record\" "
	    "smtp.helo=helo.test; dmarc=pass header.from=good.test "
	    "policy.dmarc=reject; iprev=pass policy.iprev=192.0.2.1"));
	assert_string_equal(t.line, "dkim=pass(good.test) "
	    "spf=pass(list.test) dmarc=pass(good.test) "
	    "iprev=pass(mx.fwd.test)");
}

/* Many signatures leave room for what decides. */
static void
the_line_stays_short(void **state)
{
	char text[8000] = "";
	struct told t;
	size_t i;

	(void)state;
	for (i = 0; i < 30; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text),
		    "DKIM-Signature: v=1; d=d%zu.test\r\n", i);
	snprintf(text + strlen(text), sizeof text - strlen(text), "%s",
	    "From: a@good.test\r\n" HEAD);
	t = verify("203.0.113.1", "b@x.test", text, false);
	assert_string_equal(t.line, "dkim=permerror(d0.test) "
	    "dkim=permerror(d1.test) dkim=permerror(d2.test) "
	    "dkim=permerror(d3.test) and 20 more spf=none(x.test) "
	    "dmarc=fail(good.test) iprev=fail "
	    "auth=refuse(policy of good.test is reject)");
}

/* Without a client there is no SPF, and nobody to name. */
static void
a_file_has_no_client(void **state)
{
	struct told t = verify(NULL, NULL, "From: a@none.test\r\n" HEAD,
	    false);

	(void)state;
	assert_string_equal(t.field, "Authentication-Results: me.test; "
	    "dkim=none; dmarc=none reason=\"no policy\" "
	    "header.from=none.test");
}

/* An author behind more fields than are kept is not nobody. */
static void
a_header_too_large_is_junk(void **state)
{
	static char text[4 * 2048 + 256];
	struct told t;
	size_t i;

	(void)state;
	for (i = 0; i < HEADER_FIELDS_MAX - 1; i++)
		memcpy(text + 4 * i, "a:\r\n", 4);
	(void)snprintf(text + 4 * i, sizeof text - 4 * i, "%s",
	    "From: a@good.test\r\n\r\nx\r\n");
	t = verify("203.0.113.1", "b@x.test", text, false);
	assert_int_equal(t.action, AUTH_REFUSE);
	(void)snprintf(text + 4 * i, sizeof text - 4 * i, "%s",
	    "a:\r\nFrom: a@good.test\r\n\r\nx\r\n");
	t = verify("203.0.113.1", "b@x.test", text, false);
	assert_int_equal(t.action, AUTH_JUNK);
	assert_string_equal(t.why, "header is too large to be checked");
	assert_non_null(strstr(t.field, "dmarc=permerror"));
}

static void
what_is_done(void **state)
{
	static const struct {
		const char	*ip, *from, *text;
		bool		 known;
		enum auth_action want;
		const char	*why;
	} cases[] = {
		{ "203.0.113.1", "a@good.test", "From: a@good.test\r\n" HEAD,
		    false, AUTH_REFUSE, "policy of good.test is reject" },
		{ "192.0.2.1", "a@good.test", "From: a@good.test\r\n" HEAD,
		    false, AUTH_TAKE, "" },
		{ "203.0.113.1", "a@x.test", "From: a@quar.test\r\n" HEAD,
		    false, AUTH_JUNK, "policy of quar.test is quarantine" },
		{ "203.0.113.1", "a@x.test", "From: a@none.test\r\n" HEAD,
		    false, AUTH_TAKE, "" },
		/* A forwarder by SPF, by name, by network; a known list. */
		{ "192.0.2.1", "b@list.test", "From: a@good.test\r\n" HEAD,
		    false, AUTH_MARK, "policy of good.test is reject, but it "
		    "came through list.test" },
		{ "203.0.113.1", "b@list.test", "From: a@good.test\r\n" HEAD,
		    false, AUTH_REFUSE, "policy of good.test is reject" },
		{ "192.0.2.1", "b@x.test", "From: a@good.test\r\n" HEAD,
		    false, AUTH_MARK, "policy of good.test is reject, but it "
		    "came through fwd.test" },
		{ "198.51.100.9", "b@x.test", "From: a@good.test\r\n" HEAD,
		    false, AUTH_MARK, "policy of good.test is reject, but it "
		    "came through 198.51.100.0/24" },
		{ "203.0.113.1", "b@x.test", "From: a@good.test\r\n" HEAD,
		    true, AUTH_MARK, "policy of good.test is reject, but it "
		    "came by a known list" },
		{ "203.0.113.1", "b@x.test", "From: a@none.test\r\n"
		    "From: b@none.test\r\n" HEAD, false, AUTH_JUNK,
		    "more than one From field" },
		{ "203.0.113.1", "b@x.test", "From: a@none.test\r\n"
		    "From: b@good.test\r\n" HEAD, false, AUTH_REFUSE,
		    "policy of good.test is reject" },
		{ "203.0.113.1", "b@x.test", HEAD, false, AUTH_TAKE, "" },
		{ "203.0.113.1", "b@x.test", "", false, AUTH_TAKE, "" },
	};
	struct told t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		t = verify(cases[i].ip, cases[i].from, cases[i].text,
		    cases[i].known);
		if (t.action != cases[i].want ||
		    strcmp(t.why, cases[i].why) != 0)
			fail_msg("%zu: %s (%s)", i,
			    auth_action_text(t.action), t.why);
	}
}

/* RFC 8616 section 5: d= and From in other scripts, keys at A-labels. */
static void
other_scripts_are_aligned(void **state)
{
	char text[8000];
	const char *d;
	struct told t;

	(void)state;
	snprintf(text, sizeof text, "%s", sign("xn--bcher-kva.test",
	    "From: j\xc3\xb6rg@B\xc3\x9c" "cher.test\r\n" HEAD));
	t = verify("203.0.113.1", "b@x.test", text, false);
	assert_int_equal(t.action, AUTH_TAKE);
	assert_non_null(strstr(t.field, "dmarc=pass "
	    "header.from=xn--bcher-kva.test"));
	/* What is signed is d= as it stands: another spelling fails. */
	d = strstr(text, "xn--bcher-kva.test");
	assert_non_null(d);
	memcpy(text + (d - text), "xn--BCHER-kva.test", 18);
	t = verify("203.0.113.1", "b@x.test", text, false);
	assert_non_null(strstr(t.field, "dkim=fail reason=\"signature did "
	    "not verify\" header.d=xn--bcher-kva.test"));
	assert_int_equal(t.action, AUTH_REFUSE);
}

/* An l= that leaves octets open passes, and vouches for nothing. */
static void
part_of_a_body_vouches_for_nothing(void **state)
{
	char text[8000];
	struct told t;

	(void)state;
	snprintf(text, sizeof text, "DKIM-Signature: v=1; a=ed25519-sha256; "
	    "d=down.test; s=s1; l=0; h=from;\r\n"
	    " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA;\r\n"
	    " c=relaxed/relaxed\r\nFrom: a@down.test\r\n" HEAD);
	t = verify("203.0.113.1", "b@x.test", text, false);
	assert_non_null(strstr(t.field, "dkim=temperror"));
	assert_non_null(strstr(t.field, "dmarc=fail"));
	assert_int_equal(t.action, AUTH_REFUSE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_told_once),
		cmocka_unit_test(the_line_stays_short),
		cmocka_unit_test(a_file_has_no_client),
		cmocka_unit_test(a_header_too_large_is_junk),
		cmocka_unit_test(what_is_done),
		cmocka_unit_test(other_scripts_are_aligned),
		cmocka_unit_test(part_of_a_body_vouches_for_nothing),
	};

	return cmocka_run_group_tests(tests, make_key, NULL);
}
