#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/append_many.h"
#include "store/db.h"
#include "store/change.h"
#include "store/fan.h"
#include "store/intent.h"
#include "store/job.h"
#include "store/op_event.h"
#include "store/op_watch.h"
#include "store/parts.h"
#include "store/row.h"
#include "store/rule.h"
#include "store/tag.h"

enum { ROW_TRIES = 5 };

/* ---- the order of UIDs ---- */

void
job_list(struct job *j, struct box *b)
{
	struct job **p = &b->first;

	/* Nearly always the last. */
	if (b->tail != NULL && b->tail->uid < j->uid)
		p = &b->tail->bnext;
	while (*p != NULL && (*p)->uid < j->uid)
		p = &(*p)->bnext;
	j->bnext = *p;
	*p = j;
	if (j->bnext == NULL)
		b->tail = j;
	j->listed = true;
}

void
job_unlist(struct job *j)
{
	struct job **p, *before = NULL;
	struct box *b;

	if (!j->listed)
		return;
	j->listed = false;
	b = box_by_id(j->st, j->mbox);
	if (b == NULL)
		return;
	for (p = &b->first; *p != NULL && *p != j; p = &before->bnext)
		before = *p;
	if (*p == NULL)
		return;
	*p = j->bnext;
	if (b->tail == j)
		b->tail = before;
}

void
job_ready(struct job *j)
{
	j->ready = true;
	if (!j->listed)
		jobs_put(&j->st->intake->rows, j);
}

bool
intake_settled(const struct store *st, const struct box *b)
{
	return b->first == NULL &&
	    spool_last(st) <= st->intake->cursor;
}

/* ---- the row ---- */

static void
story(struct job *j, const struct box *b)
{
	char text[EVENT_TEXT_MAX], key[EVENT_ADDR_MAX];

	if (j->trace[0] == '\0')
		return;
	snprintf(key, sizeof key, "<%.500s>", j->parsed.msgid);
	snprintf(text, sizeof text, "folder=%s uid=%u from=%.200s "
	    "subject=%.300s", b->name, (unsigned int)j->uid, j->parsed.from,
	    j->parsed.subject);
	event_add(j->st, j->trace, key, "filed", text);
}

/* Only what came from the spool, and is not a copy of our own letter. */
static void
delivered(struct job *j, const struct box *b)
{
	struct store_delivered d = { .trace = j->trace, .folder = b->name,
	    .rel = j->rel, .from = j->parsed.from,
	    .subject = j->parsed.subject, .msgid = j->parsed.msgid };

	if (j->kind == JOB_SPOOL && box_flags(b) == 0 &&
	    j->st->delivered != NULL)
		j->st->delivered(j->st->arg, &d);
}

static void
reply(struct job *j, enum store_err rc)
{
	struct box *b = box_by_id(j->st, j->mbox);
	struct buf out;

	if (j->peer == NULL || j->id == 0)
		return;
	buf_init(&out, 256);
	if (rc == STORE_OK || rc == STORE_EXISTS) {
		chan_put_u32(&out, rc == STORE_OK);
		chan_put_u64(&out, j->mbox);
		chan_put_u32(&out, b != NULL ? b->uidvalidity : 0);
		chan_put_u32(&out, j->uid);
		chan_put_u32(&out, j->uid);
		chan_put_u64(&out, b != NULL ? b->modseq : 0);
		chan_put_u64(&out, j->row);
	}
	op_reply(j->peer, j->type, j->id, (uint16_t)rc, &out, -1);
	buf_clear(&out);
}

/* The end of a job that comes to nothing; what was accepted is filed
 * somewhere else then. */
void
job_fail(struct job *j, enum store_err rc)
{
	if (j->kind == JOB_SPOOL) {
		job_elsewhere(j);
		return;
	}
	if (batch_failed(j, rc))
		return;
	if (j->kind == JOB_APPEND)
		reply(j, rc);
	job_free(j);
}

/* Its file stands, or stood: the spool need not keep it. */
void
job_done(struct job *j)
{
	(void)spool_done(j->st, j->entry, j->file, j->size);
	job_free(j);
}

static void	listed(void *arg, enum store_err rc);

/* Its row stands; what failed here is tried again with it. */
static void
fanned(void *arg, enum store_err rc)
{
	struct job *j = arg;

	j->commits = false;
	if (rc == STORE_OK) {
		j->fans = false;
		listed(j, STORE_OK);
		return;
	}
	job_ready(j);
	job_later(j);
}

