/* LIST and LSUB: RFC 9051 section 6.3.9, RFC 5258, RFC 5819, RFC 6154. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/list.h"
#include "mailnode/imap/name.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/op_set.h"

enum option {
	LS_SUBSCRIBED = 1, LS_REMOTE = 2, LS_RECURSIVE = 4,
	LS_SPECIAL = 8,		/* select */
	LR_SUBSCRIBED = 16, LR_CHILDREN = 32, LR_SPECIAL = 64,
	LR_STATUS = 128,	/* return */
	L_EXTENDED = 256, L_LSUB = 512
};

static const struct word { const char *name; unsigned int bits; }
    selects[] = { { "SUBSCRIBED", LS_SUBSCRIBED | LR_SUBSCRIBED },
	{ "REMOTE", LS_REMOTE }, { "RECURSIVEMATCH", LS_RECURSIVE },
	{ "SPECIAL-USE", LS_SPECIAL | LR_SPECIAL }, { NULL, 0 } },
    returns[] = { { "SUBSCRIBED", LR_SUBSCRIBED },
	{ "CHILDREN", LR_CHILDREN }, { "SPECIAL-USE", LR_SPECIAL },
	{ "STATUS", LR_STATUS }, { NULL, 0 } };

/* Words of a list in parentheses, up to its end. */
static bool
options(struct lex_at *at, const struct word *w, struct list *l)
{
	size_t i;

	l->options |= L_EXTENDED;
	while (!lex_close(at)) {
		for (i = 0; w[i].name != NULL; i++)
			if (lex_word(at, w[i].name))
				break;
		if (w[i].name == NULL || (w[i].bits == LR_STATUS &&
		    !status_items(at, &l->items)))
			return false;
		l->options |= w[i].bits;
	}
	return true;
}

static bool
select_options(struct lex_at *at, struct list *l)
{
	if (!lex_open(at))
		return true;
	return options(at, selects, l) && (!(l->options & LS_RECURSIVE) ||
	    l->options & (LS_SUBSCRIBED | LS_SPECIAL));
}

static bool
return_options(struct lex_at *at, struct list *l)
{
	return !lex_word(at, "RETURN") ||
	    (lex_open(at) && options(at, returns, l));
}

/* Reference and pattern, one behind the other. */
static bool
add_pattern(struct session *s, struct list *l, const char *ref,
    const struct lex_str *p)
{
	char text[NAME_PATTERN_MAX * 2], name[NAME_PATTERN_MAX];
	size_t n = strlen(ref);

	if (l->npattern == PATTERNS_MAX || n + p->n >= NAME_PATTERN_MAX)
		return false;
	/* RFC 9051 section 6.3.9: asks for the root, whatever the reference. */
	l->root = p->n == 0;
	memcpy(text, ref, n);
	memcpy(text + n, p->p, p->n);
	return name_in(text, n + p->n, session_utf8(s), name, sizeof name) &&
	    (l->pattern[l->npattern++] = strdup(name)) != NULL;
}

static bool
patterns(struct session *s, struct list *l, struct lex_at *at)
{
	struct lex_str ref, p;

	if (!lex_astring(at, &ref))
		return false;
	if (!lex_open(at))
		return lex_pattern(at, &p) && add_pattern(s, l, ref.p, &p);
	l->options |= L_EXTENDED;
	while (lex_pattern(at, &p))
		if (!add_pattern(s, l, ref.p, &p))
			return false;
	return lex_close(at) && l->npattern > 0;
}

static bool
add_entry(struct list *l, const char *name, size_t n,
    const struct view_box *b, bool subscribed)
{
	size_t cap = l->cap != 0 ? l->cap * 2 : 64;
	struct entry *e;

	if (n >= BOX_NAME_MAX)
		return true;
	if (l->n == l->cap) {
		e = reallocarray(l->entry, cap, sizeof *e);
		if (e == NULL)
			return false;
		l->entry = e;
		l->cap = cap;
	}
	e = &l->entry[l->n++];
	memset(e, 0, sizeof *e);
	memcpy(e->name, name, n);
	e->box = b;
	e->subscribed = subscribed;
	return true;
}

