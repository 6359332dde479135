/*
 * News of mailboxes that are not at hand: what was told of them is a list of
 * all there was; what is told is how the present one differs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/name.h"
#include "mailnode/imap/notify.h"

void
notify_left(struct session *s)
{
	const struct view *v = &s->view;
	struct view_boxes *b;
	size_t i;

	if (s->notify == NULL)
		return;
	b = &s->notify->then.tree.boxes;
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
	const struct list *then, *now;
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
	e = tree_find(&w->now->tree, level.name);
	if (e == NULL)
		e = &level;
	if (notify_wanted(w->n, e) & EV_NAME)
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
	put_mailbox(w->s, &item, was->name);
	(void)buf_adds(&item, "))");
	tell_name(w, is, buf_str(&item));
	buf_clear(&item);
}

/* The name, or a level above it, that the client itself made. */
static bool
is_own(const struct news *w, const char *name)
{
	return strcmp(w->n->own, name) == 0 ||
	    tree_below(name, w->n->own) != NULL;
}

/* One name, as it was and as it is; it has been told where a mailbox is now
 * that was under it. */
static void
tell_change(struct news *w, const struct tree_entry *was,
    const struct tree_entry *is)
{
	const bool box = is->box != NULL, had = was->box != NULL;
	const struct tree_entry *old = !box ? NULL :
	    tree_same(&w->then->tree, is->box);
	unsigned int ev = notify_wanted(w->n, was) | notify_wanted(w->n, is);
	bool own = is_own(w, is->name);

	if (old != NULL && strcmp(old->name, is->name) != 0) {
		if ((ev | notify_wanted(w->n, old)) & EV_NAME)
			tell_renamed(w, old, is, own);
		return;
	}
	if (own || (had && !box && tree_same(&w->now->tree, was->box) != NULL))
		return;
	if ((ev & EV_NAME && (box != had || (box && old == NULL))) ||
	    (ev & EV_SUBSCRIBED && is->subscribed != was->subscribed))
		tell_name(w, is, "");
	if (box != had)
		tell_level(w, is->name);
}

static void
tell_messages(struct news *w, const struct tree_entry *e)
{
	static const struct view_box none = { .uidnext = 1 };
	const struct tree_entry *old = tree_same(&w->then->tree, e->box);
	const struct view_box *b = e->box, *a = old != NULL ? old->box : &none;
	uint64_t mine = strcmp(w->n->own, e->name) == 0 ?
	    set_count(&w->n->mine) : 0;
	unsigned int ev = notify_wanted(w->n, e);
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

/* Both are in the order of their names. */
void
notify_differ(struct session *s, const struct list *now)
{
	const struct list *then = &s->notify->then;
	const struct tree *l = &then->tree, *m = &now->tree;
	struct news w = { .s = s, .n = s->notify, .then = then, .now = now };
	struct tree_entry none = { .box = NULL };
	size_t i = 0, j = 0;
	int d;

	while (i < l->n || j < m->n) {
		d = i == l->n ? 1 : j == m->n ? -1 :
		    strcmp(l->entry[i].name, m->entry[j].name);
		memcpy(none.name, d < 0 ? l->entry[i].name : m->entry[j].name,
		    sizeof none.name);
		tell_change(&w, d <= 0 ? &l->entry[i] : &none,
		    d >= 0 ? &m->entry[j] : &none);
		if (d >= 0 && m->entry[j].box != NULL)
			tell_messages(&w, &m->entry[j]);
		i += d <= 0;
		j += d >= 0;
	}
	send_out(s);
}
