#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/base/buf.h"
#include "mailnode/node/dns_cache.h"
#include "mailnode/node/dns_msg.h"

/* ---- messages, put together by hand ---- */

static struct buf m;

static void
u16(unsigned int v)
{
	buf_addc(&m, (int)(v >> 8));
	buf_addc(&m, (int)(v & 255));
}

static void
name(const char *s)
{
	size_t n;

	for (; *s != '\0'; s += n + (s[n] == '.')) {
		n = strcspn(s, ".");
		buf_addc(&m, (int)n);
		buf_add(&m, s, n);
	}
	buf_addc(&m, 0);
}

static void
head(unsigned int flags, unsigned int an, unsigned int ns, unsigned int ar)
{
	buf_reset(&m);
	u16(7);
	u16(flags);
	u16(1);
	u16(an);
	u16(ns);
	u16(ar);
}

static void
question(const char *qname, enum dns_type type)
{
	name(qname);
	u16(type);
	u16(1);
}

static void
rr(const char *owner, enum dns_type type, unsigned int ttl, const void *p,
    size_t n)
{
	name(owner);
	u16(type);
	u16(1);
	u16(ttl >> 16);
	u16(ttl & 0xffff);
	u16((unsigned int)n);
	buf_add(&m, p, n);
}

static struct dns_answer a;
static struct dns_msg msg;

static int
parse(enum dns_type type, const char *qname)
{
	return dns_msg_parse(&msg, &a, m.data, m.len, type, qname);
}

static int
start(void **state)
{
	(void)state;
	buf_init(&m, 65536);
	dns_answer_init(&a);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	buf_clear(&m);
	dns_answer_clear(&a);
	return 0;
}

static void
records_of_each_type(void **state)
{
	(void)state;
	head(0x81a0, 3, 0, 1);
	question("A.Test", DNS_A);
	rr("a.test", DNS_A, 300, "\xc0\0\2\1", 4);
	rr("b.test", DNS_A, 300, "\xc0\0\2\2", 4);	/* somebody else's */
	rr("A.TEST", DNS_A, 100, "\xc0\0\2\3", 4);
	rr("", 41, 0, "", 0);
	assert_int_equal(parse(DNS_A, "a.test."), 0);
	assert_int_equal(a.class, DNS_OK);
	assert_int_equal(a.nrr, 2);
	assert_memory_equal(a.rr[1].data, "\xc0\0\2\3", 4);
	assert_int_equal(a.ttl_s, 100);
	assert_true(a.ad && msg.edns);
	assert_string_equal(a.owner, "a.test");

	head(0x8180, 1, 0, 0);
	question("a.test", DNS_TXT);
	rr("a.test", DNS_TXT, 5, "\3v=1\0\2 x", 8);
	assert_int_equal(parse(DNS_TXT, "a.test"), 0);
	assert_int_equal(a.rr[0].len, 5);
	assert_string_equal((const char *)a.rr[0].data, "v=1 x");
	assert_false(a.ad || msg.edns);

	head(0x8180, 2, 0, 0);
	question("a.test", DNS_MX);
	rr("a.test", DNS_MX, 5, "\0\12\2MX\xc0\x0c", 7);	/* mx.a.test */
	rr("a.test", DNS_MX, 5, "\0\0\0", 3);
	assert_int_equal(parse(DNS_MX, "a.test"), 0);
	assert_int_equal(a.rr[0].preference, 10);
	assert_string_equal((const char *)a.rr[0].data, "mx.a.test");
	assert_string_equal((const char *)a.rr[1].data, "");

	head(0x8180, 1, 0, 0);
	question("a.test", DNS_TLSA);
	rr("a.test", DNS_TLSA, 5, "\3\1\1\xaa\xbb", 5);
	assert_int_equal(parse(DNS_TLSA, "a.test"), 0);
	assert_int_equal(a.rr[0].usage, 3);
	assert_int_equal(a.rr[0].selector, 1);
	assert_int_equal(a.rr[0].matching, 1);
	assert_int_equal(a.rr[0].len, 2);
}

