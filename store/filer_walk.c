/*
 * Which folders there are, and what they hold.
 *
 * What cannot be looked at, for want of a right or since the disk fails, is
 * not gone: clients would delete what they have of it.  Keeper is told so.
 * An empty directory counts as such: who removes a mailbox removes it, too.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/num.h"
#include "store/filer.h"

static const char *const subs[] = { "cur", "new" };

/* When that directory was changed last; 0 where there is none, -1 with errno
 * where that cannot be said. */
static int64_t
mtime_ns(struct filer *f, const char *folder, const char *sub)
{
	char path[FILER_PATH];
	struct stat st;

	if (filer_path(path, folder, sub) != STORE_OK)
		return 0;
	if (fstatat(f->root, path, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return store_err_absent(errno) ? 0 : -1;
	if (!S_ISDIR(st.st_mode))
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

static bool
value(const char *text, const char *key, uint64_t max, uint64_t *v)
{
	const char *p = strstr(text, key), *end;

	*v = 0;
	if (p == NULL)
		return false;
	p += strlen(key);
	for (end = p; *end >= '0' && *end <= '9'; )
		end++;
	return *end == '\n' && num_u64(p, end, 1, max, v) == 0;
}

/* False: there is one that cannot be read. */
static bool
read_lease(struct filer *f, const char *folder, struct file_folder *out)
{
	char path[FILER_PATH], text[FILER_LEASE_MAX + 1];
	uint64_t validity, uid, modseq;
	ssize_t n;
	int fd;

	if (filer_path(path, folder, FILER_LEASE) != STORE_OK)
		return true;
	fd = openat(f->root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	if (fd == -1)
		return store_err_absent(errno);
	n = read(fd, text, FILER_LEASE_MAX);
	close(fd);
	if (n <= 0)
		return n == 0 || errno == EISDIR;
	text[n] = '\0';
	if (strncmp(text, "mailnode-uid 1\n", 15) != 0 ||
	    !value(text, "\nuidvalidity ", UINT32_MAX, &validity) ||
	    !value(text, "\nuid ", UINT32_MAX, &uid) ||
	    !value(text, "\nmodseq ", INT64_MAX, &modseq))
		return true;
	out->uidvalidity = (uint32_t)validity;
	out->uid = (uint32_t)uid;
	out->modseq = modseq;
	return true;
}

/* ---- which there are ---- */

struct walk {
	struct filer	*f;
	filer_each_fn	*fn;
	void		*arg;
	unsigned int	 n;
	bool		 failed;	/* there may be more folders */
};

static void
tell(struct walk *w, const char *folder, enum file_kind kind)
{
	if (folder[0] == '\0')
		w->failed = w->failed || kind == FILE_DENIED;
	else if (w->n++ < 2 * BOX_MAX)
		w->fn(w->arg, folder, kind);
}

/* Why it cannot be looked into: it is gone, or there and kept from us. */
static void
tell_closed(struct walk *w, const char *folder, int err)
{
	w->failed = w->failed || store_err_short(err);
	if (!store_err_absent(err))
		tell(w, folder, FILE_DENIED);
}

static void
walk(struct walk *w, const char *folder, int depth)
{
	char path[FILER_PATH];
	struct dirent *d;
	int64_t cur, new;
	bool empty = true;
	DIR *dir;
	int fd;

	if (folder[0] != '\0') {
		cur = mtime_ns(w->f, folder, "cur");
		new = cur == -1 ? 0 : mtime_ns(w->f, folder, "new");
		if (cur == -1 || new == -1)
			tell_closed(w, folder, errno);
		else
			tell(w, folder, cur != 0 && new != 0 ? FILE_MAIL :
			    FILE_PLAIN);
	}
	if (depth >= BOX_DEPTH_MAX)
		return;
	fd = openat(w->f->root, folder[0] != '\0' ? folder : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	dir = fd != -1 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		tell_closed(w, folder, errno);
		if (fd != -1)
			close(fd);
		return;
	}
	for (errno = 0; (d = readdir(dir)) != NULL; errno = 0) {
		empty = empty && (strcmp(d->d_name, ".") == 0 ||
		    strcmp(d->d_name, "..") == 0);
		if (d->d_name[0] == '.' || (d->d_type != DT_DIR &&
		    d->d_type != DT_UNKNOWN))
			continue;
		if (snprintf(path, sizeof path, "%s%s%s", folder,
		    folder[0] != '\0' ? "/" : "", d->d_name) <
		    (int)sizeof path && box_name_ok(path))
			walk(w, path, depth + 1);
	}
	if (errno != 0)
		tell_closed(w, folder, errno);
	else if (empty && folder[0] != '\0')
		tell(w, folder, FILE_DENIED);	/* a disk is not mounted */
	closedir(dir);
}

bool
filer_each(struct filer *f, filer_each_fn *fn, void *arg)
{
	struct walk w = { .f = f, .fn = fn, .arg = arg };

	walk(&w, "", 0);
	return !w.failed;
}

struct page {
	struct filer	*f;
	struct buf	*out;
	uint32_t	 skip;
	bool		 more;
};

static void
page_folder(void *arg, const char *folder, enum file_kind kind)
{
	struct page *p = arg;
	struct file_folder ff;

	if (kind == FILE_PLAIN)
		return;
	if (p->skip > 0) {
		p->skip--;
		return;
	}
	if (p->more || p->out->len > FILE_PAGE_MAX) {
		p->more = true;
		return;
	}
	memset(&ff, 0, sizeof ff);
	if (kind == FILE_MAIL && !read_lease(p->f, folder, &ff))
		kind = FILE_DENIED;
	chan_put_u8(p->out, (uint8_t)kind);
	chan_put_str(p->out, folder);
	chan_put_u32(p->out, ff.uidvalidity);
	chan_put_u32(p->out, ff.uid);
	chan_put_u64(p->out, ff.modseq);
	chan_put_i64(p->out, mtime_ns(p->f, folder, "cur"));
	chan_put_i64(p->out, mtime_ns(p->f, folder, "new"));
}

enum store_err
filer_folders(struct filer *f, uint32_t skip, struct buf *out)
{
	struct page p = { .f = f, .out = out, .skip = skip };

	if (skip == 0)
		filer_watch_denied(f);
	if (!filer_each(f, page_folder, &p))
		return STORE_IO;
	chan_put_u8(out, FILE_PLAIN);	/* the end */
	chan_put_u8(out, p.more);
	return out->err != 0 ? STORE_NOMEM : STORE_OK;
}

/* ---- what a folder holds ---- */

struct filer_scan {
	char	 folder[BOX_NAME_MAX];
	DIR	*dir;
	size_t	 next;		/* of subs, behind that of dir */
	int64_t	 cur_ns, new_ns;
};

void
filer_scan_close(struct filer *f)
{
	if (f->scan == NULL)
		return;
	if (f->scan->dir != NULL)
		closedir(f->scan->dir);
	free(f->scan);
	f->scan = NULL;
}

static enum store_err
scan_start(struct filer *f, const char *folder)
{
	struct filer_scan *s;

	filer_scan_close(f);
	f->scan = s = calloc(1, sizeof *s);
	if (s == NULL)
		return STORE_NOMEM;
	snprintf(s->folder, sizeof s->folder, "%s", folder);
	s->cur_ns = mtime_ns(f, folder, "cur");
	s->new_ns = mtime_ns(f, folder, "new");
	if (s->cur_ns == -1 || s->new_ns == -1)
		return STORE_IO;
	return s->new_ns != 0 ? STORE_OK : STORE_NOTFOUND;
}

/* The next of cur and new, none when both are read. */
static enum store_err
scan_next_dir(struct filer *f, struct filer_scan *s)
{
	char path[FILER_PATH];
	int fd;

	if (s->dir != NULL)
		closedir(s->dir);
	for (s->dir = NULL; s->dir == NULL && s->next < 2; s->next++) {
		if (filer_path(path, s->folder, subs[s->next]) != STORE_OK)
			continue;
		fd = openat(f->root, path, O_RDONLY | O_DIRECTORY |
		    O_CLOEXEC | O_NOFOLLOW);
		s->dir = fd != -1 ? fdopendir(fd) : NULL;
		if (s->dir != NULL)
			continue;
		if (fd != -1)
			close(fd);
		else if (store_err_absent(errno))
			continue;
		return STORE_IO;
	}
	return STORE_OK;
}

static enum store_err
scan_page(struct filer *f, struct filer_scan *s, struct buf *out)
{
	char rel[MAILDIR_REL_MAX];
	struct maildir_name n;
	struct dirent *d;
	enum store_err rc;

	while (out->len < FILE_PAGE_MAX) {
		errno = 0;
		d = s->dir != NULL ? readdir(s->dir) : NULL;
		if (d == NULL && errno != 0)
			return STORE_IO;
		if (d == NULL) {
			rc = scan_next_dir(f, s);
			if (rc != STORE_OK || s->dir == NULL)
				return rc;
		} else if (d->d_type != DT_DIR &&
		    snprintf(rel, sizeof rel, "%s/%s", subs[s->next - 1],
		    d->d_name) < (int)sizeof rel && maildir_parse(rel, &n) &&
		    !filer_watch_grows(f, s->folder, rel))
			chan_put_str(out, rel);
	}
	return STORE_OK;
}

enum store_err
filer_scan(struct filer *f, const char *folder, bool start, struct buf *out)
{
	struct filer_scan *s;
	enum store_err rc;

	if (start && (rc = scan_start(f, folder)) != STORE_OK)
		return rc;
	s = f->scan;
	if (s == NULL || strcmp(s->folder, folder) != 0)
		return STORE_STATE;
	chan_put_u8(out, 1);
	chan_put_i64(out, s->cur_ns);
	chan_put_i64(out, s->new_ns);
	rc = scan_page(f, s, out);
	if (rc == STORE_OK && out->err != 0)
		rc = STORE_NOMEM;
	if (rc != STORE_OK || out->len < FILE_PAGE_MAX)
		filer_scan_close(f);
	if (rc == STORE_OK && out->len < FILE_PAGE_MAX)
		out->data[0] = 0;
	return rc;
}
