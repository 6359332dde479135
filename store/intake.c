#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/append_many.h"
#include "store/intent.h"
#include "store/job.h"
#include "store/op_event.h"
#include "store/parts.h"

enum {
	RECORD_BODY_MAX = CHAN_DATA_MAX - 4096,	/* octets sent inline */
	INTAKE_RETRY_MS = 2000
};

static const char alarm_file[] =
    "mail cannot be filed: it waits in the spool";

/* ---- queues ---- */

void
jobs_put(struct queue_of_jobs *q, struct job *j)
{
	j->qnext = NULL;
	*q->last = j;
	q->last = &j->qnext;
}

void
jobs_put_first(struct queue_of_jobs *q, struct job *j)
{
	j->qnext = q->first;
	if (q->first == NULL)
		q->last = &j->qnext;
	q->first = j;
}

struct job *
jobs_take(struct queue_of_jobs *q)
{
	struct job *j = q->first;

	if (j == NULL)
		return NULL;
	q->first = j->qnext;
	if (q->first == NULL)
		q->last = &q->first;
	return j;
}

static void
jobs_remove(struct queue_of_jobs *q, const struct job *j)
{
	struct job **p;

	for (p = &q->first; *p != NULL && *p != j; )
		p = &(*p)->qnext;
	if (*p == NULL)
		return;
	*p = j->qnext;
	if (*p == NULL)
		q->last = p;
}

/* ---- jobs ---- */

struct job *
job_new(struct store *st, enum job_kind kind)
{
	struct intake *in = st->intake;
	struct job *j = calloc(1, sizeof *j);

	if (j == NULL)
		return NULL;
	j->st = st;
	j->kind = kind;
	j->fd = -1;
	buf_init(&j->mem, PARSE_ANSWER_MAX);
	j->prev = &in->jobs;
	j->next = in->jobs;
	if (j->next != NULL)
		j->next->prev = &j->next;
	in->jobs = j;
	in->nspool += kind == JOB_SPOOL;
	in->nfound += kind == JOB_FOUND;
	in->nappend += kind == JOB_APPEND;
	return j;
}

static void
in_vain(struct job *j)
{
	j->st->intake->nvain += !j->vain;
	j->vain = true;
	store_alarm(j->st, alarm_file);
}

/* Filed after all, or gone: the alarm is over with the last of them. */
static void
not_in_vain(struct job *j)
{
	if (!j->vain)
		return;
	j->vain = false;
	if (--j->st->intake->nvain == 0)
		store_clear(j->st, alarm_file);
}

void
job_free(struct job *j)
{
	struct intake *in = j->st->intake;

	not_in_vain(j);
	batch_left(j);
	job_unlist(j);
	*j->prev = j->next;
	if (j->next != NULL)
		j->next->prev = j->prev;
	in->nspool -= j->kind == JOB_SPOOL && !j->alone;
	in->nfound -= j->kind == JOB_FOUND;
	in->nappend -= j->kind == JOB_APPEND;
	if (j->fd != -1)
		close(j->fd);
	parse_row_clear(&j->parsed);
	buf_clear(&j->mem);
	free(j);
}

void
job_later(struct job *j)
{
	struct intake *in = j->st->intake;

	if (!in->retry.armed)
		loop_arm(j->st->loop, &in->retry, INTAKE_RETRY_MS);
}

/* A UID and a name; STORE_BUSY while the mailbox has none to give.  Who waits
 * for an answer is not kept, when a full disk is why there are none. */
enum store_err
job_place(struct job *j)
{
	struct box *b = box_by_id(j->st, j->mbox);
	struct maildir_name n;
	char base[MAILDIR_REL_MAX];
	enum store_err rc, refused;

	if (b == NULL)
		return STORE_NOTFOUND;
	refused = j->waited ? b->refused : STORE_OK;
	j->uid = box_uid(j->st, b);
	j->waited = j->kind == JOB_APPEND;
	if (j->uid == 0)
		return refused != STORE_OK ? refused : STORE_BUSY;
	/* An entry of this very turn has its UID, though no commit yet. */
	j->behind = j->kind == JOB_SPOOL && !j->alone ? j->entry :
	    spool_last(j->st);
	if (j->kind == JOB_SPOOL)
		j->flags |= box_flags(b);
	if (j->kind == JOB_FOUND && !j->changed &&
	    maildir_parse(j->old, &n) &&
	    maildir_make(j->rel, sizeof j->rel, n.base, n.nbase,
	    b->uidvalidity, j->uid, n.flags, n.extra, n.is_new) == STORE_OK) {
		job_list(j, b);
		return STORE_OK;
	}
	rc = maildir_base(base, sizeof base, j->received,
	    j->st->conf->hostname, j->size);
	if (rc == STORE_OK)
		rc = maildir_make(j->rel, sizeof j->rel, base, strlen(base),
		    b->uidvalidity, j->uid, j->flags, "",
		    j->kind == JOB_SPOOL);
	if (rc == STORE_OK)
		job_list(j, b);
	return rc;
}

