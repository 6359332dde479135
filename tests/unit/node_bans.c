#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/bans.h"
#include "mailnode/node/log.h"

static char home[64];

static int
begin(void **state)
{
	snprintf(home, sizeof home, "/tmp/node_bans.XXXXXX");
	assert_non_null(mkdtemp(home));
	*state = bans_new(NULL, home);
	return *state == NULL;
}

static int
end(void **state)
{
	char cmd[128];

	bans_free(*state);
	snprintf(cmd, sizeof cmd, "rm -rf %s", home);
	return system(cmd);
}

static int
bans_failed(struct bans *b, const char *addr, const char *user,
    const char *why, int64_t now)
{
	char what[120];
	const struct ban_fault f = { addr, BAN_LOGIN_DOORS, BAN_LOGINS, what };
	const struct ban *began[BANS_AT_ONCE];

	snprintf(what, sizeof what, "%s (%s)", user, why);
	return (int)bans_fault(b, &f, now, began);
}

/* n failures at once; how many of them were one too many. */
static int
fail_times(struct bans *b, const char *addr, int n, int64_t now)
{
	int bans = 0;

	while (n-- > 0)
		bans += bans_failed(b, addr, "root", "wrong", now);
	return bans;
}

/* n guesses of recipients. */
static int
guess_times(struct bans *b, const char *addr, int n, int64_t now)
{
	const struct ban_fault f = { addr, BAN_MAIL_DOOR, BAN_RECIPIENTS,
	    "root@node.test" };
	const struct ban *began[BANS_AT_ONCE];
	int bans = 0;

	while (n-- > 0)
		bans += (int)bans_fault(b, &f, now, began);
	return bans;
}

static void
they_grow_and_end(void **state)
{
	struct bans *b = *state;
	int64_t now = 1000000, length = BANS_FIRST_S;
	int i;

	assert_int_equal(fail_times(b, "192.0.2.1", BANS_LOGINS - 1, now),
	    0);
	assert_null(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS, now));
	for (i = 0; i < 12; i++) {
		assert_int_equal(fail_times(b, "192.0.2.1", i == 0 ? 1 :
		    BANS_LOGINS, now), 1);
		assert_non_null(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS, now));
		assert_non_null(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS,
		    now + length - 1));
		assert_null(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS, now + length));
		/* mail may come, and the neighbours */
		assert_null(bans_find(b, "192.0.2.1", BAN_MAIL_DOOR, now));
		assert_null(bans_find(b, "192.0.2.2", BAN_LOGIN_DOORS, now));
		now += BANS_LONGEST_S + BANS_WINDOW_S + 1;
		length = length * 2 < BANS_LONGEST_S ? length * 2 :
		    BANS_LONGEST_S;
	}
	/* and are forgotten */
	now += BANS_MEMORY_S + 1;
	assert_int_equal(fail_times(b, "192.0.2.1", BANS_LOGINS, now), 1);
	assert_null(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS, now + BANS_FIRST_S));
}

/* Sessions that end because of it fail once more. */
static void
its_evidence_is_what_began_it(void **state)
{
	struct bans *b = *state;
	const struct ban *e;

	assert_int_equal(guess_times(b, "192.0.2.1", BANS_RECIPIENTS, 1000),
	    1);
	assert_int_equal(guess_times(b, "192.0.2.1", 3, 1001), 0);
	e = bans_find(b, "192.0.2.1", BAN_MAIL_DOOR, 1001);
	assert_non_null(e);
	assert_int_equal(e->count[BAN_RECIPIENTS], BANS_RECIPIENTS);
}

static void
slow_failures_are_none(void **state)
{
	struct bans *b = *state;
	int64_t now = 1000000;
	int i;

	for (i = 0; i < 50; i++, now += BANS_WINDOW_S + 1)
		assert_int_equal(fail_times(b, "192.0.2.1",
		    BANS_LOGINS - 1, now), 0);
}

