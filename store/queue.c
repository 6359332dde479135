#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "store/fan_copy.h"
#include "store/op_event.h"
#include "store/op_sender.h"
#include "store/op_submit.h"
#include "store/op_watch.h"
#include "store/queue.h"
#include "store/sql.h"
#include "store/wire.h"

const char queue_schema[] =
    "CREATE TABLE IF NOT EXISTS queue_letter("
    " id INTEGER PRIMARY KEY, state INTEGER NOT NULL, why TEXT NOT NULL,"
    " flags INTEGER NOT NULL, role INTEGER NOT NULL, sender TEXT NOT NULL,"
    " msgid TEXT NOT NULL, subject TEXT NOT NULL, envid TEXT NOT NULL,"
    " offset INTEGER NOT NULL, size INTEGER NOT NULL,"
    " created INTEGER NOT NULL, due INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, told INTEGER NOT NULL,"
    " copied INTEGER NOT NULL, finished INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS queue_state ON queue_letter(state)"
    " WHERE state <> 2;"
    "CREATE INDEX IF NOT EXISTS queue_msgid ON queue_letter(msgid);"
    "CREATE TABLE IF NOT EXISTS queue_rcpt("
    " letter INTEGER NOT NULL, n INTEGER NOT NULL, addr TEXT NOT NULL,"
    " orcpt TEXT NOT NULL, notify INTEGER NOT NULL, fate INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, due INTEGER NOT NULL,"
    " changed INTEGER NOT NULL, route TEXT NOT NULL,"
    " forced TEXT NOT NULL, reply TEXT NOT NULL,"
    " twice INTEGER NOT NULL, PRIMARY KEY(letter, n)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS queue_attempt("
    " id INTEGER PRIMARY KEY, letter INTEGER NOT NULL, at INTEGER NOT NULL,"
    " route TEXT NOT NULL, peer TEXT NOT NULL, tls TEXT NOT NULL,"
    " rcpts TEXT NOT NULL, reply TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS queue_attempt_of ON queue_attempt(letter);";

_Static_assert(QUEUE_DONE == 2, "the partial index names it");
_Static_assert(QUEUE_WAITING == 0, "set_waiting() leaves it");

/* ---- claims: in memory only, the sender's work under way ---- */

int64_t
queue_claimed_since(const struct queue_store *q, uint64_t id)
{
	size_t i;

	for (i = 0; i < QUEUE_CLAIMS_MAX; i++)
		if (q->claim[i].id == id)
			return q->claim[i].since;
	return 0;
}

bool
queue_claimed(const struct queue_store *q, uint64_t id)
{
	return queue_claimed_since(q, id) != 0;
}

bool
queue_claim(struct queue_store *q, uint64_t id)
{
	size_t i;

	for (i = 0; i < QUEUE_CLAIMS_MAX; i++)
		if (q->claim[i].id == 0) {
			q->claim[i].id = id;
			q->claim[i].since = clock_wall_s();
			return true;
		}
	return false;
}

void
queue_unclaim(struct queue_store *q, uint64_t id)
{
	size_t i;

	for (i = 0; i < QUEUE_CLAIMS_MAX; i++)
		if (q->claim[i].id == id)
			q->claim[i].id = 0;
}

/* ---- writing ---- */

static enum store_err
insert_rcpts(struct store *st, const struct queue_head *h, int64_t due)
{
	static struct store_slot slot;
	enum store_err rc = STORE_OK;
	size_t i;

	for (i = 0; i < h->env.nto && rc == STORE_OK; i++)
		rc = store_do(st, STORE_NODE, &slot, "INSERT INTO queue_rcpt"
		    " VALUES(?1,?2,?3,?4,?5,0,0,?6,?7,'','','',0)",
		    "iissiii", (int64_t)h->id, (int64_t)i + 1,
		    h->env.to[i].addr, h->env.to[i].orcpt,
		    (int64_t)h->env.to[i].notify, due, h->created);
	return rc;
}

enum store_err
queue_insert(struct store *st, const struct queue_head *h,
    enum queue_state state, const char *why, int64_t due)
{
	static struct store_slot slot;
	const struct queue_envelope *e = &h->env;
	enum store_err rc;

	rc = store_do(st, STORE_NODE, &slot, "INSERT INTO queue_letter VALUES"
	    "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,0,0,0)",
	    "iisiissssiiiii", (int64_t)h->id, (int64_t)state, why,
	    (int64_t)e->flags, (int64_t)h->role, e->from, e->msgid, e->subject,
	    e->envid, (int64_t)h->offset, (int64_t)h->size, h->created, due,
	    h->created + QUEUE_LIFE_S);
	return rc == STORE_OK ? insert_rcpts(st, h, due) : rc;
}

