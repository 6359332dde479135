#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "store/append_many.h"
#include "store/db.h"
#include "store/intent.h"
#include "store/op_set.h"
#include "store/parts.h"

/* appending	files of messages that are filed together, while they are */
const char append_schema[] =
    "CREATE TABLE IF NOT EXISTS appending("
    " id INTEGER PRIMARY KEY, box TEXT NOT NULL, uid INTEGER NOT NULL,"
    " name TEXT NOT NULL);";

/* At the start: what a crash left is dropped. */
const char append_undo[] =
    "INSERT INTO intent(kind, box, uid, name, dbox, duid, dname, tags,"
    " received) SELECT 2, box, uid, name, '', 0, '', '', 0 FROM appending;"
    "DELETE FROM appending;";
_Static_assert(INTENT_DROP == 2, "as append_undo has it");

enum { PAUSE_MS = 10, TRIES = 1000, UNDO_MS = 500 };

struct batch {
	struct store	*st;
	struct op_peer	*peer;
	uint16_t	 type;
	uint32_t	 id;
	uint64_t	 mbox;
	char		 box[BOX_NAME_MAX];
	uint32_t	 uidvalidity;
	struct one {
		struct job	*job;		/* NULL: it left */
		bool		 parked;	/* it waits for the others */
		uint32_t	 uid;
		char		 rel[MAILDIR_REL_MAX];
	}		 one[APPEND_MANY_MAX];
	size_t		 n, placed;
	size_t		 waiting;	/* for so many to come so far */
	size_t		 held;		/* jobs, and calls to come */
	unsigned int	 tries;
	bool		 marked, filed, closing;
	enum store_err	 rc;
	struct loop_timer again;
};

static void	place(void *arg);

struct batch *
batch_new(struct store *st, struct op_call *c, const struct box *b)
{
	struct batch *g = calloc(1, sizeof *g);

	if (g == NULL)
		return NULL;
	g->st = st;
	g->peer = c->peer;
	g->type = c->type;
	g->id = c->id;
	g->mbox = b->id;
	g->uidvalidity = b->uidvalidity;
	memcpy(g->box, b->name, sizeof g->box);
	g->again = (struct loop_timer){ .fn = place, .arg = g };
	g->held = 1;		/* by its maker */
	return g;
}

uint16_t
batch_add(struct batch *g, struct op_call *c, const struct mail_new *m,
    struct box *b)
{
	struct job *j;
	uint16_t rc;

	rc = g->n == APPEND_MANY_MAX ? STORE_TOOBIG :
	    intake_job(g->st, c, m, b, &j);
	if (rc != OP_OK)
		return rc;
	j->peer = NULL;
	j->batch = g;
	j->nth = g->n;
	g->one[g->n++] = (struct one){ .job = j, .parked = true };
	g->held++;
	return OP_OK;
}

/* ---- marks ---- */

static enum store_err
each_mark(struct batch *g, const char *sql, struct store_slot *slot)
{
	enum store_err rc = store_begin(g->st, STORE_NODE);
	size_t i;

	for (i = 0; i < g->n && rc == STORE_OK; i++)
		rc = store_do(g->st, STORE_NODE, slot, sql, "sis", g->box,
		    (int64_t)g->one[i].uid, g->one[i].rel);
	return rc;
}

static enum store_err
mark(struct batch *g)
{
	static struct store_slot slot;

	return each_mark(g, "INSERT INTO appending(box, uid, name)"
	    " VALUES(?1, ?2, ?3)", &slot);
}

static enum store_err
unmark(struct batch *g)
{
	static struct store_slot slot;

	/* ?3: its reader may have renamed it meanwhile. */
	return each_mark(g, "DELETE FROM appending WHERE box = ?1 AND"
	    " uid = ?2 AND ?3 <> ''", &slot);
}

static void
undone(void *arg, enum store_err rc)
{
	struct batch *g = arg;

	if (rc == STORE_OK)
		free(g);
	else
		loop_arm(g->st->loop, &g->again, UNDO_MS);
}

/* Whatever files there are, go: once that is written, be the disk full.  Until
 * then the marks keep them from being taken for mail. */
static void
undo(void *arg)
{
	struct batch *g = arg;
	struct intent in = { .kind = INTENT_DROP };
	enum store_err rc = STORE_OK;
	size_t i;

	memcpy(in.box, g->box, sizeof in.box);
	for (i = 0; i < g->n && rc == STORE_OK; i++) {
		in.uid = g->one[i].uid;
		memcpy(in.rel, g->one[i].rel, sizeof in.rel);
		rc = intent_add(g->st, &in);
	}
	if (rc == STORE_OK)
		rc = unmark(g);
	if (rc == STORE_OK)
		rc = store_after(g->st, STORE_BIT(STORE_NODE), undone, g);
	if (rc != STORE_OK)
		undone(g, rc);
}

/* ---- the end ---- */

static void
answer(struct batch *g)
{
	struct buf out;
	size_t i;

	buf_init(&out, CHAN_DATA_MAX);
	chan_put_u32(&out, g->uidvalidity);
	chan_put_u32(&out, (uint32_t)g->n);
	for (i = 0; i < g->n; i++)
		chan_put_u32(&out, g->one[i].uid);
	if (g->peer != NULL)
		op_reply(g->peer, g->type, g->id, (uint16_t)g->rc, &out, -1);
	buf_clear(&out);
}

