#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/buf.h"
#include "store/import.h"
#include "store/import_mbox.h"
#include "store/maildir.h"

enum {
	DEPTH_MAX = 32,
	PATH_ROOM = 4096,
	HEAD_ROOM = 128,	/* octets */
	READ_MAX = 64 * 1024	/* likewise */
};

struct dir {
	const struct import	*im;
	char			 path[PATH_ROOM];
	char			 rel[BOX_NAME_MAX * 2];	/* name below the
							   start, "" */
	int			 depth;
};

static bool	walk_dir(const struct dir *d);

/* ---- names ---- */

/* "INBOX" as it must be, no level that a mailbox may not have. */
static void
level(char *dst, size_t size, const char *s, size_t n)
{
	size_t i, k = 0;

	if (n == 5 && strncasecmp(s, "inbox", 5) == 0) {
		snprintf(dst, size, "INBOX");
		return;
	}
	for (i = 0; i < n && k + 1 < size; i++, k++)
		dst[k] = (uint8_t)s[i] < ' ' || s[i] == 127 ||
		    s[i] == ':' || s[i] == '\\' || (k == 0 && s[i] == '.') ?
		    '_' : s[i];
	dst[k] = '\0';
}

bool
import_name(char dst[BOX_NAME_MAX], const char *into, const char *rel)
{
	char part[BOX_NAME_MAX];
	size_t len = 0, n;

	dst[0] = '\0';
	if (into != NULL)
		len = (size_t)snprintf(dst, BOX_NAME_MAX, "%s", into);
	for (; *rel != '\0' && len < BOX_NAME_MAX; rel += n) {
		rel += strspn(rel, "/");
		n = strcspn(rel, "/");
		if (n == 0)
			break;
		level(part, sizeof part, rel, n);
		len += (size_t)snprintf(dst + len, BOX_NAME_MAX - len,
		    "%s%s", len > 0 ? "/" : "", part);
	}
	if (len == 0)
		len = (size_t)snprintf(dst, BOX_NAME_MAX, "INBOX");
	return len < BOX_NAME_MAX && box_name_ok(dst);
}

/* ---- one message ---- */

static void
bad(const struct import *im, const char *path, const char *why)
{
	if (im->bad != NULL)
		im->bad(im->arg, path, why);
}

/* False: some line ends in LF alone, or in nothing. */
static bool
all_crlf(const char *p, size_t n)
{
	const char *at = p, *end = p + n, *nl;

	while (at < end) {
		nl = memchr(at, '\n', (size_t)(end - at));
		if (nl == NULL || nl == p || nl[-1] != '\r')
			return false;
		at = nl + 1;
	}
	return true;
}

struct map {
	char	*p;
	size_t	 n;
	int	 fd;
	struct stat st;
	bool	 copied;
};

/* Small ones are read: mapping one costs more than its octets.  False: not
 * read. */
static bool
read_small(struct map *m)
{
	m->p = malloc(m->n);
	m->copied = m->p != NULL && pread(m->fd, m->p, m->n, 0) ==
	    (ssize_t)m->n;
	if (!m->copied)
		free(m->p);
	return m->copied;
}

static bool
map_open(struct map *m, const char *path)
{
	m->p = NULL;
	m->n = 0;
	m->copied = false;
	m->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (m->fd == -1)
		return false;
	if (fstat(m->fd, &m->st) == -1 || !S_ISREG(m->st.st_mode)) {
		close(m->fd);
		errno = EINVAL;
		return false;
	}
	m->n = (size_t)m->st.st_size;
	if (m->n == 0)
		return true;
	if (m->n <= READ_MAX && read_small(m))
		return true;
	m->p = mmap(NULL, m->n, PROT_READ, MAP_PRIVATE, m->fd, 0);
	if (m->p != MAP_FAILED)
		return true;
	close(m->fd);
	return false;
}

static void
map_close(struct map *m)
{
	if (m->copied)
		free(m->p);
	else if (m->n > 0)
		munmap(m->p, m->n);
	if (m->fd != -1)
		close(m->fd);
}

/* Gives one message to the caller. */
static bool
give(const struct import *im, struct import_item *i, const char *p,
    size_t n, bool mbox)
{
	bool go;

	i->size = n;
	i->data = p != NULL ? p : "";
	i->mbox = mbox;
	if (i->fd == -1 && !im->count && !im->bytes) {
		i->fd = import_crlf(p, n, mbox);
		if (i->fd == -1) {
			bad(im, i->path, strerror(errno));
			return true;
		}
	}
	go = im->item(im->arg, i);
	if (i->fd != -1)
		close(i->fd);
	i->fd = -1;
	return go;
}

