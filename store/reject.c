#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "store/db.h"
#include "store/history.h"
#include "store/ask.h"
#include "store/intake.h"
#include "store/op_file.h"
#include "store/op_watch.h"
#include "store/reject.h"
#include "store/sql.h"
#include "store/upload.h"

enum { MINUTE_S = 60, RECORD_BODY_MAX = CHAN_DATA_MAX - 4096 };

/* file '': there is no copy. */
const char reject_schema[] =
    "CREATE TABLE IF NOT EXISTS reject("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
    " outcome INTEGER NOT NULL, tries INTEGER NOT NULL,"
    " size INTEGER NOT NULL, trace TEXT NOT NULL, sender TEXT NOT NULL,"
    " ip TEXT NOT NULL, network TEXT NOT NULL, key TEXT NOT NULL,"
    " author TEXT NOT NULL, subject TEXT NOT NULL, why TEXT NOT NULL,"
    " file TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS reject_same ON reject(sender, key);"
    "CREATE INDEX IF NOT EXISTS reject_network ON reject(network, at);"
    "CREATE INDEX IF NOT EXISTS reject_trace ON reject(trace);"
    "CREATE INDEX IF NOT EXISTS reject_at ON reject(at);";

/* ---- files ---- */

/* A copy that could not be made is not missed: its row says so. */
static void
copied(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	(void)arg;
	(void)status;
	(void)in;
	(void)fd;
}

/* Rows whose file could not be handed over have none. */
static bool
put_file(struct store *st, const char *name, int64_t at,
    const struct reject_body *b, int fd)
{
	struct file_put p = { .rel = name, .received = at,
	    .head = b->head, .nhead = b->nhead,
	    .body = fd == -1 ? b->body : NULL, .nbody = b->nbody };
	struct buf args;
	int rc;

	if (st->filer == NULL)
		return false;
	buf_init(&args, CHAN_DATA_MAX);
	file_reject_put(&args, &p);
	rc = args.err != 0 ? -1 : ask_send(st->filer, FILE_REJECT, &args, fd,
	    copied, NULL);
	buf_clear(&args);
	return rc == 0;
}

static void
drop_file(struct store *st, const char *name)
{
	struct buf args;

	if (name[0] == '\0' || st->filer == NULL)
		return;		/* the sweep finds it */
	buf_init(&args, CHAN_DATA_MAX);
	chan_put_str(&args, name);
	(void)ask_send(st->filer, FILE_UNREJECT, &args, -1, copied, NULL);
	buf_clear(&args);
}

static bool
put_copy(struct store *st, const struct reject *r, const char *name,
    struct reject_body *b)
{
	bool ok;
	int fd;

	if (b->upload == NULL && b->nhead + b->nbody <= RECORD_BODY_MAX)
		return put_file(st, name, r->at, b, -1);
	if (b->upload == NULL)
		return false;
	fd = upload_fd(b->upload);
	b->upload = NULL;
	if (fd == -1)
		return false;
	ok = put_file(st, name, r->at, b, fd);
	close(fd);
	return ok;
}

/* ---- rows ---- */