/* Where else it goes; only when that is durable may the spool forget it. */
static void
fan(struct job *j, const struct box *b)
{
	enum store_err rc = store_begin(j->st, STORE_NODE);
	struct fan f = { .entry = j->entry, .mbox = b->id, .row = j->row,
	    .uidvalidity = b->uidvalidity, .uid = j->uid, .trace = j->trace,
	    .msgid = j->parsed.msgid, .subject = j->parsed.subject,
	    .hash = j->parsed.hash };

	if (rc == STORE_OK)
		rc = fan_out(j->st, &f);
	if (rc == STORE_OK)
		rc = store_after(j->st, STORE_BIT(STORE_NODE), fanned, j);
	j->commits = rc == STORE_OK;
	if (rc != STORE_OK)
		fanned(j, rc);
}

static void
listed(void *arg, enum store_err rc)
{
	struct job *j = arg;
	struct store *st = j->st;
	uint64_t old = j->replaces;
	struct mail_set set = { .id = &old, .n = 1 };
	struct box *b = box_by_id(st, j->mbox);

	j->commits = false;
	if (rc != STORE_OK) {
		j->row = 0;
		job_ready(j);
		job_later(j);
		return;
	}
	if (b == NULL) {	/* its mailbox went, and took it along */
		job_fail(j, STORE_NOTFOUND);
		return;
	}
	if (!j->told) {
		story(j, b);
		delivered(j, b);
		j->told = true;
	}
	if (j->fans) {
		fan(j, b);
		return;
	}
	if (j->kind == JOB_SPOOL)
		(void)spool_done(st, j->entry, j->file, j->size);
	if (old != 0)
		(void)mail_expunge_now(st, &set);
	if (j->kind == JOB_APPEND)
		reply(j, STORE_OK);
	job_free(j);
}

/* Tags from the caller are new to the content; else it has what it had. */
static enum store_err
tags(struct job *j)
{
	struct tag_change none = { .tags = false };
	char sorted[MAIL_TAGS_MAX];
	enum store_err rc;

	if (j->tags[0] != '\0') {
		rc = tag_change_apply(&none, j->tags, sorted, sizeof sorted);
		if (rc != STORE_OK)
			return rc;
		memcpy(j->tags, sorted, sizeof sorted);
		return tag_put(j->st, j->parsed.hash, j->tags);
	}
	return j->exact ? STORE_OK :
	    tag_get(j->st, j->parsed.hash, j->tags);
}

static enum store_err
insert(struct job *j, struct box *b)
{
	struct row_new n = { .mbox = b->id, .uid = j->uid,
	    .flags = j->flags, .received = j->received, .name = j->rel,
	    .tags = j->tags, .index = true };
	struct row_at at;
	enum store_err rc;

	/* Listed before a crash that came before the spool knew. */
	if (row_at_uid(j->st->rows, b->id, j->uid, &at) == 0) {
		j->row = at.id;
		return STORE_OK;
	}
	n.modseq = box_modseq(j->st, b);
	if (n.modseq == 0)
		return STORE_BUSY;
	rc = tags(j);
	if (rc == STORE_OK)
		rc = store_result(j->st, STORE_CACHE,
		    row_add(j->st->rows, &n, &j->parsed, &j->row));
	return rc == STORE_OK ? job_senders(j, b) : rc;
}

/* The owner's rules are for news that is no junk, his programs for junk,
 * too: they may know better. */
static unsigned int
todo_of(const struct job *j, const struct box *b)
{
	unsigned int todo = 0;

	if (j->kind != JOB_SPOOL || box_flags(b) != 0 ||
	    strcmp(b->name, "Rejects") == 0)
		return 0;
	if (j->st->conf->deliver)
		todo |= RULE_DELIVER;
	if (j->st->conf->nrules > 0 && strcmp(b->name, "Junk") != 0)
		todo |= RULE_MATCH;
	if ((j->parsed.flags & PARSE_REPORT) != 0)
		todo |= RULE_REPORT;
	return todo;
}

/* In one commit with the row: neither without the other. */
static enum store_err
note_rules(struct job *j, const struct box *b)
{
	struct rule_row r = { .uidvalidity = b->uidvalidity, .uid = j->uid,
	    .msg = j->row, .entry = j->entry, .todo = todo_of(j, b) };
	struct spool_entry e;
	enum store_err rc;

	if (r.todo == 0)
		return STORE_OK;
	rc = spool_next(j->st, j->entry - 1, &e);
	if (rc != STORE_OK || e.id != j->entry)
		return rc == STORE_NOTFOUND || rc == STORE_OK ? STORE_OK : rc;
	/* Our own queue's notices repeat what it knows. */
	if (e.own)
		r.todo &= ~(unsigned int)RULE_REPORT;
	if (r.todo == 0)
		return STORE_OK;
	memcpy(r.hash, j->parsed.hash, sizeof r.hash);
	memcpy(r.trace, j->trace, sizeof r.trace);
	snprintf(r.msgid, sizeof r.msgid, "%s", j->parsed.msgid);
	snprintf(r.sender, sizeof r.sender, "%s", e.sender);
	snprintf(r.given, sizeof r.given, "%.*s", (int)strcspn(e.rcpt, " \n"),
	    e.rcpt);
	snprintf(r.verdict, sizeof r.verdict, "%s", e.verdict);
	r.own = e.own;
	r.stays = e.stays;
	watch_note(j->st, WATCH_INDEX, 0, 0);
	if ((r.todo & RULE_FIRST) != 0)
		rule_kick(j->st);
	return rule_note(j->st, &r);
}

