/*
 * Folders: which there are, making and removing them, and what they hold.
 *
 * mailnode-uid, one in each folder, version 1, text:
 *
 *	mailnode-uid 1
 *	uidvalidity N	of this folder, for good
 *	uid N		UIDs below it may have been given, never those above
 *	modseq N	likewise
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

enum {
	LEASE_FILE_MAX = 256		/* octets of mailnode-uid */
};
#define LEASE_FILE	"mailnode-uid"

static const char *const subs[] = { "cur", "new", "tmp" };

static int64_t
mtime_ns(struct filer *f, const char *folder, const char *sub, bool *dir)
{
	char path[FILER_PATH];
	struct stat st;

	*dir = filer_path(path, folder, sub) == STORE_OK &&
	    fstatat(f->root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode);
	if (!*dir)
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

/* ---- mailnode-uid ---- */

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

static void
read_lease(struct filer *f, const char *folder, struct file_folder *out)
{
	char path[FILER_PATH], text[LEASE_FILE_MAX + 1];
	uint64_t validity, uid, modseq;
	ssize_t n;
	int fd;

	if (filer_path(path, folder, LEASE_FILE) != STORE_OK)
		return;
	fd = openat(f->root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	if (fd == -1)
		return;
	n = read(fd, text, LEASE_FILE_MAX);
	close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	if (strncmp(text, "mailnode-uid 1\n", 15) != 0 ||
	    !value(text, "\nuidvalidity ", UINT32_MAX, &validity) ||
	    !value(text, "\nuid ", UINT32_MAX, &uid) ||
	    !value(text, "\nmodseq ", INT64_MAX, &modseq))
		return;
	out->uidvalidity = (uint32_t)validity;
	out->uid = (uint32_t)uid;
	out->modseq = modseq;
}

static enum store_err
replace(struct filer *f, const char *folder, const char *text, size_t n)
{
	char from[FILER_PATH], to[FILER_PATH];
	enum store_err rc = STORE_OK;
	int fd;

	if (filer_path(from, folder, LEASE_FILE ".new") != STORE_OK ||
	    filer_path(to, folder, LEASE_FILE) != STORE_OK)
		return STORE_NAME;
	fd = openat(f->root, from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd == -1)
		return store_err_errno(errno);
	if (write(fd, text, n) != (ssize_t)n)
		rc = store_err_errno(errno != 0 ? errno : ENOSPC);
	else if (fsync(fd) == -1)
		rc = store_err_errno(errno);
	close(fd);
	if (rc == STORE_OK && renameat(f->root, from, f->root, to) == -1)
		rc = store_err_errno(errno);
	if (rc != STORE_OK)
		(void)unlinkat(f->root, from, 0);
	return rc;
}

enum store_err
filer_lease(struct filer *f, const char *folder, uint32_t uidvalidity,
    uint32_t uid, uint64_t modseq)
{
	char text[LEASE_FILE_MAX];
	enum store_err rc;
	int n;

	n = snprintf(text, sizeof text, "mailnode-uid 1\nuidvalidity %u\n"
	    "uid %u\nmodseq %llu\n", (unsigned int)uidvalidity,
	    (unsigned int)uid, (unsigned long long)modseq);
	if (n < 0 || n >= (int)sizeof text)
		return STORE_NAME;
	rc = replace(f, folder, text, (size_t)n);
	return rc != STORE_OK ? rc : filer_dirty(f, folder, "");
}

/* ---- which there are ---- */

struct walk {
	struct filer	*f;
	void		(*fn)(void *, const char *, bool);
	void		*arg;
	unsigned int	 n;
	bool		 failed;	/* there may be more folders */
};

static void
walk(struct walk *w, const char *folder, int depth)
{
	char path[FILER_PATH];
	struct dirent *d;
	DIR *dir;
	int fd;
	bool cur, new;

	if (folder[0] != '\0') {
		(void)mtime_ns(w->f, folder, "cur", &cur);
		(void)mtime_ns(w->f, folder, "new", &new);
		if (w->n++ < 2 * BOX_MAX)
			w->fn(w->arg, folder, cur && new);
	}
	if (depth >= BOX_DEPTH_MAX)
		return;
	fd = openat(w->f->root, folder[0] != '\0' ? folder : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	dir = fd != -1 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		w->failed = w->failed || fd != -1 || errno == EIO ||
		    store_err_short(errno);
		if (fd != -1)
			close(fd);
		return;
	}
	for (errno = 0; (d = readdir(dir)) != NULL; errno = 0) {
		if (d->d_name[0] == '.' || (d->d_type != DT_DIR &&
		    d->d_type != DT_UNKNOWN))
			continue;
		if (snprintf(path, sizeof path, "%s%s%s", folder,
		    folder[0] != '\0' ? "/" : "", d->d_name) <
		    (int)sizeof path && box_name_ok(path))
			walk(w, path, depth + 1);
	}
	w->failed = w->failed || errno != 0;
	closedir(dir);
}

bool
filer_each(struct filer *f, void (*fn)(void *, const char *, bool),
    void *arg)
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
page_folder(void *arg, const char *folder, bool mail)
{
	struct page *p = arg;
	struct file_folder ff;
	bool dir;

	if (!mail)
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
	read_lease(p->f, folder, &ff);
	chan_put_u8(p->out, 1);
	chan_put_str(p->out, folder);
	chan_put_u32(p->out, ff.uidvalidity);
	chan_put_u32(p->out, ff.uid);
	chan_put_u64(p->out, ff.modseq);
	chan_put_i64(p->out, mtime_ns(p->f, folder, "cur", &dir));
	chan_put_i64(p->out, mtime_ns(p->f, folder, "new", &dir));
}

enum store_err
filer_folders(struct filer *f, uint32_t skip, struct buf *out)
{
	struct page p = { .f = f, .out = out, .skip = skip };

	if (!filer_each(f, page_folder, &p))
		return STORE_IO;
	chan_put_u8(out, 0);
	chan_put_u8(out, p.more);
	return out->err != 0 ? STORE_NOMEM : STORE_OK;
}

/* ---- making and removing ---- */

static enum store_err
make_dir(struct filer *f, const char *path, const char *parent)
{
	if (mkdirat(f->root, path, 0700) == 0)
		return filer_dirty(f, parent, "");
	return errno == EEXIST ? STORE_OK : store_err_errno(errno);
}

enum store_err
filer_mkbox(struct filer *f, const char *folder)
{
	char path[FILER_PATH], parent[BOX_NAME_MAX];
	enum store_err rc = STORE_OK;
	const char *p = folder;
	size_t i;

	parent[0] = '\0';
	while (rc == STORE_OK && p != NULL) {
		p = strchr(p, '/');
		snprintf(path, sizeof path, "%.*s", p != NULL ?
		    (int)(p - folder) : BOX_NAME_MAX - 1, folder);
		rc = make_dir(f, path, parent);
		snprintf(parent, sizeof parent, "%.255s", path);
		if (p != NULL)
			p++;
	}
	for (i = 0; rc == STORE_OK && i < 3; i++) {
		rc = filer_path(path, folder, subs[i]);
		if (rc == STORE_OK)
			rc = make_dir(f, path, folder);
	}
	if (rc == STORE_OK)
		filer_watch_again(f);
	return rc;
}

static enum store_err
empty_dir(struct filer *f, const char *path)
{
	struct dirent *d;
	enum store_err rc = STORE_OK;
	DIR *dir;
	int fd;

	fd = openat(f->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	dir = fd != -1 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return errno == ENOENT ? STORE_OK : store_err_errno(errno);
	}
	while (rc == STORE_OK && (d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 &&
		    strcmp(d->d_name, "..") != 0 &&
		    unlinkat(dirfd(dir), d->d_name, 0) == -1 &&
		    errno != ENOENT)
			rc = store_err_errno(errno);
	closedir(dir);
	if (rc == STORE_OK && unlinkat(f->root, path, AT_REMOVEDIR) == -1 &&
	    errno != ENOENT)
		rc = store_err_errno(errno);
	return rc;
}

static void
parent_of(char dst[BOX_NAME_MAX], const char *folder)
{
	const char *p = strrchr(folder, '/');

	snprintf(dst, BOX_NAME_MAX, "%.*s",
	    p != NULL ? (int)(p - folder) : 0, folder);
}

/* What has become of the levels above a folder that went: those that were
 * there for it alone go, too. */
static enum store_err
tidy_above(struct filer *f, const char *folder)
{
	char above[BOX_NAME_MAX];
	char *p;

	parent_of(above, folder);
	while (above[0] != '\0' &&
	    unlinkat(f->root, above, AT_REMOVEDIR) == 0) {
		p = strrchr(above, '/');
		*(p != NULL ? p : above) = '\0';
	}
	return filer_dirty(f, above, "");
}

enum store_err
filer_rmbox(struct filer *f, const char *folder)
{
	char path[FILER_PATH];
	enum store_err rc = STORE_OK;
	size_t i;

	filer_flush(f);		/* what is on its way there */
	for (i = 0; rc == STORE_OK && i < 3; i++) {
		rc = filer_path(path, folder, subs[i]);
		if (rc == STORE_OK)
			rc = empty_dir(f, path);
	}
	if (rc == STORE_OK)
		rc = filer_path(path, folder, LEASE_FILE);
	if (rc != STORE_OK)
		return rc;
	if (unlinkat(f->root, path, 0) == -1 && errno != ENOENT)
		return store_err_errno(errno);
	/* Mailboxes below it keep it as a plain folder. */
	if (unlinkat(f->root, folder, AT_REMOVEDIR) == -1 &&
	    errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
		return store_err_errno(errno);
	rc = tidy_above(f, folder);
	filer_watch_again(f);
	return rc;
}

enum store_err
filer_mvbox(struct filer *f, const char *from, const char *to)
{
	char parent[BOX_NAME_MAX], above[BOX_NAME_MAX];
	enum store_err rc = STORE_OK;
	char *p;

	filer_flush(f);		/* what is on its way there */
	parent_of(parent, to);
	for (p = parent; rc == STORE_OK && p != NULL && *p != '\0'; ) {
		p = strchr(p, '/');
		if (p != NULL)
			*p = '\0';
		parent_of(above, parent);
		rc = make_dir(f, parent, above);
		if (p != NULL)
			*p++ = '/';
	}
	if (rc != STORE_OK)
		return rc;
	/* A level that nothing stands below is no mailbox. */
	(void)unlinkat(f->root, to, AT_REMOVEDIR);
	if (renameat2(f->root, from, f->root, to, 1 /* RENAME_NOREPLACE */) ==
	    -1 && errno != ENOENT)
		return store_err_errno(errno);
	rc = filer_dirty(f, parent, "");
	if (rc == STORE_OK)
		rc = tidy_above(f, from);
	filer_watch_again(f);
	return rc;
}

/* ---- what a folder holds ---- */

struct filer_scan {
	char	 folder[BOX_NAME_MAX];
	DIR	*dir;
	size_t	 sub;		/* of subs: cur, new; then the end */
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
	bool dir;

	filer_scan_close(f);
	f->scan = calloc(1, sizeof *f->scan);
	if (f->scan == NULL)
		return STORE_NOMEM;
	snprintf(f->scan->folder, sizeof f->scan->folder, "%s", folder);
	f->scan->cur_ns = mtime_ns(f, folder, "cur", &dir);
	f->scan->new_ns = mtime_ns(f, folder, "new", &dir);
	return dir ? STORE_OK : STORE_NOTFOUND;
}

/* The next of cur and new.  False: both are read. */
static bool
scan_next_dir(struct filer *f, struct filer_scan *s)
{
	char path[FILER_PATH];
	int fd = -1;

	if (s->dir != NULL) {
		closedir(s->dir);
		s->dir = NULL;
		s->sub++;
	}
	if (s->sub >= 2 || filer_path(path, s->folder, subs[s->sub]) != STORE_OK)
		return false;
	fd = openat(f->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	s->dir = fd != -1 ? fdopendir(fd) : NULL;
	if (s->dir == NULL && fd != -1)
		close(fd);
	return s->dir != NULL;
}

enum store_err
filer_scan(struct filer *f, const char *folder, bool start, struct buf *out)
{
	struct filer_scan *s;
	struct dirent *d = NULL;
	char rel[MAILDIR_REL_MAX];
	struct maildir_name n;
	enum store_err rc;

	if (start && (rc = scan_start(f, folder)) != STORE_OK)
		return rc;
	s = f->scan;
	if (s == NULL || strcmp(s->folder, folder) != 0)
		return STORE_STATE;
	chan_put_u8(out, 1);
	chan_put_i64(out, s->cur_ns);
	chan_put_i64(out, s->new_ns);
	while (out->len < FILE_PAGE_MAX) {
		d = s->dir != NULL ? readdir(s->dir) : NULL;
		if (d == NULL && !scan_next_dir(f, s))
			break;
		if (d != NULL && d->d_type != DT_DIR &&
		    snprintf(rel, sizeof rel, "%s/%s", subs[s->sub],
		    d->d_name) < (int)sizeof rel && maildir_parse(rel, &n) &&
		    !filer_watch_grows(f, folder, rel))
			chan_put_str(out, rel);
	}
	if (out->err != 0)
		return STORE_NOMEM;
	if (out->len < FILE_PAGE_MAX) {
		out->data[0] = 0;
		filer_scan_close(f);
	}
	return STORE_OK;
}
