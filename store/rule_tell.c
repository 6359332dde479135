/*
 * Programs of a message: those of its rules and of its delivery, and what
 * the latter say of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/box.h"
#include "store/change.h"
#include "store/intake.h"
#include "store/maildir.h"
#include "store/op_event.h"
#include "store/op_watch.h"
#include "store/parts.h"
#include "store/rule.h"
#include "store/rule_parts.h"
#include "store/spool.h"

enum {
	TELLING_MAX = 64,	/* messages whose programs run or wait */
	/* Who kills a program may be killing the node: if keeper still runs
	 * after that time, it was the program alone. */
	OUTLIVED_MS = 2000
};

/* A message whose programs are running. */
struct telling {
	struct telling	*next;
	struct store	*st;
	uint64_t	 id;		/* its row of rules */
	unsigned int	 bit;		/* of its todo */
	unsigned int	 left;		/* events without an answer */
	bool		 failed;	/* the runner ended: once more */
	bool		 cut;		/* one was cut short */
	struct loop_timer outlived;
};

static void
unlink_telling(struct telling *t)
{
	struct telling **p;

	for (p = &t->st->rules->telling; *p != t; )
		p = &(*p)->next;
	*p = t->next;
	t->st->rules->ntelling--;
	loop_disarm(t->st->loop, &t->outlived);
	free(t);
}

static void
strike_out(const struct telling *t, struct rule_row *r,
    const struct rule_said *said)
{
	if (t->cut && (r->todo & RULE_AGAIN) == 0) {
		r->todo |= RULE_AGAIN;
		event_add(t->st, r->trace, "", t->bit == RULE_TELL ? "rule" :
		    DELIVER_EVENT, "its programs run once more");
		return;
	}
	r->todo &= ~(t->bit | RULE_AGAIN);
	r->did = r->did || t->bit == RULE_TELL;
	if (said != NULL) {
		r->said = *said;
		r->todo |= RULE_SETTLE;
	}
}

/* All programs of it ended: that is written down in this turn. */
static void
told(struct telling *t, const struct rule_said *said)
{
	struct store *st = t->st;
	struct rule_row r;

	if (!t->failed && rule_next(st, t->id - 1, t->bit, &r) == STORE_OK &&
	    r.id == t->id) {
		strike_out(t, &r, said);
		(void)rule_save(st, &r);
	}
	unlink_telling(t);
	loop_disarm(st->loop, &st->rules->timer);
	loop_arm(st->loop, &st->rules->timer, RULE_SOON_MS);
	watch_note(st, WATCH_INDEX, 0, 0);
}

static void
outlived(void *arg)
{
	told(arg, NULL);
}

static void
answered(void *arg, enum store_ran how, const struct rule_said *said)
{
	struct telling *t = arg;

	t->failed = t->failed || how == STORE_RUNNER_GONE;
	t->cut = t->cut || how == STORE_RAN_NOT;
	if (--t->left > 0)
		return;
	if (t->cut && !t->failed)
		loop_arm(t->st->loop, &t->outlived, OUTLIVED_MS);
	else
		told(t, said);
}

/* Each with a descriptor of its own: they read at the same time. */
static void
run_event(struct telling *t, const struct ruled *x, size_t i,
    const char *event)
{
	struct store *st = t->st;
	struct store_ruled e = { .at = { .trace = x->r->trace,
	    .folder = x->folder, .rel = x->rel, .from = x->from,
	    .subject = x->subject, .msgid = x->r->msgid }, .event = event,
	    .rule = t->bit == RULE_TELL ? x->r->hit[i] + 1U : 0,
	    .verdict = x->r->verdict, .sender = x->r->sender,
	    .given = x->r->given, .done = answered, .arg = t };

	if (event == NULL || t->failed)
		return;
	e.fd = maildir_open(intake_root(st), x->folder, x->rel, NULL);
	if (e.fd == -1 || st->ruled == NULL || !st->ruled(st->arg, &e))
		t->failed = true;
	else
		t->left++;
	if (e.fd != -1)
		close(e.fd);
}

