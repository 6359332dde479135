/* What a session remembers of the DNS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mailnode/auth/memo.h"

static void
answer(struct dns_answer *a, enum dns_class class, uint32_t ttl_s,
    const void *p, size_t n)
{
	struct dns_rr rr = { .data = p, .len = n };

	dns_answer_init(a);
	a->class = class;
	a->ttl_s = ttl_s;
	a->ad = true;
	(void)snprintf(a->owner, sizeof a->owner, "%s", "end.test");
	if (p != NULL)
		assert_int_equal(dns_answer_add(a, &rr), 0);
}

static void
put(struct memo *m, const char *name, enum dns_class class, uint32_t ttl_s,
    const void *p, size_t n)
{
	struct dns_answer a;

	answer(&a, class, ttl_s, p, n);
	memo_put(m, DNS_TXT, name, &a);
	dns_answer_clear(&a);
}

static void
an_answer_comes_back_whole(void **state)
{
	struct memo m;
	struct dns_answer a;

	(void)state;
	memset(&m, 0xff, sizeof m);
	memo_init(&m);
	dns_answer_init(&a);
	assert_false(memo_get(&m, DNS_TXT, "a.test", &a));
	assert_false(memo_knows(&m, DNS_TXT, "a.test"));
	put(&m, "a.test", DNS_OK, 300, "v=spf1\0-all", 11);
	assert_true(memo_get(&m, DNS_TXT, "A.Test", &a));
	assert_int_equal(a.class, DNS_OK);
	assert_true(a.ad);
	assert_true(memo_knows(&m, DNS_TXT, "a.TEST"));
	assert_false(memo_knows(&m, DNS_A, "a.test"));
	assert_string_equal(a.owner, "end.test");
	assert_int_equal(a.nrr, 1);
	assert_int_equal(a.rr[0].len, 11);
	assert_memory_equal(a.rr[0].data, "v=spf1\0-all", 12);
	assert_false(memo_get(&m, DNS_A, "a.test", &a));
	assert_false(memo_get(&m, DNS_TXT, "b.test", &a));
	put(&m, "a.test", DNS_NXDOMAIN, 300, NULL, 0);
	assert_true(memo_get(&m, DNS_TXT, "a.test", &a));
	assert_int_equal(a.class, DNS_NXDOMAIN);
	assert_int_equal(a.nrr, 0);
	dns_answer_clear(&a);
	memo_clear(&m);
}

static void
what_must_be_asked_again_is(void **state)
{
	static char big[MEMO_OCTETS + 1];
	struct memo m;
	struct dns_answer a;

	(void)state;
	memo_init(&m);
	dns_answer_init(&a);
	put(&m, "a.test", DNS_TEMPFAIL, 300, NULL, 0);
	put(&m, "b.test", DNS_OK, 0, "x", 1);
	put(&m, "c.test", DNS_OK, 300, big, sizeof big);
	assert_false(memo_get(&m, DNS_TXT, "a.test", &a));
	assert_false(memo_get(&m, DNS_TXT, "b.test", &a));
	assert_false(memo_get(&m, DNS_TXT, "c.test", &a));
	put(&m, "c.test", DNS_OK, 300, big, sizeof big - 2);
	assert_true(memo_get(&m, DNS_TXT, "c.test", &a));
	dns_answer_clear(&a);
	memo_clear(&m);
}

static void
the_oldest_makes_room(void **state)
{
	struct memo m;
	struct dns_answer a;
	char name[32];
	int i;

	(void)state;
	memo_init(&m);
	memset(&m, 0xff, sizeof m);
	memo_init(&m);
	dns_answer_init(&a);
	for (i = 0; i <= MEMO_ANSWERS; i++) {
		(void)snprintf(name, sizeof name, "n%d.test", i);
		put(&m, name, DNS_OK, 300, name, strlen(name));
	}
	assert_false(memo_get(&m, DNS_TXT, "n0.test", &a));
	for (i = 1; i <= MEMO_ANSWERS; i++) {
		(void)snprintf(name, sizeof name, "n%d.test", i);
		assert_true(memo_get(&m, DNS_TXT, name, &a));
		assert_string_equal((const char *)a.rr[0].data, name);
	}
	dns_answer_clear(&a);
	memo_clear(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes_back_whole),
		cmocka_unit_test(what_must_be_asked_again_is),
		cmocka_unit_test(the_oldest_makes_room),
	};

	return cmocka_run_group_tests_name("auth_memo", tests, NULL, NULL);
}