static void
chains_are_followed(void **state)
{
	int i;
	char from[20], to[20];

	(void)state;
	/* Out of order, as some servers write them. */
	head(0x8180, 3, 0, 0);
	question("x.test", DNS_A);
	rr("z.test", DNS_A, 300, "\xc0\0\2\1", 4);
	rr("y.test", DNS_CNAME, 50, "\1z\4test", 8);
	rr("x.test", DNS_CNAME, 300, "\1y\4test", 8);
	assert_int_equal(parse(DNS_A, "x.test"), 0);
	assert_int_equal(a.nrr, 1);
	assert_int_equal(a.ttl_s, 50);
	assert_string_equal(a.owner, "z.test");

	/* A loop ends, and is nobody's answer. */
	head(0x8180, 2, 0, 0);
	question("x.test", DNS_A);
	rr("x.test", DNS_CNAME, 300, "\1y\4test", 8);
	rr("y.test", DNS_CNAME, 300, "\1x\4test", 8);
	assert_int_equal(parse(DNS_A, "x.test"), -1);
	assert_int_equal(a.class, DNS_TEMPFAIL);

	head(0x8180, 40, 0, 0);
	question("a00.test", DNS_A);
	for (i = 0; i < 40; i++) {
		snprintf(from, sizeof from, "a%02d.test", i);
		snprintf(to, sizeof to, "\3a%02d\4test", i + 1);
		rr(from, DNS_CNAME, 300, to, 10);
	}
	assert_int_equal(parse(DNS_A, "a00.test"), -1);
}

#define SOA "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\x3c"

static void
negative_answers_have_the_soas_time(void **state)
{
	(void)state;
	head(0x8183, 0, 1, 0);
	question("no.test", DNS_TXT);
	rr("test", DNS_SOA, 900, SOA, 22);
	assert_int_equal(parse(DNS_TXT, "no.test"), 0);
	assert_int_equal(a.class, DNS_NXDOMAIN);
	assert_int_equal(a.ttl_s, 60);

	head(0x8180, 0, 1, 0);
	question("no.test", DNS_TXT);
	rr("test", DNS_SOA, 30, SOA, 22);
	assert_int_equal(parse(DNS_TXT, "no.test"), 0);
	assert_int_equal(a.class, DNS_NODATA);
	assert_int_equal(a.ttl_s, 30);

	head(0x8180, 0, 0, 0);	/* no SOA: not to be kept */
	question("no.test", DNS_TXT);
	assert_int_equal(parse(DNS_TXT, "no.test"), 0);
	assert_int_equal(a.class, DNS_NODATA);
	assert_int_equal(a.ttl_s, 0);

	head(0x8182, 0, 0, 0);
	question("no.test", DNS_TXT);
	assert_int_equal(parse(DNS_TXT, "no.test"), 0);
	assert_int_equal(a.class, DNS_TEMPFAIL);
	assert_string_equal(a.why, "SERVFAIL");
}

static void
ttls_are_bounded(void **state)
{
	(void)state;
	head(0x8180, 1, 0, 0);
	question("a.test", DNS_A);
	rr("a.test", DNS_A, 0x7fffffff, "\xc0\0\2\1", 4);
	parse(DNS_A, "a.test");
	assert_int_equal(a.ttl_s, DNS_TTL_MAX);
	head(0x8180, 1, 0, 0);
	question("a.test", DNS_A);
	rr("a.test", DNS_A, 0xffffffff, "\xc0\0\2\1", 4);
	parse(DNS_A, "a.test");
	assert_int_equal(a.ttl_s, 0);		/* RFC 2181 section 8 */
	head(0x8183, 0, 1, 0);
	question("a.test", DNS_A);
	rr("test", DNS_SOA, 0xffffff, "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"
	    "\0\xff\xff\xff", 22);
	parse(DNS_A, "a.test");
	assert_int_equal(a.ttl_s, DNS_NEGATIVE_MAX);
}

static void
what_is_no_reply_is_refused(void **state)
{
	uint8_t copy[512];
	size_t n, i;

	(void)state;
	head(0x8180, 1, 0, 0);
	question("a.test", DNS_MX);
	rr("a.test", DNS_MX, 5, "\0\12\2mx\xc0\x0c", 7);
	assert_int_equal(parse(DNS_MX, "b.test"), -1);
	assert_int_equal(parse(DNS_A, "a.test"), -1);
	assert_int_equal(parse(DNS_MX, "a.tes"), -1);
	assert_int_equal(parse(DNS_MX, "a.test"), 0);
	/* Cut anywhere, and with any octet changed: an answer or a refusal. */
	n = m.len;
	memcpy(copy, m.data, n);
	for (i = 0; i < n; i++)
		assert_int_equal(dns_msg_parse(&msg, &a, copy, i, DNS_MX,
		    "a.test"), -1);
	for (i = 0; i < n; i++) {
		copy[i] ^= 0xff;
		(void)dns_msg_parse(&msg, &a, copy, n, DNS_MX, "a.test");
		copy[i] ^= 0xff;
	}
	copy[2] &= 0x7f;		/* a question, not a reply */
	assert_int_equal(dns_msg_parse(&msg, &a, copy, n, DNS_MX, "a.test"),
	    -1);
}