static void
let_go(struct batch *g)
{
	if (--g->held > 0)
		return;
	loop_disarm(g->st->loop, &g->again);
	if (!g->closing)
		answer(g);
	if (!g->closing && g->rc != STORE_OK && g->marked && !g->filed) {
		g->again.fn = undo;
		undo(g);
	} else
		free(g);
}

void
batch_left(struct job *j)
{
	struct batch *g = j->batch;

	if (g == NULL)
		return;
	g->one[j->nth].job = NULL;
	let_go(g);
}

void
batch_gone(struct job *j, const struct op_peer *p)
{
	if (j->batch == NULL)
		return;
	if (p == NULL)
		j->batch->closing = true;
	else if (j->batch->peer == p)
		j->batch->peer = NULL;
}

/* Those that wait have nothing to wait for; the others come by. */
static void
fail(struct batch *g, enum store_err rc)
{
	size_t i;

	if (g->rc == STORE_OK)
		g->rc = rc;
	g->held++;
	for (i = 0; i < g->n; i++)
		if (g->one[i].parked && g->one[i].job != NULL)
			job_free(g->one[i].job);
	let_go(g);
}

bool
batch_failed(struct job *j, enum store_err rc)
{
	struct batch *g = j->batch;

	if (g == NULL)
		return false;
	g->held++;
	job_free(j);
	fail(g, rc);
	let_go(g);
	return true;
}

bool
batch_dead(struct job *j)
{
	if (j->batch == NULL || j->batch->rc == STORE_OK)
		return false;
	job_free(j);
	return true;
}

/* ---- from step to step ---- */

static void
go_on(struct batch *g, void (*fn)(struct job *))
{
	size_t i;

	g->held++;
	g->waiting = g->n;
	for (i = 0; i < g->n && g->rc == STORE_OK; i++) {
		g->one[i].parked = false;
		fn(g->one[i].job);
	}
	let_go(g);
}

static void
marked(void *arg, enum store_err rc)
{
	struct batch *g = arg;

	if (rc != STORE_OK)
		fail(g, rc);
	else if (g->rc == STORE_OK)
		go_on(g, job_file);
	let_go(g);
}

static void
unmarked(void *arg, enum store_err rc)
{
	struct batch *g = arg;

	if (rc != STORE_OK)
		fail(g, rc);
	else if (g->rc == STORE_OK) {
		g->filed = true;
		go_on(g, job_ready);
		intake_rows(g->st);
	}
	let_go(g);
}

static void
after(struct batch *g, enum store_err rc,
    void (*fn)(void *, enum store_err))
{
	g->held++;
	if (rc == STORE_OK)
		rc = store_after(g->st, STORE_BIT(STORE_NODE), fn, g);
	if (rc == STORE_OK)
		return;
	fail(g, rc);
	let_go(g);
}

/* UIDs one behind the other, so that nothing comes between them. */
static void
place(void *arg)
{
	struct batch *g = arg;
	enum store_err rc = STORE_OK;
	struct one *o;

	for (; g->placed < g->n && g->rc == STORE_OK; g->placed++) {
		o = &g->one[g->placed];
		rc = job_place(o->job);
		if (rc != STORE_OK)
			break;
		o->uid = o->job->uid;
		memcpy(o->rel, o->job->rel, sizeof o->rel);
	}
	if (rc == STORE_BUSY && ++g->tries < TRIES) {
		loop_arm(g->st->loop, &g->again, PAUSE_MS);
		return;
	}
	if (g->rc != STORE_OK || rc != STORE_OK) {
		fail(g, rc != STORE_OK ? rc : g->rc);
		return;
	}
	rc = mark(g);
	g->marked = true;
	after(g, rc, marked);
}

/* True: it was the last one that was waited for. */
static bool
park(struct job *j)
{
	struct batch *g = j->batch;

	g->one[j->nth].parked = true;
	return --g->waiting == 0;
}

bool
batch_parsed(struct job *j)
{
	if (j->batch == NULL)
		return false;
	if (!batch_dead(j) && park(j))
		place(j->batch);
	return true;
}

bool
batch_filed(struct job *j)
{
	struct batch *g = j->batch;

	if (g == NULL)
		return false;
	if (batch_dead(j))
		return true;
	memcpy(g->one[j->nth].rel, j->rel, sizeof j->rel);
	if (park(j))
		after(g, unmark(g), unmarked);
	return true;
}

uint16_t
batch_begin(struct batch *g, uint16_t rc)
{
	struct store *st = g->st;
	size_t i;

	if (rc == OP_OK && g->n > 0) {
		go_on(g, job_parse);
		let_go(g);
		intake_parse_kick(st);
		return OP_LATER;
	}
	g->closing = true;		/* the handler answers */
	for (i = 0; i < g->n; i++)
		job_free(g->one[i].job);
	let_go(g);
	return rc != OP_OK ? rc : OP_BAD;
}