static void
an_ipv6_host_has_its_64(void **state)
{
	struct bans *b = *state;
	char addr[64];
	int i;

	for (i = 0; i < BANS_LOGINS; i++) {
		snprintf(addr, sizeof addr, "2001:db8:1:2::%x", i + 1);
		(void)bans_failed(b, addr, "root", "wrong", 1000);
	}
	assert_non_null(bans_find(b, "2001:db8:1:2:ffff::1", BAN_LOGIN_DOORS, 1000));
	assert_null(bans_find(b, "2001:db8:1:3::1", BAN_LOGIN_DOORS, 1000));
}

static void
the_owner_is_never_banned(void **state)
{
	struct bans *b = *state;
	int64_t now = 1000000;

	/* banned first, then known; known first */
	assert_int_equal(fail_times(b, "192.0.2.1", BANS_LOGINS, now), 1);
	bans_known(b, "192.0.2.1", "phone", now);
	assert_null(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS, now));
	assert_int_equal(fail_times(b, "192.0.2.1", 1000, now), 0);
	assert_null(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS, now));
	assert_true(bans_is_known(b, "192.0.2.1", now));
	/* until it was away for long, or the device is gone */
	assert_int_equal(fail_times(b, "192.0.2.1", BANS_LOGINS,
	    now + BANS_KNOWN_S), 1);
	bans_known(b, "192.0.2.9", "phone", now);
	bans_forget(b, "phone");
	assert_false(bans_is_known(b, "192.0.2.9", now));
}

static void
evidence_and_the_owners_own(void **state)
{
	struct bans *b = *state;
	const struct ban *e;
	int i;

	for (i = 0; i < BANS_LOGINS; i++)
		(void)bans_failed(b, "192.0.2.1", i % 2 ? "admin" : "root",
		    "wrong", 1000);
	e = bans_at(b, 0, 1000);
	assert_non_null(e);
	assert_int_equal(e->count[BAN_LOGINS], BANS_LOGINS);
	assert_non_null(strstr(e->evidence, "root (wrong)"));
	assert_non_null(strstr(e->evidence, "admin (wrong)"));
	assert_null(bans_at(b, 1, 1000));
	assert_int_equal(bans_add(b, "198.51.100.0/24", 60, 1000), 0);
	assert_non_null(bans_find(b, "198.51.100.77", BAN_MAIL_DOOR, 1000));
	bans_known(b, "198.51.100.77", "phone", 1000);
	assert_non_null(bans_find(b, "198.51.100.77", BAN_LOGIN_DOORS, 1000));
	assert_int_equal(bans_rm(b, "198.51.100.0/24"), 0);
	assert_int_equal(bans_rm(b, "198.51.100.0/24"), -1);
	errno = 0;
	assert_int_equal(bans_add(b, "198.51.100", 60, 1000), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(bans_add(b, "a b", 60, 1000), -1);
	assert_int_equal(bans_add(b, "1.2.3.4", 0, 1000), -1);
	assert_int_equal(bans_add(b, "1.2.3.4", BANS_MANUAL_MAX_S + 1, 1000),
	    -1);
}

static void
a_botnet_takes_no_more_than_its_room(void **state)
{
	struct bans *b = *state;
	char addr[64];
	int i;

	assert_int_equal(bans_add(b, "203.0.113.0/24", 600, 1000), 0);
	for (i = 0; i < 3 * BANS_MAX; i++) {
		snprintf(addr, sizeof addr, "10.%d.%d.1", i / 256, i % 256);
		(void)fail_times(b, addr, BANS_LOGINS, 1000 + i / 100);
	}
	/* the newest are kept, and what the owner did */
	assert_non_null(bans_find(b, addr, BAN_LOGIN_DOORS, 1031));
	assert_null(bans_find(b, "10.0.0.1", BAN_LOGIN_DOORS, 1031));
	assert_non_null(bans_find(b, "203.0.113.5", BAN_LOGIN_DOORS, 1031));
}

/* A ban of the owner's ends as it is said to: what comes then counts. */
static void
what_the_owner_did_ends(void **state)
{
	struct bans *b = *state;
	char net[64];
	int i;

	assert_int_equal(bans_add(b, "192.0.2.1", 60, 1000), 0);
	assert_false(bans_failed(b, "192.0.2.1", "root", "wrong", 1000));
	assert_int_equal(fail_times(b, "192.0.2.1", BANS_LOGINS, 1060), 1);
	assert_non_null(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS, 1060));
	assert_null(bans_find(b, "192.0.2.1", BAN_MAIL_DOOR, 1060));
	/* nor does it take up room for ever */
	for (i = 0; i < BANS_MAX; i++) {
		snprintf(net, sizeof net, "10.%d.%d.0/24", i / 256, i % 256);
		(void)bans_add(b, net, 60, 2000);
	}
	assert_int_equal(bans_add(b, "192.0.2.0/24", 60, 2000), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(bans_add(b, "192.0.2.0/24", 60, 2060), 0);
}

/* A login from there does not undo what the owner did. */
static void
what_the_owner_did_stays(void **state)
{
	struct bans *b = *state;

	assert_int_equal(bans_add(b, "192.0.2.1", 600, 1000), 0);
	bans_known(b, "192.0.2.1", "phone", 1001);
	assert_non_null(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS, 1002));
	/* once it is over, it is */
	assert_null(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS, 1600));
	bans_known(b, "192.0.2.1", "phone", 1600);
	assert_int_equal(bans_rm(b, "192.0.2.1"), -1);
	assert_int_equal(errno, ENOENT);
}

