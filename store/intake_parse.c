/*
 * Handing files to a parser, many at a time, answers in order.  A parser
 * that dies is replaced; a file that kills two is listed unread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "store/append_many.h"
#include "store/job.h"
#include "store/mime_place.h"
#include "store/op_event.h"
#include "store/parts.h"
#include "store/queue.h"
#include "store/row.h"

enum {
	PARSE_UNDER_WAY = 64,
	PARSE_TRIES = 2,
	READ_TRIES = 4,		/* of a disk that fails; those behind it wait
				   for them */
	READ_MS = 1000,		/* between two that count: turns may follow
				   each other at once */
	PARSE_IDLE_MS = 20000,	/* then the parser may go */
	PARSE_WANT_MS = 10000	/* no parser yet: ask once more */
};

void
job_parse(struct job *j)
{
	jobs_put(&j->st->intake->to_parse, j);
}

static const char unparsed[] = "a message cannot be parsed: it is listed as"
    " such";
#define UNPARSED_ID	"unparsed."	/* what its Message-ID begins with */

/* The alarm is over when no such message is there, nor on its way. */
void
intake_look(struct store *st)
{
	static struct store_slot slot;
	struct intake *in = st->intake;

	if (!in->unparsed || in->jobs != NULL || store_int(st, STORE_CACHE,
	    &slot, "SELECT EXISTS(SELECT 1 FROM msg WHERE msgid >= ?1 AND"
	    " msgid < ?2)", "ss", UNPARSED_ID, "unparsed/") != 0)
		return;
	in->unparsed = false;
	store_clear(st, unparsed);
}

/* A row for what nobody can read: the file is kept and can be opened. */
static void
unread(struct job *j)
{
	static const char subject[] = "(this message cannot be parsed)";
	char msgid[64];
	struct parse_row p;
	struct chan_in in;
	struct buf b;

	memset(&p, 0, sizeof p);
	snprintf(msgid, sizeof msgid, UNPARSED_ID "%llu.%u@mailnode.invalid",
	    (unsigned long long)j->mbox, (unsigned int)j->uid);
	p.flags = PARSE_CUT | PARSE_NOHEAD | PARSE_NODATE;
	p.size = p.wire = j->size;
	memcpy(p.hash, msgid, sizeof p.hash < sizeof msgid ?
	    sizeof p.hash : sizeof msgid);
	p.msgid = msgid;
	p.subject = p.base = subject;
	p.irt = p.refs = p.from = p.to = p.cc = p.author = p.list_id =
	    p.snippet = "";
	p.env = p.body = p.parts = (const uint8_t *)"";
	buf_init(&b, CHAN_DATA_MAX);
	parse_row_put(&b, &p);
	chan_in_init(&in, b.data, b.len);
	(void)parse_row_get(&in, &j->parsed);
	buf_clear(&b);
	event_add(j->st, j->trace, "", "unparsed", j->rel);
	store_alarm(j->st, unparsed);
	j->st->intake->unparsed = true;
	job_parsed(j);
}

/* Whether n octets of two files are the same. */
static bool
same_octets(int a, uint64_t at_a, int b, uint64_t at_b, uint64_t n)
{
	enum { PIECE = 32 * 1024 };
	char x[PIECE], y[PIECE];
	size_t part;

	for (; n > 0; n -= part, at_a += part, at_b += part) {
		part = n < PIECE ? (size_t)n : PIECE;
		if (pread(a, x, part, (off_t)at_a) != (ssize_t)part ||
		    pread(b, y, part, (off_t)at_b) != (ssize_t)part ||
		    memcmp(x, y, part) != 0)
			return false;
	}
	return true;
}

/* Octets of a body of n at `at`, without the end of its last line: SMTP adds
 * one where there is none. */
static uint64_t
without_end(int fd, uint64_t at, uint64_t n)
{
	char end[2];
	size_t k = n < 2 ? (size_t)n : 2;

	if (k == 0 || pread(fd, end, k, (off_t)(at + n - k)) != (ssize_t)k ||
	    end[k - 1] != '\n')
		return n;
	return n - (k == 2 && end[0] == '\r' ? 2 : 1);
}

/* The body of a row's message is that of the job's. */
static bool
same_body(struct job *j, const struct row_at *at)
{
	struct box *b = box_by_id(j->st, at->mbox);
	struct mime_place mine, its;
	struct stat sb;
	struct buf parts;
	bool same = false;
	uint64_t n;
	int fd;

	buf_init(&parts, CHAN_DATA_MAX);
	fd = b != NULL ? maildir_open(j->st->intake->root, b->name, at->name,
	    NULL) : -1;
	if (fd != -1 && fstat(fd, &sb) == 0 &&
	    row_parts(j->st->rows, at->id, &parts) == 0 &&
	    mime_place(parts.data, parts.len, 0, (uint64_t)sb.st_size, &its) &&
	    mime_place(j->parsed.parts, j->parsed.nparts, 0, j->size, &mine)) {
		n = without_end(j->fd, mine.body, mine.nbody);
		same = n == without_end(fd, its.body, its.nbody) &&
		    same_octets(j->fd, mine.body, fd, its.body, n);
	}
	if (fd != -1)
		close(fd);
	buf_clear(&parts);
	return same;
}

