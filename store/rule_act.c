/*
 * What a rule asks for, done: one action of a message at a time, each struck
 * out in the commit that makes it lasting.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/box.h"
#include "store/change.h"
#include "store/fan.h"
#include "store/intake.h"
#include "store/intent.h"
#include "store/maildir.h"
#include "store/op_event.h"
#include "store/op_watch.h"
#include "store/parts.h"
#include "store/rule.h"
#include "store/spool.h"
#include "store/sync.h"

enum {
	ACT_SLICE = 20,		/* messages in one turn */
	TELLING_MAX = 64,	/* messages whose programs run or wait */
	SOON_MS = 20,		/* a mailbox has no UID to give, a file moves */
	LATER_MS = 2000		/* after trouble */
};

/* A message whose programs are running. */
struct telling {
	struct telling	*next;
	struct store	*st;
	uint64_t	 id;		/* its row of rules */
	unsigned int	 bit;		/* of its todo */
	unsigned int	 left;		/* events without an answer */
	bool		 failed;	/* the runner ended: once more */
};

struct rules {
	struct loop_timer timer;
	struct telling	*telling;
	unsigned int	 ntelling;
	uint64_t	 after;		/* those up to here had their turn */
};

/* A message of this moment, for letters and programs. */
struct ruled {
	const struct rule_row *r;
	struct row_at	 at;
	char		 folder[BOX_NAME_MAX];
	char		 rel[MAILDIR_REL_MAX];
	char		 from[SPOOL_ADDR_MAX * 2], subject[SPOOL_TEXT_MAX];
	int		 fd;
};

static const struct rule *
rule_at(const struct store *st, const struct rule_row *r, size_t i)
{
	return &st->conf->rules[r->hit[i]];
}

static void
tell(struct store *st, const struct rule_row *r, size_t i, const char *what,
    const char *name)
{
	char text[EVENT_TEXT_MAX];

	snprintf(text, sizeof text, "rule=%u %s%.400s", r->hit[i] + 1U, what,
	    name);
	event_add(st, r->trace, "", "rule", text);
}

/* ---- tags, flags, mailbox ---- */

enum store_err
rule_tags(struct store *st, uint64_t id, const char *text)
{
	struct tag_change *t = malloc(sizeof *t);
	struct change c = { .type = MAIL_TAGS, .tags = t, .ruled = true };
	enum store_err rc = STORE_NOMEM;

	if (t != NULL)
		rc = tag_change_parse(text, t) ? change_one(st, &c, id) :
		    STORE_OK;
	free(t);
	return rc;
}

/* The first that names a mailbox; one that is not there leaves it. */
static enum store_err
to_folder(struct store *st, struct rule_row *r, uint64_t id, size_t i)
{
	const char *name = rule_at(st, r, i)->folder;
	struct change c = { .type = MAIL_MOVE, .ruled = true };
	const struct box *b = box_by_name(st, name);
	char text[BOX_NAME_MAX + 80];

	if (b == NULL) {
		snprintf(text, sizeof text, "rule %u: there is no mailbox %s",
		    r->hit[i] + 1U, name);
		store_alarm(st, text);
		tell(st, r, i, "there is no mailbox ", name);
		return STORE_OK;
	}
	if (!b->here)
		return STORE_BUSY;
	c.dest = b->id;
	return change_one(st, &c, id);
}

static enum store_err
move(struct store *st, struct rule_row *r)
{
	enum store_err rc = STORE_OK;
	bool moved = false;
	struct row_at at;
	size_t i;

	if (rule_locate(st, r, &at) != STORE_OK)
		return STORE_NOTFOUND;
	for (i = 0; i < r->nhits && rc == STORE_OK; i++) {
		if (rule_at(st, r, i)->tags != NULL)
			rc = rule_tags(st, at.id, rule_at(st, r, i)->tags);
		if (rule_at(st, r, i)->folder == NULL || moved ||
		    rc != STORE_OK)
			continue;
		rc = to_folder(st, r, at.id, i);
		moved = true;
	}
	return rc;
}

/* ---- a message and its file ---- */

