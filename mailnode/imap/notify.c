/* NOTIFY, RFC 5465: the command, and who wants what; news between commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/name.h"
#include "mailnode/imap/notify.h"
#include "store/err.h"

enum { NAMES_MAX = 256 * 1024 /* octets */ };

/* ---- the command ---- */

static const struct lex_name events[] = {
	{ "MessageNew", EV_NEW }, { "MessageExpunge", EV_EXPUNGE },
	{ "FlagChange", EV_FLAG }, { "MailboxName", EV_NAME },
	{ "SubscriptionChange", EV_SUBSCRIBED }, { NULL, 0 }
};

/* The others of the RFC, and of those that follow it, we have not. */
static bool
event(struct session *s, struct lex_at *at, struct notify *n,
    struct group *g)
{
	struct lex_str word;
	unsigned int bit;

	if (!lex_one_of(at, events, &bit)) {
		if (lex_atom(at, &word))
			reply_no(s, "BADEVENT (MessageNew MessageExpunge "
			    "FlagChange MailboxName SubscriptionChange)",
			    "no such event");
		return false;
	}
	g->events |= bit;
	if (bit != EV_NEW || !lex_next_is(at, LEX_OPEN))
		return true;
	if (g->filter > IN_DELAYED || n->fetch != NULL)
		return false;
	n->fetch = fetch_atts(at);
	return n->fetch != NULL;
}

/* One that no mailbox can have is passed over, as one that none has. */
static bool
name(struct session *s, struct lex_at *at, struct notify *n,
    struct group *g)
{
	char text[BOX_NAME_MAX];
	struct lex_str raw;

	(void)g;
	return lex_astring(at, &raw) && (!name_in(raw.p, raw.n,
	    session_utf8(s), text, sizeof text) ||
	    buf_add(&n->names, text, strlen(text) + 1) == 0);
}

typedef bool	one_fn(struct session *s, struct lex_at *at, struct notify *n,
		    struct group *g);

/* At least one, up to the parenthesis. */
static bool
many(struct session *s, struct lex_at *at, struct notify *n,
    struct group *g, one_fn *one)
{
	do {
		if (!one(s, at, n, g))
			return false;
	} while (!lex_close(at));
	return true;
}

/* Section 5: the events of messages need each other; section 6.1. */
static bool
go_together(const struct group *g)
{
	const unsigned int both = EV_NEW | EV_EXPUNGE;

	if (g->filter <= IN_DELAYED &&
	    g->events & (EV_NAME | EV_SUBSCRIBED))
		return false;
	return !(g->events & (both | EV_FLAG)) || (g->events & both) == both;
}

static bool
group(struct session *s, struct lex_at *at, struct notify *n)
{
	static const struct lex_name in[] = {
		{ "SELECTED", IN_SELECTED }, { "SELECTED-DELAYED", IN_DELAYED },
		/* A rule may file into any: section 6.3. */
		{ "INBOXES", IN_PERSONAL }, { "PERSONAL", IN_PERSONAL },
		{ "SUBSCRIBED", IN_SUBSCRIBED }, { "SUBTREE", IN_SUBTREE },
		{ "MAILBOXES", IN_MAILBOXES }, { NULL, 0 } };
	struct group g = { .from = n->names.len };
	unsigned int filter;

	if (n->n == GROUPS_MAX) {
		reply_no(s, "NOTIFICATIONOVERFLOW", "too many at once");
		return false;
	}
	if (!lex_open(at) || !lex_one_of(at, in, &filter))
		return false;
	g.filter = (enum filter)filter;
	if (g.filter >= IN_SUBTREE && !(lex_open(at) ?
	    many(s, at, n, &g, name) : name(s, at, n, &g)))
		return false;
	g.to = n->names.len;
	if (lex_word(at, "NONE"))
		g.events = EV_NONE;
	else if (!lex_open(at) || !many(s, at, n, &g, event) ||
	    !go_together(&g))
		return false;
	if (g.filter > IN_DELAYED)
		n->group[n->n++] = g;
	else if (n->selected != 0)
		return false;
	else {
		n->selected = g.events;
		n->delayed = g.filter == IN_DELAYED;
	}
	return lex_close(at);
}

static bool
parse(struct session *s, struct lex_at *at, struct notify *n, bool *status)
{
	*status = false;
	if (lex_word(at, "NONE"))
		return lex_end(at);
	if (!lex_word(at, "SET"))
		return false;
	*status = lex_word(at, "STATUS");
	do {
		if (!group(s, at, n))
			return false;
	} while (!lex_end(at));
	return true;
}

void
notify_free(struct notify *n)
{
	if (n == NULL)
		return;
	fetch_free(n->fetch);
	lex_clear(&n->lex);
	list_clear(&n->then);
	buf_clear(&n->names);
	set_clear(&n->mine);
	free(n);
}

/* ---- who wants what ---- */

