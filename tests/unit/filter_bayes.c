#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "mailnode/filter/bayes.h"
#include "mailnode/filter/course.h"
#include "mailnode/filter/table_file.h"
#include "mailnode/filter/verdict.h"

static char dir[] = "/tmp/filter_bayes.XXXXXX", path[64], aside[80];
static struct table t;

enum { WORDS = 40, MANY = 200 };

/* Word w of a pool, as a hash. */
static uint64_t
word(unsigned int pool, unsigned int w)
{
	return token_join(token_join(99, pool), w) & ~TOKEN_OF_HEAD;
}

/* A message of twenty words: half of its pool, half of all mail. */
static size_t
letter(uint64_t *hash, unsigned int pool, unsigned int seed)
{
	size_t i;

	for (i = 0; i < 20; i++)
		hash[i] = word(i % 2 ? pool : 0, (unsigned int)
		    (token_join(seed, i) % WORDS));
	return 20;
}

static double
score(unsigned int pool, unsigned int seed, struct bayes_score *r)
{
	struct tokens k;
	uint64_t hash[20];
	size_t i, n = letter(hash, pool, seed);

	assert_int_equal(tokens_init(&k, 1, false), 0);
	for (i = 0; i < n; i++)
		tokens_add(&k, hash[i], NULL, 0);
	bayes_score(&t, &k, r);
	tokens_clear(&k);
	return r->junk;
}

static void
fresh(void)
{
	size_t torn;

	table_close(&t);
	(void)unlink(path);
	assert_int_equal(table_open_write(&t, path, &torn), TABLE_OK);
}

static void
learn(unsigned int from, unsigned int to, bool junk)
{
	uint64_t hash[20];
	unsigned int i;
	size_t n;

	for (i = from; i < to; i++) {
		n = letter(hash, junk ? 2 : 1, i);
		(void)bayes_learn(&t, token_join(i, junk), junk, hash, n);
	}
}

static void
rehearse(void)
{
	struct course c = { .at = 0 };
	uint32_t steps;

	do
		steps = course_go(&t, &c, 64);
	while (c.at < steps);
	course_clear(&c);
}

static void
test_learns(void **state)
{
	struct bayes_score r;
	unsigned int i, order, wrong = 0;

	(void)state;
	for (order = 0; order < 2; order++) {
		fresh();
		learn(0, MANY, order == 0);
		learn(0, MANY, order != 0);
		rehearse();
		for (i = 1000; i < 1100; i++) {
			wrong += score(1, i, &r) > VERDICT_JUNK;
			wrong += score(2, i, &r) <= VERDICT_JUNK;
		}
		assert_int_equal(wrong, 0);
	}
}

/* Of both kinds the same words: there is an error in each lesson. */
static void
learn_alike(unsigned int many)
{
	uint64_t hash[20];
	unsigned int i;
	size_t n;

	for (i = 0; i < 2 * many; i++) {
		n = letter(hash, 1 + i / 2 % 2, i);
		(void)bayes_learn(&t, token_join(i, 3), i % 2, hash, n);
	}
}

/* Whatever their number, each message comes to be gone over. */
static void
test_all_seen(void **state)
{
	static const unsigned int many[] = { 1021, 2042, 97 };
	const struct table_slot *s;
	unsigned int i, pool, w, moved;

	(void)state;
	for (i = 0; i < sizeof many / sizeof many[0]; i++) {
		fresh();
		learn_alike(many[i]);
		rehearse();
		moved = 0;
		for (pool = 0; pool < 3; pool++)
			for (w = 0; w < WORDS; w++) {
				s = table_find(&t, word(pool, w));
				moved += s != NULL && s->weight != 0;
			}
		assert_in_range(moved, 2 * WORDS, 3 * WORDS);
	}
}

/* How far the two are apart in the weight of a token, as a sample has it. */
static float
apart_of(const struct course *c, uint64_t hash, const struct table_slot **s)
{
	uint32_t place;

	*s = table_sample_slot(&t, (uint32_t)(hash >> 32), &place);
	assert_ptr_equal(*s, table_find(&t, hash));
	assert_in_range(place, 0, TABLE_PLACES - 1);
	return c->apart[place];
}

/* The second of both courses is some of a round behind, and the table has the
 * mean of them. */
