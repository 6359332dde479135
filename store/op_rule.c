#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/box.h"
#include "store/intent.h"
#include "store/op_event.h"
#include "store/parts.h"
#include "store/rule.h"
#include "store/spool.h"
#include "store/sync.h"
#include "store/wire.h"

enum { TAIL = 16 };

/* ---- RULE_TODO ---- */

/* The index has not learnt it yet. */
static bool
unlearnt(struct store *st, uint64_t msg)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_CACHE, &slot,
	    "SELECT 1 FROM index_todo WHERE msg = ?1 LIMIT 1", "i",
	    (int64_t)msg);
	bool found;

	if (s == NULL)
		return true;
	found = sqlite3_step(s) != SQLITE_DONE;
	(void)sqlite3_reset(s);
	return found;
}

static bool
put_item(struct store *st, const struct rule_row *r, const struct row_at *at,
    struct buf *out)
{
	char path[BOX_NAME_MAX + sizeof at->name];
	size_t before = out->len;

	snprintf(path, sizeof path, "%s/%s", box_by_id(st, at->mbox)->name,
	    at->name);
	chan_put_u8(out, 1);
	chan_put_u64(out, r->id);
	chan_put_str(out, path);
	chan_put_str(out, r->msgid);
	return wire_fits(out, before, TAIL);
}

/* Deleted before its rules came to it. */
static void
gone(struct store *st, struct rule_row *r)
{
	r->todo = 0;
	if (rule_save(st, r) == STORE_OK)
		event_add(st, r->trace, "", "rule", "it is gone already");
}

static uint16_t
on_todo(void *service, struct op_call *c)
{
	struct store *st = service;
	struct rule_row r = { .id = 0 };
	size_t looked = 0, n = 0;
	struct row_at at;
	bool soon = false;

	if (!chan_end(&c->in))
		return OP_BAD;
	/* Rows are ahead of files: see INDEX_TODO. */
	while (!intent_busy(st) && n < RULE_BATCH && looked++ < RULE_LOOK &&
	    rule_next(st, r.id, RULE_MATCH, &r) == STORE_OK) {
		if ((r.todo & RULE_FIRST) != 0)
			continue;	/* news is told when it is done */
		if (spool_has(st, r.entry)) {
			soon = true;
			continue;
		}
		if (rule_locate(st, &r, &at) != STORE_OK) {
			if (!st->rebuild && sync_idle(st))
				gone(st, &r);
			continue;
		}
		if (unlearnt(st, at.id) || box_by_id(st, at.mbox) == NULL)
			continue;
		if (!put_item(st, &r, &at, c->out))
			break;
		n++;
	}
	if (soon)
		spool_strike(st);
	chan_put_u8(c->out, 0);
	chan_put_u8(c->out, soon);
	return OP_OK;
}

static bool
get_work(struct chan_in *in, struct rule_work *out)
{
	struct rule_item *i;
	struct wire w;

	memset(out, 0, sizeof *out);
	if (!wire_init(&w, in, &out->text))
		return false;
	while (wire_row(&w, (void **)&out->item, &out->n, sizeof *i)) {
		i = &out->item[out->n - 1];
		i->id = chan_get_u64(in);
		i->path = wire_str(&w);
		i->msgid = wire_str(&w);
		i->nhits = 0;
	}
	out->soon = chan_get_u8(in) != 0;
	if (w.bad || !chan_end(in)) {
		rule_work_clear(out);
		return false;
	}
	return true;
}

uint16_t
rule_ask_todo(int ch, struct op_reply *r, struct rule_work *out)
{
	uint16_t rc;

	memset(out, 0, sizeof *out);
	rc = op_call(ch, RULE_TODO, NULL, -1, r, RULE_WAIT_MS);
	if (rc == OP_OK && !get_work(&r->in, out))
		rc = OP_BAD;
	return rc;
}

void
rule_work_clear(struct rule_work *w)
{
	free(w->item);
	free(w->text);
	memset(w, 0, sizeof *w);
}

/* ---- RULE_DONE ---- */

