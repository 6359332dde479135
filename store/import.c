#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/buf.h"
#include "store/import.h"
#include "store/import_file.h"
#include "store/maildir.h"

enum { DEPTH_MAX = 32, PATH_ROOM = 4096 };

static const char neither[] = "neither a message nor an mbox";

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
		    (k == 0 && s[i] == '.') ? '_' : s[i];
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
		import_bad(d->im, d->path, "no name for a mailbox");
		return true;
	}
	n = scandir(dir, &e, NULL, by_name);
	if (n == -1 && errno != ENOENT)
		import_bad(d->im, dir, strerror(errno));
	for (k = 0; k < n; k++) {
		if (go && e[k]->d_name[0] != '.' &&
		    join(path, sizeof path, dir, e[k]->d_name) &&
		    join(rel, sizeof rel, half, e[k]->d_name)) {
			i.path = path;
			i.flags = maildir_parse(rel, &name) ?
			    name.flags : 0;
			i.received = 0;
			go = import_file(d->im, &i);
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
	bool dir;

	if (d->im->bytes && d->im->loose)
		return import_look(d->im, &i, &dir);
	if (import_is_mbox(path)) {
		if (child_rel(rel, sizeof rel, d->rel, name, false) &&
		    import_name(i.folder, d->im->into, rel))
			return import_mbox(d->im, &i);
		import_bad(d->im, path, "no name for a mailbox");
		return true;
	}
	if ((!d->im->loose && !ends_in(name, ".eml")) ||
	    !import_name(i.folder, d->im->into, d->rel))
		return true;
	if (!d->im->loose && !import_is_letter(path)) {
		import_bad(d->im, path, neither);
		return true;
	}
	return import_file(d->im, &i);
}

/* The file system need not say in its list what an entry is. */
static mode_t
type_of(const struct dirent *e, const char *path)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return DTTOIF(e->d_type);
	return lstat(path, &st) == 0 ? st.st_mode & S_IFMT : 0;
}

static bool
child(const struct dir *d, const struct dirent *e, bool maildir)
{
	const char *name = e->d_name;
	struct dir *sub;
	bool go = true, dots;
	mode_t type;

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
	if (!join(sub->path, sizeof sub->path, d->path, name))
		goto out;
	type = type_of(e, sub->path);
	dots = name[0] == '.' && maildir;
	if (S_ISREG(type) && !maildir && !dots)
		go = loose_file(d, sub->path, name);
	else if (S_ISDIR(type) && sub->depth < DEPTH_MAX &&
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
		import_bad(d->im, d->path, strerror(errno));
	for (k = 0; k < n; k++) {
		go = go && child(d, e[k], maildir);
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
	bool mbox = import_is_mbox(path);

	if (mbox && im->into == NULL && !child_rel(rel, sizeof rel, "",
	    base_name(path), false))
		return true;
	if (!import_name(i.folder, im->into, rel)) {
		import_bad(im, path, "no name for a mailbox");
		return true;
	}
	if (!mbox && !im->loose && !import_is_letter(path)) {
		import_bad(im, path, neither);
		return true;
	}
	return mbox ? import_mbox(im, &i) : import_file(im, &i);
}

static bool
walk_tree(const struct import *im, const char *path)
{
	struct dir *d = calloc(1, sizeof *d);
	size_t n = strlen(path);
	bool go;

	if (d == NULL || n >= sizeof d->path) {
		free(d);
		import_bad(im, path, "too long");
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

bool
import_walk(const struct import *im, const char *path)
{
	struct import_item i = { .path = path, .fd = -1 };
	struct stat st;
	bool dir, go;

	/* Who names thousands of files has each of them opened once. */
	if (im->bytes && im->loose) {
		go = import_look(im, &i, &dir);
		return dir ? walk_tree(im, path) : go;
	}
	if (stat(path, &st) == -1) {
		import_bad(im, path, strerror(errno));
		return true;
	}
	return S_ISDIR(st.st_mode) ? walk_tree(im, path) :
	    walk_file(im, path);
}
