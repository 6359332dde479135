#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/num.h"
#include "store/flag.h"
#include "store/index.h"
#include "store/index_parts.h"
#include "store/maildir.h"
#include "store/op_box.h"

enum { TAGS_ROOM = 4096, CONFIG_ROOM = 8192 };

/* Tags that stand for flags.  `unread` stands for the lack of one. */
static const struct {
	const char	*tag;
	uint32_t	 flag;
	bool		 back;	/* also believed when it comes from there */
} synced[] = {
	{ "unread", STORE_SEEN, true },
	{ "flagged", STORE_FLAGGED, true },
	{ "replied", STORE_ANSWERED, true },
	{ "passed", STORE_PASSED, true },
	{ "draft", STORE_DRAFT, true },
	{ "deleted", STORE_DELETED, false },
};
enum { NSYNCED = sizeof synced / sizeof synced[0] };

/* What the index says of contents by itself: neither ours nor the user's. */
static const char *const own[] = { "attachment", "signed", "encrypted" };

bool
index_is_own(const char *tag)
{
	size_t i;

	for (i = 0; i < sizeof own / sizeof own[0]; i++)
		if (strcmp(tag, own[i]) == 0)
			return true;
	return false;
}

static int
synced_at(const char *tag)
{
	int i;

	for (i = 0; i < NSYNCED; i++)
		if (strcmp(tag, synced[i].tag) == 0)
			return i;
	return -1;
}

bool
index_flag(const char *tag, uint32_t *flag)
{
	int k = synced_at(tag);

	*flag = k != -1 && synced[k].back ? synced[k].flag : 0;
	return k != -1;
}

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
	if (access(dir, F_OK) == 0 || database_make(x, why, size))
		return x;
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
open_as(struct index *x, notmuch_database_mode_t mode)
{
	notmuch_status_t st;
	char *err = NULL;

	st = x->nm->notmuch_database_open_with_config(x->maildir, mode,
	    x->config, NULL, &x->db, &err);
	free(err);
	if (st == NOTMUCH_STATUS_SUCCESS)
		return STORE_OK;
	x->db = NULL;
	return st == NOTMUCH_STATUS_OUT_OF_MEMORY ? STORE_NOMEM : STORE_GONE;
}

enum store_err
index_open_read(struct index *x)
{
	return open_as(x, NOTMUCH_DATABASE_MODE_READ_ONLY);
}

void
index_close(struct index *x)
{
	if (x->db != NULL)
		(void)x->nm->notmuch_database_destroy(x->db);
	x->db = NULL;
}

enum store_err
index_begin(struct index *x)
{
	enum store_err e = open_as(x, NOTMUCH_DATABASE_MODE_READ_WRITE);

	if (e != STORE_OK)
		return e;
	if (x->nm->notmuch_database_begin_atomic(x->db) ==
	    NOTMUCH_STATUS_SUCCESS)
		return STORE_OK;
	(void)x->nm->notmuch_database_destroy(x->db);
	x->db = NULL;
	return STORE_IO;
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
	return a == NOTMUCH_STATUS_SUCCESS && b == NOTMUCH_STATUS_SUCCESS ?
	    STORE_OK : STORE_IO;
}

/* ---- learning ---- */