static void
test_two_courses(void **state)
{
	struct course c = { .at = 0 };
	const struct table_slot *s;
	unsigned int w, differ = 0;
	uint32_t steps;
	float apart;

	(void)state;
	fresh();
	learn_alike(MANY);
	steps = course_go(&t, &c, MANY / 2);
	assert_int_equal(steps, 4 * MANY + MANY / 2);
	assert_non_null(c.apart);
	for (w = 0; w < WORDS; w++) {
		apart = apart_of(&c, word(1, w), &s);
		assert_non_null(s);
		assert_true(s->weight == apart);	/* it has not begun */
	}
	while (c.at < steps)
		(void)course_go(&t, &c, 64);
	for (w = 0; w < WORDS; w++) {
		apart = apart_of(&c, word(1, w), &s);
		differ += s->weight != apart;
	}
	assert_in_range(differ, WORDS / 2, WORDS);
	course_clear(&c);
	assert_null(c.apart);
	assert_int_equal(c.at, 0);
}

static void
test_enough(void **state)
{
	struct bayes_score r;

	(void)state;
	fresh();
	learn(0, BAYES_GOOD_MIN - 1, false);
	learn(0, BAYES_JUNK_MIN, true);
	(void)score(2, 1, &r);
	assert_false(r.enough);
	assert_string_equal(verdict_bayes_text(&r), "unknown");
	learn(BAYES_GOOD_MIN - 1, BAYES_GOOD_MIN, false);
	(void)score(2, 1, &r);
	assert_true(r.enough);
}

static void
test_once(void **state)
{
	uint64_t hash[20];
	size_t n = letter(hash, 2, 5);
	struct table_head h;

	(void)state;
	fresh();
	assert_int_equal(bayes_learn(&t, 7, true, hash, n), BAYES_LEARNT);
	assert_int_equal(bayes_learn(&t, 7, true, hash, n), BAYES_HAD);
	assert_int_equal(bayes_learn(&t, 7, false, hash, n), BAYES_CHANGED);
	assert_true(table_head(&t, &h));
	assert_int_equal(h.good, 1);
	assert_int_equal(h.bad, 0);
	assert_true(bayes_forget(&t, 7, hash, n));
	assert_false(bayes_forget(&t, 7, hash, n));
	assert_true(table_head(&t, &h));
	assert_int_equal(h.good + h.bad, 0);
}

/* What was learnt last and is taken back leaves what was there before, but
 * for what was gone over meanwhile. */
static void
test_undo(void **state)
{
	struct table_slot was[20] = { { .tag = 0 } };
	uint64_t hash[20];
	size_t n = letter(hash, 2, 4242), i;
	struct bayes_score before, after;

	(void)state;
	fresh();
	learn(0, MANY, true);
	learn(0, MANY, false);
	/* Until going over it changes nothing any more. */
	for (i = 0; i < 50; i++)
		rehearse();
	(void)score(1, 77, &before);
	for (i = 0; i < n; i++)
		if (table_find(&t, hash[i]) != NULL)
			was[i] = *table_find(&t, hash[i]);
	(void)bayes_learn(&t, 4242, false, hash, n);
	assert_true(bayes_forget(&t, 4242, hash, n));
	for (i = 0; i < n; i++) {
		if (was[i].good + was[i].bad == 0)
			continue;
		assert_int_equal(table_find(&t, hash[i])->good, was[i].good);
		assert_int_equal(table_find(&t, hash[i])->bad, was[i].bad);
	}
	(void)score(1, 77, &after);
	assert_true(after.sum - before.sum < 0.5 &&
	    before.sum - after.sum < 0.5);
}

/* However much is learnt: one size, old counts fade. */
static void
test_age(void **state)
{
	struct table_head h;
	struct stat st;
	off_t size;
	uint64_t hash[20];
	uint32_t i;

	(void)state;
	fresh();
	assert_int_equal(stat(path, &st), 0);
	size = st.st_size;
	for (i = 0; i <= TABLE_AGE; i++)
		(void)bayes_learn(&t, i + 1, i % 2, hash,
		    letter(hash, i % 2 ? 2 : 1, i));
	assert_true(table_head(&t, &h));
	assert_in_range(h.good + h.bad, TABLE_AGE / 2 - 2, TABLE_AGE / 2 + 2);
	assert_int_equal(h.learnt, TABLE_AGE + 1);
	assert_in_range(h.next[0], TABLE_SAMPLES, 2 * TABLE_SAMPLES - 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, size);
}