enum store_err
queue_facts(struct store *st, uint64_t id, struct queue_facts *f)
{
	static struct store_slot slot;
	enum store_err rc = STORE_NOTFOUND;
	sqlite3_stmt *s;
	int code;

	memset(f, 0, sizeof *f);
	s = store_ask(st, STORE_NODE, &slot, "SELECT state, flags, offset,"
	    " created, (SELECT min(due) FROM queue_rcpt WHERE letter = ?1"
	    " AND fate < 2), size, copied, told, (SELECT count(*) FROM"
	    " queue_rcpt WHERE letter = ?1 AND fate < 2), due"
	    " FROM queue_letter WHERE id = ?1", "i", (int64_t)id);
	if (s == NULL)
		return STORE_NOMEM;
	code = sqlite3_step(s);
	if (code == SQLITE_ROW) {
		f->state = (enum queue_state)sqlite3_column_int(s, 0);
		f->flags = (uint32_t)sqlite3_column_int64(s, 1);
		f->offset = (uint32_t)sqlite3_column_int64(s, 2);
		f->created = sqlite3_column_int64(s, 3);
		f->due = sqlite3_column_int64(s, 4);
		f->size = (uint64_t)sqlite3_column_int64(s, 5);
		f->copied = sqlite3_column_int(s, 6) != 0;
		f->told = sqlite3_column_int(s, 7) != 0;
		f->waiting = (uint32_t)sqlite3_column_int64(s, 8);
		rc = STORE_OK;
	} else if (code != SQLITE_DONE)
		rc = store_result(st, STORE_NODE, code);
	(void)sqlite3_reset(s);
	return rc;
}

bool
queue_copies(struct store *st, const char *msgid)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot, "SELECT 1 FROM"
	    " queue_letter WHERE msgid = ?1 AND state = ?2 AND copied = 0"
	    " AND flags & ?3 AND due <= ?4", "siii", msgid,
	    (int64_t)QUEUE_ACTIVE, (int64_t)QUEUE_COPY, clock_wall_s());
	bool yes;

	if (s == NULL)
		return false;
	yes = sqlite3_step(s) == SQLITE_ROW;
	(void)sqlite3_reset(s);
	return yes;
}

enum store_err
queue_set_state(struct store *st, uint64_t id, enum queue_state state,
    const char *why)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot, "UPDATE queue_letter SET"
	    " state = ?2, why = coalesce(?3, why), finished = ?4"
	    " WHERE id = ?1", "iisi", (int64_t)id, (int64_t)state, why,
	    state == QUEUE_DONE ? clock_wall_s() : (int64_t)0);
}

/* Every recipient without a fate: what is NULL or 0 stays as it was. */
static enum store_err
set_waiting(struct store *st, uint64_t id, int64_t due, const char *route,
    enum queue_fate fate)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot, "UPDATE queue_rcpt SET"
	    " due = coalesce(nullif(?2, 0), due), forced = coalesce(?3,"
	    " forced), fate = coalesce(nullif(?4, 0), fate),"
	    " changed = iif(?4, ?5, changed) WHERE letter = ?1 AND fate < 2",
	    "iisii", (int64_t)id, due, route, (int64_t)fate, clock_wall_s());
}

enum store_err
queue_set_due(struct store *st, uint64_t id, int64_t due, const char *route)
{
	return set_waiting(st, id, due, route, QUEUE_WAITING);
}

enum store_err
queue_drop(struct store *st, uint64_t id)
{
	return set_waiting(st, id, 0, NULL, QUEUE_DROPPED);
}

/* ---- after the commit ---- */

struct settled {
	struct store	*st;
	uint64_t	 id;
};

static char *
letter_path(const struct queue_store *q, uint64_t id)
{
	char name[QUEUE_ID_MAX], *path;
	size_t size = strlen(q->dir) + sizeof name + 1;

	queue_id_text(id, name);
	path = malloc(size);
	if (path != NULL)
		snprintf(path, size, "%s/%s", q->dir, name);
	return path;
}

static void
remove_letter(const struct queue_store *q, uint64_t id)
{
	char *path = letter_path(q, id);

	/* What stays behind is removed at the next start. */
	if (path != NULL)
		(void)unlink(path);
	free(path);
}

static void
settled(void *arg, enum store_err rc)
{
	struct settled *x = arg;
	struct queue_store *q = x->st->queue;
	struct queue_facts f;

	if (rc == STORE_OK && q != NULL &&
	    queue_facts(x->st, x->id, &f) == STORE_OK) {
		if (f.state == QUEUE_DONE)
			remove_letter(q, x->id);
		if (q->sender != NULL)
			sender_push(q->sender, x->id,
			    f.state == QUEUE_ACTIVE ? f.due : 0);
	}
	free(x);
}

enum store_err
queue_settle(struct store *st, uint64_t id)
{
	struct settled *x;
	struct queue_facts f;
	enum store_err rc;

	rc = queue_facts(st, id, &f);
	if (rc == STORE_OK && f.waiting == 0 && f.state != QUEUE_DONE)
		rc = queue_set_state(st, id, QUEUE_DONE, "");
	if (rc != STORE_OK)
		return rc;
	if (f.waiting == 0)
		fan_copy_settled(st, id);
	x = malloc(sizeof *x);
	if (x == NULL)
		return STORE_NOMEM;
	*x = (struct settled){ st, id };
	rc = store_after(st, STORE_BIT(STORE_NODE), settled, x);
	if (rc != STORE_OK)
		free(x);
	watch_note(st, WATCH_QUEUE, id, 0);
	return rc;
}

