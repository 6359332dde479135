/*
 * NOTIFY, RFC 5465: the command, who wants what, and news between commands.
 * Of mailboxes that are not at hand what was told is a list of all there was;
 * what is told is how the present one differs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/name.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/tree.h"

enum { GROUPS_MAX = 100, NAMES_MAX = 256 * 1024 /* octets */ };
enum event {
	EV_NEW = 1, EV_EXPUNGE = 2, EV_FLAG = 4, EV_NAME = 8,
	EV_SUBSCRIBED = 16,
	EV_NONE = 32		/* a STATUS at first, and no more */
};
enum filter {
	IN_SELECTED, IN_DELAYED, IN_PERSONAL, IN_SUBSCRIBED, IN_SUBTREE,
	IN_MAILBOXES
};

struct group {
	unsigned int	 filter;	/* IN_* */
	unsigned int	 events;	/* EV_* */
	size_t		 from;		/* in `names` */
};

struct notify {
	struct lex	 lex;		/* the command: fetch borrows of it */
	struct fetch	*fetch;		/* of new messages; NULL: nothing */
	unsigned int	 selected;	/* events */
	bool		 delayed;
	struct group	 group[GROUPS_MAX];	/* other mailboxes */
	size_t		 n;
	struct buf	 names;		/* NUL behind each; "" ends those of
					   a group */
	struct tree	 then;		/* empty without groups */
	char		 own[BOX_NAME_MAX];	/* changed by the client … */
	struct set	 mine;		/* … with these new */
};

/* ---- the command ---- */

/* In parentheses, or NONE.  The others of the RFC, and of those that follow
 * it, we have not. */
static bool
events(struct session *s, struct notify *n, struct group *g)
{
	static const struct lex_name names[] = {
		{ "MessageNew", EV_NEW }, { "MessageExpunge", EV_EXPUNGE },
		{ "FlagChange", EV_FLAG }, { "MailboxName", EV_NAME },
		{ "SubscriptionChange", EV_SUBSCRIBED }, { NULL, 0 } };
	const unsigned int both = EV_NEW | EV_EXPUNGE;
	struct lex_str word;
	unsigned int bit;

	if (lex_word(&s->lex, "NONE")) {
		g->events = EV_NONE;
		return true;
	}
	if (!lex_open(&s->lex))
		return false;
	do {
		if (!lex_one_of(&s->lex, names, &bit))
			return lex_atom(&s->lex, &word) && reply_no(s,
			    "BADEVENT (MessageNew MessageExpunge FlagChange "
			    "MailboxName SubscriptionChange)",
			    "no such event");
		g->events |= bit;
		if (bit == EV_NEW && lex_next_is(&s->lex, LEX_OPEN) &&
		    (g->filter > IN_DELAYED || n->fetch != NULL ||
		    (n->fetch = fetch_atts(&s->lex)) == NULL))
			return false;
	} while (!lex_close(&s->lex));
	/* Section 5: the events of messages need each other; section 6.1. */
	if (g->filter <= IN_DELAYED && g->events & (EV_NAME | EV_SUBSCRIBED))
		return false;
	return !(g->events & (both | EV_FLAG)) || (g->events & both) == both;
}

/* One, or some in parentheses.  One that no mailbox can have is passed over,
 * as one that none has. */
static bool
names(struct session *s, struct buf *b)
{
	bool many = lex_open(&s->lex);
	char name[BOX_NAME_MAX];
	struct lex_str raw;

	do {
		if (!lex_astring(&s->lex, &raw))
			return false;
		if (name_in(raw.p, raw.n, session_utf8(s), name,
		    sizeof name) && name[0] != '\0')
			(void)buf_add(b, name, strlen(name) + 1);
	} while (many && !lex_close(&s->lex));
	return buf_addc(b, '\0') == 0;
}

static bool
group(struct session *s, struct notify *n)
{
	static const struct lex_name in[] = {
		{ "SELECTED", IN_SELECTED }, { "SELECTED-DELAYED", IN_DELAYED },
		/* A rule may file into any: section 6.3. */
		{ "INBOXES", IN_PERSONAL }, { "PERSONAL", IN_PERSONAL },
		{ "SUBSCRIBED", IN_SUBSCRIBED }, { "SUBTREE", IN_SUBTREE },
		{ "MAILBOXES", IN_MAILBOXES }, { NULL, 0 } };
	struct group g = { .from = n->names.len };

	if (n->n == GROUPS_MAX)
		return reply_no(s, "NOTIFICATIONOVERFLOW",
		    "too many at once");
	if (!lex_open(&s->lex) || !lex_one_of(&s->lex, in, &g.filter) ||
	    (g.filter >= IN_SUBTREE && !names(s, &n->names)) ||
	    !events(s, n, &g))
		return false;
	if (g.filter > IN_DELAYED)
		n->group[n->n++] = g;
	else if (n->selected != 0)
		return false;
	else {
		n->selected = g.events;
		n->delayed = g.filter == IN_DELAYED;
	}
	return lex_close(&s->lex);
}