/* A word that tells everything about what was learnt does not decide alone. */
static void
test_share(void **state)
{
	uint64_t hash[21];
	unsigned int i;
	struct tokens k;
	double by;

	(void)state;
	fresh();
	for (i = 0; i < 2 * MANY; i++) {
		(void)letter(hash, 0, i);
		hash[20] = word(3, i % 2);
		(void)bayes_learn(&t, token_join(i, 1), i % 2 == 1, hash, 21);
	}
	rehearse();
	assert_int_equal(tokens_init(&k, 1, false), 0);
	tokens_add(&k, word(3, 1), NULL, 0);
	bayes_shares(&t, &k, &by);
	assert_float_equal(by, BAYES_SHARE_MAX, 0.001);
	tokens_reset(&k);
	tokens_add(&k, word(3, 0), NULL, 0);
	bayes_shares(&t, &k, &by);
	assert_float_equal(by, -BAYES_SHARE_MAX, 0.001);
	tokens_clear(&k);
}

/* The same sum is worth less when more speaks for and against. */
static void
test_proportion(void **state)
{
	double by[2 * WORDS], sum, all = 0;
	struct bayes_score r;
	struct table_head h;
	struct tokens k;
	unsigned int i;

	(void)state;
	fresh();
	learn(0, MANY, false);
	learn(0, MANY, true);
	rehearse();
	assert_true(table_head(&t, &h));
	sum = (double)h.bias;
	assert_int_equal(tokens_init(&k, 1, false), 0);
	for (i = 0; i < 2 * WORDS; i++)
		tokens_add(&k, word(1 + i % 2, i / 2), NULL, 0);
	bayes_shares(&t, &k, by);
	for (i = 0; i < k.n; i++) {
		sum += by[i];
		all += fabs(by[i]);
	}
	bayes_score(&t, &k, &r);
	assert_true(all > fabs(sum) + 1);
	assert_true(fabs(r.sum - 4 * sum / sqrt(1 + all)) < 0.001);
	tokens_clear(&k);
}

/* Of a full bucket the least goes, not what counts. */
static void
test_room(void **state)
{
	uint64_t base = UINT64_C(5) << 47, hash[TABLE_SLOTS + 1], i;
	size_t torn;

	(void)state;
	fresh();
	for (i = 0; i <= TABLE_SLOTS; i++)
		hash[i] = base | (i + 1) << 16;
	table_count(&t, hash, TABLE_SLOTS, false);
	for (i = 0; i < TABLE_SLOTS; i++)
		table_count(&t, &hash[i], i != 2, false);
	table_count(&t, &hash[TABLE_SLOTS], 1, true);
	assert_null(table_find(&t, hash[2]));
	assert_int_equal(table_find(&t, hash[0])->good, 2);
	assert_int_equal(table_find(&t, hash[TABLE_SLOTS])->good, 0);
	assert_int_equal(table_find(&t, hash[TABLE_SLOTS])->bad, 1);
	table_close(&t);
	assert_int_equal(table_open_write(&t, path, &torn), TABLE_OK);
}

/* Of the table, in KiB. */
static unsigned long
resident(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512];
	unsigned long kib = 0, n;
	bool here = false;

	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		if (strchr(line, '-') != NULL)
			here = strstr(line, path) != NULL;
		else if (here && sscanf(line, "Rss: %lu", &n) == 1)
			kib += n;
	}
	(void)fclose(f);
	return kib;
}

/* It was looked at from end to end, and stays in nobody's memory for that. */
static void
test_rests(void **state)
{
	struct table_head h;
	size_t torn;

	(void)state;
	fresh();
	learn(0, MANY, true);
	table_close(&t);
	assert_int_equal(table_open_write(&t, path, &torn), TABLE_OK);
	assert_in_range(resident(), 0, 1024);
	assert_true(table_head(&t, &h));
	assert_int_equal(h.bad, MANY);
}