static void
bad_records_are_refused(void **state)
{
	static const struct {
		enum dns_type	 type;
		const char	*data;
		size_t		 len;
	} bad[] = {
		{ DNS_A, "\1\2\3", 3 }, { DNS_A, "\1\2\3\4\5", 5 },
		{ DNS_AAAA, "\1\2\3\4", 4 }, { DNS_TXT, "\5abc", 4 },
		{ DNS_MX, "\0\1", 2 }, { DNS_MX, "\0\1\3mx", 5 },
		{ DNS_MX, "\0\1\2mx\0x", 7 },
		{ DNS_MX, "\0\1\xc0\xff", 4 },	/* forward */
		{ DNS_MX, "\0\1\x80", 3 },	/* no such label type */
		{ DNS_TLSA, "\3\1\1", 3 }, { DNS_PTR, "", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		head(0x8180, 1, 0, 0);
		question("a.test", bad[i].type);
		rr("a.test", bad[i].type, 5, bad[i].data, bad[i].len);
		assert_int_equal(parse(bad[i].type, "a.test"), -1);
		assert_int_equal(a.class, DNS_TEMPFAIL);
	}
	/* A name that points at itself. */
	head(0x8180, 1, 0, 0);
	question("a.test", DNS_PTR);
	rr("a.test", DNS_PTR, 5, "\xc0\x2a", 2);
	assert_int_equal(m.len, 0x2a + 2);
	assert_int_equal(parse(DNS_PTR, "a.test"), -1);
	/* Octets no host name has: that record is left out. */
	head(0x8180, 2, 0, 0);
	question("a.test", DNS_PTR);
	rr("a.test", DNS_PTR, 5, "\3a\nb\0", 5);
	rr("a.test", DNS_PTR, 5, "\2ok\0", 4);
	assert_int_equal(parse(DNS_PTR, "a.test"), 0);
	assert_int_equal(a.nrr, 1);
	assert_string_equal((const char *)a.rr[0].data, "ok");
	/* A blank may be asked for, and is in no host name either. */
	head(0x8180, 3, 0, 0);
	question("a b.test", DNS_PTR);
	rr("a b.test", DNS_CNAME, 5, "\3a b\0", 5);
	rr("A B.test", DNS_PTR, 5, "\3a b\0", 5);
	rr("a b.test", DNS_PTR, 5, "\2ok\0", 4);
	assert_int_equal(parse(DNS_PTR, "a b.test"), 0);
	assert_int_equal(a.nrr, 1);
	assert_string_equal((const char *)a.rr[0].data, "ok");
}

static void
many_records_are_bounded(void **state)
{
	int i;

	(void)state;
	/* None is left out: which would be chance. */
	head(0x8180, DNS_RR_MAX, 0, 0);
	question("a.test", DNS_A);
	for (i = 0; i < DNS_RR_MAX; i++)
		rr("a.test", DNS_A, 5, "\1\2\3\4", 4);
	assert_int_equal(parse(DNS_A, "a.test"), 0);
	assert_int_equal(a.nrr, DNS_RR_MAX);
	head(0x8180, DNS_RR_MAX + 1, 0, 0);
	question("a.test", DNS_A);
	for (i = 0; i < DNS_RR_MAX + 1; i++)
		rr("a.test", DNS_A, 5, "\1\2\3\4", 4);
	assert_int_equal(parse(DNS_A, "a.test"), -1);
}

/* ---- names ---- */

static void
names_that_can_be_asked(void **state)
{
	static const struct {
		const char	*name;
		bool		 ok;
	} names[] = {
		{ "a", true }, { "a.", true }, { "_dmarc.a.b", true },
		{ "a-b.c/d", true }, { "", false }, { ".", false },
		{ ".a", false }, { "a..b", false }, { "a b", false },
		{ "a\\b", false }, { "a\x7f", false }, { "\xc3\xa4.b", false },
	};
	char label[80], ip[100];
	size_t i;
	struct buf b;

	(void)state;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_int_equal(dns_name_ok(names[i].name), names[i].ok);
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_int_equal(dns_question_ok(names[i].name),
		    names[i].ok || strcmp(names[i].name, "a b") == 0);
	memset(label, 'x', sizeof label);
	label[63] = '\0';
	assert_true(dns_name_ok(label));
	label[63] = 'x';
	label[64] = '\0';
	assert_false(dns_name_ok(label));
	buf_init(&b, 1000);
	for (i = 0; i < 126; i++)
		buf_adds(&b, "x.");
	buf_addc(&b, 'x');
	assert_true(dns_name_ok(buf_str(&b)));		/* 253 octets */
	buf_addc(&b, 'x');
	assert_false(dns_name_ok(buf_str(&b)));
	buf_clear(&b);
	assert_int_equal(dns_reverse_name("192.0.2.1", ip, sizeof ip), 0);
	assert_string_equal(ip, "1.2.0.192.in-addr.arpa");
	assert_int_equal(dns_reverse_name("2001:db8::1", ip, sizeof ip), 0);
	assert_string_equal(ip, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	    "0.0.8.b.d.0.1.0.0.2.ip6.arpa");
	assert_int_equal(dns_reverse_name("x", ip, sizeof ip), -1);
	assert_int_equal(dns_reverse_name("2001:db8::1", ip, 72), -1);
}

/* ---- the cache ---- */

static void
set(struct dns_answer *x, enum dns_class class, const char *data)
{
	struct dns_rr r = { .preference = 3, .data = (const uint8_t *)data,
	    .len = data != NULL ? strlen(data) : 0 };

	dns_answer_clear(x);
	x->class = class;
	if (data != NULL)
		assert_int_equal(dns_answer_add(x, &r), 0);
}

static void
answers_are_kept_for_their_time(void **state)
{
	struct dns_cache *c = dns_cache_new(100000);
	struct dns_answer x;

	(void)state;
	dns_answer_init(&x);
	set(&x, DNS_OK, "mx.test");
	dns_cache_put(c, DNS_MX, "A.test", &x, 10, 5000);
	dns_answer_clear(&x);
	assert_true(dns_cache_get(c, DNS_MX, "a.TEST.", &x, 5000));
	assert_int_equal(x.class, DNS_OK);
	assert_int_equal(x.rr[0].preference, 3);
	assert_string_equal((const char *)x.rr[0].data, "mx.test");
	assert_int_equal(x.ttl_s, 10);
	assert_false(dns_cache_get(c, DNS_TXT, "a.test", &x, 5000));
	assert_true(dns_cache_get(c, DNS_MX, "a.test", &x, 14999));
	assert_int_equal(x.ttl_s, 1);
	assert_false(dns_cache_get(c, DNS_MX, "a.test", &x, 15000));
	assert_int_equal(dns_cache_count(c), 0);

	set(&x, DNS_NXDOMAIN, NULL);
	dns_cache_put(c, DNS_MX, "n.test", &x, 0, 0);	/* not kept */
	assert_int_equal(dns_cache_count(c), 0);
	dns_cache_put(c, DNS_MX, "n.test", &x, 5, 0);
	set(&x, DNS_TEMPFAIL, NULL);
	dns_cache_put(c, DNS_MX, "f.test", &x, 5, 0);
	assert_true(dns_cache_get(c, DNS_MX, "n.test", &x, 1));
	assert_int_equal(x.class, DNS_NXDOMAIN);
	dns_cache_drop_failures(c);
	assert_false(dns_cache_get(c, DNS_MX, "f.test", &x, 1));
	assert_true(dns_cache_get(c, DNS_MX, "n.test", &x, 1));
	dns_answer_clear(&x);
	dns_cache_free(c);
}

static void
the_oldest_goes_first(void **state)
{
	struct dns_cache *c = dns_cache_new(20000);
	struct dns_answer x;
	char n[32];
	size_t i, at_limit;

	(void)state;
	dns_answer_init(&x);
	for (i = 0; i < 1000; i++) {
		set(&x, DNS_OK, "some data");
		snprintf(n, sizeof n, "n%04zu.test", i);
		dns_cache_put(c, DNS_TXT, n, &x, 100, 0);
		/* The first stays as it is used all the time. */
		assert_true(dns_cache_get(c, DNS_TXT, "n0000.test", &x, 1));
		assert_true(dns_cache_octets(c) <= 20000);
	}
	at_limit = dns_cache_count(c);
	assert_in_range(at_limit, 50, 300);
	assert_true(dns_cache_get(c, DNS_TXT, "n0999.test", &x, 1));
	assert_false(dns_cache_get(c, DNS_TXT, "n0001.test", &x, 1));
	/* The same name again takes no second place. */
	dns_cache_put(c, DNS_TXT, "N0999.test.", &x, 100, 0);
	assert_in_range(dns_cache_count(c), at_limit - 1, at_limit);
	dns_answer_clear(&x);
	dns_cache_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_each_type),
		cmocka_unit_test(chains_are_followed),
		cmocka_unit_test(negative_answers_have_the_soas_time),
		cmocka_unit_test(ttls_are_bounded),
		cmocka_unit_test(what_is_no_reply_is_refused),
		cmocka_unit_test(bad_records_are_refused),
		cmocka_unit_test(many_records_are_bounded),
		cmocka_unit_test(names_that_can_be_asked),
		cmocka_unit_test(answers_are_kept_for_their_time),
		cmocka_unit_test(the_oldest_goes_first),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
