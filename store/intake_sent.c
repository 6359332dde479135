/* What a new message says of senders: of whom the owner writes to, and of
 * whom the owner answers. */
#include <string.h>

#include "mailnode/base/phrase.h"
#include "store/history.h"
#include "store/job.h"
#include "store/judged.h"
#include "store/known_as.h"
#include "store/op_rcpt.h"
#include "store/tag.h"

static const char *
lower(char *s)
{
	char *p;

	for (p = s; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	return s;
}

/* From one of our addresses? */
static bool
ours(const struct job *j)
{
	const char *p = j->parsed.from;
	struct phrase_box from;
	struct rcpt who;

	if (!phrase_next(&p, p + strlen(p), &from))
		return false;
	rcpt_resolve(j->st, from.address, &who);
	return rcpt_ok(who.class);
}

/* Whom it went to.  The queue knows that of what it sent; what a program
 * sent otherwise, and put here, says it in its fields. */
static enum store_err
wrote(struct job *j, const char *field)
{
	const char *p = field, *end = p + strlen(p);
	bool queued = j->kind == JOB_SPOOL;
	enum store_err rc = STORE_OK;
	struct phrase_box to;
	size_t n = 0;

	while (rc == STORE_OK && n++ < HISTORY_WROTE_MAX &&
	    phrase_next(&p, end, &to)) {
		(void)lower(to.address);
		rc = known_as_name(j->st, to.name, to.address);
		if (rc == STORE_OK && !queued)
			rc = history_wrote(j->st, to.address);
	}
	return rc;
}

/* A copy of what the owner wrote: an answer says something of the message
 * that it answers. */
static enum store_err
answered(struct job *j, const struct box *b)
{
	enum store_err rc;

	if ((j->kind != JOB_SPOOL && j->kind != JOB_APPEND) ||
	    strcmp(b->name, "Sent") != 0)
		return STORE_OK;
	if (j->kind == JOB_APPEND && !ours(j))
		return STORE_OK;
	rc = wrote(j, j->parsed.to);
	if (rc == STORE_OK)
		rc = wrote(j, j->parsed.cc);
	return rc == STORE_OK ? judged_answered(j->st, j->parsed.irt) : rc;
}

/* The author's next message is not the first. */
static enum store_err
met(struct job *j)
{
	const char *p = j->parsed.from;
	struct phrase_box from;

	if (j->kind != JOB_SPOOL || !tag_in(j->tags, TAG_FIRST) ||
	    !phrase_next(&p, p + strlen(p), &from))
		return STORE_OK;
	return history_add(j->st, HISTORY_MET, lower(from.address), 1, 0);
}

enum store_err
job_senders(struct job *j, const struct box *b)
{
	enum store_err rc = met(j);

	return rc == STORE_OK ? answered(j, b) : rc;
}