/* One who fails from everywhere does not free those who are banned. */
static void
a_ban_outlives_what_is_only_counted(void **state)
{
	struct bans *b = *state;
	char addr[64];
	int i;

	assert_int_equal(fail_times(b, "192.0.2.1", BANS_LOGINS, 1000), 1);
	for (i = 0; i < 2 * BANS_MAX; i++) {
		snprintf(addr, sizeof addr, "10.%d.%d.1", i / 256, i % 256);
		(void)fail_times(b, addr, 1, 1001);
	}
	assert_non_null(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS, 1002));
}

/* Each kind has its limit; those of the mail door leave logins alone. */
static void
each_kind_has_its_limit(void **state)
{
	static const int limits[BAN_KINDS] = { BANS_LOGINS, BANS_RECIPIENTS,
	    BANS_ERRORS, BANS_CONNECTIONS };
	const struct ban *began[BANS_AT_ONCE];
	struct ban_fault f = { .door = BAN_MAIL_DOOR, .what = "x" };
	struct bans *b = *state;
	char addr[64];
	int i, k;

	for (k = 0; k < BAN_KINDS; k++) {
		snprintf(addr, sizeof addr, "192.0.%d.1", k);
		f.addr = addr;
		f.kind = (enum ban_kind)k;
		for (i = 1; i < limits[k]; i++)
			assert_int_equal(bans_fault(b, &f, 1000, began), 0);
		assert_null(bans_find(b, addr, BAN_MAIL_DOOR, 1000));
		assert_int_equal(bans_fault(b, &f, 1000, began), 1);
		assert_ptr_equal(bans_find(b, addr, BAN_MAIL_DOOR, 1000),
		    began[0]);
		assert_null(bans_find(b, addr, BAN_LOGIN_DOORS, 1000));
	}
}

static void
the_mail_door_is_closed_for_hours_at_most(void **state)
{
	struct bans *b = *state;
	int64_t now = 1000000;
	const struct ban *e;
	int i;

	for (i = 0; i < 12; i++, now += BANS_LONGEST_S) {
		assert_int_equal(guess_times(b, "192.0.2.1", BANS_RECIPIENTS,
		    now), 1);
		e = bans_find(b, "192.0.2.1", BAN_MAIL_DOOR, now);
		assert_non_null(e);
	}
	assert_int_equal(e->until - e->last, BANS_MAIL_LONGEST_S);
	/* behind it counting begins anew */
	now = e->until;
	assert_int_equal(guess_times(b, "192.0.2.1", BANS_RECIPIENTS - 1,
	    now), 0);
}

