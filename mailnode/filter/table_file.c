#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/filter/table_file.h"

enum {
	HEAD_SECOND = 2048,
	PATH_ROOM = 4096
};

#define ORDER		UINT32_C(0x01020344)

static const uint8_t magic[8] = "mntokens";

const char *
table_err_text(enum table_err e)
{
	switch (e) {
	case TABLE_OK:
		return "ok";
	case TABLE_NONE:
		return "nothing was learnt yet";
	case TABLE_SYSTEM:
		return strerror(errno);
	case TABLE_NEWER:
		return "written by a newer version";
	case TABLE_RESET:
		return "was damaged and is begun anew";
	case TABLE_OLDER:
		return "written by an older version: train again";
	case TABLE_TORN:
		return "was damaged in part";
	}
	return "unknown";
}

/* ---- checks ---- */

static inline uint64_t
sum_step(uint64_t h, uint64_t w)
{
	h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

static uint64_t
sum(const void *p, size_t n, uint64_t h)
{
	const uint8_t *s = p;
	uint64_t w;

	for (; n >= sizeof w; n -= sizeof w, s += sizeof w) {
		memcpy(&w, s, sizeof w);
		h = sum_step(h, w);
	}
	w = 0;
	memcpy(&w, s, n);
	return n > 0 ? sum_step(h, w) : h;
}

uint32_t
table_bucket_check(const struct table_bucket *b)
{
	uint32_t check = 0;
	size_t i;

	for (i = 0; i < TABLE_SLOTS; i++)
		check += table_slot_check(&b->slot[i], i * sizeof b->slot[i]);
	return check;
}

uint32_t
table_sample_check(const struct table_sample *s)
{
	uint64_t h = sum(s, offsetof(struct table_sample, check), 2);

	return (uint32_t)(sum(s->token, s->n * sizeof s->token[0], h) >> 20) |
	    1;
}

static bool
head_ok(const struct table_head *h)
{
	return memcmp(h->magic, magic, sizeof magic) == 0 &&
	    h->order == ORDER && h->check == sum(h,
	    offsetof(struct table_head, check), 3);
}

bool
table_head(const struct table *t, struct table_head *h)
{
	struct table_head other;

	memcpy(h, t->map, sizeof *h);
	memcpy(&other, t->map + HEAD_SECOND, sizeof other);
	if (!head_ok(h) || (head_ok(&other) && other.seq > h->seq))
		*h = other;
	return head_ok(h);
}

void
table_set_head(struct table *t, struct table_head *h)
{
	h->seq++;
	h->check = sum(h, offsetof(struct table_head, check), 3);
	memcpy(t->map + (h->seq % 2 ? HEAD_SECOND : 0), h, sizeof *h);
}

/* ---- opening ---- */

static enum table_err
map(struct table *t, int fd, bool writes)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) == -1)
		return TABLE_SYSTEM;
	if (st.st_size != (off_t)TABLE_SIZE)
		return TABLE_TORN;
	p = mmap(NULL, TABLE_SIZE, writes ? PROT_READ | PROT_WRITE :
	    PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return TABLE_SYSTEM;
	t->map = p;
	t->writes = writes;
	return TABLE_OK;
}

/* What another version wrote has this at its head, whatever follows. */
static enum table_err
version_of(int fd)
{
	struct table_head h;

	if (pread(fd, &h, sizeof h, 0) != (ssize_t)sizeof h ||
	    memcmp(h.magic, magic, sizeof magic) != 0 || h.order != ORDER)
		return TABLE_OK;	/* the whole of it will tell */
	return h.version > TABLE_VERSION ? TABLE_NEWER :
	    h.version < TABLE_VERSION ? TABLE_OLDER : TABLE_OK;
}

static enum table_err
open_as(struct table *t, const char *path, bool writes)
{
	struct table_head h;
	enum table_err rc;
	int fd;

	memset(t, 0, sizeof *t);
	fd = open(path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC |
	    O_NOFOLLOW);
	if (fd == -1)
		return errno == ENOENT ? TABLE_NONE : TABLE_SYSTEM;
	rc = version_of(fd);
	if (rc == TABLE_OK)
		rc = map(t, fd, writes);
	if (rc == TABLE_OK && !table_head(t, &h)) {
		table_close(t);
		rc = TABLE_TORN;
	}
	close(fd);
	return rc;
}