static bool
one_file(const struct import *im, struct import_item *i)
{
	struct stat st;
	struct map m;
	bool go;

	if (im->count) {
		if (stat(i->path, &st) == -1 || !S_ISREG(st.st_mode))
			return true;
		return give(im, i, NULL, (size_t)st.st_size, false);
	}
	if (!map_open(&m, i->path)) {
		bad(im, i->path, strerror(errno));
		return true;
	}
	i->received = m.st.st_mtime;
	if (!im->bytes && m.n > 0 && all_crlf(m.p, m.n)) {
		i->fd = m.fd;		/* as it is */
		m.fd = -1;
	}
	go = give(im, i, m.p, m.n, false);
	map_close(&m);
	return go;
}

/* ---- mbox ---- */

/* What a file begins with; how much that is, or -1. */
static ssize_t
read_head(const char *path, char head[HEAD_ROOM])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd != -1 ? read(fd, head, HEAD_ROOM) : -1;

	if (fd != -1)
		close(fd);
	return n;
}

static bool
is_mbox(const char *path)
{
	char head[HEAD_ROOM];

	return read_head(path, head) >= 5 && memcmp(head, "From ", 5) == 0;
}

/* RFC 5322 section 2.2: it begins with the name of a field.  What cannot be
 * read is for those to complain of who read it. */
static bool
is_letter(const char *path)
{
	char head[HEAD_ROOM];
	ssize_t n = read_head(path, head), i = 0;

	while (i < n && head[i] > ' ' && head[i] <= '~' && head[i] != ':')
		i++;
	while (i > 0 && i < n && (head[i] == ' ' || head[i] == '\t'))
		i++;
	return n <= 0 || (i > 0 && i < n && head[i] == ':');
}

static bool
letters(const struct import *im, struct import_item *i, const struct map *m)
{
	size_t at, end, body, len;
	bool go = true;

	for (at = 0; go && at < m->n; at = end) {
		end = import_mbox_next(m->p, m->n, at, &body, &len);
		if (len == 0)
			continue;
		i->received = m->st.st_mtime;
		if (!im->bytes)
			import_mbox_meta(m->p + at, end - at, &i->flags,
			    &i->received);
		go = give(im, i, m->p + body, len, true);
	}
	return go;
}

static bool
one_mbox(const struct import *im, struct import_item *i)
{
	struct map m;
	bool go;

	if (!map_open(&m, i->path)) {
		bad(im, i->path, strerror(errno));
		return true;
	}
	go = letters(im, i, &m);
	map_close(&m);
	return go;
}

/* Either kind, opened once: its place does not matter. */
static bool
one_looked_at(const struct import *im, struct import_item *i)
{
	struct map m;
	bool go;

	if (!map_open(&m, i->path)) {
		bad(im, i->path, strerror(errno));
		return true;
	}
	if (m.n >= 5 && memcmp(m.p, "From ", 5) == 0)
		go = letters(im, i, &m);
	else
		go = give(im, i, m.p, m.n, false);
	map_close(&m);
	return go;
}

/* ---- trees ---- */

static bool
join(char *dst, size_t size, const char *a, const char *b)
{
	int n = snprintf(dst, size, "%s%s%s", a, a[0] != '\0' ? "/" : "", b);

	return n >= 0 && (size_t)n < size;
}

static bool
is_dir(const char *path, const char *sub)
{
	char full[PATH_ROOM];
	struct stat st;

	return join(full, sizeof full, path, sub) && stat(full, &st) == 0 &&
	    S_ISDIR(st.st_mode);
}

static bool
is_maildir(const char *path)
{
	return is_dir(path, "cur") && (is_dir(path, "new") ||
	    is_dir(path, "tmp"));
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Messages of one of cur and new. */
static bool
maildir_half(const struct dir *d, const char *half)
{
	char dir[PATH_ROOM], path[PATH_ROOM], rel[PATH_ROOM];
	struct import_item i = { .fd = -1 };
	struct maildir_name name;
	struct dirent **e = NULL;
	bool go = true;
	int k, n;

	if (!join(dir, sizeof dir, d->path, half) ||
	    !import_name(i.folder, d->im->into, d->rel)) {
		bad(d->im, d->path, "no name for a mailbox");
		return true;
	}
	n = scandir(dir, &e, NULL, by_name);
	for (k = 0; k < n; k++) {
		if (go && e[k]->d_name[0] != '.' &&
		    join(path, sizeof path, dir, e[k]->d_name) &&
		    join(rel, sizeof rel, half, e[k]->d_name)) {
			i.path = path;
			i.flags = maildir_parse(rel, &name) ?
			    name.flags : 0;
			i.received = 0;
			go = one_file(d->im, &i);
		}
		free(e[k]);
	}
	free(e);
	return go;
}

/* The name of a child: "Foo.sbd" and "foo.mbox" without their ends, ".A.b"
 * of a Maildir++ as "A/b". */
static bool
child_rel(char *dst, size_t size, const char *rel, const char *name,
    bool dots)
{
	char base[BOX_NAME_MAX];
	size_t n = strlen(name), i;

	if (n >= sizeof base)
		return false;
	memcpy(base, name, n + 1);
	if (n > 4 && strcmp(base + n - 4, ".sbd") == 0)
		base[n - 4] = '\0';
	else if (n > 5 && strcmp(base + n - 5, ".mbox") == 0)
		base[n - 5] = '\0';
	for (i = 0; dots && base[i] != '\0'; i++)
		if (base[i] == '.')
			base[i] = '/';
	return join(dst, size, rel, base + (dots ? 1 : 0));
}

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && strcasecmp(s + n - k, end) == 0;
}

