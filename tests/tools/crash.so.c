/*
 * LD_PRELOAD: counts and records every call by which the chosen roles
 * change files, and kills, fails or forgets the one the test asks for.
 * CRASH_SHM names the shared file; see crash.h.  It makes no system call
 * of its own but fstat and fstatat, which any role that writes files may.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/tools/crash.h"

struct record {
	uint32_t	size;
	uint16_t	kind, role;
	uint64_t	dev, ino, a, b;
	uint32_t	len1, len2;
};

enum { FDS = 4096, SAID_MAX = 200 };
enum fd_kind { FD_UNKNOWN, FD_FILE, FD_OTHER };

static struct crash *crash;
static uint16_t role;
static bool counts;		/* this process is one of the roles */
static bool session;		/* a fork of the parent */
static bool everyone;		/* roles is " * ": any program at all */
static unsigned char kinds[FDS];

#define REAL(ret, name, ...)						\
	static ret (*real)(__VA_ARGS__);				\
	if (real == NULL)						\
		*(void **)&real = dlsym(RTLD_NEXT, #name)

static void
find_role(void)
{
	char line[512], word[80];
	const char *p, *at;
	ssize_t n;
	int fd;

	fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline",
	    O_RDONLY);
	n = syscall(SYS_read, fd, line, sizeof line - 1);
	syscall(SYS_close, fd);
	line[n > 0 ? n : 0] = '\0';
	p = line + strlen(line) + 1;		/* argv[1] */
	if (p < line + n && strcmp(p, "role") == 0)
		p += strlen(p) + 1;
	if (p >= line + n)
		return;
	snprintf(word, sizeof word, " %s ", p);
	at = strstr(crash->roles, word);
	if (at == NULL && strcmp(crash->roles, " * ") == 0) {
		at = crash->roles;
		everyone = true;
	}
	counts = at != NULL;
	role = at != NULL ? (uint16_t)(at - crash->roles) : UINT16_MAX;
}

__attribute__((constructor)) static void
start(void)
{
	const char *path = getenv("CRASH_SHM");
	struct stat st;
	int fd;

	if (path == NULL ||
	    (fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR)) == -1)
		return;
	if (fstat(fd, &st) == 0 && st.st_size > CRASH_HEAD)
		crash = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	if (crash == MAP_FAILED || crash == NULL ||
	    crash->magic != CRASH_MAGIC) {
		crash = NULL;
		return;
	}
	find_role();
}

static void	put(struct record, const void *, size_t, const void *, size_t);

/* A command that ends says so: what it promised stands before this. */
__attribute__((destructor)) static void
end(void)
{
	char text[40];
	int n;

	if (crash == NULL || counts || session)
		return;
	n = snprintf(text, sizeof text, "exit %ld.",
	    syscall(SYS_getpid));
	put((struct record){ .kind = CRASH_SAID }, text, (size_t)n, NULL, 0);
}

static size_t
padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static void
put(struct record r, const void *one, size_t n1, const void *two, size_t n2)
{
	size_t size = sizeof r + padded(n1) + padded(n2);
	uint64_t at;
	uint8_t *p;

	if (crash == NULL || !crash->on)
		return;
	at = atomic_fetch_add(&crash->used, size);
	if (at + size > crash->size) {
		crash->overflow = 1;
		return;
	}
	p = (uint8_t *)crash + at;
	r.role = role;
	r.len1 = (uint32_t)n1;
	r.len2 = (uint32_t)n2;
	r.size = 0;
	memcpy(p, &r, sizeof r);
	if (n1 > 0)
		memcpy(p + sizeof r, one, n1);
	if (n2 > 0)
		memcpy(p + sizeof r + padded(n1), two, n2);
	atomic_thread_fence(memory_order_release);
	((volatile struct record *)p)->size = (uint32_t)size;
}

/* Called before each counted call.  0, or -1 with errno: it must fail. */
static int
gate(void)
{
	uint64_t n;

	if (crash == NULL || !counts || session || !crash->on)
		return 0;
	n = atomic_fetch_add(&crash->calls, 1) + 1;
	if (n == crash->stop_at) {
		crash->stopped = (uint32_t)syscall(SYS_getpid);
		for (;;)
			;	/* the test kills us here */
	}
	if (n >= crash->fail_from && n < crash->fail_until) {
		atomic_fetch_add(&crash->failed, 1);
		errno = (int)crash->fail_errno;
		return -1;
	}
	return 0;
}

static bool
ours(void)
{
	return crash != NULL && counts && !session && crash->on;
}

