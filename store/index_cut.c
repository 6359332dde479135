#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/buf.h"
#include "store/index_cut.h"
#include "store/index_parts.h"
#include "store/mime.h"
#include "store/mime_cap.h"

enum { DELIMITER_MAX = 256, WORD_ROOM = 32, CONFIG_MAX = 64 * 1024 };

struct cut {
	const struct mime *m;
	struct buf	 out;
	size_t		 heads, text;	/* octets that may still come */
	bool		 less;
};

/* ---- its contents ---- */

/* Whole lines, and in any case the blank one that ends them. */
static void
add_head(struct buf *out, const uint8_t *p, size_t n, size_t max)
{
	const uint8_t *nl;

	if (n > max) {
		nl = memrchr(p, '\n', max);
		n = nl != NULL ? (size_t)(nl + 1 - p) : 0;
	}
	(void)buf_add(out, p, n);
	if (n > 0 && p[n - 1] != '\n')
		(void)buf_adds(out, "\r\n");
	if (n < 2 || (memcmp(p + n - 2, "\n\n", 2) != 0 && (n < 3 ||
	    memcmp(p + n - 3, "\n\r\n", 3) != 0)))
		(void)buf_adds(out, "\r\n");
}

/* The line before a part: as it stands, whatever its boundary is. */
static void
add_delimiter(struct cut *c, const struct mime_part *p)
{
	const uint8_t *data = c->m->data, *nl;
	size_t end = p->head;

	if (end < 2)
		return;
	nl = memrchr(data, '\n', end - 1);
	nl = nl != NULL ? nl + 1 : data;
	if ((size_t)(data + end - nl) > DELIMITER_MAX)
		return;
	(void)buf_adds(&c->out, "\r\n");
	(void)buf_add(&c->out, nl, (size_t)(data + end - nl));
}

static bool
is_text(const struct mime *m, const struct mime_part *p)
{
	char how[WORD_ROOM];

	if (p->kind != MIME_LEAF || (!p->untyped && p->obj != NULL &&
	    !mime_is(m, p, "text", NULL)))
		return false;
	mime_disposition(m, p, how, sizeof how);
	return strcmp(how, "attachment") != 0;
}

static void
add_part(struct cut *c, const struct mime_part *p)
{
	size_t n = p->nbody, before = c->out.len;

	if (p != c->m->part && c->m->part[p->parent].kind == MIME_MULTI)
		add_delimiter(c, p);
	add_head(&c->out, c->m->data + p->head, p->nhead, c->heads);
	n = c->out.len - before;
	c->heads -= n < c->heads ? n : c->heads;
	if (!is_text(c->m, p))
		return;
	n = p->nbody < c->text ? p->nbody : c->text;
	c->less = c->less || n < p->nbody;
	(void)buf_add(&c->out, c->m->data + p->body, n);
	c->text -= n;
}

static enum store_err
read_cut(int fd, struct cut *c)
{
	struct mime m;
	struct stat sb;
	uint8_t *data;
	size_t i, n;

	data = mime_slurp(fd, INDEX_READ_MAX, &n);
	if (data == NULL || mime_open(&m, data, n) == -1)
		return STORE_NOMEM;
	c->m = &m;
	c->less = fstat(fd, &sb) == 0 && sb.st_size > INDEX_READ_MAX;
	for (i = 0; i < m.npart; i++)
		add_part(c, &m.part[i]);
	mime_close(&m);
	return c->out.err == 0 ? STORE_OK : STORE_NOMEM;
}

/* Nothing but its first octets is looked at. */
static enum store_err
read_head(int fd, struct cut *c)
{
	static uint8_t p[INDEX_HEADS_MAX];
	ssize_t got = pread(fd, p, sizeof p, 0);
	size_t n = got > 0 ? (size_t)got : 0;
	const uint8_t *a = memmem(p, n, "\n\n", 2);
	const uint8_t *b = memmem(p, n, "\n\r\n", 3);

	if (a != NULL && (b == NULL || a < b))
		n = (size_t)(a + 2 - p);
	else if (b != NULL)
		n = (size_t)(b + 3 - p);
	c->less = true;
	add_head(&c->out, p, n, sizeof p - 1);
	return c->out.err == 0 ? STORE_OK : STORE_NOMEM;
}