/* Those that exist stand before those that do not. */
static int
by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	if (d != 0)
		return d;
	return (x->box == NULL) - (y->box == NULL);
}

/* What is said of a name: "+", "-", or 0. */
static char
said_of(const struct list *l, const char *name)
{
	const char *p = (const char *)l->subscribed.data;
	const char *end = p + l->subscribed.len;

	for (; p < end; p += strlen(p) + 1)
		if (strcmp(p + 1, name) == 0)
			return *p;
	return 0;
}

/* Mailboxes, the levels above them, and names that are only subscribed. */
static bool
gather(struct list *l)
{
	const char *p, *slash;
	size_t i, n;
	bool good = true;

	for (i = 0; i < l->boxes.n && good; i++) {
		p = l->boxes.box[i].name;
		good = add_entry(l, p, strlen(p), &l->boxes.box[i],
		    said_of(l, p) != '-');
		for (slash = strchr(p, '/'); slash != NULL && good;
		    slash = strchr(slash + 1, '/'))
			good = add_entry(l, p, (size_t)(slash - p), NULL,
			    false);
	}
	p = (const char *)l->subscribed.data;
	for (; p < (const char *)l->subscribed.data + l->subscribed.len &&
	    good; p += strlen(p) + 1)
		if (*p == '+')
			good = add_entry(l, p + 1, strlen(p + 1), NULL, true);
	if (l->n == 0)
		return good;
	qsort(l->entry, l->n, sizeof l->entry[0], by_name);
	for (i = 1, n = 1; i < l->n; i++) {
		if (strcmp(l->entry[i].name, l->entry[n - 1].name) == 0)
			l->entry[n - 1].subscribed |= l->entry[i].box == NULL &&
			    l->entry[i].subscribed && said_of(l,
			    l->entry[i].name) == '+';
		else
			l->entry[n++] = l->entry[i];
	}
	l->n = n;
	return good;
}

static bool
matches(const struct list *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->npattern; i++)
		if (name_match(l->pattern[i], name))
			return true;
	return false;
}

/* HIDDEN: subscribed, and not matched by the pattern itself. */
enum below { BELOW_ANY, BELOW_SUBSCRIBED, BELOW_SPECIAL, BELOW_HIDDEN };

static bool
has_below(const struct list *l, const char *name, enum below what)
{
	size_t i, n = strlen(name);
	const struct entry *e;

	for (i = 0; i < l->n; i++) {
		e = &l->entry[i];
		if (strncmp(e->name, name, n) != 0 || e->name[n] != '/')
			continue;
		if ((what == BELOW_ANY && e->box != NULL) ||
		    (what == BELOW_SUBSCRIBED && e->subscribed) ||
		    (what == BELOW_HIDDEN && e->subscribed &&
		    !matches(l, e->name)) ||
		    (what == BELOW_SPECIAL && special_use(e->name) != NULL))
			return true;
	}
	return false;
}

void
list_put(struct session *s, const struct list *l, const struct entry *e,
    const char *item)
{
	const char *use = special_use(e->name);
	struct buf *b = &s->out;

	(void)buf_adds(b, l->options & L_LSUB ? "* LSUB (" : "* LIST (");
	if (e->box == NULL) {
		if (l->options & L_EXTENDED)
			put_word(b, "\\NonExistent");
		put_word(b, "\\Noselect");
	}
	if (!(l->options & L_LSUB))
		put_word(b, has_below(l, e->name, BELOW_ANY) ?
		    "\\HasChildren" : "\\HasNoChildren");
	if (e->subscribed && (l->options & LR_SUBSCRIBED) != 0)
		put_word(b, "\\Subscribed");
	if (use != NULL && !(l->options & L_LSUB))
		put_word(b, use);
	(void)buf_adds(b, ") \"/\" ");
	put_mailbox(s, b, e->name);
	(void)buf_adds(b, item);
	(void)buf_adds(b, "\r\n");
	if (l->options & LR_STATUS && e->box != NULL)
		put_status(s, e->box, l->items);
}