/* In one commit with the row: it promises a file. */
static enum store_err
file_behind(struct job *j, const struct box *b)
{
	struct intent in = { .kind = INTENT_PUT, .duid = j->uid,
	    .received = j->received };

	memcpy(in.dbox, b->name, sizeof in.dbox);
	memcpy(in.drel, j->rel, sizeof in.drel);
	memcpy(in.tags, j->tags, sizeof in.tags);
	return intent_put(j->st, &in, j->fd, (size_t)j->size);
}

/* One bad row must not undo the others of the turn.  False: not now; else j
 * may be gone. */
static bool
add_row(struct job *j, struct box *b)
{
	struct store *st = j->st;
	enum store_err rc;

	rc = store_begin(st, STORE_CACHE);
	if (rc == STORE_OK)
		rc = store_mark(st, STORE_CACHE, STORE_MARK_SET);
	if (rc == STORE_OK) {
		rc = insert(j, b);
		if (rc == STORE_OK)
			rc = note_rules(j, b);
		if (rc == STORE_OK && j->early)
			rc = file_behind(j, b);
		if (rc != STORE_OK)
			(void)store_mark(st, STORE_CACHE, STORE_MARK_BACK);
		(void)store_mark(st, STORE_CACHE, STORE_MARK_DROP);
	}
	j->ready = false;
	if (rc == STORE_OK)
		rc = store_after(st, STORE_BIT(STORE_CACHE) |
		    STORE_BIT(STORE_NODE), listed, j);
	j->commits = rc == STORE_OK;
	if (rc == STORE_OK)
		return true;
	j->row = 0;
	/* What passes is waited for. */
	if (rc != STORE_BUSY && rc != STORE_NOSPACE && rc != STORE_NOMEM &&
	    ++j->tries >= ROW_TRIES) {
		store_alarm(st, "a message cannot be listed: "
		    "mailnode fsck names it");
		event_add(st, j->trace, "", "unlisted", j->rel);
		if (j->kind == JOB_SPOOL)
			job_done(j);
		else
			job_fail(j, rc);
		return true;
	}
	job_ready(j);
	job_later(j);
	return false;
}

/* What it waits for came; or it never will, as its commit failed. */
static bool
has_turn(const struct store *st, const struct job *j)
{
	return j->behind <= st->intake->cursor ||
	    spool_last(st) <= st->intake->cursor;
}

static void
rows_of(struct store *st, struct box *b)
{
	struct job *j;

	while ((j = b->first) != NULL && j->ready && has_turn(st, j)) {
		job_unlist(j);
		if (!add_row(j, b))
			break;
	}
}

/* A commit writes some thirty pages, for one row as for many, and the answers
 * of a parser come one by one: what was read waits a moment for what is. */
void
intake_rows_wait(struct store *st)
{
	struct intake *in = st->intake;

	if (in->parsing > 0 && !in->gather_rows.armed)
		loop_arm(st->loop, &in->gather_rows, INTAKE_ROWS_MS);
}

void
intake_rows_waited(void *arg)
{
	(void)arg;		/* the turn behind it is all that is wanted */
}

static bool
more_come(struct store *st)
{
	struct intake *in = st->intake;

	if (in->parsing > 0 && in->gather_rows.armed)
		return true;
	loop_disarm(st->loop, &in->gather_rows);
	return false;
}

void
intake_rows(struct store *st)
{
	struct queue_of_jobs q = st->intake->rows;
	struct box *b;
	struct job *j;
	size_t i;

	if (more_come(st))
		return;
	st->intake->rows.first = NULL;
	st->intake->rows.last = &st->intake->rows.first;
	if (q.first == NULL)
		q.last = &q.first;
	while ((j = jobs_take(&q)) != NULL) {
		b = box_by_id(st, j->mbox);
		if (b == NULL)
			job_fail(j, STORE_NOTFOUND);
		else
			(void)add_row(j, b);
	}
	for (i = 0; i < box_count(st); i++)
		rows_of(st, box_at(st, i));
}
