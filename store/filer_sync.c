/*
 * All that was written, made durable at once: a disk writes its cache out
 * once for a batch, not once for each file of it.
 */
#define _GNU_SOURCE	/* syncfs */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/num.h"
#include "store/filer.h"

enum {
	TOGETHER_MIN = 8,	/* files: for fewer it is no gain */
	OTHERS_MAX = 256 * 1024, /* KiB that all programs have not written */
	LONG_MS = 250,		/* when one takes longer, */
	ALONE_MS = 10 * 1000,	/* each file by itself for so long */
	MEMINFO_MAX = 4096	/* octets of its first lines */
};

/* Where syncfs() is known to mean what fsync() of each file means: FUSE, for
 * one, has nothing made durable by the program behind it. */
static bool
means_it(int fd)
{
	enum { EXT4 = 0xef53, XFS = 0x58465342, TMPFS = 0x01021994 };
	struct statfs s;

	return fstatfs(fd, &s) == 0 && (s.f_type == EXT4 ||
	    s.f_type == XFS || s.f_type == TMPFS);
}

void
filer_sync_open(struct filer *f)
{
	struct stat s;

	f->dev = fstat(f->root, &s) == 0 ? s.st_dev : 0;
	f->meminfo = means_it(f->root) ?
	    open("/proc/meminfo", O_RDONLY | O_CLOEXEC) : -1;
}

void
filer_sync_close(struct filer *f)
{
	if (f->meminfo != -1)
		close(f->meminfo);
	f->meminfo = -1;
}

/* "\nDirty:     123 kB"; much if it does not say so. */
static uint32_t
kib(const char *text, const char *name)
{
	const char *p = strstr(text, name), *end;
	uint32_t n;

	if (p == NULL)
		return OTHERS_MAX;
	p += strlen(name);
	p += strspn(p, " ");
	end = p + strcspn(p, " ");
	return num_u32(p, end, 0, OTHERS_MAX, &n) == 0 ? n : OTHERS_MAX;
}

/* It waits for what others wrote, too. */
static bool
is_quiet(const struct filer *f)
{
	char text[MEMINFO_MAX];
	ssize_t n = pread(f->meminfo, text, sizeof text - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return kib(text, "\nDirty:") + kib(text, "\nWriteback:") < OTHERS_MAX;
}

/* A folder may lie on another file system than the Maildir. */
static bool
all_here(const struct filer *f)
{
	const struct filer_done *d;
	struct stat s;

	for (d = f->done; d < f->done + f->ndone; d++)
		if (d->fd != -1 && (fstat(d->fd, &s) == -1 ||
		    s.st_dev != f->dev))
			return false;
	return true;
}

/* A write that failed earlier is told here, too (Linux 5.8), and whose it
 * was by its fsync(). */
bool
filer_sync_all(struct filer *f, size_t files)
{
	int64_t begun = clock_mono_ms(), over;
	bool done;

	if (files < TOGETHER_MIN || f->meminfo == -1 || begun < f->alone_ms ||
	    !is_quiet(f) || !all_here(f))
		return false;
	done = syncfs(f->root) == 0;
	over = clock_mono_ms();
	if (over - begun > LONG_MS)
		f->alone_ms = over + ALONE_MS;
	return done;
}
