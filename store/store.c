#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "store/ballast.h"
#include "store/db.h"
#include "store/op_device.h"
#include "store/op_index_try.h"
#include "store/parts.h"
#include "store/reject.h"
#include "store/store.h"
#include "store/store_turn.h"

enum {
	BOOT_ID_MAX = 40,	/* octets, with the NUL */
	SPACE_MS = 1000,	/* free space is asked so often */
	LOOK_MS = 2000		/* and whether store.db is there */
};

const char store_rebuilding[] =
    "store.db was given up: it is made anew from the files";

void
store_alarm(struct store *st, const char *text)
{
	if (st->alarm != NULL)
		st->alarm(st->arg, text, false);
}

void
store_clear(struct store *st, const char *text)
{
	if (st->alarm != NULL)
		st->alarm(st->arg, text, true);
}

/* ---- space ---- */

bool
store_space(struct store *st, uint64_t more)
{
	struct statvfs v;
	int64_t now = clock_mono_ms();

	if (st->free_at_ms == 0 || now - st->free_at_ms >= SPACE_MS) {
		st->free_at_ms = now;
		if (statvfs(st->conf->home, &v) == -1)
			return true;	/* the write will tell */
		st->free_octets = (uint64_t)v.f_bavail * v.f_frsize;
		if (statvfs(st->conf->maildir, &v) == 0 &&
		    (uint64_t)v.f_bavail * v.f_frsize < st->free_octets)
			st->free_octets = (uint64_t)v.f_bavail * v.f_frsize;
	}
	return st->free_octets >= st->conf->reserve &&
	    st->free_octets - st->conf->reserve >= more;
}

void
store_space_take(struct store *st, uint64_t octets)
{
	st->free_octets -= octets < st->free_octets ? octets :
	    st->free_octets;
}

/* ---- open and close ---- */

static void
tell_damage(struct store *st, const struct schema *s,
    const struct db_found *f)
{
	char text[256];

	if (s->cache)
		snprintf(text, sizeof text, "%s", store_rebuilding);
	else
		snprintf(text, sizeof text, "%s was damaged: set aside as %s, "
		    "%llu rows saved, about %llu lost", s->name, f->aside,
		    (unsigned long long)f->saved,
		    (unsigned long long)f->lost);
	store_alarm(st, text);
}

static enum store_err
open_all(struct store *st, char *why, size_t size)
{
	struct db_found f;
	enum store_err rc;
	size_t i;

	for (i = 0; i < STORE_NDB; i++) {
		rc = db_open(st->conf->home, &schemas[i], &st->db[i], &f);
		if (rc != STORE_OK) {
			snprintf(why, size, "%s: %s", schemas[i].name,
			    store_err_text(rc));
			return rc;
		}
		if (f.damaged || (f.fresh && i == STORE_NODE))
			st->salvaged |= STORE_BIT(i);
		if (f.damaged)
			tell_damage(st, &schemas[i], &f);
		if (i == STORE_CACHE)
			st->rebuild = f.fresh;
		store_turn_watch(st, (enum store_db)i);
	}
	return STORE_OK;
}

/* Whether the directory of the mail has ever been ours: a disk that is not
 * mounted leaves an empty one, or what roles made there themselves. */
static bool
mail_there(const char *maildir)
{
	struct dirent *d;
	bool there = false;
	DIR *dir = opendir(maildir);

	while (dir != NULL && !there && (d = readdir(dir)) != NULL)
		there = strcmp(d->d_name, ".mailnode") == 0 ||
		    (d->d_name[0] != '.' &&
		    strcmp(d->d_name, REJECT_FOLDER) != 0);
	if (dir != NULL)
		closedir(dir);
	return there;
}

/*
 * A node that had mail and finds none waits for it.  Else the mailboxes would
 * begin anew with other UIDVALIDITYs, clients would delete all they have, and
 * of what was accepted the bodies that lie there would be given up.
 */
static enum store_err
look_for_mail(const struct store_conf *conf, char *why, size_t size)
{
	struct db_file node = db_file(conf->home, &schemas[STORE_NODE]);

	(void)mkdir(conf->maildir, 0700);
	if (node.ino == 0 || mail_there(conf->maildir))
		return STORE_OK;
	snprintf(why, size, "%s holds no mail any more: is its disk mounted?"
	    "  If that is meant: mkdir %s/.mailnode", conf->maildir,
	    conf->maildir);
	return STORE_NOTFOUND;
}

/* Removed, or another in its place, while we have it open: readers do not
 * find it, and what we write is lost.  Files have all that is in it. */