static bool
parse(struct session *s, struct notify *n, bool *status)
{
	*status = false;
	if (lex_word(&s->lex, "NONE"))
		return lex_end(&s->lex);
	if (!lex_word(&s->lex, "SET"))
		return false;
	*status = lex_word(&s->lex, "STATUS");
	do {
		if (!group(s, n))
			return false;
	} while (!lex_end(&s->lex));
	return true;
}

void
notify_free(struct notify *n)
{
	if (n == NULL)
		return;
	fetch_free(n->fetch);
	lex_clear(&n->lex);
	tree_clear(&n->then);
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

	if (g->filter < IN_SUBTREE)
		return g->filter == IN_PERSONAL || e->subscribed;
	p = (const char *)n->names.data + g->from;
	for (; *p != '\0'; p += strlen(p) + 1)
		if (strcmp(e->name, p) == 0 || (g->filter == IN_SUBTREE &&
		    tree_below(p, e->name) != NULL))
			return true;
	return false;
}

/* EV_* of all groups that this name is in. */
static unsigned int
wanted(const struct notify *n, const struct tree_entry *e)
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

	if (n == NULL)
		return;
	(void)snprintf(n->own, sizeof n->own, "%s", name);
	n->mine.n = 0;
	if (uids != NULL)
		(void)set_slice(uids, 1, UINT32_MAX, &n->mine);
	s->told_boxes = true;
}

/* ---- the others ---- */

void
notify_left(struct session *s)
{
	const struct view *v = &s->view;
	struct view_boxes *b;
	size_t i;

	if (s->notify == NULL)
		return;
	b = &s->notify->then.boxes;
	for (i = 0; i < b->n; i++)
		if (b->box[i].id == v->mbox) {
			b->box[i].uidvalidity = v->uidvalidity;
			b->box[i].uidnext = v->uidnext;
			b->box[i].total = v->exists;
			b->box[i].modseq = v->modseq < v->gone ? v->modseq :
			    v->gone;
		}
}

struct news {
	struct session	*s;
	struct notify	*n;
	const struct tree *now;
	const struct tree_entry *from, *to;		/* renamed */
	char		 last[BOX_NAME_MAX];	/* told of */
};

static void
tell_name(struct news *w, const struct tree_entry *e, const char *item)
{
	if (strcmp(w->last, e->name) == 0)
		return;
	(void)snprintf(w->last, sizeof w->last, "%s", e->name);
	list_put(w->s, w->now, e, item);
}

/* Something came or went below it. */
static void
tell_level(struct news *w, const char *below)
{
	const char *slash = strrchr(below, NAME_SEPARATOR);
	struct tree_entry level = { .box = NULL };
	const struct tree_entry *e;

	if (slash == NULL)
		return;
	memcpy(level.name, below, (size_t)(slash - below));
	e = tree_find(w->now, level.name);
	if (e == NULL)
		e = &level;
	if (wanted(w->n, e) & EV_NAME)
		tell_name(w, e, "");
}

/* Not what moved with the level above it. */
static void
tell_renamed(struct news *w, const struct tree_entry *was,
    const struct tree_entry *is, bool own)
{
	const char *a = NULL, *b = NULL;
	struct buf item;

	if (w->from != NULL) {
		a = tree_below(w->from->name, was->name);
		b = tree_below(w->to->name, is->name);
	}
	if (a != NULL && b != NULL && strcmp(a, b) == 0)
		return;
	w->from = was;
	w->to = is;
	if (own)
		return;
	buf_init(&item, 4 * BOX_NAME_MAX);
	(void)buf_adds(&item, " (\"OLDNAME\" (");
	(void)name_out(&item, was->name, session_utf8(w->s));
	(void)buf_adds(&item, "))");
	tell_name(w, is, buf_str(&item));
	buf_clear(&item);
}

static void
tell_messages(struct news *w, const struct tree_entry *old,
    const struct tree_entry *e)
{
	static const struct view_box none = { .uidnext = 1 };
	const struct view_box *b = e->box, *a = old != NULL ? old->box : &none;
	uint64_t mine = strcmp(w->n->own, e->name) == 0 ?
	    set_count(&w->n->mine) : 0;
	unsigned int ev = wanted(w->n, e);
	bool came = b->uidnext != a->uidnext || b->total != a->total ||
	    (old != NULL && b->uidvalidity != a->uidvalidity);

	if (b->id == w->s->view.mbox || (mine > 0 &&
	    b->uidnext == a->uidnext + mine && b->total == a->total + mine))
		return;
	if ((ev & EV_NEW && came) || (ev & EV_FLAG && old != NULL &&
	    b->modseq != a->modseq && (b->unread != a->unread ||
	    w->s->enabled & EN_CONDSTORE)))
		put_news(w->s, b, ev & EV_FLAG);
}