/* A regular file or directory?  Known from its opening, else asked once. */
static bool
is_file(int fd, struct stat *st)
{
	int saved = errno;
	bool yes;

	if (fd < 0 || (fd < FDS && kinds[fd] == FD_OTHER))
		return false;
	yes = fstat(fd, st) == 0 &&
	    (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode));
	if (fd < FDS)
		kinds[fd] = yes ? FD_FILE : FD_OTHER;
	errno = saved;
	return yes;
}

static void
forget(int fd)
{
	if (fd >= 0 && fd < FDS)
		kinds[fd] = FD_UNKNOWN;
}

/* The directory of a path, and the last name in it. */
static const char *
split(int dirfd, const char *path, struct stat *dir)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int saved = errno, rc;

	memset(dir, 0, sizeof *dir);
	if (slash == NULL) {
		rc = dirfd == AT_FDCWD ? stat(".", dir) : fstat(dirfd, dir);
	} else {
		snprintf(parent, sizeof parent, "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
		rc = fstatat(dirfd, parent, dir, 0);
	}
	(void)rc;
	errno = saved;
	return slash == NULL ? path : slash + 1;
}

static void
put_name(enum crash_kind kind, int dirfd, const char *path,
    const struct stat *made)
{
	struct stat dir;
	const char *name = split(dirfd, path, &dir);

	put((struct record){ .kind = (uint16_t)kind, .dev = dir.st_dev,
	    .ino = dir.st_ino, .a = made != NULL ? made->st_dev : 0,
	    .b = made != NULL ? made->st_ino : 0 }, name, strlen(name),
	    NULL, 0);
}

static void
put_two(enum crash_kind kind, int d1, const char *p1, int d2, const char *p2)
{
	struct stat from, to;
	const char *a = split(d1, p1, &from), *b = split(d2, p2, &to);

	put((struct record){ .kind = (uint16_t)kind, .dev = from.st_dev,
	    .ino = from.st_ino, .a = to.st_dev, .b = to.st_ino },
	    a, strlen(a), b, strlen(b));
}

static void
put_write(const struct stat *st, uint64_t offset, const void *p, size_t n)
{
	put((struct record){ .kind = CRASH_WRITE, .dev = st->st_dev,
	    .ino = st->st_ino, .a = offset }, p, n, NULL, 0);
}

/* What a session tells its peer: the start, before it goes out. */
static void
said(const void *p, size_t n)
{
	if (crash == NULL || (!session && !everyone) || n < 3 ||
	    *(const char *)p < '1' || *(const char *)p > '5')
		return;
	put((struct record){ .kind = CRASH_SAID }, p,
	    n < SAID_MAX ? n : SAID_MAX, NULL, 0);
}

/* A test that reads encrypted answers says itself what it heard; it loads
   this file, and calls. */
void	crash_said(const char *text);

void
crash_said(const char *text)
{
	put((struct record){ .kind = CRASH_SAID }, text, strlen(text), NULL,
	    0);
}

/* ---- opening ---- */

typedef int open_fn(int, const char *, int, mode_t);