static void
look(void *arg)
{
	struct store *st = arg;
	const struct schema *s = &schemas[STORE_CACHE];
	struct db_file f = db_file(st->conf->home, s);

	loop_arm(st->loop, &st->look, LOOK_MS);
	intake_look(st);
	rule_look(st);
	if (f.dev == st->cache_dev && f.ino == st->cache_ino)
		return;
	if (st->log != NULL)
		st->log(st->arg, "store", "store.db was removed");
	if (db_condemn(st->conf->home, s) == STORE_OK)
		st->failed = STORE_GONE;	/* after this turn */
}

static void
look_begin(struct store *st)
{
	struct db_file f = db_file(st->conf->home, &schemas[STORE_CACHE]);

	st->cache_dev = f.dev;
	st->cache_ino = f.ino;
	st->look = (struct loop_timer){ .fn = look, .arg = st };
	loop_arm(st->loop, &st->look, LOOK_MS);
}

/* Of this run of the machine; "" where there is none. */
static void
boot_id(char id[BOOT_ID_MAX])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd != -1 ? read(fd, id, BOOT_ID_MAX - 1) : 0;

	id[n > 0 ? n : 0] = '\0';
	id[strspn(id, "0123456789abcdef-")] = '\0';
	if (fd != -1)
		close(fd);
}

enum {
	SKIP_RATE = 4,		/* UIDs of a mailbox in a second, on average */
	SKIP_MAX = 1 << 27	/* of 32 bits */
};

enum { PARTIAL_FRESH = 2 };	/* 1: what a crash may have taken is missing */

/* What the last run left. */
struct left {
	bool		there, clean, partial, fresh;
	int64_t		file;			/* store.db's; 0: not said */
	int64_t		at;			/* when it began, Unix time */
	char		boot[BOOT_ID_MAX];
};

static enum store_err
get_left(struct store *st, struct left *l)
{
	sqlite3_stmt *s = NULL;
	const char *name, *text;
	int64_t value;
	int code;

	memset(l, 0, sizeof *l);
	code = sqlite3_prepare_v2(st->db[STORE_CACHE], "SELECT name, value"
	    " FROM state", -1, &s, NULL);
	while (code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
		name = (const char *)sqlite3_column_text(s, 0);
		text = (const char *)sqlite3_column_text(s, 1);
		value = sqlite3_column_int64(s, 1);
		code = SQLITE_OK;
		if (name == NULL)
			continue;
		if (strcmp(name, "clean") == 0) {
			l->there = true;
			l->clean = value == 1;
		} else if (strcmp(name, "partial") == 0) {
			l->partial = value != 0;
			l->fresh = value == PARTIAL_FRESH;
		} else if (strcmp(name, "file") == 0)
			l->file = value;
		else if (strcmp(name, "at") == 0)
			l->at = value;
		else if (strcmp(name, "boot") == 0 && text != NULL)
			snprintf(l->boot, sizeof l->boot, "%s", text);
	}
	sqlite3_finalize(s);
	return store_err_sqlite(code);
}

/*
 * The same backup may be put back twice, and each time all that was given
 * since is forgotten: more than that may have been given in the time since it
 * was made is left out.  Its last run began before all of that.
 */
static uint32_t
skip_since(int64_t at)
{
	int64_t s = at > 0 ? clock_wall_s() - at : 0;

	return s <= 0 ? 0 : s < SKIP_MAX / SKIP_RATE ?
	    (uint32_t)s * SKIP_RATE : SKIP_MAX;
}

/* What node.db remembers of it from store_close() until here: a backup that
 * was written over it, into the same file, has another time. */
static bool
written_since(struct store *st, int64_t ctime_ns)
{
	struct sqlite3 *db = st->db[STORE_NODE];
	int64_t was = 0;

	return db_get(db, "SELECT value FROM setting WHERE name = 'ctime'",
	    &was) == STORE_OK && was != 0 && was != ctime_ns;
}

/*
 * A run that ended without store_close() may have given numbers that the
 * cache forgot.  So may those of which nothing is left, since a backup was
 * put back: store.db is another file then, or, where the whole machine went
 * back, it was started again.
 */