/* RFC 3501 section 6.3.9: with "%" a name above one that is subscribed. */
static void
list_one(struct session *s, const struct list *l, const struct entry *e)
{
	bool below, wanted = true;

	if (!matches(l, e->name))
		return;
	below = (l->options & LS_RECURSIVE || l->options & L_LSUB) &&
	    l->options & LS_SUBSCRIBED &&
	    has_below(l, e->name, l->options & L_LSUB ? BELOW_HIDDEN :
	    BELOW_SUBSCRIBED);
	if (l->options & LS_SUBSCRIBED)
		wanted = e->subscribed;
	else if (e->box == NULL)
		wanted = has_below(l, e->name, BELOW_ANY);
	if (wanted && l->options & LS_SPECIAL)
		wanted = special_use(e->name) != NULL;
	if (l->options & L_LSUB && !wanted && below) {
		struct entry above = *e;

		above.box = NULL;
		list_put(s, l, &above, "");
	} else if (wanted || below)
		list_put(s, l, e, below && !(l->options & L_LSUB) ?
		    " (\"CHILDINFO\" (\"SUBSCRIBED\"))" : "");
}

static uint16_t
fill(struct session *s, struct list *l)
{
	uint16_t rc;

	rc = view_boxes(reader_of(s), &s->reader, status_want(l->items),
	    &l->boxes);
	if (rc == OP_OK)
		rc = set_subscribed(*s->start->keeper, &s->keeper,
		    &l->subscribed);
	return rc == OP_OK && !gather(l) ? STORE_NOMEM : rc;
}

static void
list_all(struct session *s, struct list *l)
{
	uint16_t rc = fill(s, l);
	size_t i;

	if (rc != OP_OK) {
		reply_failed(s, rc);
		return;
	}
	for (i = 0; i < l->n; i++)
		list_one(s, l, &l->entry[i]);
	send_out(s);
	reply_ok(s, "", "that is all");
}

static struct list *
list_new(unsigned int options)
{
	enum { SUBSCRIBED_MAX = 4 * 1024 * 1024 };
	struct list *l = calloc(1, sizeof *l);

	if (l != NULL) {
		l->options = options;
		buf_init(&l->subscribed, SUBSCRIBED_MAX);
	}
	return l;
}

struct list *
list_now(struct session *s, uint16_t *rc)
{
	struct list *l = list_new(L_EXTENDED | LR_SUBSCRIBED);

	*rc = l != NULL ? fill(s, l) : STORE_NOMEM;
	if (*rc == OP_OK)
		return l;
	list_free(l);
	return NULL;
}

void
list_free(struct list *l)
{
	if (l == NULL)
		return;
	while (l->npattern > 0)
		free(l->pattern[--l->npattern]);
	free(l->entry);
	view_boxes_clear(&l->boxes);
	buf_clear(&l->subscribed);
	free(l);
}

static void
run_list(struct session *s, struct lex_at *at, unsigned int options)
{
	struct list *l = list_new(options);

	if (l == NULL) {
		reply_failed(s, STORE_NOMEM);
		return;
	}
	if ((options & L_LSUB || select_options(at, l)) &&
	    patterns(s, l, at) && (options & L_LSUB ||
	    return_options(at, l)) && lex_end(at)) {
		if (l->npattern == 1 && l->root) {
			untagged(s, "%s (\\Noselect) \"/\" \"\"",
			    options & L_LSUB ? "LSUB" : "LIST");
			reply_ok(s, "", "done");
		} else
			list_all(s, l);
	}
	list_free(l);
}

void
on_list(struct session *s, struct lex_at *at)
{
	run_list(s, at, 0);
}

void
on_lsub(struct session *s, struct lex_at *at)
{
	run_list(s, at, L_LSUB | LS_SUBSCRIBED);
}