/* One address never closes the door to its neighbours; several do. */
static void
several_of_a_network_close_it(void **state)
{
	struct bans *b = *state;
	const struct ban *e;
	char addr[64];
	int i, n = 0;

	assert_int_equal(guess_times(b, "192.0.2.1", 1000, 1000), 1);
	assert_null(bans_find(b, "192.0.2.9", BAN_MAIL_DOOR, 1000));
	for (i = 2; i <= BANS_NET_FACTOR; i++) {
		assert_null(bans_find(b, "192.0.2.9", BAN_MAIL_DOOR, 1001));
		snprintf(addr, sizeof addr, "192.0.2.%d", i);
		n += guess_times(b, addr, BANS_RECIPIENTS, 1001);
	}
	assert_int_equal(n, BANS_NET_FACTOR);	/* one for the network */
	e = bans_find(b, "192.0.2.9", BAN_MAIL_DOOR, 1001);
	assert_non_null(e);
	assert_int_equal(e->addresses, BANS_NET_FACTOR);
	assert_non_null(strstr(e->evidence, "192.0.2.4, 192.0.2.3"));
	assert_null(bans_find(b, "192.0.3.1", BAN_MAIL_DOOR, 1001));
	assert_null(bans_find(b, "192.0.2.9", BAN_MAIL_DOOR,
	    1001 + BANS_FIRST_S));
	/* who is known is served in it, and leaves the ban to the others */
	bans_known(b, "192.0.2.9", "phone", 1002);
	assert_null(bans_find(b, "192.0.2.9", BAN_MAIL_DOOR, 1002));
	assert_non_null(bans_find(b, "192.0.2.8", BAN_MAIL_DOOR, 1002));
}

/* What one address did again and again is still that of one. */
static void
one_address_is_not_several(void **state)
{
	struct bans *b = *state;
	int64_t now;

	for (now = 1000; now < 1000 + 86400; now += 10) {
		(void)guess_times(b, "192.0.2.1", 5, now);
		assert_null(bans_find(b, "192.0.2.9", BAN_MAIL_DOOR, now));
	}
}

/* A million hosts, each once: their /48 is what they have in common. */
static void
a_million_addresses(void **state)
{
	struct bans *b = *state;
	char addr[64];
	int i, bans = 0;

	for (i = 0; i < 1000000; i++) {
		snprintf(addr, sizeof addr, "2001:db8:%x:%x::1", i / 65536,
		    i % 65536);
		bans += guess_times(b, addr, 1, 1000);
	}
	assert_int_equal(bans, 16);
	for (i = 0; bans_at(b, (size_t)i, 1000) != NULL; i++)
		assert_int_equal(bans_at(b, (size_t)i, 1000)->net.bits,
		    NET_V6_NET);
	assert_int_equal(i, 16);
	/* and each of them far away from the other: what was banned stays */
	for (i = 0; i < 200000; i++) {
		snprintf(addr, sizeof addr, "2001:%x:%x::1", 0x1000 + i / 256,
		    i % 256);
		bans += guess_times(b, addr, 1, 1001);
	}
	assert_int_equal(bans, 16);
	assert_non_null(bans_find(b, "2001:db8:3::1", BAN_MAIL_DOOR, 1001));
}

/* Names come from outside; the file has lines. */
static void
evidence_is_one_line(void **state)
{
	static const char name[] = "x\nknown 0.0.0.0/0 p 99\x1b[2J";
	struct loop *l = loop_new();
	int64_t now = clock_wall_s();
	struct bans *b;
	int i;

	(void)state;
	b = bans_new(l, home);
	for (i = 0; i < BANS_LOGINS; i++)
		(void)bans_failed(b, "192.0.2.1", name, "wrong", now);
	assert_null(strpbrk(bans_at(b, 0, now)->evidence, "\n\x1b"));
	bans_free(b);
	b = bans_new(l, home);
	assert_false(bans_is_known(b, "203.0.113.7", 0));
	assert_non_null(strstr(bans_at(b, 0, now)->evidence, "x?known"));
	bans_free(b);
	loop_free(l);
}

