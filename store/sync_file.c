/*
 * One file against its row.  The name tells the UID; the row tells which
 * name it had when last seen; an intent tells that we are changing it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/intake.h"
#include "store/intent.h"
#include "store/row.h"
#include "store/sync_parts.h"

static bool
stands_as(struct store *st, const struct box *b, const char *rel,
    struct stat *sb)
{
	char path[BOX_NAME_MAX + MAILDIR_REL_MAX];

	return snprintf(path, sizeof path, "%s/%s", b->name, rel) <
	    (int)sizeof path && fstatat(intake_root(st), path, sb,
	    AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
stands(struct store *st, const struct box *b, const char *rel)
{
	struct stat sb;

	return stands_as(st, b, rel, &sb);
}

/* Two files, or one that is renamed to and fro? */
static bool
two_files(struct store *st, const struct box *b, const char *x,
    const char *y)
{
	struct stat sx, sy;

	if (!stands_as(st, b, x, &sx) || !stands_as(st, b, y, &sy))
		return false;
	return sx.st_ino != sy.st_ino ||
	    (sx.st_nlink > 1 && stands(st, b, x) && stands(st, b, y));
}

/* Another program renamed it: its flags count. */
static void
renamed(struct store *st, struct box *b, const struct row_at *at,
    const char *rel, const struct maildir_name *n)
{
	uint64_t modseq = n->flags != at->flags ? box_modseq(st, b) :
	    at->modseq;

	if (modseq == 0 || store_begin(st, STORE_CACHE) != STORE_OK)
		return;
	(void)store_result(st, STORE_CACHE,
	    row_flags(st->rows, at->id, n->flags, rel, modseq));
	st->sync->counts.renamed++;
}

static void
found(struct store *st, struct box *b, const char *rel, uint32_t uid)
{
	struct found f = { .box = b, .rel = rel, .uid = uid, .tags = "" };

	if (intake_found(st, &f) != STORE_OK) {
		b->scan = true;		/* no UID to give yet */
		return;
	}
	if (uid == 0)
		st->sync->counts.renumbered++;
	st->sync->counts.added++;
}

void
sync_here(struct store *st, struct box *b, const char *rel, bool keep,
    uint32_t *uid)
{
	struct maildir_name n;
	struct row_at at;
	bool ours;
	int rc = SQLITE_DONE;

	*uid = 0;
	if (!maildir_parse(rel, &n))
		return;
	ours = n.paired && n.uidvalidity == b->uidvalidity;
	if (ours)
		rc = row_at_uid(st->rows, b->id, n.uid, &at);
	/* Not to be read is not absent: the UID would be lost. */
	if (rc != SQLITE_OK && rc != SQLITE_DONE) {
		(void)store_result(st, STORE_CACHE, rc);
		b->scan = true;
		return;
	}
	if (rc == SQLITE_OK) {
		*uid = n.uid;
		if (strcmp(at.name, rel) == 0)
			return;
		if (intent_touches(st, b->name, n.uid))
			sync_look(st, b, rel, false);
		else if (!stands(st, b, at.name))
			renamed(st, b, &at, rel, &n);
		/* A second file with that UID: a copy by hand. */
		else if (two_files(st, b, at.name, rel) &&
		    !intake_has(st, b, 0, rel))
			found(st, b, rel, 0);
		return;
	}
	if (intake_has(st, b, ours ? n.uid : 0, rel))
		return;
	if (n.paired && intent_touches(st, b->name, n.uid)) {
		sync_look(st, b, rel, false);
		return;
	}
	if (ours && keep) {
		if (n.uid >= b->uidnext) {
			b->uidnext = n.uid == UINT32_MAX ? n.uid : n.uid + 1;
			b->dirty = true;
			box_lease(st, b);
		}
		found(st, b, rel, n.uid);
		return;
	}
	found(st, b, rel, 0);
}

void
sync_gone(struct store *st, struct box *b, uint32_t uid)
{
	struct row_at at;

	if (row_at_uid(st->rows, b->id, uid, &at) == 0 &&
	    !stands(st, b, at.name))
		sync_look(st, b, at.name, false);
}

void
sync_lost(struct store *st, struct box *b, uint32_t uid)
{
	struct row_at at;
	uint64_t modseq;

	if (row_at_uid(st->rows, b->id, uid, &at) != 0 ||
	    stands(st, b, at.name))
		return;
	if (intent_touches(st, b->name, uid)) {
		sync_look(st, b, at.name, false);
		return;
	}
	modseq = box_modseq(st, b);
	if (modseq == 0 || store_begin(st, STORE_CACHE) != STORE_OK)
		return;
	(void)store_result(st, STORE_CACHE,
	    row_remove(st->rows, at.id, modseq));
	st->sync->counts.removed++;
}

/* A listed one: if the content is another, so is the message. */
static void
written(struct store *st, struct box *b, const char *rel)
{
	struct maildir_name n;
	struct row_at at;

	if (maildir_parse(rel, &n) && n.paired &&
	    n.uidvalidity == b->uidvalidity &&
	    row_at_uid(st->rows, b->id, n.uid, &at) == 0 &&
	    strcmp(at.name, rel) == 0 &&
	    !intent_touches(st, b->name, n.uid) &&
	    intake_changed(st, b, rel, at.hash, at.tags) != STORE_OK)
		store_alarm(st, "a changed message cannot be read anew");
}

void
sync_seen(struct store *st, struct chan_in *in)
{
	char folder[BOX_NAME_MAX], rel[MAILDIR_REL_MAX];
	struct sync_counts was = st->sync->counts;
	struct maildir_name n;
	struct box *b;
	uint32_t uid;
	enum file_how how;

	chan_get_str(in, folder, sizeof folder);
	b = in->bad ? NULL : box_by_name(st, folder);
	while (b != NULL && file_seen_get(in, &how, rel)) {
		/* Not read through yet: its rows may be lost. */
		if (how != FILE_GONE)
			sync_here(st, b, rel, b->cur_ns == 0, &uid);
		if (how == FILE_WRITTEN)
			written(st, b, rel);
		else if (how == FILE_GONE && maildir_parse(rel, &n) &&
		    n.paired)
			sync_gone(st, b, n.uid);
	}
	st->sync->counts = was;
}

void
sync_looked(struct store *st, struct chan_in *in, bool counted)
{
	char folder[BOX_NAME_MAX], rel[MAILDIR_REL_MAX];
	struct sync_counts was = st->sync->counts;
	struct maildir_name n;
	struct box *b;
	uint32_t uid;
	enum file_how how;

	chan_get_str(in, folder, sizeof folder);
	b = in->bad ? NULL : box_by_name(st, folder);
	while (b != NULL && file_seen_get(in, &how, rel)) {
		if (how != FILE_GONE)
			sync_here(st, b, rel, false, &uid);
		else if (maildir_parse(rel, &n) && n.paired)
			sync_lost(st, b, n.uid);
	}
	if (!counted)
		st->sync->counts = was;
}