enum table_err
table_open(struct table *t, const char *path)
{
	return open_as(t, path, false);
}

/* Both heads, so that either may be the next to be written. */
static int
write_heads(int fd)
{
	struct table_head h = { .version = TABLE_VERSION, .order = ORDER };

	memcpy(h.magic, magic, sizeof magic);
	if (getrandom(&h.key, sizeof h.key, 0) != (ssize_t)sizeof h.key)
		return -1;
	h.check = sum(&h, offsetof(struct table_head, check), 3);
	if (pwrite(fd, &h, sizeof h, 0) != (ssize_t)sizeof h ||
	    pwrite(fd, &h, sizeof h, HEAD_SECOND) != (ssize_t)sizeof h)
		return -1;
	return fsync(fd);
}

static enum table_err
make(const char *path)
{
	char new[PATH_ROOM];
	int fd, e, rc = -1;

	if (snprintf(new, sizeof new, "%s.new", path) >= (int)sizeof new) {
		errno = ENAMETOOLONG;
		return TABLE_SYSTEM;
	}
	(void)unlink(new);
	fd = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return TABLE_SYSTEM;
	e = posix_fallocate(fd, 0, (off_t)TABLE_SIZE);
	errno = e;
	if (e == 0 && write_heads(fd) == 0 && rename(new, path) == 0)
		rc = 0;
	e = errno;
	if (rc == -1)
		(void)unlink(new);
	close(fd);
	errno = e;
	return rc == 0 ? TABLE_OK : TABLE_SYSTEM;
}

/* Empties what does not fit its check. */
static size_t
mend(struct table *t)
{
	struct table_sample *s;
	struct table_bucket *b;
	size_t i, torn = 0;

	for (i = 0; i < TABLE_BUCKETS; i++) {
		b = table_bucket_at(t, i);
		if (b->check == table_bucket_check(b))
			continue;
		memset(b, 0, sizeof *b);
		torn++;
	}
	for (i = 0; i < 2 * TABLE_SAMPLES; i++) {
		s = table_sample_at(t, 0, (uint32_t)i);
		if (table_ids(t)[i] == s->id && (s->id == 0 ||
		    (s->n <= TABLE_SAMPLE_TOKENS &&
		    s->check == table_sample_check(s))))
			continue;
		memset(s, 0, sizeof *s);
		table_ids(t)[i] = 0;
		torn++;
	}
	return torn;
}

enum table_err
table_open_write(struct table *t, const char *path, size_t *torn)
{
	enum table_err rc = open_as(t, path, true), made;
	char aside[PATH_ROOM];

	*torn = 0;
	if (rc == TABLE_OK) {
		*torn = mend(t);
		table_rest(t);
		return *torn > 0 ? TABLE_TORN : TABLE_OK;
	}
	if (rc != TABLE_NONE && rc != TABLE_TORN && rc != TABLE_OLDER)
		return rc;
	if (rc != TABLE_NONE) {
		(void)snprintf(aside, sizeof aside, "%.4000s.%s", path,
		    rc == TABLE_OLDER ? "old" : "damaged");
		if (rename(path, aside) == -1)
			return TABLE_SYSTEM;
		rc = rc == TABLE_OLDER ? rc : TABLE_RESET;
	}
	made = make(path);
	if (made == TABLE_OK)
		made = open_as(t, path, true);
	if (made != TABLE_OK)
		return made;
	return rc != TABLE_NONE ? rc : TABLE_OK;
}

void
table_close(struct table *t)
{
	if (t->map != NULL)
		(void)munmap(t->map, TABLE_SIZE);
	t->map = NULL;
}

void
table_rest(const struct table *t)
{
	if (t->map != NULL)
		(void)madvise(t->map, TABLE_SIZE, MADV_DONTNEED);
}