static void
the_file_comes_back(void **state)
{
	struct loop *l = loop_new();
	int64_t now = clock_wall_s();
	struct bans *b;
	struct stat sb;
	char path[128];
	FILE *f;

	(void)state;
	b = bans_new(l, home);
	(void)fail_times(b, "192.0.2.1", BANS_LOGINS, now);
	(void)bans_add(b, "198.51.100.0/24", 600, now);
	bans_known(b, "2001:db8::1", "phone", now);
	bans_free(b);
	b = bans_new(l, home);
	assert_non_null(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS, now));
	assert_string_equal(bans_find(b, "192.0.2.1", BAN_LOGIN_DOORS, now)->evidence,
	    "root (wrong)");
	assert_non_null(bans_find(b, "198.51.100.1", BAN_MAIL_DOOR, now));
	assert_true(bans_is_known(b, "2001:db8::2", now));
	bans_free(b);
	snprintf(path, sizeof path, "%s/bans", home);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	/* nonsense is passed over, line by line */
	f = fopen(path, "w");
	fprintf(f, "mailnode-bans 1\nban\nban x 1 2 3 4 0 e\nknown 1.2.3.4\n"
	    "ban 1.2.3.4 -1 2 3 4 0 e\nban 1.2.3.4 1 %lld 1 6 0 e e\n",
	    (long long)now + 60);
	fclose(f);
	b = bans_new(l, home);
	assert_string_equal(bans_find(b, "1.2.3.4", BAN_LOGIN_DOORS, now)->evidence,
	    "e e");
	assert_null(bans_at(b, 1, now));
	bans_free(b);
	f = fopen(path, "w");
	fprintf(f, "mailnode-bans 2\nban 1.2.3.4\nban 1.2.3.4 3 1 2 1 0 0 0 0 0 0"
	    " e\nban 1.2.3.0/24 1 1 %lld 2 0 0 80 3 0 4 e e\n",
	    (long long)now + 60);
	fclose(f);
	b = bans_new(NULL, home);
	assert_null(bans_find(b, "1.2.3.4", BAN_LOGIN_DOORS, now));
	assert_string_equal(bans_find(b, "1.2.3.4", BAN_MAIL_DOOR,
	    now)->evidence, "e e");
	assert_int_equal(bans_at(b, 0, now)->count[BAN_RECIPIENTS], 80);
	assert_int_equal(bans_at(b, 0, now)->addresses, 4);
	assert_null(bans_at(b, 1, now));
	bans_free(b);
	f = fopen(path, "w");
	fputs("mailnode-bans 3\nban 1.2.3.4 0 1 99999999999 1 0 6 0 0 0 0 e\n",
	    f);
	fclose(f);
	b = bans_new(NULL, home);
	assert_null(bans_at(b, 0, now));
	bans_free(b);
	loop_free(l);
}

/* A disk that is full for a while. */
static void
what_could_not_be_written_is_tried_again(void **state)
{
	struct loop *l = loop_new();
	int64_t now = clock_wall_s(), until;
	char later[100];
	struct bans *b;

	(void)state;
	snprintf(later, sizeof later, "%s/later", home);
	b = bans_new(l, later);
	(void)bans_add(b, "198.51.100.0/24", 600, now);
	/* It is written after a second. */
	until = clock_mono_ms() + 1500;
	while (clock_mono_ms() < until)
		assert_int_equal(loop_turn(l, 100), 0);
	assert_int_equal(mkdir(later, 0700), 0);
	bans_free(b);
	b = bans_new(NULL, later);
	assert_non_null(bans_find(b, "198.51.100.1", BAN_MAIL_DOOR, now));
	bans_free(b);
	loop_free(l);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(they_grow_and_end),
		T(its_evidence_is_what_began_it),
		T(slow_failures_are_none),
		T(an_ipv6_host_has_its_64),
		T(the_owner_is_never_banned),
		T(evidence_and_the_owners_own),
		T(a_botnet_takes_no_more_than_its_room),
		T(what_the_owner_did_ends),
		T(what_the_owner_did_stays),
		T(a_ban_outlives_what_is_only_counted),
		T(each_kind_has_its_limit),
		T(the_mail_door_is_closed_for_hours_at_most),
		T(several_of_a_network_close_it),
		T(one_address_is_not_several),
		T(a_million_addresses),
		T(evidence_is_one_line),
		T(the_file_comes_back),
		T(what_could_not_be_written_is_tried_again),
	};

	log_init("test", LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