static void
test_addressed(void **state)
{
	static const struct {
		const char	*text;
		bool		 to_me;
	} cases[] = {
		{ "To: me@node.test\n\n", true },
		{ "From: x\r\nCC: Ann <Me@Node.Test>, b@c\r\n\r\n", true },
		{ "To: other@x,\n <me@node.test>\n\n", true },
		{ "To: not-me@node.test\n\n", false },
		{ "To: me@node.test.evil\n\n", false },
		{ "From: me@node.test\n\n", false },
		{ "To: you\n\nTo: me@node.test\n", false },
		{ "To:\nSubject: me@node.test\n\n", false },
		{ "To: me@node.tes", false },
		{ "to", false },
		{ "", false },
	};
	static const char *const me[] = { "me@node.test" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (verdict_addressed((const uint8_t *)cases[i].text,
		    strlen(cases[i].text), me, 1) != cases[i].to_me)
			fail_msg("%s", cases[i].text);
}

/* With doubts less is needed; with too little learnt nothing is junk. */
static void
test_doubts(void **state)
{
	struct bayes_score r = { .enough = true, .junk = 0.3 };

	(void)state;
	assert_false(verdict_bayes_junk(&r, 0));
	assert_true(verdict_bayes_junk(&r, VERDICT_NO_TLS));
	r.enough = false;
	r.junk = 1;
	assert_false(verdict_bayes_junk(&r, VERDICT_NOT_TO_ME));
}

/* ---- damage ---- */

static void
scribble(off_t at, const char *text)
{
	int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
	close(fd);
}

static void
test_torn(void **state)
{
	struct table reads;
	struct table_head h;
	size_t torn;

	(void)state;
	fresh();
	learn(0, MANY, true);
	table_close(&t);
	assert_int_equal(table_open(&reads, path), TABLE_OK);
	table_close(&reads);
	/* a bucket, a sample; then the newer head: the other one holds */
	scribble(4096 + 32768 + 64 * 1000, "x");
	scribble(4096 + 32768 + 64 * TABLE_BUCKETS + 4096 * 2048 + 40, "x");
	assert_int_equal(table_open_write(&t, path, &torn), TABLE_TORN);
	assert_int_equal(torn, 2);
	assert_true(table_head(&t, &h));
	scribble(h.seq % 2 ? 2048 + 40 : 40, "xxxx");
	assert_true(table_head(&t, &h));
	assert_int_equal(h.bad, MANY - 1);
	table_close(&t);
	scribble(40, "yyyy");
	scribble(2048 + 40, "yyyy");
	assert_int_equal(table_open(&reads, path), TABLE_TORN);
	assert_int_equal(table_open_write(&t, path, &torn), TABLE_RESET);
	assert_true(table_head(&t, &h));
	assert_int_equal(h.bad, 0);
	assert_int_equal(access(aside, F_OK), 0);
}

static void
test_newer(void **state)
{
	struct table reads;
	size_t torn;

	(void)state;
	fresh();
	table_close(&t);
	scribble(8, "\x07");
	assert_int_equal(table_open(&reads, path), TABLE_NEWER);
	assert_int_equal(table_open_write(&t, path, &torn), TABLE_NEWER);
	assert_null(t.map);
}

/* Of other tokens and weights: it is kept beside the new one. */
static void
test_older(void **state)
{
	struct table reads;
	struct table_head h;
	char old[80];
	size_t torn;

	(void)state;
	fresh();
	learn(0, 3, true);
	table_close(&t);
	scribble(8, "\x01");
	assert_int_equal(table_open(&reads, path), TABLE_OLDER);
	assert_null(reads.map);
	assert_int_equal(table_open_write(&t, path, &torn), TABLE_OLDER);
	assert_true(table_head(&t, &h));
	assert_int_equal(h.bad, 0);
	(void)snprintf(old, sizeof old, "%s.old", path);
	assert_int_equal(unlink(old), 0);
}

static void
test_short(void **state)
{
	struct table reads;

	(void)state;
	fresh();
	table_close(&t);
	assert_int_equal(truncate(path, 5000), 0);
	assert_int_equal(table_open(&reads, path), TABLE_TORN);
	assert_null(reads.map);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(table_open(&reads, path), TABLE_NONE);
}

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/tokens", dir);
	(void)snprintf(aside, sizeof aside, "%s.damaged", path);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	table_close(&t);
	(void)unlink(path);
	(void)unlink(aside);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learns),
		cmocka_unit_test(test_all_seen),
		cmocka_unit_test(test_two_courses),
		cmocka_unit_test(test_enough),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_proportion),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_rests),
		cmocka_unit_test(test_addressed),
		cmocka_unit_test(test_doubts),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_newer),
		cmocka_unit_test(test_older),
		cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