/* ---- the file ---- */

static void
alarm_letter(struct store *st, uint64_t id, bool damaged)
{
	char text[80];

	snprintf(text, sizeof text, "queue: letter %016llx is damaged, and set"
	    " aside", (unsigned long long)id);
	(damaged ? store_alarm : store_clear)(st, text);
}

void
queue_mended(struct store *st, uint64_t id)
{
	alarm_letter(st, id, false);
}

static enum store_err
set_aside(struct store *st, uint64_t id, const char *what)
{
	alarm_letter(st, id, true);
	(void)queue_set_state(st, id, QUEUE_DAMAGED, what);
	(void)queue_settle(st, id);
	return STORE_CORRUPT;
}

enum store_err
queue_letter_fd(struct store *st, uint64_t id, int *fd)
{
	struct queue_facts f;
	struct queue_head h;
	enum store_err rc;
	char *path;

	*fd = -1;
	rc = queue_facts(st, id, &f);
	if (rc != STORE_OK)
		return rc;
	path = letter_path(st->queue, id);
	if (path == NULL)
		return STORE_NOMEM;
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	free(path);
	if (*fd == -1)
		return errno == ENOENT ? set_aside(st, id,
		    "its file is gone") : STORE_IO;
	rc = queue_head_read(*fd, &h);
	if (rc == STORE_OK && (h.id != id || h.offset != f.offset ||
	    h.size != f.size))
		rc = STORE_CORRUPT;
	queue_head_clear(&h);
	if (rc == STORE_OK)
		return rc;
	close(*fd);
	*fd = -1;
	if (rc == STORE_CORRUPT || rc == STORE_STATE || rc == STORE_NEWER)
		return set_aside(st, id, "its file is damaged");
	return rc;
}

/* ---- reading for listings ---- */

enum store_err
queue_row_put(struct store *st, struct sqlite3_stmt *s, struct buf *b)
{
	static struct store_slot slot;
	char name[QUEUE_ID_MAX];
	sqlite3_stmt *c;

	queue_id_text((uint64_t)sqlite3_column_int64(s, 0), name);
	chan_put_str(b, name);
	sql_put(b, s, 1, "ssssubi");
	/* Due is what waits, at its next try; of the rest the first. */
	c = store_ask(st, STORE_NODE, &slot, "SELECT"
	    " coalesce(min(CASE WHEN fate < 2 THEN due END), ?2), ?3, ?4,"
	    " count(*), coalesce(sum(fate < 2), 0),"
	    " coalesce(sum(fate IN (4, 5)), 0), (SELECT count(DISTINCT n)"
	    " FROM queue_returned WHERE letter = ?1 AND action = 1 AND"
	    " belief >= 2),"
	    " coalesce(sum(fate = 6), 0), coalesce(max(attempts), 0),"
	    " coalesce(max(CASE WHEN n = 1 THEN addr END), '')"
	    " FROM queue_rcpt WHERE letter = ?1", "iiii",
	    (int64_t)sqlite3_column_int64(s, 0),
	    (int64_t)sqlite3_column_int64(s, 8),
	    (int64_t)sqlite3_column_int64(s, 9),
	    (int64_t)sqlite3_column_int64(s, 10));
	if (c == NULL)
		return STORE_NOMEM;
	if (sqlite3_step(c) != SQLITE_ROW) {
		(void)sqlite3_reset(c);
		return STORE_IO;
	}
	sql_put(b, c, 0, "iiiuuuuuus");
	(void)sqlite3_reset(c);
	chan_put_i64(b, queue_claimed_since(st->queue,
	    (uint64_t)sqlite3_column_int64(s, 0)));
	return STORE_OK;
}

enum { ROOM_AFTER = 16 * 1024 };	/* octets kept for what follows */

enum store_err
queue_rcpts_put(struct store *st, uint64_t id, struct buf *b)
{
	static struct store_slot slot;
	sqlite3_stmt *s;

	s = store_ask(st, STORE_NODE, &slot, "SELECT addr, orcpt, notify,"
	    " fate, attempts, due, changed, CASE WHEN fate = 0 AND"
	    " forced <> '' THEN forced ELSE route END, reply, twice"
	    " FROM queue_rcpt WHERE letter = ?1 ORDER BY n", "i", (int64_t)id);
	return sql_put_rows(b, s, 0, "ssubuiissb", ROOM_AFTER);
}

enum store_err
queue_attempts_put(struct store *st, uint64_t id, struct buf *b)
{
	static struct store_slot slot;
	sqlite3_stmt *s;

	s = store_ask(st, STORE_NODE, &slot, "SELECT * FROM (SELECT id, at,"
	    " route, peer, tls, rcpts, reply FROM queue_attempt"
	    " WHERE letter = ?1 ORDER BY id DESC LIMIT 50) ORDER BY id", "i",
	    (int64_t)id);
	return sql_put_rows(b, s, 1, "isssss", 16);
}
