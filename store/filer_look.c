/*
 * Rows whose file is not where they say: which of them are gone?  A folder is
 * read once for all of them.  Another program may rename a file while it is
 * read, behind the reader's back; such a one is neither here nor gone.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/filer.h"

struct sought {
	struct maildir_name	 n;		/* of rel */
	const char		*rel;
	char			 is[MAILDIR_REL_MAX];
};

static int
by_pair(const void *a, const void *b)
{
	const struct maildir_name *x = &((const struct sought *)a)->n;
	const struct maildir_name *y = &((const struct sought *)b)->n;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return (x->uidvalidity > y->uidvalidity) -
	    (x->uidvalidity < y->uidvalidity);
}

static size_t
once_each(struct sought *s, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		if (k == 0 || by_pair(&s[k - 1], &s[i]) != 0)
			s[k++] = s[i];
	return k;
}

/* But for STORE_OK, whether the files are there cannot be said: where there is
 * no such directory, its disk may not be mounted. */
static enum store_err
look_in(struct filer *f, const char *folder, const char *sub,
    struct sought *s, size_t n)
{
	char path[FILER_PATH], rel[MAILDIR_REL_MAX];
	struct sought key, *p;
	struct dirent *d;
	DIR *dir;
	int fd, err;

	if (snprintf(path, sizeof path, "%s/%s", folder, sub) >=
	    (int)sizeof path)
		return STORE_OK;
	fd = openat(f->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	dir = fd != -1 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		err = errno;
		if (fd != -1)
			close(fd);
		return store_err_absent(err) ? STORE_NOTFOUND : STORE_IO;
	}
	for (errno = 0; (d = readdir(dir)) != NULL; errno = 0) {
		if (snprintf(rel, sizeof rel, "%s/%s", sub, d->d_name) >=
		    (int)sizeof rel || !maildir_parse(rel, &key.n) ||
		    !key.n.paired)
			continue;
		p = bsearch(&key, s, n, sizeof *s, by_pair);
		/* Of two files with one pair, the one that the row means. */
		if (p != NULL && strcmp(p->is, p->rel) != 0)
			memcpy(p->is, rel, strlen(rel) + 1);
	}
	err = errno;
	closedir(dir);
	return err == 0 ? STORE_OK : STORE_IO;
}

enum store_err
filer_look(struct filer *f, const char *folder, char (*rel)[MAILDIR_REL_MAX],
    size_t n, struct buf *out)
{
	struct sought *s = calloc(n > 0 ? n : 1, sizeof *s);
	size_t i, k = 0, mark;
	enum store_err rc;

	if (s == NULL)
		return STORE_NOMEM;
	for (i = 0; i < n; i++)
		if (maildir_parse(rel[i], &s[k].n) && s[k].n.paired)
			s[k++].rel = rel[i];
	qsort(s, k, sizeof *s, by_pair);
	k = once_each(s, k);
	mark = filer_watch_mark(f);
	rc = look_in(f, folder, "cur", s, k);
	if (rc == STORE_OK)
		rc = look_in(f, folder, "new", s, k);
	if (rc != STORE_OK) {
		free(s);
		return rc;
	}
	chan_put_str(out, folder);
	for (i = 0; i < k; i++) {
		if (s[i].is[0] == '\0' &&
		    filer_watch_named(f, folder, s[i].rel, mark))
			continue;
		chan_put_u8(out, s[i].is[0] != '\0' ? FILE_HERE : FILE_GONE);
		chan_put_str(out, s[i].is[0] != '\0' ? s[i].is : s[i].rel);
	}
	free(s);
	return out->err != 0 ? STORE_NOMEM : STORE_OK;
}
