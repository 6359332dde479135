#define _DEFAULT_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"
#include "tui/journal.h"
#include "tui/attach.h"

enum { OPENED_S = 86400 };	/* an attachment lies there so long */

static bool
put_path(char path[JOURNAL_PATH_MAX], const char *dir, const char *name,
    const char *end)
{
	if (snprintf(path, JOURNAL_PATH_MAX, "%s/%s%s", dir, name, end) <
	    JOURNAL_PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

bool
journal_new(const char *home, char path[JOURNAL_PATH_MAX])
{
	char dir[JOURNAL_PATH_MAX];
	uint8_t r[8];
	struct buf b;
	bool ok;

	if (!put_path(dir, home, "compose", ""))
		return false;
	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		return false;
	if (getrandom(r, sizeof r, 0) != (ssize_t)sizeof r)
		return false;
	buf_init(&b, 64);
	(void)codec_hex_put(&b, r, sizeof r);
	ok = b.err == 0 && put_path(path, dir, buf_str(&b), ".eml");
	buf_clear(&b);
	return ok;
}

static bool
write_out(int fd, const struct buf *b)
{
	size_t at = 0;
	ssize_t w;

	while (at < b->len) {
		w = write(fd, b->data + at, b->len - at);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return false;
		at += (size_t)w;
	}
	return fsync(fd) == 0;
}

bool
journal_write(const char *path, const struct letter *l)
{
	char fresh[JOURNAL_PATH_MAX + 8];
	struct buf b;
	bool ok = false;
	int fd;

	(void)snprintf(fresh, sizeof fresh, "%s.new", path);
	buf_init(&b, 2 * LETTER_MAX);
	letter_write(l, &b);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd != -1) {
		ok = b.err == 0 && write_out(fd, &b);
		ok = close(fd) == 0 && ok;
		ok = ok && rename(fresh, path) == 0;
	}
	if (fd != -1 && !ok) {	/* a full disk has no room for halves */
		int err = errno;

		(void)unlink(fresh);
		errno = err;
	}
	buf_clear(&b);
	return ok;
}

bool
journal_read(const char *path, struct letter *l)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t r = -1;
	struct buf b;
	bool ok;

	if (fd == -1)
		return false;
	buf_init(&b, LETTER_MAX);
	do {
		if (buf_reserve(&b, 65536) == -1)
			break;
		r = read(fd, b.data + b.len, 65536);
		b.len += r > 0 ? (size_t)r : 0;
	} while (r > 0 || (r == -1 && errno == EINTR));
	close(fd);
	ok = r == 0 && b.len > 0 &&
	    letter_read(l, (char *)b.data, b.len, getenv("HOME"));
	if (!ok && b.err == EMSGSIZE)
		errno = EFBIG;
	else if (!ok && r == 0)
		errno = EILSEQ;
	buf_clear(&b);
	return ok;
}

/* "…/ID" of "…/ID.eml". */
static bool
stem(const char *path, const char *end, char to[JOURNAL_PATH_MAX])
{
	const char *dot = strrchr(path, '.');

	return dot != NULL && snprintf(to, JOURNAL_PATH_MAX, "%.*s%s",
	    (int)(dot - path), path, end) < JOURNAL_PATH_MAX;
}

static void
remove_dir(const char *dir)
{
	char path[JOURNAL_PATH_MAX];
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0 &&
		    put_path(path, dir, e->d_name, ""))
			(void)unlink(path);
	if (d != NULL)
		closedir(d);
	(void)rmdir(dir);
}

void
journal_remove(const char *path)
{
	char dir[JOURNAL_PATH_MAX];

	(void)unlink(path);
	if (stem(path, ".d", dir))
		remove_dir(dir);
}

bool
journal_sent(const char *path, char to[JOURNAL_PATH_MAX])
{
	return stem(path, ".sent", to) && rename(path, to) == 0;
}

bool
journal_unsent(const char *path, char to[JOURNAL_PATH_MAX])
{
	return stem(path, ".eml", to) && rename(path, to) == 0;
}

bool
journal_attachment(const char *path, const char *name,
    char to[JOURNAL_PATH_MAX])
{
	char dir[JOURNAL_PATH_MAX], safe[200], again[240];
	struct stat st;
	int i;

	if (!stem(path, ".d", dir) || (mkdir(dir, 0700) == -1 &&
	    errno != EEXIST))
		return false;
	attach_safe_name(safe, sizeof safe, name);
	if (!put_path(to, dir, safe, ""))
		return false;
	for (i = 2; i < 1000 && lstat(to, &st) == 0; i++) {
		(void)snprintf(again, sizeof again, "%d-%s", i, safe);
		if (!put_path(to, dir, again, ""))
			return false;
	}
	return true;
}

static bool
ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return n > k && strcmp(name + n - k, end) == 0;
}

size_t
journal_left(const char *home, char path[JOURNAL_PATH_MAX])
{
	char dir[JOURNAL_PATH_MAX], one[JOURNAL_PATH_MAX];
	struct timespec newest = { 0, 0 };
	struct dirent *e;
	struct stat st;
	size_t n = 0;
	DIR *d;

	path[0] = '\0';
	if (!put_path(dir, home, "compose", ""))
		return 0;
	d = opendir(dir);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!put_path(one, dir, e->d_name, ""))
			continue;
		if (ends_in(e->d_name, ".sent"))
			journal_remove(one);
		if (!ends_in(e->d_name, ".eml") || stat(one, &st) == -1)
			continue;
		if (n++ == 0 || st.st_mtim.tv_sec > newest.tv_sec ||
		    (st.st_mtim.tv_sec == newest.tv_sec &&
		    st.st_mtim.tv_nsec > newest.tv_nsec)) {
			newest = st.st_mtim;
			memcpy(path, one, strlen(one) + 1);
		}
	}
	if (d != NULL)
		closedir(d);
	return n;
}

void
journal_sweep(const char *home)
{
	char dir[JOURNAL_PATH_MAX];
	struct dirent *e;
	struct stat st;
	DIR *d = opendir(home);

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strncmp(e->d_name, "open-", 5) == 0 &&
		    put_path(dir, home, e->d_name, "") &&
		    lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) &&
		    st.st_mtim.tv_sec + OPENED_S < clock_wall_s())
			remove_dir(dir);
	if (d != NULL)
		closedir(d);
}