static void
words(struct store *st, struct ruled *x)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_CACHE, &slot,
	    "SELECT sender, subject FROM msg WHERE id = ?1", "i",
	    (int64_t)x->at.id);
	const char *p;

	x->from[0] = x->subject[0] = '\0';
	if (s == NULL)
		return;
	if (sqlite3_step(s) == SQLITE_ROW) {
		p = (const char *)sqlite3_column_text(s, 0);
		snprintf(x->from, sizeof x->from, "%s", p != NULL ? p : "");
		p = (const char *)sqlite3_column_text(s, 1);
		snprintf(x->subject, sizeof x->subject, "%s",
		    p != NULL ? p : "");
	}
	(void)sqlite3_reset(s);
}

/* STORE_NOTFOUND: deleted; STORE_BUSY: its file follows in a moment. */
static enum store_err
open_message(struct store *st, const struct rule_row *r, struct ruled *x)
{
	const struct box *b;

	memset(x, 0, sizeof *x);
	x->r = r;
	x->fd = -1;
	if (rule_locate(st, r, &x->at) != STORE_OK ||
	    (b = box_by_id(st, x->at.mbox)) == NULL)
		return STORE_NOTFOUND;
	memcpy(x->folder, b->name, sizeof x->folder);
	x->fd = maildir_open(intake_root(st), b->name, x->at.name, x->rel);
	if (x->fd == -1)
		return STORE_BUSY;
	words(st, x);
	return STORE_OK;
}

/* ---- sending on ---- */

static enum store_err
forward_one(struct store *st, struct ruled *x, const char *dest)
{
	const struct rule_row *r = x->r;
	struct fan f = { .uidvalidity = r->uidvalidity, .uid = r->uid,
	    .trace = r->trace, .msgid = r->msgid, .subject = x->subject };
	struct fan_text t = { .sender = r->sender, .own = r->own,
	    .head = "", .body = "", .fd = x->fd };
	struct fan_to to = { .given = r->given, .dest = dest };

	return fan_filed(st, &f, &t, &to);
}

static enum store_err
forward(struct store *st, struct rule_row *r)
{
	struct ruled x;
	enum store_err rc = open_message(st, r, &x);
	size_t i;

	for (i = 0; i < r->nhits && rc == STORE_OK; i++) {
		if (rule_at(st, r, i)->forward == NULL)
			continue;
		if (r->stays)
			tell(st, r, i, "it is not sent on: it came from "
			    "here before, or has an unproven author of ours",
			    "");
		else
			rc = forward_one(st, &x, rule_at(st, r, i)->forward);
	}
	if (x.fd != -1)
		close(x.fd);
	return rc;
}

/* ---- programs ---- */

static void
unlink_telling(struct telling *t)
{
	struct telling **p;

	for (p = &t->st->rules->telling; *p != t; )
		p = &(*p)->next;
	*p = t->next;
	t->st->rules->ntelling--;
	free(t);
}

/* All programs of it ended: that is struck out in this turn. */
static void
told(struct telling *t, const struct rule_said *said)
{
	struct store *st = t->st;
	struct rule_row r;

	if (rule_next(st, t->id - 1, t->bit, &r) == STORE_OK &&
	    r.id == t->id && !t->failed) {
		r.todo &= ~t->bit;
		r.did = r.did || t->bit == RULE_TELL;
		if (said != NULL) {
			r.said = *said;
			r.todo |= RULE_SETTLE;
		}
		(void)rule_save(st, &r);
	}
	unlink_telling(t);
	loop_disarm(st->loop, &st->rules->timer);
	loop_arm(st->loop, &st->rules->timer, SOON_MS);
	watch_note(st, WATCH_INDEX, 0, 0);
}