static bool
covers(const struct notify *n, const struct group *g,
    const struct tree_entry *e)
{
	const char *p;
	size_t at;

	if (g->filter < IN_SUBTREE)
		return g->filter == IN_PERSONAL || e->subscribed;
	for (at = g->from; at < g->to; at += strlen(p) + 1) {
		p = (const char *)n->names.data + at;
		if (strcmp(e->name, p) == 0 || (g->filter == IN_SUBTREE &&
		    tree_below(p, e->name) != NULL))
			return true;
	}
	return false;
}

unsigned int
notify_wanted(const struct notify *n, const struct tree_entry *e)
{
	unsigned int ev = 0;
	size_t i;

	for (i = 0; i < n->n; i++)
		if (covers(n, &n->group[i], e))
			ev |= n->group[i].events;
	return ev;
}

unsigned int
notify_may(const struct session *s, unsigned int how)
{
	const struct notify *n = s->notify;

	if (n == NULL || n->selected & EV_FLAG)
		return how | SYNC_FLAGS;
	return n->selected & EV_NEW || how & SYNC_OWN ? how : 0;
}

/* ---- the mailbox at hand ---- */

void
notify_fresh(struct session *s, const struct set *uids)
{
	struct notify *n = s->notify;
	struct set other = { 0 };

	if (n == NULL || n->fetch == NULL)
		return;
	(void)set_less(uids, &n->mine, &other);
	fetch_tell(s, n->fetch, &other);
	set_clear(&other);
}

void
notify_own(struct session *s, const char *name, const struct set *uids)
{
	struct notify *n = s->notify;
	size_t i;

	if (n == NULL)
		return;
	(void)snprintf(n->own, sizeof n->own, "%s", name);
	n->mine.n = 0;
	for (i = 0; uids != NULL && i < uids->n; i++)
		(void)set_add(&n->mine, uids->range[i].lo,
		    uids->range[i].hi);
	s->told_boxes = true;
}

/* Section 5.8: as if NOTIFY NONE had come. */
static void
overflow(struct session *s)
{
	s->notify->selected = 0;
	s->notify->n = 0;
	untagged(s, "OK [NOTIFICATIONOVERFLOW] no more is told");
}

void
notify_boxes(struct session *s)
{
	struct notify *n = s->notify;
	struct list now = { .options = 0 };
	uint16_t rc = OP_OK;
	bool due;

	due = s->told_boxes;
	s->told_boxes = false;
	if (n == NULL || !(s->state & ST_IN) || !due)
		return;
	if (n->n > 0)
		rc = list_now(s, &now);
	if (rc == OP_GONE)
		reply_failed(s, rc);
	else if (rc != OP_OK)
		overflow(s);
	else if (n->n > 0) {
		notify_differ(s, &now);
		list_clear(&n->then);
		n->then = now;
		now = (struct list){ .options = 0 };
	}
	list_clear(&now);
	n->own[0] = '\0';
	n->mine.n = 0;
}

void
notify_tell(struct session *s)
{
	if (s->notify == NULL || !(s->state & ST_IN))
		return;
	listen_up(s);
	/* Keeper may have told of more while it was asked. */
	do {
		view_sync(s, s->notify->delayed ? SYNC_NEW :
		    SYNC_NEW | SYNC_GONE, NULL);
		notify_boxes(s);
	} while (s->told_boxes && s->state != ST_END);
	/* There is no command to say no to. */
	if (s->answered && s->state != ST_END)
		overflow(s);
	s->answered = false;
	(void)line_flush(s->line);
}

/* ---- */

static void
tell_all(struct session *s, const struct notify *n)
{
	const unsigned int any = EV_NEW | EV_FLAG | EV_NONE;
	const struct tree_entry *e;
	unsigned int ev;
	size_t i;

	for (i = 0; i < n->then.tree.n; i++) {
		e = &n->then.tree.entry[i];
		ev = notify_wanted(n, e);
		if (e->box != NULL && ev & any && e->box->id != s->view.mbox)
			put_news(s, e->box, ev & EV_FLAG);
	}
	send_out(s);
}

bool
on_notify(struct session *s, struct lex_at *at)
{
	struct notify *n = calloc(1, sizeof *n);
	bool status;

	if (n == NULL)
		return well(s, STORE_NOMEM);
	lex_init(&n->lex);
	buf_init(&n->names, NAMES_MAX);
	if (!parse(s, at, n, &status) || !watch(s) ||
	    (n->n > 0 && !well(s, list_now(s, &n->then)))) {
		notify_free(n);
		return false;
	}
	notify_free(s->notify);
	s->notify = n;
	if (n->fetch != NULL) {
		n->lex = s->lex;
		lex_init(&s->lex);
	}
	if (status)
		tell_all(s, n);
	view_sync(s, SYNC_NEW | SYNC_GONE | SYNC_FORCE, NULL);
	return true;
}