static int
raw_open(int dirfd, const char *path, int flags, mode_t mode)
{
	return (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

/* Nobody else writes: what is synced together does not hang on what this
 * machine does besides. */
static int
quiet(void)
{
	static const char text[] = "MemTotal: 1 kB\nDirty: 0 kB\n"
	    "Writeback: 0 kB\n";
	int fd = (int)syscall(SYS_memfd_create, "meminfo", 0);

	(void)syscall(SYS_write, fd, text, sizeof text - 1);
	return fd;
}

static int
do_open(int dirfd, const char *path, int flags, mode_t mode)
{
	struct stat st, was;
	bool made = false, cut = false;
	int fd;

	if (crash != NULL && counts && strcmp(path, "/proc/meminfo") == 0)
		return quiet();
	if (!ours() || (flags & (O_CREAT | O_TRUNC)) == 0 ||
	    (flags & O_TMPFILE) == O_TMPFILE) {
		if (ours() && crash->unread[0] != '\0' &&
		    strstr(path, crash->unread) != NULL) {
			atomic_fetch_add(&crash->failed, 1);
			errno = EIO;
			return -1;
		}
		fd = raw_open(dirfd, path, flags, mode);
		forget(fd);
		return fd;
	}
	if (fstatat(dirfd, path, &was, 0) == -1)
		made = true;
	else
		cut = (flags & O_TRUNC) != 0 && was.st_size > 0;
	if ((made || cut) && gate() == -1)
		return -1;
	fd = raw_open(dirfd, path, flags, mode);
	forget(fd);
	if (fd == -1 || fstat(fd, &st) == -1)
		return fd;
	if (made)
		put_name(CRASH_CREATE, dirfd, path, &st);
	else if (cut)
		put((struct record){ .kind = CRASH_TRUNCATE,
		    .dev = st.st_dev, .ino = st.st_ino }, NULL, 0, NULL, 0);
	return fd;
}

static mode_t
open_mode(int flags, va_list ap)
{
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		return (mode_t)va_arg(ap, int);
	return 0;
}

#define OPEN(name)							\
int	name(const char *path, int flags, ...);				\
int									\
name(const char *path, int flags, ...)					\
{									\
	va_list ap;							\
	mode_t mode;							\
									\
	va_start(ap, flags);						\
	mode = open_mode(flags, ap);					\
	va_end(ap);							\
	return do_open(AT_FDCWD, path, flags, mode);			\
}

#define OPENAT(name)							\
int	name(int dirfd, const char *path, int flags, ...);		\
int									\
name(int dirfd, const char *path, int flags, ...)			\
{									\
	va_list ap;							\
	mode_t mode;							\
									\
	va_start(ap, flags);						\
	mode = open_mode(flags, ap);					\
	va_end(ap);							\
	return do_open(dirfd, path, flags, mode);			\
}

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int	__open_2(const char *path, int flags);
int	__open64_2(const char *path, int flags);
int	__openat_2(int dirfd, const char *path, int flags);

int
__open_2(const char *path, int flags)
{
	return do_open(AT_FDCWD, path, flags, 0);
}

int
__open64_2(const char *path, int flags)
{
	return do_open(AT_FDCWD, path, flags, 0);
}

int
__openat_2(int dirfd, const char *path, int flags)
{
	return do_open(dirfd, path, flags, 0);
}

int
close(int fd)
{
	forget(fd);
	return (int)syscall(SYS_close, fd);
}

/* ---- contents ---- */

ssize_t
write(int fd, const void *p, size_t n)
{
	struct stat st;
	ssize_t done;
	uint64_t at;

	if (!ours() || !is_file(fd, &st)) {
		said(p, n);
		return syscall(SYS_write, fd, p, n);
	}
	if (gate() == -1)
		return -1;
	at = (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
	done = syscall(SYS_write, fd, p, n);
	if (done > 0) {
		/* O_APPEND moves the place: what counts is where it ended. */
		at = (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR) -
		    (uint64_t)done;
		put_write(&st, at, p, (size_t)done);
	}
	return done;
}

static ssize_t
do_pwrite(int fd, const void *p, size_t n, off_t at)
{
	struct stat st;
	ssize_t done;

	if (!ours() || !is_file(fd, &st))
		return syscall(SYS_pwrite64, fd, p, n, at);
	if (gate() == -1)
		return -1;
	done = syscall(SYS_pwrite64, fd, p, n, at);
	if (done > 0)
		put_write(&st, (uint64_t)at, p, (size_t)done);
	return done;
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	return do_pwrite(fd, p, n, at);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	return do_pwrite(fd, p, n, at);
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	struct stat st;
	ssize_t done, left;
	uint64_t at;
	int i;

	if (!ours() || !is_file(fd, &st)) {
		if (n > 0)
			said(v[0].iov_base, v[0].iov_len);
		return syscall(SYS_writev, fd, v, n);
	}
	if (gate() == -1)
		return -1;
	done = syscall(SYS_writev, fd, v, n);
	if (done <= 0)
		return done;
	at = (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR) - (uint64_t)done;
	for (i = 0, left = done; i < n && left > 0; i++) {
		size_t k = v[i].iov_len < (size_t)left ? v[i].iov_len :
		    (size_t)left;

		put_write(&st, at, v[i].iov_base, k);
		at += k;
		left -= (ssize_t)k;
	}
	return done;
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	said(p, n);
	return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

static int
do_truncate(int fd, off_t size)
{
	struct stat st;
	int rc;

	if (!ours() || !is_file(fd, &st))
		return (int)syscall(SYS_ftruncate, fd, size);
	if (gate() == -1)
		return -1;
	rc = (int)syscall(SYS_ftruncate, fd, size);
	if (rc == 0)
		put((struct record){ .kind = CRASH_TRUNCATE,
		    .dev = st.st_dev, .ino = st.st_ino, .a = (uint64_t)size },
		    NULL, 0, NULL, 0);
	return rc;
}

int
ftruncate(int fd, off_t size)
{
	return do_truncate(fd, size);
}

int
ftruncate64(int fd, off64_t size)
{
	return do_truncate(fd, size);
}

static int
do_sync(int fd, long call, enum crash_kind kind)
{
	struct stat st;
	uint64_t began;
	int rc;

	if (!ours() || !is_file(fd, &st))
		return (int)syscall(call, fd);
	if (gate() == -1)
		return -1;
	if (atomic_fetch_add(&crash->syncs, 1) + 1 == crash->skip_sync)
		return 0;
	began = crash->used;
	rc = (int)syscall(call, fd);
	if (rc == 0)
		put((struct record){ .kind = (uint16_t)kind, .dev = st.st_dev,
		    .ino = st.st_ino, .a = began }, NULL, 0, NULL, 0);
	return rc;
}

int
fsync(int fd)
{
	return do_sync(fd, SYS_fsync, CRASH_SYNC);
}

int
fdatasync(int fd)
{
	return do_sync(fd, SYS_fdatasync, CRASH_SYNC);
}

int
syncfs(int fd)
{
	return do_sync(fd, SYS_syncfs, CRASH_SYNC_ALL);
}

/* ---- names ---- */

int
rename(const char *a, const char *b)
{
	int rc;

	if (gate() == -1)
		return -1;
	rc = (int)syscall(SYS_rename, a, b);
	if (rc == 0 && ours())
		put_two(CRASH_RENAME, AT_FDCWD, a, AT_FDCWD, b);
	return rc;
}

int
renameat(int d1, const char *a, int d2, const char *b)
{
	int rc;

	if (gate() == -1)
		return -1;
	rc = (int)syscall(SYS_renameat, d1, a, d2, b);
	if (rc == 0 && ours())
		put_two(CRASH_RENAME, d1, a, d2, b);
	return rc;
}

int
renameat2(int d1, const char *a, int d2, const char *b, unsigned int flags)
{
	int rc;

	if (gate() == -1)
		return -1;
	rc = (int)syscall(SYS_renameat2, d1, a, d2, b, flags);
	if (rc == 0 && ours())
		put_two(CRASH_RENAME, d1, a, d2, b);
	return rc;
}

int
link(const char *a, const char *b)
{
	int rc;

	if (gate() == -1)
		return -1;
	rc = (int)syscall(SYS_link, a, b);
	if (rc == 0 && ours())
		put_two(CRASH_LINK, AT_FDCWD, a, AT_FDCWD, b);
	return rc;
}

int
linkat(int d1, const char *a, int d2, const char *b, int flags)
{
	int rc;

	if (gate() == -1)
		return -1;
	rc = (int)syscall(SYS_linkat, d1, a, d2, b, flags);
	if (rc == 0 && ours())
		put_two(CRASH_LINK, d1, a, d2, b);
	return rc;
}

int
unlink(const char *path)
{
	int rc;

	if (gate() == -1)
		return -1;
	rc = (int)syscall(SYS_unlink, path);
	if (rc == 0 && ours())
		put_name(CRASH_UNLINK, AT_FDCWD, path, NULL);
	return rc;
}

int
unlinkat(int dirfd, const char *path, int flags)
{
	int rc;

	if (gate() == -1)
		return -1;
	rc = (int)syscall(SYS_unlinkat, dirfd, path, flags);
	if (rc == 0 && ours())
		put_name(flags & AT_REMOVEDIR ? CRASH_RMDIR : CRASH_UNLINK,
		    dirfd, path, NULL);
	return rc;
}

int
rmdir(const char *path)
{
	int rc;

	if (gate() == -1)
		return -1;
	rc = (int)syscall(SYS_rmdir, path);
	if (rc == 0 && ours())
		put_name(CRASH_RMDIR, AT_FDCWD, path, NULL);
	return rc;
}

static int
made_dir(int dirfd, const char *path, long rc)
{
	struct stat st;

	if (rc == 0 && ours() && fstatat(dirfd, path, &st, 0) == 0)
		put_name(CRASH_MKDIR, dirfd, path, &st);
	return (int)rc;
}

int
mkdir(const char *path, mode_t mode)
{
	if (gate() == -1)
		return -1;
	return made_dir(AT_FDCWD, path, syscall(SYS_mkdir, path, mode));
}

int
mkdirat(int dirfd, const char *path, mode_t mode)
{
	if (gate() == -1)
		return -1;
	return made_dir(dirfd, path,
	    syscall(SYS_mkdirat, dirfd, path, mode));
}

/* ---- whose fork is a session ---- */

pid_t
fork(void)
{
	pid_t pid;
	REAL(pid_t, fork, void);

	pid = real();
	if (pid == 0 && !everyone) {
		session = true;
		memset(kinds, 0, sizeof kinds);
	}
	return pid;
}