/* A file that lies in a folder of folders. */
static bool
loose_file(const struct dir *d, const char *path, const char *name)
{
	struct import_item i = { .path = path, .fd = -1 };
	char rel[sizeof d->rel];

	if (d->im->bytes && d->im->loose)
		return one_looked_at(d->im, &i);
	if (is_mbox(path)) {
		if (child_rel(rel, sizeof rel, d->rel, name, false) &&
		    import_name(i.folder, d->im->into, rel))
			return one_mbox(d->im, &i);
		bad(d->im, path, "no name for a mailbox");
		return true;
	}
	if ((!d->im->loose && !ends_in(name, ".eml")) ||
	    !import_name(i.folder, d->im->into, d->rel))
		return true;
	return one_file(d->im, &i);
}

static bool
child(const struct dir *d, const char *name, bool maildir)
{
	struct dir *sub;
	struct stat st;
	bool go = true, dots;

	if (name[0] == '.' && (!maildir || name[1] == '\0' ||
	    name[1] == '.'))
		return true;
	if (maildir && (strcmp(name, "cur") == 0 ||
	    strcmp(name, "new") == 0 || strcmp(name, "tmp") == 0))
		return true;
	sub = malloc(sizeof *sub);
	if (sub == NULL)
		return true;
	sub->im = d->im;
	sub->depth = d->depth + 1;
	if (!join(sub->path, sizeof sub->path, d->path, name) ||
	    lstat(sub->path, &st) == -1)
		goto out;
	dots = name[0] == '.' && maildir;
	if (S_ISREG(st.st_mode) && !maildir && !dots)
		go = loose_file(d, sub->path, name);
	else if (S_ISDIR(st.st_mode) && sub->depth < DEPTH_MAX &&
	    (!dots || is_maildir(sub->path)) &&
	    child_rel(sub->rel, sizeof sub->rel, d->rel, name, dots))
		go = walk_dir(sub);
out:
	free(sub);
	return go;
}

static bool
walk_dir(const struct dir *d)
{
	struct dirent **e = NULL;
	bool maildir = is_maildir(d->path), go = true;
	int k, n;

	if (maildir)
		go = maildir_half(d, "cur") && maildir_half(d, "new");
	n = scandir(d->path, &e, NULL, by_name);
	if (n == -1)
		bad(d->im, d->path, strerror(errno));
	for (k = 0; k < n; k++) {
		go = go && child(d, e[k]->d_name, maildir);
		free(e[k]);
	}
	free(e);
	return go;
}

static const char *
base_name(const char *path)
{
	const char *p = strrchr(path, '/');

	return p != NULL ? p + 1 : path;
}

static bool
walk_file(const struct import *im, const char *path)
{
	struct import_item i = { .path = path, .fd = -1 };
	char rel[BOX_NAME_MAX] = "";
	bool mbox;

	if (im->bytes && im->loose)
		return one_looked_at(im, &i);
	mbox = is_mbox(path);
	if (mbox && im->into == NULL && !child_rel(rel, sizeof rel, "",
	    base_name(path), false))
		return true;
	if (!import_name(i.folder, im->into, rel)) {
		bad(im, path, "no name for a mailbox");
		return true;
	}
	if (!mbox && !im->loose && !is_letter(path)) {
		bad(im, path, "neither a message nor an mbox");
		return true;
	}
	return mbox ? one_mbox(im, &i) : one_file(im, &i);
}

bool
import_walk(const struct import *im, const char *path)
{
	struct dir *d;
	struct stat st;
	size_t n = strlen(path);
	bool go = true;

	if (stat(path, &st) == -1) {
		bad(im, path, strerror(errno));
		return true;
	}
	if (!S_ISDIR(st.st_mode))
		return walk_file(im, path);
	d = calloc(1, sizeof *d);
	if (d == NULL || n >= sizeof d->path) {
		free(d);
		bad(im, path, "too long");
		return true;
	}
	d->im = im;
	memcpy(d->path, path, n + 1);
	while (n > 1 && d->path[n - 1] == '/')
		d->path[--n] = '\0';
	go = walk_dir(d);
	free(d);
	return go;
}