/* A file that cannot be read is an empty one: no mail, and passed over. */
static enum store_err
read_as(const char *path, enum index_level level, struct cut *c)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum store_err e;

	if (fd == -1)
		return store_err_short(errno) ? STORE_IO : STORE_OK;
	/* Delimiters and blank lines are beside what is counted. */
	buf_init(&c->out, 2 * INDEX_HEADS_MAX + INDEX_TEXT_MAX +
	    MIME_PARTS_MAX * DELIMITER_MAX);
	c->heads = INDEX_HEADS_MAX;
	c->text = INDEX_TEXT_MAX;
	e = level < INDEX_HEAD ? read_cut(fd, c) : read_head(fd, c);
	close(fd);
	return e;
}

/* ---- its place ---- */

static bool
below(const struct index *x, const char *dir, const char *rel, char *dst)
{
	return snprintf(dst, INDEX_PATH_MAX, "%s%s/%s", x->maildir, dir,
	    rel) < INDEX_PATH_MAX;
}

static bool
make_dirs(const struct index *x, char *path)
{
	char *p = path + strlen(x->maildir) + sizeof "/.notmuch";
	bool ok = true;

	for (; ok && (p = strchr(p, '/')) != NULL; *p++ = '/') {
		*p = '\0';
		ok = mkdir(path, 0700) == 0 || errno == EEXIST;
	}
	return ok;
}

static enum store_err
write_file(const char *path, const struct buf *b)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	bool ok;

	if (fd == -1)
		return store_err_errno(errno);
	ok = write(fd, b->data, b->len) == (ssize_t)b->len;
	ok = close(fd) == 0 && ok;
	return ok ? STORE_OK : STORE_NOSPACE;
}

static enum store_err
put_copy(struct index *x, const struct index_item *i, const char *rel)
{
	char from[INDEX_PATH_MAX], to[INDEX_PATH_MAX];
	struct cut c = { .less = false };
	enum store_err e;

	if (!below(x, "", rel, from) || !below(x, "/.notmuch/" INDEX_CUT_DIR,
	    rel, to))
		return STORE_NAME;
	e = read_as(from, i->level, &c);
	if (e == STORE_OK)
		e = make_dirs(x, to) ? write_file(to, &c.out) : STORE_IO;
	buf_clear(&c.out);
	x->less = c.less;
	return e;
}

/* The user's own, and where its mail is; the last word of a file counts. */
static enum store_err
put_config(const struct index *x, const char *path)
{
	enum store_err e = STORE_IO;
	struct buf b;
	uint8_t *own;
	size_t n;
	int fd = open(x->config, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return STORE_IO;
	own = mime_slurp(fd, CONFIG_MAX, &n);
	close(fd);
	buf_init(&b, CONFIG_MAX + INDEX_PATH_MAX + 100);
	if (own != NULL && buf_add(&b, own, n) == 0 && buf_addf(&b,
	    "\n[database]\nmail_root=%s/.notmuch/" INDEX_CUT_DIR "\n",
	    x->maildir) == 0)
		e = write_file(path, &b);
	buf_clear(&b);
	free(own);
	return e;
}

enum store_err
index_begin_cut(struct index *x, const struct index_item *i)
{
	char rel[INDEX_REL_MAX], config[INDEX_PATH_MAX];
	enum store_err e;

	x->less = false;
	if (!below(x, "/.notmuch", INDEX_CUT_CONFIG, config))
		return STORE_NAME;
	/* One that has none is never called too big. */
	if (!index_rel_now(x, i->now, rel))
		return index_begin(x);
	memcpy(x->cut, rel, strlen(rel) + 1);
	e = put_copy(x, i, rel);
	if (e == STORE_OK)
		e = put_config(x, config);
	if (e == STORE_OK)
		e = index_begin_with(x, config);
	if (e != STORE_OK)
		index_cut_end(x);
	return e;
}

/* Folders come and go: nothing stays that says which there were. */
void
index_cut_end(struct index *x)
{
	char path[INDEX_PATH_MAX], *p;
	size_t root = strlen(x->maildir) + sizeof "/.notmuch";

	if (x->cut[0] == '\0' || !below(x, "/.notmuch/" INDEX_CUT_DIR,
	    x->cut, path))
		return;
	x->cut[0] = '\0';
	(void)unlink(path);
	while ((p = strrchr(path, '/')) != NULL && p > path + root) {
		*p = '\0';
		(void)rmdir(path);
	}
}

bool
index_has_less(const struct index *x)
{
	return x->less;
}