static bool
is_told(const struct store *st, uint64_t id)
{
	const struct telling *t;

	for (t = st->rules->telling; t != NULL; t = t->next)
		if (t->id == id)
			return true;
	return false;
}

static enum store_err
run_bit(struct store *st, const struct rule_row *r, unsigned int bit)
{
	struct telling *t;
	struct ruled x;
	enum store_err rc;
	size_t i;

	if (is_told(st, r->id) || st->rules->ntelling == TELLING_MAX)
		return STORE_STATE;
	rc = ruled_open(st, r, &x);
	if (rc != STORE_OK)
		return rc;
	close(x.fd);
	t = calloc(1, sizeof *t);
	if (t == NULL)
		return STORE_NOMEM;
	*t = (struct telling){ .next = st->rules->telling, .st = st,
	    .id = r->id, .bit = bit };
	t->outlived = (struct loop_timer){ .fn = outlived, .arg = t };
	st->rules->telling = t;
	st->rules->ntelling++;
	if (bit == RULE_DELIVER)
		run_event(t, &x, 0, DELIVER_EVENT);
	for (i = 0; bit == RULE_TELL && i < r->nhits; i++) {
		run_event(t, &x, i, rule_at(st, r, i)->hook);
		run_event(t, &x, i, rule_at(st, r, i)->notify ?
		    RULE_EVENT : NULL);
	}
	if (t->left > 0)
		return STORE_STATE;
	unlink_telling(t);
	return STORE_GONE;
}

enum store_err
rule_tell(struct store *st, struct rule_row *r)
{
	return run_bit(st, r, RULE_TELL);
}

/* ---- what they say of a message ---- */

/* Not before the spool forgot it: what a crash files once more is looked
 * for where it stood. */
enum store_err
rule_deliver(struct store *st, struct rule_row *r)
{
	if (spool_has(st, r->entry)) {
		spool_strike(st);
		return STORE_BUSY;
	}
	if (!st->conf->deliver)
		return STORE_OK;	/* config.h has none any more */
	return run_bit(st, r, RULE_DELIVER);
}

static void
tell_settled(struct store *st, const struct rule_row *r, const char *folder,
    bool moved)
{
	char text[EVENT_TEXT_MAX], *p = text;
	const char *end = text + sizeof text;

	*p = '\0';
	if (r->said.tags[0] != '\0')
		p += snprintf(p, (size_t)(end - p), " tags=%s", r->said.tags);
	if (folder[0] != '\0')
		p += snprintf(p, (size_t)(end - p), " folder=%s%s", folder,
		    moved ? "" : " (there is no such mailbox)");
	if (r->said.reason[0] != '\0')
		snprintf(p, (size_t)(end - p), " quarantine=%s",
		    r->said.reason);
	event_add(st, r->trace, "", DELIVER_EVENT, text + (text[0] == ' '));
}

enum store_err
rule_settle(struct store *st, struct rule_row *r)
{
	struct change c = { .type = MAIL_MOVE, .ruled = true };
	const char *folder = r->said.reason[0] != '\0' ? "Junk" :
	    r->said.folder;
	enum store_err rc = STORE_OK;
	const struct box *b;
	struct row_at at;

	if (rule_locate(st, r, &at) != STORE_OK)
		return STORE_NOTFOUND;
	if (r->said.tags[0] != '\0')
		rc = rule_tags(st, at.id, r->said.tags);
	b = folder[0] != '\0' ? box_by_name(st, folder) : NULL;
	if (rc == STORE_OK && b != NULL) {
		c.dest = b->id;
		rc = b->here ? change_one(st, &c, at.id) : STORE_BUSY;
	}
	if (rc != STORE_OK)
		return rc;
	if (b != NULL && (strcmp(folder, "Junk") == 0 ||
	    strcmp(folder, "Rejects") == 0))
		r->todo &= ~(unsigned int)RULE_MATCH;
	tell_settled(st, r, folder, b != NULL);
	return STORE_OK;
}

void
rule_tell_close(struct store *st)
{
	while (st->rules->telling != NULL)
		unlink_telling(st->rules->telling);
}
