/* Rewritten senders: there and back, and what does not come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "crypto/srs.h"

enum { DAY = 86400 };

static const uint8_t key[SRS_KEY] = "a key that nobody else has, 32 o";
static const uint8_t other[SRS_KEY] = "another key that nobody has, 32";
static const int64_t now = 1790000000;

static void
there_and_back(void **state)
{
	static const char *const from[] = { "ada@friend.test", "A@B.test",
	    "a=b+c-d@x.test", "srs@x.test", "j\303\266rg@x.test",
	    "SRS0=@x.test", "o'neil@x.test" };
	char there[SRS_ADDR_MAX], back[SRS_ADDR_MAX], inner[SRS_ADDR_MAX];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof from / sizeof from[0]; i++) {
		assert_int_equal(srs_forward(key, from[i], "our.test", now,
		    there), CRYPTO_OK);
		assert_true(srs_is(there));
		assert_non_null(strstr(there, "@our.test"));
		assert_int_equal(srs_reverse(key, there, now + 20 * DAY,
		    back), CRYPTO_OK);
		assert_string_equal(back, from[i]);
		assert_true(srs_inner(there, inner));
		assert_string_equal(inner, from[i]);
		assert_int_equal(srs_reverse(other, there, now, back),
		    CRYPTO_PEER);
		assert_string_equal(back, "");
		for (k = 5; there[k] != '@'; k++) {	/* each octet counts */
			there[k] ^= 1;
			assert_int_not_equal(srs_reverse(key, there, now,
			    back), CRYPTO_OK);
			there[k] ^= 1;
		}
	}
}

static void
hosts_change_the_case(void **state)
{
	char there[SRS_ADDR_MAX], back[SRS_ADDR_MAX];
	size_t i;

	(void)state;
	assert_int_equal(srs_forward(key, "ada@friend.test", "our.test", now,
	    there), CRYPTO_OK);
	for (i = 0; there[i] != '\0'; i++)
		if (there[i] >= 'a' && there[i] <= 'z')
			there[i] = (char)(there[i] - 32);
	assert_int_equal(srs_reverse(key, there, now, back), CRYPTO_OK);
	assert_string_equal(back, "ADA@FRIEND.TEST");
}

static void
days(void **state)
{
	char there[SRS_ADDR_MAX], back[SRS_ADDR_MAX];

	(void)state;
	assert_int_equal(srs_forward(key, "a@x.test", "our.test", now, there),
	    CRYPTO_OK);
	assert_int_equal(srs_reverse(key, there, now + SRS_DAYS * DAY, back),
	    CRYPTO_OK);
	assert_int_equal(srs_reverse(key, there, now + (SRS_DAYS + 1) * DAY,
	    back), CRYPTO_EXPIRED);
	assert_int_equal(srs_reverse(key, there, now - DAY, back),
	    CRYPTO_EXPIRED);
	/* over the end of the 1024 days */
	assert_int_equal(srs_forward(key, "a@x.test", "our.test",
	    1023 * (int64_t)DAY, there), CRYPTO_OK);
	assert_int_equal(srs_reverse(key, there, 1030 * (int64_t)DAY, back),
	    CRYPTO_OK);
}

/* Several who rewrite: the first is named, and only he. */
static void
chains(void **state)
{
	char one[SRS_ADDR_MAX], two[SRS_ADDR_MAX], three[SRS_ADDR_MAX];
	char back[SRS_ADDR_MAX];

	(void)state;
	assert_int_equal(srs_forward(key, "a@x.test", "one.test", now, one),
	    CRYPTO_OK);
	assert_int_equal(srs_forward(other, one, "two.test", now, two),
	    CRYPTO_OK);
	assert_memory_equal(two, "SRS1=", 5);
	assert_int_equal(srs_forward(key, two, "three.test", now, three),
	    CRYPTO_OK);
	assert_memory_equal(three, "SRS1=", 5);
	assert_null(strstr(three, "two.test"));
	assert_int_equal(srs_reverse(key, three, now, back), CRYPTO_OK);
	assert_string_equal(back, one);
	assert_int_equal(srs_reverse(other, two, now, back), CRYPTO_OK);
	assert_string_equal(back, one);
	assert_int_equal(srs_reverse(key, two, now, back), CRYPTO_PEER);
	assert_int_equal(srs_forward(key, "SRS0+h=ab=x.test=a@f.test",
	    "our.test", now, two), CRYPTO_OK);
	assert_int_equal(srs_reverse(key, two, now, back), CRYPTO_OK);
	assert_string_equal(back, "SRS0+h=ab=x.test=a@f.test");
}

static void
refused(void **state)
{
	static const char *const none[] = { "", "@", "a@b", "SRS0", "SRS0=@x",
	    "SRS0=a@x", "SRS0=a=b@x", "SRS0=a=bb=c@x", "SRS0=aaaaaaaa=bb==d@x",
	    "SRS0=aaaaaaaa=bb=c=@x", "SRS0=aaaaaaa=bb=c=d@x",
	    "SRS0=aaaaaaaaa=bb=c=d@x", "SRS0=aaaaaaaa=b=c=d@x",
	    "SRS1=aaaaaaaa=@x", "SRS1=aaaaaaaa=c=@x", "SRS2=aaaaaaaa=c=d@x",
	    "SRS0=aaaaaaaa=bb=c=d" };
	char longer[300], dst[SRS_ADDR_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_int_equal(srs_reverse(key, none[i], now, dst),
		    CRYPTO_NAME);
	assert_int_equal(srs_forward(key, "\"a b\"@x.test", "our.test", now,
	    dst), CRYPTO_NAME);
	assert_int_equal(srs_forward(key, "a@b=c.test", "our.test", now,
	    dst), CRYPTO_NAME);
	assert_int_equal(srs_forward(key, "", "our.test", now, dst),
	    CRYPTO_NAME);
	/* SRS0= hash = day = x.test = local @our.test: 41 octets more */
	memset(longer, 'a', sizeof longer);
	memcpy(longer + SRS_PATH_MAX - 33, "@x.test", 8);
	assert_int_equal(srs_forward(key, longer, "our.test", now, dst),
	    CRYPTO_OK);
	assert_int_equal(strlen(dst), SRS_PATH_MAX);
	memset(longer, 'a', sizeof longer);
	memcpy(longer + SRS_PATH_MAX - 32, "@x.test", 8);
	assert_int_equal(srs_forward(key, longer, "our.test", now, dst),
	    CRYPTO_NAME);
	assert_string_equal(dst, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(hosts_change_the_case),
		cmocka_unit_test(days),
		cmocka_unit_test(chains),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