static enum store_err
open_state(struct store *st, int64_t ctime_ns)
{
	struct db_file f = db_file(st->conf->home, &schemas[STORE_CACHE]);
	char boot[BOOT_ID_MAX], sql[320];
	struct left l;
	enum store_err rc;
	bool restored;

	boot_id(boot);
	rc = get_left(st, &l);
	if (rc != STORE_OK)
		return rc;
	restored = l.file != 0 && (!db_file_is(&f, l.file) ||
	    (l.clean && written_since(st, ctime_ns)));
	st->skip = restored ? skip_since(l.at) : 0;
	st->unclean = !l.clean || restored;
	st->leap = st->unclean || strcmp(l.boot, boot) != 0;
	/* Rows may be missing, too: of files that are known to clients, and
	 * stand below the numbers that are given next. */
	st->fresh = st->rebuild || !l.there || l.fresh;
	st->rebuild = st->fresh || l.partial || st->unclean;
	snprintf(sql, sizeof sql, "PRAGMA synchronous=FULL; REPLACE INTO state"
	    " VALUES('partial', %d), ('file', %lld), ('at', %lld), ('boot', '%s'),"
	    " ('clean', 0); PRAGMA synchronous=NORMAL", st->fresh ?
	    PARTIAL_FRESH : st->rebuild,
	    (long long)f.id, (long long)clock_wall_s(), boot);
	/* The queue is held by that, also where this start comes to nothing:
	 * see hold_restored(). */
	rc = db_exec(st->db[STORE_NODE], restored ? "UPDATE setting"
	    " SET value = -1 WHERE name = 'file';"
	    "DELETE FROM setting WHERE name = 'ctime'" :
	    "DELETE FROM setting WHERE name = 'ctime'");
	return rc != STORE_OK ? rc : db_exec(st->db[STORE_CACHE], sql);
}

/* Behind all that is written to it. */
static void
remember_ctime(struct store *st)
{
	struct db_file f;
	char sql[96];

	db_close(st->db[STORE_CACHE]);
	st->db[STORE_CACHE] = NULL;
	f = db_file(st->conf->home, &schemas[STORE_CACHE]);
	snprintf(sql, sizeof sql, "REPLACE INTO setting VALUES('ctime', %lld)",
	    (long long)f.ctime_ns);
	(void)db_exec(st->db[STORE_NODE], sql);
}

/* Pages are looked at when they are needed: the next start makes the cache
 * anew, and looks at all of another. */
static void
condemn(struct store *st, char *why, size_t size)
{
	size_t i;

	for (i = 0; i < STORE_NDB; i++)
		if (store_err_sqlite(sqlite3_errcode(st->db[i])) ==
		    STORE_CORRUPT &&
		    db_condemn(st->conf->home, &schemas[i]) == STORE_OK)
			snprintf(why, size, "%s is damaged", schemas[i].name);
}

enum store_err
store_open(struct store *st, const struct store_conf *conf, struct loop *l,
    char *why, size_t size)
{
	enum store_err rc;
	int64_t ctime_ns;

	st->conf = conf;
	st->loop = l;
	snprintf(why, size, "%s", store_err_text(STORE_NOMEM));
	if (store_turn_open(st) != STORE_OK)
		return STORE_NOMEM;
	rc = look_for_mail(conf, why, size);
	if (rc != STORE_OK)
		goto out;
	ballast(conf->home);
	ctime_ns = db_file(conf->home, &schemas[STORE_CACHE]).ctime_ns;
	rc = open_all(st, why, size);
	if (rc != STORE_OK)
		goto out;
	look_begin(st);
	rc = open_state(st, ctime_ns);
	if (rc == STORE_OK)
		rc = parts_open(st);
	if (rc != STORE_OK)
		snprintf(why, size, "%s", store_err_text(rc));
	if (rc == STORE_CORRUPT)
		condemn(st, why, size);
out:
	if (rc != STORE_OK)
		store_close(st);
	return rc;
}

void
store_close(struct store *st)
{
	bool clean = false;
	unsigned int i;

	if (st->stmts != NULL && st->parted) {
		spool_strike(st);
		index_try_end(st);
		(void)store_begin(st, STORE_CACHE);	/* what is ahead, too */
		store_turn(st);
	}
	loop_disarm(st->loop, &st->look);
	parts_close(st);
	devices_close(st);
	store_turn_drop(st);
	if (st->db[STORE_CACHE] != NULL && st->parted &&
	    st->failed == STORE_OK)
		clean = db_exec(st->db[STORE_CACHE], "PRAGMA synchronous=FULL;"
		    "REPLACE INTO state VALUES('clean', 1)") == STORE_OK;
	store_turn_close(st);
	if (clean)
		remember_ctime(st);
	for (i = 0; i < STORE_NDB; i++) {
		db_close(st->db[i]);
		st->db[i] = NULL;
	}
	st->parted = false;
}
