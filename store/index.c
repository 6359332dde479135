#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/index.h"
#include "store/index_cut.h"
#include "store/index_parts.h"
#include "store/index_words.h"
#include "store/maildir.h"
#include "store/op_box.h"

enum { CONFIG_ROOM = 8192 };

/* ---- opening ---- */

static bool
config_write(struct index *x)
{
	char text[CONFIG_ROOM];
	int fd, n;
	bool ok;

	n = snprintf(text, sizeof text,
	    "# Used by mailnode, and by notmuch --config=THIS.\n"
	    "[database]\npath=%s\n"
	    "# mailnode's batches are one commit each: leave this.\n"
	    "autocommit=1\n\n"
	    "[new]\ntags=\nignore=mailnode-uid;.mailnode\n\n"
	    "# mailnode renames files itself when tags change.\n"
	    "[maildir]\nsynchronize_flags=false\n\n"
	    "[search]\nexclude_tags=\n", x->maildir);
	if (n < 0 || n >= (int)sizeof text)
		return false;
	fd = open(x->config, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return errno == EEXIST;
	ok = write(fd, text, (size_t)n) == n;
	ok = close(fd) == 0 && ok;
	if (!ok)
		unlink(x->config);
	return ok;
}

static bool
database_make(struct index *x, char *why, size_t size)
{
	notmuch_database_t *db = NULL;
	notmuch_status_t st;
	char *err = NULL;

	/* Without the mark the index is one of before, no worse. */
	(void)index_words_mark(x->maildir);
	st = x->nm->notmuch_database_create_with_config(x->maildir,
	    x->config, NULL, &db, &err);
	if (st != NOTMUCH_STATUS_SUCCESS)
		snprintf(why, size, "%s", err != NULL ? err :
		    x->nm->notmuch_status_to_string(st));
	else
		x->fresh = true;
	free(err);
	if (db != NULL)
		(void)x->nm->notmuch_database_destroy(db);
	return st == NOTMUCH_STATUS_SUCCESS;
}

struct index *
index_new(const char *maildir, char *why, size_t size)
{
	struct index *x = calloc(1, sizeof *x);
	char dir[INDEX_PATH_MAX];
	int n;

	snprintf(why, size, "%s", strerror(ENOMEM));
	if (x == NULL)
		return NULL;
	x->maildir = maildir;
	x->nm = dyn_notmuch();
	if (x->nm == NULL) {
		snprintf(why, size, "%s", dyn_error());
		goto fail;
	}
	n = snprintf(x->config, sizeof x->config, "%s/.notmuch/config",
	    maildir);
	if (n >= (int)sizeof x->config || snprintf(dir, sizeof dir,
	    "%s/.notmuch", maildir) >= (int)sizeof dir)
		goto fail;
	if ((mkdir(dir, 0700) == -1 && errno != EEXIST) ||
	    !config_write(x)) {
		snprintf(why, size, "%s: %s", dir, strerror(errno));
		goto fail;
	}
	if (snprintf(dir, sizeof dir, "%s/.notmuch/xapian", maildir) >=
	    (int)sizeof dir)
		goto fail;
	if (!index_put_aside(x, why, size))
		goto fail;
	if (access(dir, F_OK) == 0 || database_make(x, why, size)) {
		index_words_begin(maildir);
		return x;
	}
fail:
	index_free(x);
	return NULL;
}

void
index_free(struct index *x)
{
	if (x == NULL)
		return;
	if (x->db != NULL)
		(void)x->nm->notmuch_database_destroy(x->db);
	free(x);
}

bool
index_is_new(const struct index *x)
{
	return x->fresh;
}

static enum store_err
open_as(struct index *x, notmuch_database_mode_t mode, const char *config)
{
	notmuch_status_t st;
	char *err = NULL;

	st = x->nm->notmuch_database_open_with_config(x->maildir, mode,
	    config, NULL, &x->db, &err);
	free(err);
	if (st == NOTMUCH_STATUS_SUCCESS)
		return STORE_OK;
	x->db = NULL;
	return st == NOTMUCH_STATUS_OUT_OF_MEMORY ? STORE_NOMEM : STORE_GONE;
}

enum store_err
index_open_read(struct index *x)
{
	return open_as(x, NOTMUCH_DATABASE_MODE_READ_ONLY, x->config);
}

void
index_close(struct index *x)
{
	if (x->db != NULL)
		(void)x->nm->notmuch_database_destroy(x->db);
	x->db = NULL;
}

enum store_err
index_begin_with(struct index *x, const char *config)
{
	enum store_err e = open_as(x, NOTMUCH_DATABASE_MODE_READ_WRITE,
	    config);

	if (e != STORE_OK)
		return e;
	if (x->nm->notmuch_database_begin_atomic(x->db) ==
	    NOTMUCH_STATUS_SUCCESS)
		return STORE_OK;
	(void)x->nm->notmuch_database_destroy(x->db);
	x->db = NULL;
	return STORE_IO;
}

enum store_err
index_begin(struct index *x)
{
	return index_begin_with(x, x->config);
}

void
index_untouched(struct index *x)
{
	x->untouched = true;
}

void
index_state(const struct index *x, char *dst, size_t size)
{
	const char *uuid = NULL;
	unsigned long rev;

	dst[0] = '\0';
	if (x->db == NULL)
		return;
	rev = x->nm->notmuch_database_get_revision(x->db, &uuid);
	snprintf(dst, size, "%s:%lu", uuid != NULL ? uuid : "", rev);
}

/* A batch counts as one revision, from its end on. */
enum store_err
index_end(struct index *x, char *now)
{
	notmuch_status_t a, b;

	if (x->db == NULL)
		return STORE_GONE;
	a = x->nm->notmuch_database_end_atomic(x->db);
	index_state(x, now, INDEX_STATE_MAX);
	b = x->nm->notmuch_database_destroy(x->db);
	x->db = NULL;
	x->untouched = false;
	index_cut_end(x);
	return a == NOTMUCH_STATUS_SUCCESS && b == NOTMUCH_STATUS_SUCCESS ?
	    STORE_OK : STORE_IO;
}

/* ---- learning ---- */

static bool
path_of(const struct index *x, const char *rel, char *dst)
{
	int n = snprintf(dst, INDEX_PATH_MAX, "%s/%s", x->maildir, rel);

	return rel[0] != '\0' && n < INDEX_PATH_MAX;
}

/* What the database is told: see index_cut.h. */
static bool
name_of(const struct index *x, const char *rel, char *dst)
{
	int n = snprintf(dst, INDEX_PATH_MAX, "%s/%s%s", x->maildir,
	    x->cut[0] != '\0' ? ".notmuch/" INDEX_CUT_DIR "/" : "", rel);

	return rel[0] != '\0' && n < INDEX_PATH_MAX;
}

/* Our own database refusing to write; all else is about one message. */
static bool
is_fatal(notmuch_status_t st)
{
	return st == NOTMUCH_STATUS_OUT_OF_MEMORY ||
	    st == NOTMUCH_STATUS_READ_ONLY_DATABASE ||
	    st == NOTMUCH_STATUS_XAPIAN_EXCEPTION;
}

static bool
is_big(const struct index *x, const struct index_item *i, const char *rel)
{
	char path[INDEX_PATH_MAX];
	struct stat sb;

	return path_of(x, rel, path) && stat(path, &sb) == 0 &&
	    (i->level == INDEX_HEAD || sb.st_size > INDEX_FILE_MAX);
}

static enum store_err
result(notmuch_status_t st)
{
	if (st == NOTMUCH_STATUS_OUT_OF_MEMORY)
		return STORE_NOMEM;
	return is_fatal(st) ? STORE_IO : STORE_OK;
}

/* libnotmuch ends the process over a longer one. */
static bool
is_named(const char *rel)
{
	const char *p = rel + strlen(rel);
	int slashes = 0;

	while (p > rel && (*p != '/' || ++slashes < 2))
		p--;
	return p - rel <= INDEX_FOLDER_MAX;
}

/* *m is NULL for what cannot be read. */
static enum store_err
learn_file(struct index *x, const struct index_item *i, const char *rel,
    notmuch_message_t **m)
{
	char name[INDEX_PATH_MAX];
	notmuch_status_t st = NOTMUCH_STATUS_SUCCESS;

	*m = NULL;
	if (!name_of(x, rel, name))
		return STORE_OK;
	if (!x->untouched || i->was[0] != '\0')
		st = x->nm->notmuch_database_find_message_by_filename(x->db,
		    name, m);
	if (st != NOTMUCH_STATUS_SUCCESS || *m != NULL)
		return result(st);
	if (!is_named(rel))
		return STORE_NAME;
	if (x->cut[0] == '\0' && is_big(x, i, rel))
		return STORE_TOOBIG;
	st = x->nm->notmuch_database_index_file(x->db, name, NULL, m);
	/* The copy of a file that is gone is empty. */
	if (st == NOTMUCH_STATUS_FILE_NOT_EMAIL && path_of(x, rel, name) &&
	    access(name, F_OK) == 0)
		return STORE_NOTFOUND;
	return result(st);
}

static enum store_err
forget_file(struct index *x, const char *rel)
{
	char name[INDEX_PATH_MAX];

	return name_of(x, rel, name) ?
	    result(x->nm->notmuch_database_remove_message(x->db, name)) :
	    STORE_OK;
}

static bool
not_renamed_yet(const struct index *x, const struct index_item *i)
{
	char path[INDEX_PATH_MAX];

	return i->was[0] != '\0' && strcmp(i->was, i->now) != 0 &&
	    path_of(x, i->now, path) && access(path, F_OK) == -1 &&
	    path_of(x, i->was, path) && access(path, F_OK) == 0;
}

bool
index_rel_now(const struct index *x, const char *rel,
    char dst[INDEX_REL_MAX])
{
	char path[INDEX_PATH_MAX], folder[BOX_NAME_MAX];
	char found[MAILDIR_REL_MAX];
	const char *name;
	size_t n = strlen(rel);
	int root, rc;

	if (n == 0 || n >= INDEX_REL_MAX)
		return false;
	memcpy(dst, rel, n + 1);
	if (!path_of(x, rel, path) || access(path, F_OK) == 0)
		return true;
	for (name = rel + n; name > rel && name[-1] != '/'; )
		name--;
	if (name - rel < 5 || (size_t)(name - rel) > sizeof folder)
		return true;
	name -= 4;			/* cur/ or new/ */
	snprintf(folder, sizeof folder, "%.*s", (int)(name - 1 - rel), rel);
	root = open(x->maildir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root == -1)
		return true;
	rc = maildir_find(root, folder, name, found);
	close(root);
	if (rc == 0)
		snprintf(dst, INDEX_REL_MAX, "%s/%s", folder, found);
	return true;
}

/* A file of a new name first, lest the message be forgotten between. */
enum store_err
index_apply(struct index *x, const struct index_item *i, bool force)
{
	char rel[INDEX_REL_MAX];
	notmuch_message_t *m = NULL;
	enum store_err e = STORE_OK;

	if (i->level == INDEX_NOT)
		return STORE_OK;
	if (!force && not_renamed_yet(x, i))
		return STORE_BUSY;
	if (index_rel_now(x, i->now, rel))
		e = learn_file(x, i, rel, &m);
	if (m != NULL) {
		index_set_tags(x, m, i);
		x->nm->notmuch_message_destroy(m);
	}
	if ((e == STORE_OK || e == STORE_NAME || e == STORE_NOTFOUND) &&
	    strcmp(i->was, i->now) != 0 && forget_file(x, i->was) != STORE_OK)
		return STORE_IO;
	return e;
}