/*
 * A letter that stands there already: of that Message-ID and with that body.
 * Its header may differ, as ours has no Bcc; and an id alone says little,
 * since clients send one letter in several under one.
 */
static bool
stands_there(struct job *j)
{
	struct row_at at = { .uid = 0 };

	do {
		if (row_by_msgid(j->st->rows, j->mbox, j->parsed.msgid,
		    at.uid, &at) != 0)
			return false;
	} while (!same_body(j, &at));
	j->row = at.id;
	j->uid = at.uid;
	return true;
}

enum { PAUSE_MS = 10, PAUSES = 1000 };

/* Clients bring their copy at once: ours may still be on its way there. */
bool
job_known(struct job *j)
{
	const struct box *b = box_by_id(j->st, j->mbox);

	if (stands_there(j)) {
		job_fail(j, STORE_EXISTS);
		return true;
	}
	if (b == NULL || (intake_settled(j->st, b) &&
	    !queue_copies(j->st, j->parsed.msgid)) || ++j->tries >= PAUSES)
		return false;
	jobs_put(&j->st->intake->to_file, j);
	loop_arm(j->st->loop, &j->st->intake->retry, PAUSE_MS);
	return true;
}

/* A new mailbox has its first UIDs in a moment. */
bool
job_placed(struct job *j)
{
	enum store_err rc = job_place(j);

	if (rc == STORE_BUSY && ++j->tries < PAUSES) {
		jobs_put(&j->st->intake->to_file, j);
		loop_arm(j->st->loop, &j->st->intake->retry, PAUSE_MS);
	} else if (rc != STORE_OK)
		job_fail(j, rc);
	return rc == STORE_OK;
}

/* Read, and held against what it was: the same, or a message of its own. */
static void
checked(struct job *j)
{
	bool same = memcmp(j->was, j->parsed.hash, sizeof j->was) == 0;

	parse_row_clear(&j->parsed);
	memset(&j->parsed, 0, sizeof j->parsed);
	buf_reset(&j->mem);
	if (same) {
		job_free(j);
		return;
	}
	memcpy(j->old, j->rel, sizeof j->old);
	j->changed = true;
	if (job_place(j) != STORE_OK) {
		/* No UID to give yet: once more, with what it is then. */
		j->changed = false;
		jobs_put(&j->st->intake->to_parse, j);
		return;
	}
	j->check = false;
	job_file(j);
}

/* The same is on its way: whether it gets there is not known yet. */
static bool
comes_already(const struct job *j)
{
	const struct job *o;

	for (o = j->st->intake->jobs; o != NULL; o = o->next)
		if (o != j && o->kind == JOB_APPEND && o->mbox == j->mbox &&
		    memcmp(o->parsed.hash, j->parsed.hash,
		    sizeof j->parsed.hash) == 0)
			return true;
	return false;
}

void
job_parsed(struct job *j)
{
	uint64_t id;

	if (j->check) {
		checked(j);
		return;
	}
	if (j->kind != JOB_APPEND) {
		job_ready(j);
		intake_rows_wait(j->st);
		return;
	}
	if (batch_parsed(j))
		return;
	if (j->once && row_by_hash(j->st->rows, j->mbox, j->parsed.hash,
	    &id) == 0 && id != 0) {
		j->row = id;
		job_fail(j, STORE_EXISTS);
		return;
	}
	if (j->once && comes_already(j)) {
		job_fail(j, STORE_BUSY);
		return;
	}
	j->tries = 0;
	job_file(j);
}

/* A listed one stays what it was. */
static void
give_up(struct job *j)
{
	if (j->check)
		job_free(j);
	else
		unread(j);
}

static void
parsed(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct job *j = arg;
	struct store *st = j->st;

	st->intake->parsing--;
	j->sent = false;
	if (box_by_id(st, j->mbox) == NULL) {
		job_fail(j, STORE_NOTFOUND);
		return;
	}
	if (status == OP_OK && parse_answer(in, fd, &j->mem) &&
	    parse_row_get(in, &j->parsed)) {
		job_parsed(j);
		return;
	}
	/* The disk failed, which says nothing of the message. */
	if (status == STORE_IO && ++j->tries < READ_TRIES) {
		jobs_put(&st->intake->unread, j);
		job_later(j);
		return;
	}
	if (status == STORE_IO) {
		give_up(j);
		return;
	}
	/* The one in front is what a parser died of; those behind it only
	 * shared its fate. */
	if (status != OP_GONE || !st->intake->blamed)
		j->tries++;
	st->intake->blamed = status == OP_GONE;
	if (j->tries >= PARSE_TRIES)
		unread(j);
	else
		jobs_put(&st->intake->to_parse, j);
}