/* ---- filing ---- */

static void
filed(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct job *j = arg;
	struct store *st = j->st;
	struct maildir_name n;
	char rel[MAILDIR_REL_MAX];

	(void)fd;
	j->sent = false;
	if (status == OP_OK && file_rel_get(in, rel) &&
	    maildir_parse(rel, &n)) {
		/* A redo may find it renamed by its reader. */
		memcpy(j->rel, rel, sizeof rel);
		j->flags = n.flags;
		not_in_vain(j);
		if (batch_filed(j))
			return;
		if (j->kind == JOB_APPEND)
			job_ready(j);
		else
			job_parse(j);
		return;
	}
	if (j->kind == JOB_APPEND) {
		job_fail(j, status == OP_GONE ? STORE_GONE :
		    (enum store_err)status);
		return;
	}
	if (j->kind == JOB_FOUND && status == STORE_NOTFOUND) {
		job_free(j);
		return;
	}
	if (status != OP_GONE)
		in_vain(j);
	j->redo = true;
	jobs_put(&st->intake->to_file, j);
	job_later(j);
}

static int
send_put(struct job *j, const struct box *b, struct file_put *p, int fd)
{
	struct buf args;
	int rc;

	p->folder = b->name;
	p->rel = j->rel;
	p->redo = j->redo;
	p->received = j->received;
	buf_init(&args, CHAN_DATA_MAX);
	file_put_put(&args, p);
	rc = ask_send(j->st->filer, FILE_PUT, &args, fd, filed, j);
	buf_clear(&args);
	return rc;
}

/* Too large for a record: as a file that lies nowhere. */
static int
send_in_memory(struct job *j, const struct box *b, struct file_put *p)
{
	const uint8_t *at = p->body;
	size_t left = (size_t)p->nbody;
	ssize_t n;
	int fd, rc = -1;

	fd = memfd_create("body", MFD_CLOEXEC);
	if (fd == -1)
		return -1;
	while (left > 0) {
		n = write(fd, at, left);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += n;
		left -= (size_t)n;
	}
	p->body = NULL;
	if (left == 0)
		rc = send_put(j, b, p, fd);
	close(fd);
	return rc;
}

int
job_send_entry(struct job *j, const struct box *b,
    const struct spool_entry *e)
{
	struct file_put p = { .head = e->head, .nhead = e->nhead,
	    .body = e->body, .nbody = e->nbody };
	struct stat st;
	int fd, rc;

	if (e->file == 0 && e->nhead + e->nbody <= RECORD_BODY_MAX)
		return send_put(j, b, &p, -1);
	if (e->file == 0)
		return send_in_memory(j, b, &p);
	fd = spool_body(j->st, e->file);
	j->lost = fd == -1 && errno == ENOENT;
	if (fd == -1 || fstat(fd, &st) == -1) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	p.nbody = (uint64_t)st.st_size;
	rc = send_put(j, b, &p, fd);
	close(fd);
	return rc;
}

static int
send_found(struct job *j, const struct box *b)
{
	const struct file_move m = { b->name, j->old, b->name, j->rel,
	    false };
	struct buf args;
	int rc;

	buf_init(&args, CHAN_DATA_MAX);
	file_move_put(&args, &m);
	rc = ask_send(j->st->filer, FILE_MOVE, &args, -1, filed, j);
	buf_clear(&args);
	return rc;
}

static int
send_job(struct job *j, const struct box *b)
{
	struct file_put p = { .nbody = j->size };
	struct spool_entry e;

	switch (j->kind) {
	case JOB_SPOOL:
		if (spool_next(j->st, j->entry - 1, &e) != STORE_OK ||
		    e.id != j->entry)
			return -1;
		return job_send_entry(j, b, &e);
	case JOB_APPEND:
		return send_put(j, b, &p, j->fd);
	case JOB_FOUND:
	default:
		return send_found(j, b);
	}
}