static void
answered(void *arg, bool ok, const struct rule_said *said)
{
	struct telling *t = arg;

	t->failed = t->failed || !ok;
	if (--t->left == 0)
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

/* STORE_STATE: the answers go on with it. */
static enum store_err
run_bit(struct store *st, const struct rule_row *r, unsigned int bit)
{
	struct telling *t;
	struct ruled x;
	enum store_err rc;
	size_t i;

	if (is_told(st, r->id) || st->rules->ntelling == TELLING_MAX)
		return STORE_STATE;
	rc = open_message(st, r, &x);
	if (rc != STORE_OK)
		return rc;
	close(x.fd);
	t = calloc(1, sizeof *t);
	if (t == NULL)
		return STORE_NOMEM;
	*t = (struct telling){ .next = st->rules->telling, .st = st,
	    .id = r->id, .bit = bit };
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

static enum store_err
run(struct store *st, struct rule_row *r)
{
	return run_bit(st, r, RULE_TELL);
}

/* ---- what programs say of a message ---- */

/* Not before the spool forgot it: what a crash files once more is looked
 * for where it stood. */
static enum store_err
deliver(struct store *st, struct rule_row *r)
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

/* Quarantine is Junk, with the reason in its story. */
static enum store_err
settle(struct store *st, struct rule_row *r)
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

/* ---- one after the other ---- */

/* config.h may be another by now. */
static bool
stale(struct store *st, struct rule_row *r)
{
	if (r->sum == st->conf->rules_sum)
		return false;
	if (r->did)
		event_add(st, r->trace, "", "rule", "the rules are others "
		    "now: the rest is left out");
	r->todo = r->did || st->conf->nrules == 0 ? 0 : RULE_MATCH;
	r->nhits = 0;
	return true;
}

static enum store_err
step(struct store *st, struct rule_row *r)
{
	static const struct {
		unsigned int	 bit;
		enum store_err	(*fn)(struct store *, struct rule_row *);
	} acts[] = {
		{ RULE_REPORT, rule_report },
		{ RULE_DELIVER, deliver }, { RULE_SETTLE, settle },
		{ RULE_MOVE, move }, { RULE_FORWARD, forward },
		{ RULE_TELL, run },
	};
	enum store_err rc;
	size_t i;

	if ((r->todo & RULE_FIRST) == 0 && stale(st, r))
		return rule_save(st, r);
	for (i = 0; (r->todo & acts[i].bit) == 0; )
		i++;
	rc = acts[i].fn(st, r);
	if (rc == STORE_TOOBIG || rc == STORE_NAME) {
		event_add(st, r->trace, "", "rule", store_err_text(rc));
		rc = STORE_OK;	/* it never will be */
	}
	if (rc == STORE_NOTFOUND) {
		if (st->rebuild || !sync_idle(st))
			return STORE_BUSY;
		event_add(st, r->trace, "", "rule", "it is gone already");
		r->todo = 0;
		return rule_save(st, r);
	}
	if (rc != STORE_OK)
		return rc;
	r->todo &= ~acts[i].bit;
	r->did = r->did || (acts[i].bit & RULE_FIRST) == 0;
	watch_note(st, WATCH_INDEX, 0, 0);
	return rule_save(st, r);
}

static void
due(void *arg)
{
	struct store *st = arg;
	struct rule_row r = { .id = st->rules->after };
	int64_t wait_ms = -1;
	enum store_err rc;
	size_t n;

	for (n = 0; n < ACT_SLICE && rule_next(st, r.id, RULE_ACT, &r) ==
	    STORE_OK; n++) {
		rc = st->filer == NULL ? STORE_BUSY :
		    store_begin(st, STORE_NODE);
		if (rc == STORE_OK)
			rc = step(st, &r);
		if (rc == STORE_OK)
			wait_ms = 0;
		else if (wait_ms != 0 && rc != STORE_STATE)
			wait_ms = rc == STORE_BUSY ? SOON_MS : LATER_MS;
	}
	/* Those that cannot be done now hold up none behind them. */
	if (n < ACT_SLICE && st->rules->after != 0)
		wait_ms = wait_ms != 0 ? SOON_MS : 0;
	st->rules->after = n < ACT_SLICE ? 0 : r.id;
	if (n == ACT_SLICE && wait_ms != 0)
		wait_ms = SOON_MS;
	/* What was written is committed by the turn this timer is in. */
	if (wait_ms >= 0)
		loop_arm(st->loop, &st->rules->timer, wait_ms);
}

void
rule_kick(struct store *st)
{
	loop_disarm(st->loop, &st->rules->timer);
	loop_arm(st->loop, &st->rules->timer, 0);
}

void
rule_later(struct store *st)
{
	loop_disarm(st->loop, &st->rules->timer);
	loop_arm(st->loop, &st->rules->timer, LATER_MS);
}

enum store_err
rule_open(struct store *st)
{
	st->rules = calloc(1, sizeof *st->rules);
	if (st->rules == NULL)
		return STORE_NOMEM;
	st->rules->timer = (struct loop_timer){ .fn = due, .arg = st };
	loop_arm(st->loop, &st->rules->timer, SOON_MS);
	return STORE_OK;
}

void
rule_close(struct store *st)
{
	if (st->rules == NULL)
		return;
	loop_disarm(st->loop, &st->rules->timer);
	rule_report_close(st);
	while (st->rules->telling != NULL)
		unlink_telling(st->rules->telling);
	free(st->rules);
	st->rules = NULL;
}
