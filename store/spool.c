#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "store/box.h"
#include "store/db.h"
#include "store/hold.h"
#include "store/intake.h"
#include "store/parts.h"
#include "store/spool_parts.h"
#include "store/sql.h"
#include "store/upload.h"

static const char alarm_busy[] =
    "accepted mail waits to be filed: new mail is deferred";
static const char alarm_space[] =
    "free space is below the reserve: new mail is deferred";

/* ---- one turn ---- */

/* Called before the spool's commit: rc is what the turn has come to. */
enum store_err
spool_sync(struct store *st, enum store_err rc)
{
	struct big *b;

	for (b = st->spool->big; b != NULL && rc == STORE_OK; b = b->next)
		rc = upload_sync(b->upload);
	if (rc == STORE_OK && st->spool->big != NULL)
		rc = upload_sync_dir(st->spool->big->upload);
	return rc;
}

static void
turn_done(void *arg, enum store_err rc)
{
	struct store *st = arg;
	struct spool *sp = st->spool;
	struct big *b;

	while ((b = sp->big) != NULL) {
		sp->big = b->next;
		if (rc == STORE_OK)
			upload_keep(b->upload);
		else
			upload_abort(b->upload);
		free(b);
	}
	if (rc == STORE_OK) {
		sp->committed = sp->last;
		sp->entries += sp->turn_entries;
		sp->octets += sp->turn_octets;
	}
	sp->turn_entries = sp->turn_octets = 0;
}

/* UID and name now, if the mailbox has any to give: no second commit.  Not
 * before those that wait for theirs, though: UIDs follow the spool, or those
 * would have to wait for all that is behind them. */
static void
place_now(struct store *st, const struct spool_put *p, struct box **box,
    uint32_t *uid, char rel[MAILDIR_REL_MAX])
{
	char base[MAILDIR_REL_MAX];

	*uid = 0;
	rel[0] = '\0';
	*box = box_by_name(st, p->folder);
	if (*box == NULL || !(*box)->here ||
	    intake_cursor(st) < st->spool->unplaced)
		return;
	*uid = box_uid(st, *box);
	if (*uid == 0)
		return;
	if (maildir_base(base, sizeof base, p->msg->received,
	    st->conf->hostname, p->nhead + p->nbody) != STORE_OK ||
	    maildir_make(rel, MAILDIR_REL_MAX, base, strlen(base),
	    (*box)->uidvalidity, *uid, box_flags(*box), "", true) != STORE_OK)
		*uid = 0;
}

static enum store_err
insert(struct store *st, const struct spool_put *p, uint64_t file)
{
	static struct store_slot slot;
	char rel[MAILDIR_REL_MAX];
	sqlite3_stmt *s;
	struct box *box;
	uint32_t uid;
	enum store_err rc;

	s = store_stmt(st, STORE_SPOOL, &slot, "INSERT INTO spool(id, trace,"
	    " sender, rcpt, folder, tags, received, size, todo, box, uid,"
	    " name, file, head, body, at, verdict) VALUES(?1, ?2, ?3, ?4, ?5,"
	    " ?6, ?7, ?8, ?16, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?17)");
	if (s == NULL)
		return STORE_NOMEM;
	place_now(st, p, &box, &uid, rel);
	if (uid == 0)
		st->spool->unplaced = st->spool->last + 1;
	sqlite3_bind_int64(s, 1, (int64_t)(st->spool->last + 1));
	sqlite3_bind_text(s, 2, p->msg->trace, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, p->msg->sender, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, p->rcpt, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 5, p->folder, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 6, p->tags, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 7, p->msg->received);
	sqlite3_bind_int64(s, 8, (int64_t)(p->nhead + p->nbody));
	sqlite3_bind_text(s, 9, uid != 0 ? p->folder : "", -1,
	    SQLITE_STATIC);
	sqlite3_bind_int64(s, 10, uid);
	sqlite3_bind_text(s, 11, uid != 0 ? rel : "", -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 12, (int64_t)file);
	sqlite3_bind_blob64(s, 13, p->nhead > 0 ? p->head : "", p->nhead,
	    SQLITE_STATIC);
	if (file == 0)
		sqlite3_bind_blob64(s, 14, p->nbody > 0 ? p->body : "",
		    p->nbody, SQLITE_STATIC);
	sqlite3_bind_int64(s, 15, clock_wall_s());
	sqlite3_bind_int64(s, 16, (int64_t)p->fans | (p->own ? TODO_OWN : 0) |
	    (p->msg->stays ? TODO_STAYS : 0) | (p->goes ? TODO_GOES : 0));
	sqlite3_bind_text(s, 17, p->msg->verdict != NULL ?
	    p->msg->verdict : "", -1, SQLITE_STATIC);
	rc = store_result(st, STORE_SPOOL, sqlite3_step(s));
	(void)sqlite3_reset(s);
	return rc;
}