/* Somebody removed the body below us.  The entry is given up by name, lest
 * everything behind it waits for ever. */
static void
body_lost(struct job *j)
{
	struct store *st = j->st;
	char text[128];

	snprintf(text, sizeof text,
	    "accepted message %s: its body is gone from the spool", j->trace);
	store_alarm(st, text);
	event_add(st, j->trace, "", "lost", "its file is gone from the spool");
	(void)spool_done(st, j->entry, 0, j->size);
	job_free(j);
}

void
job_file(struct job *j)
{
	struct box *b = box_by_id(j->st, j->mbox);

	if (batch_dead(j))
		return;
	if (b == NULL) {
		job_fail(j, STORE_NOTFOUND);
		return;
	}
	if (j->uid == 0 && j->kind == JOB_APPEND &&
	    ((j->known && job_known(j)) || !job_placed(j)))
		return;
	j->early = j->early && intent_put_may(j->st, j->size);
	if (j->early) {
		job_ready(j);
		return;
	}
	if (j->st->filer != NULL && send_job(j, b) == 0) {
		j->sent = true;
		return;
	}
	if (j->lost) {
		body_lost(j);
		return;
	}
	jobs_put(&j->st->intake->to_file, j);
	job_later(j);
}

static void
again(void *arg)
{
	struct store *st = arg;
	struct queue_of_jobs q = st->intake->to_file;
	struct job *j;

	intake_elsewhere(st);
	if (q.first == NULL)
		q.last = &q.first;
	st->intake->to_file.first = NULL;
	st->intake->to_file.last = &st->intake->to_file.first;
	while ((j = jobs_take(&q)) != NULL)
		job_file(j);
	while ((j = jobs_take(&st->intake->unread)) != NULL)
		job_parse(j);
	intake_rows(st);
}

/* ---- comings and goings ---- */

void
intake_gone(struct store *st, struct op_peer *p)
{
	struct job *j;

	for (j = st->intake->jobs; j != NULL; j = j->next) {
		if (j->peer == p)
			j->peer = NULL;
		batch_gone(j, p);
	}
}

void
intake_forget(struct store *st, const struct box *b)
{
	struct intake *in = st->intake;
	struct job *j, *next;

	for (j = in->jobs; j != NULL; j = next) {
		next = j->next;
		if (j->mbox != b->id)
			continue;
		job_unlist(j);
		if (j->sent || j->commits)
			continue;	/* its answer ends it */
		jobs_remove(&in->to_file, j);
		jobs_remove(&in->to_parse, j);
		jobs_remove(&in->unread, j);
		jobs_remove(&in->rows, j);
		jobs_remove(&in->to_place, j);
		job_fail(j, STORE_NOTFOUND);
		next = in->jobs;	/* others may have gone with it */
	}
}

void
intake_filer(struct store *st)
{
	loop_disarm(st->loop, &st->intake->retry);
	again(st);
}

int
intake_root(const struct store *st)
{
	return st->intake->root;
}

enum store_err
intake_open(struct store *st)
{
	struct intake *in = st->intake = calloc(1, sizeof *in);

	if (in == NULL)
		return STORE_NOMEM;
	in->to_file.last = &in->to_file.first;
	in->to_parse.last = &in->to_parse.first;
	in->rows.last = &in->rows.first;
	in->to_place.last = &in->to_place.first;
	in->unread.last = &in->unread.first;
	in->retry = (struct loop_timer){ .fn = again, .arg = st };
	in->gather = (struct loop_timer){ .fn = intake_gathered, .arg = st };
	in->idle = (struct loop_timer){ .fn = intake_idle, .arg = st };
	in->gather_rows = (struct loop_timer){ .fn = intake_rows_waited,
	    .arg = st };
	in->old = spool_committed(st);
	in->root = open(st->conf->maildir, O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC);
	return in->root != -1 ? STORE_OK : store_err_errno(errno);
}

void
intake_close(struct store *st)
{
	struct intake *in = st->intake;
	struct job *j;

	if (in == NULL)
		return;
	loop_disarm(st->loop, &in->retry);
	loop_disarm(st->loop, &in->idle);
	loop_disarm(st->loop, &in->gather);
	for (j = in->jobs; j != NULL; j = j->next)
		batch_gone(j, NULL);
	while (in->jobs != NULL)
		job_free(in->jobs);
	if (in->root != -1)
		close(in->root);
	free(in);
	st->intake = NULL;
}