uint16_t
rule_tell_done(int ch, struct op_reply *r, const struct rule_work *w)
{
	struct buf args;
	size_t i, k;

	buf_init(&args, CHAN_DATA_MAX);
	chan_put_u16(&args, (uint16_t)w->n);
	for (i = 0; i < w->n; i++) {
		chan_put_u64(&args, w->item[i].id);
		chan_put_u16(&args, (uint16_t)w->item[i].nhits);
		for (k = 0; k < w->item[i].nhits; k++)
			chan_put_u16(&args, w->item[i].hit[k]);
	}
	return wire_ask(ch, r, RULE_DONE, &args, RULE_WAIT_MS);
}

/* What the rules that match ask for. */
static unsigned int
asked(const struct store *st, const struct rule_row *r)
{
	const struct rule *a;
	unsigned int todo = 0;
	size_t i;

	for (i = 0; i < r->nhits; i++) {
		a = &st->conf->rules[r->hit[i]];
		if (a->tags != NULL || a->folder != NULL)
			todo |= RULE_MOVE;
		if (a->forward != NULL)
			todo |= RULE_FORWARD;
		if (a->hook != NULL || a->notify)
			todo |= RULE_TELL;
	}
	return todo;
}

static void
story(struct store *st, const struct rule_row *r)
{
	char text[EVENT_TEXT_MAX], key[EVENT_ADDR_MAX];
	const struct rule *a;
	size_t i;

	snprintf(key, sizeof key, "<%.500s>", r->msgid);
	for (i = 0; i < r->nhits; i++) {
		a = &st->conf->rules[r->hit[i]];
		snprintf(text, sizeof text, "rule=%u query=%.300s"
		    "%s%.100s%s%.100s%s%.200s%s%.30s%s", r->hit[i] + 1U,
		    a->query,
		    a->tags != NULL ? " tags=" : "",
		    a->tags != NULL ? a->tags : "",
		    a->folder != NULL ? " folder=" : "",
		    a->folder != NULL ? a->folder : "",
		    a->forward != NULL ? " forward=" : "",
		    a->forward != NULL ? a->forward : "",
		    a->hook != NULL ? " hook=" : "",
		    a->hook != NULL ? a->hook : "",
		    a->notify ? " notify" : "");
		event_add(st, r->trace, key, "rule", text);
	}
}

/* Once: what is beyond MATCH was decided before. */
static enum store_err
decided(struct store *st, uint64_t id, const uint16_t *hit, size_t n)
{
	struct rule_row r;
	enum store_err rc = rule_next(st, id - 1, RULE_MATCH, &r);

	if (rc != STORE_OK || r.id != id || (r.todo & RULE_FIRST) != 0)
		return rc == STORE_NOTFOUND || rc == STORE_OK ? STORE_OK : rc;
	r.nhits = n;
	memcpy(r.hit, hit, n * sizeof *hit);
	r.todo = asked(st, &r);
	r.sum = st->conf->rules_sum;
	rc = rule_save(st, &r);
	if (rc == STORE_OK)
		story(st, &r);
	return rc;
}

static uint16_t
on_done(void *service, struct op_call *c)
{
	struct store *st = service;
	uint16_t n = chan_get_u16(&c->in), hits, hit[RULE_HITS_MAX], i, k;
	enum store_err rc = store_begin(st, STORE_NODE);
	uint64_t id;

	for (i = 0; i < n && rc == STORE_OK; i++) {
		id = chan_get_u64(&c->in);
		hits = chan_get_u16(&c->in);
		if (c->in.bad || id == 0 || id > INT64_MAX ||
		    hits > RULE_HITS_MAX)
			return OP_BAD;
		for (k = 0; k < hits; k++) {
			hit[k] = chan_get_u16(&c->in);
			if (c->in.bad || hit[k] >= st->conf->nrules)
				return OP_BAD;
		}
		rc = decided(st, id, hit, hits);
	}
	if (rc != STORE_OK)
		return (uint16_t)rc;
	if (!chan_end(&c->in))
		return OP_BAD;
	rule_kick(st);
	return store_later(st, c, STORE_BIT(STORE_NODE));
}

enum { INDEXER = ROLE_BIT(ROLE_INDEXER) };

const struct op rule_ops[] = {
	{ RULE_TODO, INDEXER, on_todo },
	{ RULE_DONE, INDEXER, on_done },
	{ 0, 0, NULL }
};
