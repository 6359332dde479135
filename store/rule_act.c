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
#include "store/maildir.h"
#include "store/op_event.h"
#include "store/op_watch.h"
#include "store/rule.h"
#include "store/rule_parts.h"
#include "store/sync.h"

enum {
	ACT_SLICE = 20,		/* messages in one turn */
	LATER_MS = 2000		/* after trouble */
};

const struct rule *
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

static void
alarm_box(struct store *st, size_t rule, bool homeless)
{
	char text[BOX_NAME_MAX + 80];

	snprintf(text, sizeof text, "rule %zu: there is no mailbox %s",
	    rule + 1, st->conf->rules[rule].folder);
	(homeless ? store_alarm : store_clear)(st, text);
	st->rules->homeless[rule] = homeless;
}

void
rule_look(struct store *st)
{
	size_t i;

	for (i = 0; i < st->conf->nrules; i++)
		if (st->rules->homeless[i] &&
		    box_by_name(st, st->conf->rules[i].folder) != NULL)
			alarm_box(st, i, false);
}

/* The first that names a mailbox; one that is not there leaves it. */
static enum store_err
to_folder(struct store *st, struct rule_row *r, uint64_t id, size_t i)
{
	const char *name = rule_at(st, r, i)->folder;
	struct change c = { .type = MAIL_MOVE, .ruled = true };
	const struct box *b = box_by_name(st, name);

	if (b == NULL) {
		alarm_box(st, r->hit[i], true);
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

enum store_err
ruled_open(struct store *st, const struct rule_row *r, struct ruled *x)
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
	enum store_err rc = ruled_open(st, r, &x);
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
		{ RULE_DELIVER, rule_deliver }, { RULE_SETTLE, rule_settle },
		{ RULE_MOVE, move }, { RULE_FORWARD, forward },
		{ RULE_TELL, rule_tell },
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
			wait_ms = rc == STORE_BUSY ? RULE_SOON_MS : LATER_MS;
	}
	/* Those that cannot be done now hold up none behind them. */
	if (n < ACT_SLICE && st->rules->after != 0)
		wait_ms = wait_ms != 0 ? RULE_SOON_MS : 0;
	st->rules->after = n < ACT_SLICE ? 0 : r.id;
	if (n == ACT_SLICE && wait_ms != 0)
		wait_ms = RULE_SOON_MS;
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
	loop_arm(st->loop, &st->rules->timer, RULE_SOON_MS);
	return STORE_OK;
}

void
rule_close(struct store *st)
{
	if (st->rules == NULL)
		return;
	loop_disarm(st->loop, &st->rules->timer);
	rule_report_close(st);
	rule_tell_close(st);
	free(st->rules);
	st->rules = NULL;
}
