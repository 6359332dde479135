/* What does not come through the spool: files that were found, and appends. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mailnode/base/clock.h"
#include "store/job.h"
#include "store/parts.h"

bool
intake_full(const struct store *st)
{
	return st->intake->nfound >= INTAKE_FOUND_MAX;
}

uint64_t
intake_cursor(const struct store *st)
{
	return st->intake->cursor;
}

bool
intake_idle_now(const struct store *st)
{
	return st->intake->jobs == NULL;
}

bool
intake_caught_up(const struct store *st)
{
	const struct intake *in = st->intake;
	const struct job *j;

	if (in->cursor < in->old)
		return false;
	/* What cannot be filed, which is alarmed, holds up no phone. */
	for (j = in->jobs; j != NULL; j = j->next)
		if (!j->vain && (j->kind == JOB_FOUND ||
		    (j->kind == JOB_SPOOL && j->entry <= in->old)))
			return false;
	return true;
}

bool
intake_has(const struct store *st, const struct box *b, uint32_t uid,
    const char *rel)
{
	const struct job *j;

	for (j = st->intake->jobs; j != NULL; j = j->next)
		if (j->mbox == b->id && ((uid != 0 && j->uid == uid) ||
		    strcmp(j->rel, rel) == 0 || strcmp(j->old, rel) == 0))
			return true;
	return false;
}

enum store_err
intake_found(struct store *st, const struct found *f)
{
	struct maildir_name n;
	struct job *j;
	enum store_err rc = STORE_OK;

	if (!maildir_parse(f->rel, &n))
		return STORE_NAME;
	j = job_new(st, JOB_FOUND);
	if (j == NULL)
		return STORE_NOMEM;
	j->mbox = f->box->id;
	j->uid = f->uid;
	j->flags = n.flags;
	j->received = f->received != 0 ? f->received :
	    n.paired ? n.seconds : 0;
	snprintf(j->tags, sizeof j->tags, "%s", f->tags);
	snprintf(f->uid != 0 ? j->rel : j->old, sizeof j->rel, "%s", f->rel);
	if (f->uid != 0) {
		job_parse(j);
		return STORE_OK;
	}
	rc = job_place(j);
	if (rc == STORE_OK)
		job_file(j);
	else
		job_free(j);
	return rc;
}

enum store_err
intake_changed(struct store *st, struct box *b, const char *rel,
    const uint8_t hash[32], const char *tags)
{
	struct job *j = job_new(st, JOB_FOUND);

	if (j == NULL)
		return STORE_NOMEM;
	j->mbox = b->id;
	j->check = true;
	memcpy(j->was, hash, sizeof j->was);
	snprintf(j->tags, sizeof j->tags, "%s", tags);
	snprintf(j->rel, sizeof j->rel, "%s", rel);
	job_parse(j);
	loop_arm(st->loop, &st->again, 0);
	return STORE_OK;
}

uint16_t
intake_job(struct store *st, struct op_call *c, const struct mail_new *m,
    struct box *b, struct job **out)
{
	struct job *j;
	struct stat sb;
	int flags = c->fd != -1 ? fcntl(c->fd, F_GETFL) : -1;

	if (flags == -1 || (flags & O_ACCMODE) == O_WRONLY ||
	    fstat(c->fd, &sb) == -1 || !S_ISREG(sb.st_mode))
		return OP_BAD;
	if ((uint64_t)sb.st_size > st->conf->message_max || sb.st_size == 0)
		return STORE_TOOBIG;
	if (!store_space(st, (uint64_t)sb.st_size))
		return STORE_NOSPACE;
	if (st->intake->nappend >= INTAKE_APPEND_MAX)
		return STORE_BUSY;
	j = job_new(st, JOB_APPEND);
	if (j == NULL)
		return STORE_NOMEM;
	j->mbox = b->id;
	j->flags = m->flags;
	j->received = m->received > 0 ? m->received : clock_wall_s();
	j->size = (uint64_t)sb.st_size;
	j->replaces = m->replaces;
	j->once = m->once;
	j->known = m->known;
	j->exact = m->exact;
	j->early = m->early;
	j->peer = c->peer;
	j->type = c->type;
	j->id = c->id;
	j->fd = c->fd;
	c->fd = -1;
	snprintf(j->tags, sizeof j->tags, "%s", m->tags);
	snprintf(j->trace, sizeof j->trace, "%s", m->trace);
	*out = j;
	return OP_OK;
}

uint16_t
intake_append(struct store *st, struct op_call *c, const struct mail_new *m,
    struct box *b)
{
	struct job *j;
	uint16_t rc = intake_job(st, c, m, b, &j);

	if (rc != OP_OK)
		return rc;
	job_parse(j);
	intake_parse_kick(st);
	return OP_LATER;
}
