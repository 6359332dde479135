/*
 * filter: a token table with any octets in it.  The input is written over
 * a good one in pieces: u32 place, u8 length, octets.  Readers must live
 * with it, the next writer must mend it.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/filter/bayes.h"
#include "mailnode/filter/course.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { LETTERS = 60, WORDS = 30 };

static char dir[] = "/tmp/filter_table.XXXXXX", path[64], aside[80];
static struct tokens words;

static void
teach(struct table *t)
{
	uint64_t hash[WORDS];
	size_t i, k;

	for (i = 0; i < LETTERS; i++) {
		for (k = 0; k < WORDS; k++)
			hash[k] = token_join(i % 2, k + i / 8);
		(void)bayes_learn(t, i + 1, i % 2, hash, WORDS);
	}
}

static void
clean(void)
{
	(void)unlink(path);
	(void)unlink(aside);
	(void)rmdir(dir);
}

static void
start(void)
{
	size_t k;

	if (mkdtemp(dir) == NULL || tokens_init(&words, 1, false) == -1)
		abort();
	(void)snprintf(path, sizeof path, "%s/tokens", dir);
	(void)snprintf(aside, sizeof aside, "%s.damaged", path);
	for (k = 0; k < WORDS; k++)
		tokens_add(&words, token_join(1, k), NULL, 0);
	if (atexit(clean) != 0)
		abort();
}

static void
use(struct table *t)
{
	struct bayes_score r;
	double by[WORDS];

	bayes_score(t, &words, &r);
	if (!(r.junk >= 0 && r.junk <= 1))
		abort();
	bayes_shares(t, &words, by);
}

/* Most places of the file are empty: those that are not come first. */
static off_t
place(uint32_t v, off_t size)
{
	static const off_t near[] = { 0, 2048, 4096, 4096 + 32768,
		4096 + 32768 + 64 * TABLE_BUCKETS };

	if (v >> 24 < 200)
		return near[(v >> 24) % 5] + (off_t)(v & 0xfff);
	return (off_t)(v % (uint32_t)size);
}

static void
write_over(const uint8_t *p, size_t n)
{
	int fd = open(path, O_RDWR);
	struct stat st;
	uint32_t v;
	size_t len;

	if (fd == -1 || fstat(fd, &st) == -1)
		abort();
	while (n > 5) {
		memcpy(&v, p, 4);
		len = p[4] < n - 5 ? p[4] : n - 5;
		if (pwrite(fd, p + 5, len, place(v, st.st_size)) == -1)
			abort();
		p += 5 + len;
		n -= 5 + len;
	}
	/* Its size stays as it is: a map does not live with less. */
	if (ftruncate(fd, st.st_size) == -1)
		abort();
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t none;
	struct table t;
	struct course course = { .at = 0 };
	size_t torn;

	if (path[0] == '\0')
		start();
	(void)unlink(path);
	if (table_open_write(&t, path, &torn) != TABLE_OK)
		abort();
	teach(&t);
	table_close(&t);
	write_over(n > 0 ? data : &none, n);
	if (table_open(&t, path) == TABLE_OK)
		use(&t);
	table_close(&t);
	if (table_open_write(&t, path, &torn) == TABLE_NEWER)
		return 0;
	if (t.map == NULL)
		abort();
	use(&t);
	teach(&t);
	(void)course_go(&t, &course, 200);
	course_clear(&course);
	use(&t);
	table_close(&t);
	return 0;
}