static int64_t
count(struct store *st, struct store_slot *slot, const char *sql,
    const char *net, int64_t since)
{
	sqlite3_stmt *s = store_ask(st, STORE_EVENTS, slot, sql, "si", net,
	    since);
	int64_t n = 0;

	if (s == NULL)
		return INT64_MAX;
	if (sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int64(s, 0);
	(void)sqlite3_reset(s);
	return n;
}

/*
 * Room for a copy of that size among all: the largest leave first, so that a
 * few large ones push out no small one.  False: it is larger than those that
 * would have to leave.  Their rows stay.
 */
static bool
make_octets(struct store *st, uint64_t size)
{
	static struct store_slot sum, most, drop;
	sqlite3_stmt *s;
	int64_t id, octets;
	bool ok;

	while ((uint64_t)store_int(st, STORE_EVENTS, &sum, "SELECT"
	    " coalesce(sum(size), 0) FROM reject WHERE file <> ''", "") +
	    size > REJECT_OCTETS) {
		s = store_ask(st, STORE_EVENTS, &most, "SELECT id, size, file"
		    " FROM reject WHERE file <> '' ORDER BY size DESC, at"
		    " LIMIT 1", "");
		if (s == NULL)
			return false;
		ok = sqlite3_step(s) == SQLITE_ROW;
		id = ok ? sqlite3_column_int64(s, 0) : 0;
		octets = ok ? sqlite3_column_int64(s, 1) : 0;
		ok = ok && (uint64_t)octets >= size;
		if (ok)
			drop_file(st, sql_text(s, 2));
		(void)sqlite3_reset(s);
		if (!ok || store_do(st, STORE_EVENTS, &drop, "UPDATE reject"
		    " SET file = '' WHERE id = ?1", "i", id) != STORE_OK)
			return false;
		store_wrote(st, STORE_EVENTS);
	}
	return true;
}

static bool
may_copy(struct store *st, const char *net, const struct reject *r)
{
	static struct store_slot of_net, of_all;

	return r->size <= REJECT_COPY_MAX && store_space(st, r->size) &&
	    count(st, &of_net, "SELECT count(*) FROM reject WHERE"
	    " network = ?1 AND at > ?2 AND file <> ''", net,
	    r->at - MINUTE_S) < REJECT_NET_MINUTE &&
	    count(st, &of_all, "SELECT count(*) FROM reject WHERE ?1 <> ''"
	    " AND at > ?2 AND file <> ''", "-", r->at - MINUTE_S) <
	    REJECT_MINUTE && make_octets(st, r->size);
}

/* Rows that sql names go, with their files. */
static void
drop_rows(struct store *st, const char *where)
{
	sqlite3 *db = st->db[STORE_EVENTS];
	sqlite3_stmt *s = NULL;
	char sql[768];

	(void)snprintf(sql, sizeof sql, "SELECT file FROM reject WHERE %s",
	    where);
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK)
		while (sqlite3_step(s) == SQLITE_ROW)
			drop_file(st, (const char *)sqlite3_column_text(s,
			    0));
	sqlite3_finalize(s);
	(void)snprintf(sql, sizeof sql, "DELETE FROM reject WHERE %s",
	    where);
	if (db_exec(db, sql) == STORE_OK)
		store_wrote(st, STORE_EVENTS);
}

/* One network pushes out its own. */
static void
make_room(struct store *st, const char *net)
{
	static struct store_slot slot, oldest;
	char where[64];
	int64_t id;

	if (count(st, &slot, "SELECT count(*) FROM reject WHERE network = ?1"
	    " AND at > ?2", net, 0) < REJECT_NET_ROWS)
		return;
	id = store_int(st, STORE_EVENTS, &oldest, "SELECT id FROM reject"
	    " WHERE network = ?1 ORDER BY at LIMIT 1", "s", net);
	(void)snprintf(where, sizeof where, "id = %lld", (long long)id);
	if (id != 0)
		drop_rows(st, where);
}

static void
drop_oldest(struct store *st)
{
	char where[128];

	(void)snprintf(where, sizeof where, "id IN (SELECT id FROM reject"
	    " ORDER BY at DESC, id DESC LIMIT -1 OFFSET %d)", REJECT_ROWS);
	drop_rows(st, where);
}

/* It is there already: when it was tried last, and what it was told. */
static bool
renew(struct store *st, const struct reject *r)
{
	static struct store_slot slot;

	return r->key[0] != '\0' && store_do(st, STORE_EVENTS, &slot,
	    "UPDATE reject SET at = ?3, outcome = ?4, tries = tries + 1,"
	    " trace = ?5, ip = ?6, why = ?7 WHERE sender = ?1 AND key = ?2",
	    "ssiisss", r->sender, r->key, r->at, (int64_t)r->as, r->trace,
	    r->ip, r->why) == STORE_OK &&
	    sqlite3_changes(st->db[STORE_EVENTS]) > 0;
}

static void
insert(struct store *st, const struct reject *r, const char *net,
    const char *file)
{
	static struct store_slot slot;

	(void)store_do(st, STORE_EVENTS, &slot, "INSERT INTO reject(at,"
	    " outcome, tries, size, trace, sender, ip, network, key, author,"
	    " subject, why, file) VALUES(?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8,"
	    " ?9, ?10, ?11, ?12)", "iiisssssssss", r->at, (int64_t)r->as,
	    (int64_t)r->size, r->trace, r->sender, r->ip, net, r->key,
	    r->from, r->subject, r->why, file);
}

void
reject_add(struct store *st, const struct reject *r,
    const struct reject_body *body)
{
	char net[HISTORY_NET_MAX], name[REJECT_NAME_MAX];
	struct reject_body b = *body;

	history_network(r->ip, net);
	if (!renew(st, r)) {
		make_room(st, net);
		if (!may_copy(st, net, r) || maildir_base(name, sizeof name,
		    r->at, st->conf->hostname, r->size) != STORE_OK ||
		    !put_copy(st, r, name, &b))
			name[0] = '\0';
		insert(st, r, net, name);
		/* Ids count up. */
		if (sqlite3_last_insert_rowid(st->db[STORE_EVENTS]) %
		    REJECT_ROWS_MORE == 0)
			drop_oldest(st);
	}
	upload_abort(b.upload);
	store_wrote(st, STORE_EVENTS);
	watch_note(st, WATCH_INCOMING, 0, 0);
}