/* The file of a job.  -1 with errno: it went away, the disk fails, or there
 * was no descriptor. */
static int
open_file(struct job *j)
{
	struct box *b = box_by_id(j->st, j->mbox);
	struct maildir_name n;
	struct stat sb;
	char rel[MAILDIR_REL_MAX];
	int fd;

	if (j->kind == JOB_APPEND)
		return dup(j->fd);
	errno = ENOENT;
	if (b == NULL)
		return -1;
	fd = maildir_open(j->st->intake->root, b->name, j->rel, rel);
	if (fd == -1)
		return -1;
	if (fstat(fd, &sb) == -1 || !S_ISREG(sb.st_mode)) {
		close(fd);
		errno = ENOENT;
		return -1;
	}
	if (maildir_parse(rel, &n)) {
		memcpy(j->rel, rel, sizeof rel);
		j->flags = n.flags;
	}
	j->size = (uint64_t)sb.st_size;
	if (j->received == 0)
		j->received = sb.st_mtim.tv_sec;
	return fd;
}

/* It went away before it had a row: another program has it, or its reader
 * deleted it; there is nothing to list. */
static void
vanished(struct job *j)
{
	if (j->kind == JOB_SPOOL && box_by_id(j->st, j->mbox) != NULL)
		job_done(j);
	else
		job_fail(j, STORE_NOTFOUND);
}

/* No file of that name, or none that holds a message; on any other error it
 * may be there. */
static bool
is_gone(int err)
{
	return err == ENOENT || err == ENOTDIR || err == ELOOP || err == ENXIO;
}

/* No descriptor.  False: once more, later. */
static bool
not_opened(struct job *j, int err)
{
	struct intake *in = j->st->intake;
	int64_t now = clock_mono_ms();

	if (is_gone(err)) {
		vanished(j);
		return true;
	}
	if (!store_err_short(err) && (in->unread_ms == 0 ||
	    now - in->unread_ms >= READ_MS)) {
		in->unread_ms = now;
		j->tries++;
	}
	if (j->tries < READ_TRIES) {
		jobs_put_first(&j->st->intake->to_parse, j);
		job_later(j);
		return false;
	}
	give_up(j);
	return true;
}

/* False: the parser takes no more, or there is no descriptor to give it. */
static bool
hand_over(struct job *j)
{
	struct store *st = j->st;
	int fd, rc;

	fd = open_file(j);
	if (fd == -1)
		return not_opened(j, errno);
	rc = ask_send(st->parser, PARSE_ROW, NULL, fd, parsed, j);
	close(fd);
	if (rc == -1) {
		jobs_put_first(&st->intake->to_parse, j);
		return false;
	}
	j->sent = true;
	st->intake->parsing++;
	return true;
}

struct ask *
store_ask_parser(struct store *st)
{
	struct intake *in = st->intake;

	if (st->parser != NULL)
		loop_arm(st->loop, &in->idle, PARSE_IDLE_MS);
	else if (!in->wanted && st->want_parser != NULL) {
		in->wanted = true;
		st->want_parser(st->arg);
		loop_arm(st->loop, &in->idle, PARSE_WANT_MS);
	}
	return st->parser;
}

void
store_parser_busy(struct store *st, bool busy)
{
	if (busy)
		st->intake->parsing++;
	else
		st->intake->parsing--;
}

void
intake_parse_kick(struct store *st)
{
	struct intake *in = st->intake;
	struct job *j;

	if (in->to_parse.first == NULL && in->parsing == 0)
		return;
	if (st->parser == NULL) {
		if (!in->wanted && st->want_parser != NULL) {
			in->wanted = true;
			st->want_parser(st->arg);
			loop_arm(st->loop, &in->idle, PARSE_WANT_MS);
		}
		return;
	}
	loop_arm(st->loop, &in->idle, PARSE_IDLE_MS);
	while (in->parsing < PARSE_UNDER_WAY &&
	    (j = jobs_take(&in->to_parse)) != NULL)
		if (!hand_over(j))
			break;
}

/* Nothing to read for a while: it ends when its channel does. */
void
intake_idle(void *arg)
{
	struct store *st = arg;
	struct intake *in = st->intake;

	in->wanted = false;
	if (in->parsing > 0 || in->to_parse.first != NULL) {
		intake_parse_kick(st);
		return;
	}
	ask_free(st->parser);
	st->parser = NULL;
}

void
intake_parse_gone(struct store *st)
{
	st->intake->wanted = false;
	intake_parse_kick(st);
}

void
intake_parser(struct store *st)
{
	st->intake->wanted = st->intake->blamed = false;
	intake_parse_kick(st);
}