/* What stands in `tags` (blank between) or follows from flags. */
static bool
wanted(const struct index_item *i, const char *tag)
{
	size_t n = strlen(tag);
	int k = synced_at(tag);
	const char *p;

	if (k != -1)
		return ((i->flags & synced[k].flag) != 0) !=
		    (synced[k].flag == STORE_SEEN);
	for (p = i->tags; (p = strstr(p, tag)) != NULL; p++)
		if ((p == i->tags || p[-1] == ' ') &&
		    (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* Only what differs: each change writes the document anew. */
static void
drop_tags(struct index *x, notmuch_message_t *m, const struct index_item *i,
    char *have, size_t size)
{
	notmuch_tags_t *tags = x->nm->notmuch_message_get_tags(m);
	size_t at = 0, n;
	const char *t;
	char *p, *save;

	have[0] = '\0';
	for (; x->nm->notmuch_tags_valid(tags);
	    x->nm->notmuch_tags_move_to_next(tags)) {
		t = x->nm->notmuch_tags_get(tags);
		n = strlen(t);
		if (at + n + 2 >= size)
			break;
		memcpy(have + at, t, n);
		have[at + n] = ' ';
		have[at += n + 1] = '\0';
	}
	x->nm->notmuch_tags_destroy(tags);
	p = strdup(have);
	if (p == NULL)
		return;
	for (t = strtok_r(p, " ", &save); t != NULL;
	    t = strtok_r(NULL, " ", &save))
		if (!index_is_own(t) && !wanted(i, t))
			(void)x->nm->notmuch_message_remove_tag(m, t);
	free(p);
}

static bool
has(const char *have, const char *tag, size_t n)
{
	const char *p;

	for (p = have; (p = strstr(p, tag)) != NULL; p++)
		if ((p == have || p[-1] == ' ') && p[n] == ' ')
			return true;
	return false;
}

static void
set_tags(struct index *x, notmuch_message_t *m, const struct index_item *i)
{
	char have[TAGS_ROOM], tag[NOTMUCH_TAG_MAX + 1];
	const char *p;
	size_t k, n;

	(void)x->nm->notmuch_message_freeze(m);
	drop_tags(x, m, i, have, sizeof have);
	for (k = 0; k < NSYNCED; k++)
		if (wanted(i, synced[k].tag) && !has(have, synced[k].tag,
		    strlen(synced[k].tag)))
			(void)x->nm->notmuch_message_add_tag(m,
			    synced[k].tag);
	for (p = i->tags; *p != '\0'; p += n) {
		p += strspn(p, " ");
		n = strcspn(p, " ");
		if (n == 0 || n > NOTMUCH_TAG_MAX)
			continue;
		memcpy(tag, p, n);
		tag[n] = '\0';
		if (!has(have, tag, n))
			(void)x->nm->notmuch_message_add_tag(m, tag);
	}
	(void)x->nm->notmuch_message_thaw(m);
}

static bool
path_of(const struct index *x, const char *rel, char *dst)
{
	int n = snprintf(dst, INDEX_PATH_MAX, "%s/%s", x->maildir, rel);

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

static notmuch_status_t
learn_file(struct index *x, const char *path, notmuch_message_t **m)
{
	notmuch_status_t st;

	*m = NULL;
	st = x->nm->notmuch_database_find_message_by_filename(x->db, path,
	    m);
	if (st != NOTMUCH_STATUS_SUCCESS || *m != NULL)
		return st;
	st = x->nm->notmuch_database_index_file(x->db, path, NULL, m);
	return st == NOTMUCH_STATUS_DUPLICATE_MESSAGE_ID ?
	    NOTMUCH_STATUS_SUCCESS : st;
}

static bool
not_renamed_yet(const struct index *x, const struct index_item *i)
{
	char path[INDEX_PATH_MAX];

	return i->was[0] != '\0' && strcmp(i->was, i->now) != 0 &&
	    path_of(x, i->now, path) && access(path, F_OK) == -1 &&
	    path_of(x, i->was, path) && access(path, F_OK) == 0;
}

/* Its path now; others may have renamed it since the row was written. */
static bool
path_now(struct index *x, const char *rel, char *dst)
{
	char folder[BOX_NAME_MAX], found[MAILDIR_REL_MAX];
	char now[BOX_NAME_MAX + MAILDIR_REL_MAX];
	const char *name;
	size_t n = strlen(rel);
	int root, rc;

	if (!path_of(x, rel, dst) || access(dst, F_OK) == 0)
		return rel[0] != '\0';
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
	if (rc == -1)
		return true;
	snprintf(now, sizeof now, "%s/%s", folder, found);
	return path_of(x, now, dst);
}

/* A file of a new name first, lest the message be forgotten between. */
enum store_err
index_apply(struct index *x, const struct index_item *i, bool force)
{
	char path[INDEX_PATH_MAX];
	notmuch_message_t *m = NULL;
	notmuch_status_t st = NOTMUCH_STATUS_SUCCESS;

	if (!force && not_renamed_yet(x, i))
		return STORE_BUSY;
	if (path_now(x, i->now, path)) {
		st = learn_file(x, path, &m);
		if (st == NOTMUCH_STATUS_SUCCESS && m != NULL)
			set_tags(x, m, i);
		if (m != NULL)
			x->nm->notmuch_message_destroy(m);
	}
	if (!is_fatal(st) && strcmp(i->was, i->now) != 0 &&
	    path_of(x, i->was, path)) {
		st = x->nm->notmuch_database_remove_message(x->db, path);
		if (st == NOTMUCH_STATUS_DUPLICATE_MESSAGE_ID)
			st = NOTMUCH_STATUS_SUCCESS;
	}
	return is_fatal(st) ? STORE_IO : STORE_OK;
}