/* What stayed in memory goes into the row, the rest remains a file. */
static enum store_err
insert_upload(struct store *st, const struct spool_put *p)
{
	struct spool_put here = *p;
	struct spool *sp = st->spool;
	struct big *b;
	enum store_err rc;

	here.body = upload_bytes(p->upload);
	if (here.body != NULL) {
		rc = insert(st, &here, 0);
		if (rc == STORE_OK)
			upload_keep(p->upload);
		return rc;
	}
	/* Before the row: behind it nothing may fail. */
	b = calloc(1, sizeof *b);
	if (b == NULL)
		return STORE_NOMEM;
	rc = insert(st, &here, upload_id(p->upload));
	if (rc != STORE_OK) {
		free(b);
		return rc;
	}
	*b = (struct big){ .next = sp->big, .upload = p->upload };
	sp->big = b;
	return STORE_OK;
}

enum store_err
spool_put(struct store *st, const struct spool_put *p)
{
	struct spool *sp = st->spool;
	enum store_err rc;

	rc = store_begin(st, STORE_SPOOL);
	if (rc == STORE_OK && sp->ndone > 0)
		spool_strike(st);
	if (rc == STORE_OK && sp->turn_entries == 0)
		rc = store_after(st, STORE_BIT(STORE_SPOOL), turn_done, st);
	if (rc == STORE_OK)
		rc = p->upload != NULL ? insert_upload(st, p) :
		    insert(st, p, 0);
	if (rc != STORE_OK) {
		upload_abort(p->upload);
		return rc;
	}
	sp->last++;
	sp->turn_entries++;
	sp->turn_octets += p->nhead + p->nbody;
	return STORE_OK;
}

/* ---- limits ---- */

static int64_t
oldest(struct store *st)
{
	struct spool *sp = st->spool;
	int64_t now = clock_mono_ms();

	if (sp->entries == 0)
		return 0;
	if (sp->looked_ms == 0 || now - sp->looked_ms >= 1000) {
		sp->looked_ms = now;
		sp->oldest = db_int(st->db[STORE_SPOOL],
		    "SELECT at FROM spool ORDER BY id LIMIT 1", 0);
	}
	return sp->oldest;
}

enum store_err
spool_may(struct store *st, uint64_t octets)
{
	struct spool *sp = st->spool;
	int64_t since = oldest(st);
	bool busy, full;

	/* What an earlier run left gets its time to be filed. */
	if (since != 0 && since < sp->opened)
		since = sp->opened;
	busy = sp->octets + sp->turn_octets > SPOOL_OCTETS_MAX ||
	    (since != 0 && clock_wall_s() - since > SPOOL_AGE_MAX);
	/* What waits here wants its size once more, to be filed, and rows and
	 * index theirs: a spool that filled the disk would stand there for
	 * good. */
	full = !store_space(st, octets + spool_octets(st) + SPOOL_WORK);
	if ((busy || full) != sp->refusing) {
		sp->refusing = busy || full;
		if (busy)
			store_alarm(st, alarm_busy);
		else if (full)
			store_alarm(st, alarm_space);
		else {
			store_clear(st, alarm_busy);
			store_clear(st, alarm_space);
			sp->oldest = 0;
		}
	}
	return full ? STORE_NOSPACE : busy ? STORE_BUSY : STORE_OK;
}

