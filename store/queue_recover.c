/*
 * What a start finds: files that no row names, rows whose file is gone,
 * files of letters that are done.
 */
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
#include "store/db.h"
#include "store/queue.h"

static void
name_trouble(struct store *st, const char *name, const char *what)
{
	char text[200];

	snprintf(text, sizeof text, "queue: %.64s: %s", name, what);
	store_alarm(st, text);
}

/* Nobody can send it by mistake under another name. */
static void
put_aside(struct store *st, int dir, const char *name)
{
	char aside[64];

	if (snprintf(aside, sizeof aside, "%s.damaged", name) <
	    (int)sizeof aside)
		(void)renameat(dir, name, dir, aside);
	name_trouble(st, name, "no letter that can be read: set aside as "
	    ".damaged");
}

/* A whole letter without a row comes back held: the owner decides. */
static enum store_err
take_back(struct store *st, int dir, const char *name, uint64_t id)
{
	struct queue_head h;
	enum store_err rc;
	int fd;

	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return STORE_OK;
	rc = queue_head_read(fd, &h);
	close(fd);
	if (rc == STORE_STATE) {
		/* Cut short: its commit was never answered. */
		(void)unlinkat(dir, name, 0);
		return STORE_OK;
	}
	if (rc == STORE_CORRUPT || rc == STORE_NEWER ||
	    (rc == STORE_OK && h.id != id)) {
		put_aside(st, dir, name);
		rc = STORE_OK;
	} else if (rc == STORE_OK && h.role == ROLE_SMTP &&
	    !(st->salvaged & STORE_BIT(STORE_NODE))) {
		/* Keeper's own (fan.c): the row never came, and the spool
		 * still has what it will be made of again. */
		(void)unlinkat(dir, name, 0);
	} else if (rc == STORE_OK) {
		name_trouble(st, name, "a letter without its entry: held");
		rc = queue_insert(st, &h, QUEUE_HELD,
		    "found without its entry after a crash",
		    clock_wall_s());
	}
	queue_head_clear(&h);
	return rc;
}

static enum store_err
look_at(struct store *st, int dir, const char *name)
{
	struct queue_facts f;
	enum store_err rc;
	uint64_t id;

	if (queue_id_parse(name, &id) == -1)
		return STORE_OK;
	rc = queue_facts(st, id, &f);
	if (rc == STORE_NOTFOUND)
		return take_back(st, dir, name, id);
	if (rc == STORE_OK && f.state == QUEUE_DONE)
		(void)unlinkat(dir, name, 0);
	return rc;
}

static enum store_err
scan(struct store *st)
{
	enum store_err rc = STORE_OK;
	struct dirent *e;
	DIR *d;

	d = opendir(st->queue->dir);
	if (d == NULL)
		return store_err_errno(errno);
	while (rc == STORE_OK && (e = readdir(d)) != NULL)
		rc = look_at(st, dirfd(d), e->d_name);
	closedir(d);
	return rc;
}

/* Old stories end; also at run time, now and then (op_submit.c). */
enum store_err
queue_clean(struct store *st)
{
	static struct store_slot rcpts, attempts, reports, letters;
	static const char *const sql[] = {
	    "DELETE FROM queue_rcpt WHERE letter IN (SELECT id FROM"
	    " queue_letter WHERE state = 2 AND finished < ?1)",
	    "DELETE FROM queue_attempt WHERE letter IN (SELECT id FROM"
	    " queue_letter WHERE state = 2 AND finished < ?1)",
	    "DELETE FROM queue_returned WHERE letter IN (SELECT id FROM"
	    " queue_letter WHERE state = 2 AND finished < ?1)",
	    "DELETE FROM queue_letter WHERE state = 2 AND finished < ?1",
	};
	struct store_slot *slot[] = { &rcpts, &attempts, &reports, &letters };
	enum store_err rc = STORE_OK;
	size_t i;

	for (i = 0; i < 4 && rc == STORE_OK; i++)
		rc = store_do(st, STORE_NODE, slot[i], sql[i], "i",
		    clock_wall_s() - QUEUE_KEEP_S);
	st->queue->cleaned_s = clock_wall_s();
	return rc;
}

/*
 * In another file than it had node.db was copied, or (-1) store.db was: a
 * backup was put back, and what it has to send may have been sent since.
 */
static enum store_err
hold_restored(struct store *st)
{
	static const char why[] =
	    "put back from a backup: it may have been sent since";
	static struct store_slot held, kept;
	struct db_file f = db_file(st->conf->home, &schemas[STORE_NODE]);
	struct sqlite3 *db = st->db[STORE_NODE];
	enum store_err rc;
	int64_t was = 0;

	rc = db_get(db, "SELECT value FROM setting WHERE name = 'file'",
	    &was);
	if (rc != STORE_OK || db_file_is(&f, was))
		return rc;
	if (was != 0)
		rc = store_do(st, STORE_NODE, &held, "UPDATE queue_letter SET"
		    " state = ?1, why = ?2 WHERE state = ?3", "isi",
		    (int64_t)QUEUE_HELD, why, (int64_t)QUEUE_ACTIVE);
	if (rc == STORE_OK && was != 0 && sqlite3_changes(db) > 0)
		store_alarm(st, "the queue was put back from a backup: held");
	return rc != STORE_OK ? rc : store_do(st, STORE_NODE, &kept,
	    "REPLACE INTO setting(name, value) VALUES('file', ?1)", "i",
	    f.id);
}

enum store_err
queue_open_store(struct store *st)
{
	static const char sub[] = "/queue";
	struct queue_store *q = calloc(1, sizeof *q);
	enum store_err rc = STORE_NOMEM;
	size_t size = strlen(st->conf->home) + sizeof sub;

	if (q == NULL)
		return rc;
	q->st = st;
	st->queue = q;
	q->dir = malloc(size);
	if (q->dir == NULL)
		goto out;
	snprintf(q->dir, size, "%s%s", st->conf->home, sub);
	if (mkdir(q->dir, 0700) == -1 && errno != EEXIST) {
		rc = store_err_errno(errno);
		goto out;
	}
	rc = hold_restored(st);
	if (rc == STORE_OK)
		rc = scan(st);
	if (rc == STORE_OK)
		rc = queue_clean(st);
out:
	if (rc != STORE_OK)
		queue_close_store(st);
	return rc;
}

void
queue_close_store(struct store *st)
{
	if (st->queue == NULL)
		return;
	queue_gone(st, NULL);
	free(st->queue->dir);
	free(st->queue);
	st->queue = NULL;
}

void
queue_gone(struct store *st, struct op_peer *p)
{
	struct queue_store *q = st->queue;

	if (q == NULL)
		return;
	submit_gone(st, p);
	if (p == NULL || p == q->sender) {
		q->sender = NULL;
		memset(q->claim, 0, sizeof q->claim);
	}
}