void
reject_accepted(struct store *st, const char *sender, const char *key)
{
	static struct store_slot find, drop;
	sqlite3_stmt *s;
	bool any = false;

	if (key[0] == '\0' || (s = store_ask(st, STORE_EVENTS, &find,
	    "SELECT file FROM reject WHERE sender = ?1 AND key = ?2", "ss",
	    sender, key)) == NULL)
		return;
	while (sqlite3_step(s) == SQLITE_ROW) {
		drop_file(st, sql_text(s, 0));
		any = true;
	}
	(void)sqlite3_reset(s);
	if (!any)
		return;
	(void)store_do(st, STORE_EVENTS, &drop, "DELETE FROM reject WHERE"
	    " sender = ?1 AND key = ?2", "ss", sender, key);
	store_wrote(st, STORE_EVENTS);
}

/* ---- reading ---- */

static enum store_err
read_row(sqlite3_stmt *s, struct reject *r)
{
	memset(r, 0, sizeof *r);
	if (sqlite3_step(s) != SQLITE_ROW) {
		(void)sqlite3_reset(s);
		return STORE_NOTFOUND;
	}
	r->id = (uint64_t)sqlite3_column_int64(s, 0);
	r->at = sqlite3_column_int64(s, 1);
	r->as = sqlite3_column_int(s, 2) == REJECT_DEFERRED ?
	    REJECT_DEFERRED : REJECT_REFUSED;
	r->tries = (uint32_t)sqlite3_column_int64(s, 3);
	r->size = (uint64_t)sqlite3_column_int64(s, 4);
	r->trace = sql_text(s, 5);
	r->sender = sql_text(s, 6);
	r->ip = sql_text(s, 7);
	r->key = sql_text(s, 8);
	r->from = sql_text(s, 9);
	r->subject = sql_text(s, 10);
	r->why = sql_text(s, 11);
	r->copy = sql_text(s, 12)[0] != '\0';
	return STORE_OK;
}

#define COLUMNS	"id, at, outcome, tries, size, trace, sender, ip, key," \
	" author, subject, why, file"

/* By id, as the time of a row changes when it is tried again. */
enum store_err
reject_next(struct store *st, uint64_t before, struct reject *r)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_EVENTS, &slot, "SELECT " COLUMNS
	    " FROM reject WHERE id < ?1 ORDER BY id DESC LIMIT 1", "i",
	    before == 0 || before > INT64_MAX ? INT64_MAX : (int64_t)before);

	return s != NULL ? read_row(s, r) : STORE_NOMEM;
}

enum store_err
reject_get(struct store *st, uint64_t id, struct reject *r)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_EVENTS, &slot, "SELECT " COLUMNS
	    " FROM reject WHERE id = ?1", "i", (int64_t)id);

	return s != NULL ? read_row(s, r) : STORE_NOMEM;
}

uint64_t
reject_of(struct store *st, const char *trace)
{
	static struct store_slot slot;

	return trace[0] == '\0' ? 0 : (uint64_t)store_int(st, STORE_EVENTS,
	    &slot, "SELECT id FROM reject WHERE trace = ?1", "s", trace);
}

/* Whoever looked at it with another program may have moved it to cur. */
int
reject_open(struct store *st, uint64_t id)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_EVENTS, &slot,
	    "SELECT file FROM reject WHERE id = ?1", "i", (int64_t)id);
	char rel[REJECT_NAME_MAX + 8] = "";
	int fd = -1;

	errno = ENOENT;
	if (s == NULL)
		return -1;
	if (sqlite3_step(s) == SQLITE_ROW && sql_text(s, 0)[0] != '\0')
		(void)snprintf(rel, sizeof rel, "new/%s", sql_text(s, 0));
	(void)sqlite3_reset(s);
	if (rel[0] != '\0')
		fd = maildir_open(intake_root(st), REJECT_FOLDER, rel, NULL);
	return fd;
}

void
reject_trim(struct store *st, int64_t now_s)
{
	char where[400];
	struct buf args;

	(void)snprintf(where, sizeof where, "at < %lld",
	    (long long)now_s - (int64_t)REJECT_DAYS * 86400);
	drop_rows(st, where);
	drop_oldest(st);
	(void)make_octets(st, 0);
	if (st->filer == NULL)
		return;
	buf_init(&args, 16);
	chan_put_i64(&args, now_s - (int64_t)REJECT_DAYS * 86400);
	(void)ask_send(st->filer, FILE_SWEEP, &args, -1, copied, NULL);
	buf_clear(&args);
}