void
spool_tell(struct store *st, struct spool_status *s)
{
	(void)spool_may(st, 0);
	*s = (struct spool_status){ .entries = st->spool->entries,
	    .octets = st->spool->octets, .oldest = oldest(st),
	    .refusing = st->spool->refusing };
}

/* Numbers of a commit that failed are nobody's. */
uint64_t
spool_last(const struct store *st)
{
	return st->spool->turn_entries > 0 ? st->spool->last :
	    st->spool->committed;
}

uint64_t
spool_committed(const struct store *st)
{
	return st->spool->committed;
}

uint64_t
spool_octets(const struct store *st)
{
	return st->spool->octets + st->spool->turn_octets;
}

const char *
spool_dir(const struct store *st)
{
	return st->spool->dir;
}

/* ---- life ---- */

/* Bodies whose commit never came. */
static void
sweep(struct store *st)
{
	sqlite3_stmt *s = NULL;
	struct dirent *d;
	DIR *dir;
	int fd;

	if (sqlite3_prepare_v2(st->db[STORE_SPOOL],
	    "SELECT 1 FROM spool WHERE file <> 0 AND "
	    "printf('%016llx', file) = ?1", -1, &s, NULL) != SQLITE_OK)
		return;
	fd = openat(st->spool->dirfd, ".", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC);
	dir = fd != -1 ? fdopendir(fd) : NULL;
	while (dir != NULL && (d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		sqlite3_bind_text(s, 1, d->d_name, -1, SQLITE_STATIC);
		/* Nothing goes because a row could not be read. */
		if (sqlite3_step(s) == SQLITE_DONE)
			(void)unlinkat(st->spool->dirfd, d->d_name, 0);
		(void)sqlite3_reset(s);
	}
	if (dir != NULL)
		closedir(dir);
	sqlite3_finalize(s);
}

static enum store_err
count(struct spool *sp, struct sqlite3 *db)
{
	static const char *const sql[] = {
		"SELECT max(id) FROM spool",
		"SELECT max(id) FROM spool WHERE uid = 0",
		"SELECT count(*) FROM spool",
		"SELECT sum(size) FROM spool"
	};
	uint64_t *const to[] = { &sp->last, &sp->unplaced, &sp->entries,
	    &sp->octets };
	enum store_err rc = STORE_OK;
	int64_t v = 0;
	size_t i;

	for (i = 0; rc == STORE_OK && i < sizeof to / sizeof to[0]; i++) {
		rc = db_get(db, sql[i], &v);
		*to[i] = (uint64_t)v;
	}
	sp->committed = sp->last;
	return rc;
}

enum store_err
spool_open(struct store *st)
{
	struct spool *sp = st->spool = calloc(1, sizeof *sp);
	enum store_err rc;

	if (sp == NULL)
		return STORE_NOMEM;
	sp->dirfd = -1;
	sp->opened = clock_wall_s();
	sp->strike = (struct loop_timer){ .fn = spool_strike_late, .arg = st };
	if (snprintf(sp->dir, sizeof sp->dir, "%s/.mailnode",
	    st->conf->maildir) >= SPOOL_PATH - 8)
		return STORE_NAME;
	(void)mkdir(sp->dir, 0700);
	memcpy(sp->dir + strlen(sp->dir), "/spool", 7);
	(void)mkdir(sp->dir, 0700);
	sp->dirfd = open(sp->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sp->dirfd == -1)
		return store_err_errno(errno);
	rc = count(sp, st->db[STORE_SPOOL]);
	if (rc == STORE_OK)
		sweep(st);
	return rc;
}

void
spool_close(struct store *st)
{
	struct spool *sp = st->spool;

	if (sp == NULL)
		return;
	loop_disarm(st->loop, &sp->strike);
	turn_done(st, STORE_GONE);
	if (sp->dirfd != -1)
		close(sp->dirfd);
	free(sp);
	st->spool = NULL;
}
