/* Out of the spool: when entries are taken, and where they go. */
#include <stdio.h>
#include <string.h>

#include "store/hold.h"
#include "store/job.h"
#include "store/parts.h"

enum { INTAKE_SPOOL_MAX = 256 };	/* entries on their way at once */

static void
place_saved(void *arg, enum store_err rc)
{
	struct job *j = arg;

	(void)rc;		/* if not, the same name once more, later */
	j->commits = false;
	job_file(j);
}

/* One that was accepted before its mailbox had a UID to give. */
static bool
place_entry(struct job *j, const struct spool_entry *e)
{
	struct store *st = j->st;
	struct box *b = box_by_name(st, e->folder);

	if (b == NULL || !b->here)
		b = box_by_name(st, "INBOX");
	if (b == NULL || !b->here)
		return false;
	j->mbox = b->id;
	if (job_place(j) != STORE_OK)
		return false;
	if (spool_place(st, e->id, b->name, j->uid, j->rel) != STORE_OK ||
	    store_after(st, STORE_BIT(STORE_SPOOL), place_saved, j) !=
	    STORE_OK)
		return false;
	j->commits = true;
	return true;
}

void
job_elsewhere(struct job *j)
{
	job_unlist(j);
	parse_row_clear(&j->parsed);
	memset(&j->parsed, 0, sizeof j->parsed);
	j->ready = j->sent = false;
	/* It waits for all behind it, which must not wait for it. */
	j->st->intake->nspool -= !j->alone;
	j->alone = true;
	j->mbox = j->row = 0;
	j->uid = 0;
	j->tries = 0;
	j->rel[0] = '\0';
	jobs_put(&j->st->intake->to_place, j);
	job_later(j);
}

/* Those whose mailbox went away under them.  Only these: what stands behind
 * them in the spool is under way, or done. */
void
intake_elsewhere(struct store *st)
{
	struct intake *in = st->intake;
	struct spool_entry e;
	struct job *j;

	while ((j = jobs_take(&in->to_place)) != NULL) {
		if (spool_next(st, j->entry - 1, &e) != STORE_OK ||
		    e.id != j->entry || !place_entry(j, &e)) {
			jobs_put_first(&in->to_place, j);
			job_later(j);
			return;
		}
	}
}

/* The place that was given at the commit still stands. */
static bool
placed_already(struct job *j, const struct spool_entry *e)
{
	struct box *b = box_by_name(j->st, e->box);
	struct maildir_name n;

	if (e->uid == 0 || b == NULL || !maildir_parse(e->rel, &n) ||
	    n.uidvalidity != b->uidvalidity)
		return false;
	j->mbox = b->id;
	j->uid = e->uid;
	memcpy(j->rel, e->rel, sizeof j->rel);
	job_list(j, b);
	return true;
}

/* False: not now. */
static bool
take_entry(struct store *st, const struct spool_entry *e)
{
	struct intake *in = st->intake;
	struct job *j = job_new(st, JOB_SPOOL);
	struct box *b;

	if (j == NULL)
		return false;
	j->entry = e->id;
	j->file = e->file;
	j->size = e->size;
	j->received = e->received;
	j->fans = e->fans != FAN_NONE;
	j->redo = e->id <= in->old;
	memcpy(j->trace, e->trace, sizeof j->trace);
	snprintf(j->tags, sizeof j->tags, "%s", e->tags);
	if (!placed_already(j, e)) {
		if (!place_entry(j, e)) {
			job_free(j);
			return false;
		}
		in->cursor = e->id;
		return true;
	}
	in->cursor = e->id;
	b = box_by_id(st, j->mbox);
	if (st->filer != NULL && b != NULL && job_send_entry(j, b, e) == 0) {
		j->sent = true;
		return true;
	}
	jobs_put(&in->to_file, j);
	job_later(j);
	return true;
}

/* In a burst acknowledging comes first; what was acknowledged is safe.  And
 * a commit of rows writes as many pages for one as for fifty. */
void
intake_gathered(void *arg)
{
	struct store *st = arg;
	struct intake *in = st->intake;
	uint64_t came = spool_committed(st) - in->seen;
	unsigned int waits = came >= INTAKE_BATCH ? INTAKE_WAITS :
	    came >= INTAKE_FEW ? INTAKE_FEW_WAITS : 1;

	in->seen += came;
	if (++in->waits < waits)
		loop_arm(st->loop, &in->gather, INTAKE_WAIT_MS);
	else
		in->due = true;
}

static bool
batch_due(struct store *st)
{
	struct intake *in = st->intake;
	uint64_t n = spool_committed(st) - in->cursor;

	if (st->filer == NULL || n == 0)
		return false;
	in->due = in->due || n >= INTAKE_BURST || in->cursor < in->old ||
	    spool_octets(st) > HOLD_OCTETS / 2;
	if (!in->due && !in->gather.armed) {
		in->seen = in->cursor;
		in->waits = 0;
		loop_arm(st->loop, &in->gather, INTAKE_WAIT_MS);
	}
	return in->due;
}

void
intake_kick(struct store *st)
{
	struct intake *in = st->intake;
	struct spool_entry e;

	while (batch_due(st) && in->nspool < INTAKE_SPOOL_MAX &&
	    spool_next(st, in->cursor, &e) == STORE_OK)
		if (!take_entry(st, &e))
			break;
	in->due = in->due && spool_committed(st) > in->cursor &&
	    in->nspool > 0;
	intake_parse_kick(st);
	intake_rows(st);
}