/* One name, as it was and as it is; it has been told where a mailbox is now
 * that was under it. */
static void
tell_change(void *arg, const struct tree_entry *was,
    const struct tree_entry *is)
{
	struct news *w = arg;
	const bool box = is->box != NULL, had = was->box != NULL;
	const struct tree_entry *old = !box ? NULL :
	    tree_same(&w->n->then, is->box);
	unsigned int ev = wanted(w->n, was) | wanted(w->n, is);
	/* The name, or a level above it, that the client itself made. */
	bool own = strcmp(w->n->own, is->name) == 0 ||
	    tree_below(is->name, w->n->own) != NULL;

	if (old != NULL && strcmp(old->name, is->name) != 0) {
		if ((ev | wanted(w->n, old)) & EV_NAME)
			tell_renamed(w, old, is, own);
	} else if (!own &&
	    (!had || box || tree_same(w->now, was->box) == NULL)) {
		if ((ev & EV_NAME && (box != had || (box && old == NULL))) ||
		    (ev & EV_SUBSCRIBED && is->subscribed != was->subscribed))
			tell_name(w, is, "");
		if (box != had)
			tell_level(w, is->name);
	}
	if (box)
		tell_messages(w, old, is);
}

/* Section 5.8: as if NOTIFY NONE had come. */
static void
overflow(struct session *s)
{
	s->notify->selected = 0;
	s->notify->n = 0;
	untagged(s, "OK [NOTIFICATIONOVERFLOW] no more is told");
}

static void
notify_boxes(struct session *s)
{
	struct notify *n = s->notify;
	struct tree now = { .n = 0 };
	struct news w = { .s = s, .n = n, .now = &now };
	bool due = s->told_boxes;
	uint16_t rc = OP_OK;

	s->told_boxes = false;
	if (n == NULL || !(s->state & ST_IN) || !due)
		return;
	if (n->n > 0)
		rc = tree_get(&now, reader_of(s), &s->reader, 0,
		    *s->start->keeper, &s->keeper);
	if (rc == OP_GONE)
		reply_failed(s, rc);
	else if (rc != OP_OK)
		overflow(s);
	else if (n->n > 0) {
		tree_diff(&n->then, &now, tell_change, &w);
		send_out(s);
		tree_clear(&n->then);
		n->then = now;
		now = (struct tree){ .n = 0 };
	}
	tree_clear(&now);
	n->own[0] = '\0';
	n->mine.n = 0;
}

void
tell_news(struct session *s, unsigned int how)
{
	/* Keeper may have told of more while it was asked. */
	do {
		view_sync(s, how);
		notify_boxes(s);
	} while (s->told_boxes && s->state != ST_END);
}

void
notify_tell(struct session *s)
{
	if (s->notify == NULL || !(s->state & ST_IN))
		return;
	listen_up(s);
	tell_news(s, s->notify->delayed ? SYNC_NEW : SYNC_NEW | SYNC_GONE);
	/* There is no command to say no to. */
	if (s->answered && s->state != ST_END)
		overflow(s);
	s->answered = false;
}

/* What there is at first. */
static void
tell_all(struct session *s, const struct notify *n)
{
	const struct tree_entry *e;
	unsigned int ev;
	size_t i;

	for (i = 0; i < n->then.n; i++) {
		e = &n->then.entry[i];
		ev = wanted(n, e);
		if (e->box != NULL && ev & (EV_NEW | EV_FLAG | EV_NONE) &&
		    e->box->id != s->view.mbox)
			put_news(s, e->box, ev & EV_FLAG);
	}
	send_out(s);
}

bool
on_notify(struct session *s)
{
	struct notify *n = calloc(1, sizeof *n);
	bool status;

	if (n == NULL)
		return well(s, STORE_NOMEM);
	lex_init(&n->lex);
	buf_init(&n->names, NAMES_MAX);
	if (!parse(s, n, &status) || !watch(s) ||
	    (n->n > 0 && !well(s, tree_get(&n->then, reader_of(s), &s->reader,
	    0, *s->start->keeper, &s->keeper)))) {
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
	view_sync(s, SYNC_NEW | SYNC_GONE | SYNC_FORCE);
	return true;
}
