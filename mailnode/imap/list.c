/* LIST and LSUB: RFC 9051 section 6.3.9, RFC 5258, RFC 5819, RFC 6154. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/name.h"
#include "mailnode/imap/talk.h"
#include "store/tree.h"

enum { PATTERNS_MAX = 20 };

enum option {
	LS_SUBSCRIBED = 1, LS_REMOTE = 2, LS_RECURSIVE = 4,
	LS_SPECIAL = 8,		/* select */
	LR_SUBSCRIBED = 16, LR_CHILDREN = 32, LR_SPECIAL = 64,
	LR_STATUS = 128,	/* return */
	L_EXTENDED = 256, L_LSUB = 512, L_STAR = 1024
};

struct list {
	unsigned int	 options;
	uint32_t	 items;		/* of RETURN (STATUS …) */
	char		*pattern[PATTERNS_MAX];	/* owned */
	size_t		 npattern;
	bool		 root;		/* the last one was "" */
	struct tree	 tree;
};

static const struct lex_name selects[] = {
	{ "SUBSCRIBED", LS_SUBSCRIBED | LR_SUBSCRIBED },
	{ "REMOTE", LS_REMOTE }, { "RECURSIVEMATCH", LS_RECURSIVE },
	{ "SPECIAL-USE", LS_SPECIAL | LR_SPECIAL }, { NULL, 0 }
};
static const struct lex_name returns[] = {
	{ "SUBSCRIBED", LR_SUBSCRIBED }, { "CHILDREN", LR_CHILDREN },
	{ "SPECIAL-USE", LR_SPECIAL }, { "STATUS", LR_STATUS }, { NULL, 0 }
};

/* Words of a list in parentheses. */
static bool
options(struct session *s, struct lex_at *at, const struct lex_name *names,
    struct list *l)
{
	unsigned int bits;

	l->options |= L_EXTENDED;
	if (!lex_open(at))
		return false;
	while (!lex_close(at)) {
		if (!lex_one_of(at, names, &bits) || (bits == LR_STATUS &&
		    !status_items(s, at, &l->items)))
			return false;
		l->options |= bits;
	}
	/* RFC 5258 section 3.1: it goes with others. */
	return !(l->options & LS_RECURSIVE) ||
	    l->options & (LS_SUBSCRIBED | LS_SPECIAL);
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
	l->root = p->n == 0;
	if (memchr(p->p, '*', p->n) != NULL)
		l->options |= L_STAR;
	memcpy(text, ref, n);
	memcpy(text + n, p->p, p->n);
	return name_in(text, n + p->n, session_utf8(s), name, sizeof name) &&
	    (l->pattern[l->npattern++] = strdup(name)) != NULL;
}

static bool
patterns(struct session *s, struct list *l, struct lex_at *at)
{
	struct lex_str ref, p;
	bool many;

	if (!lex_astring(at, &ref))
		return false;
	many = lex_open(at);
	l->options |= many ? L_EXTENDED : 0U;
	do {
		if (!lex_pattern(at, &p) || !add_pattern(s, l, ref.p, &p))
			return false;
	} while (many && !lex_close(at));
	return true;
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

/* Else any that is there.  HIDDEN: not matched by the pattern itself. */
enum below { BELOW_SUBSCRIBED = 1, BELOW_HIDDEN = 2 };

static bool
has_below(const struct list *l, const char *name, unsigned int what)
{
	const struct tree_entry *e;

	for (e = l->tree.entry; e < l->tree.entry + l->tree.n; e++)
		if (tree_below(name, e->name) != NULL &&
		    (what & BELOW_SUBSCRIBED ? e->subscribed :
		    e->box != NULL) &&
		    (!(what & BELOW_HIDDEN) || !matches(l, e->name)))
			return true;
	return false;
}

/* item: extended data behind it, or "". */
static void
put(struct session *s, const struct list *l, const struct tree_entry *e,
    const char *item)
{
	const char *use = special_use(e->name);
	bool lsub = l->options & L_LSUB, parent = has_below(l, e->name, 0);
	struct buf *b = &s->out;

	(void)buf_adds(b, lsub ? "* LSUB (" : "* LIST (");
	/* RFC 9051 section 9, mbx-list-sflag: only one of the two.  A level
	 * above others is there. */
	if (e->box == NULL)
		put_word(b, l->options & L_EXTENDED && !parent ?
		    "\\NonExistent" : "\\Noselect");
	if (!lsub)
		put_word(b, parent ? "\\HasChildren" : "\\HasNoChildren");
	if (e->subscribed && l->options & LR_SUBSCRIBED)
		put_word(b, "\\Subscribed");
	if (use != NULL && !lsub)
		put_word(b, use);
	(void)buf_adds(b, ") \"/\" ");
	(void)name_out(b, e->name, session_utf8(s));
	(void)buf_addf(b, "%s\r\n", item);
	if (l->options & LR_STATUS && e->box != NULL)
		put_status(s, e->box, l->items);
}

/* A level that is none itself is told above what the pattern does not reach
 * (RFC 3501 section 6.3.8; with RECURSIVEMATCH RFC 5258, the example 9), and
 * with all that there is. */
static void
list_one(struct session *s, const struct list *l, const struct tree_entry *e)
{
	bool below = false, wanted = true;

	if (!matches(l, e->name))
		return;
	if (l->options & LS_SUBSCRIBED) {
		wanted = e->subscribed;
		below = l->options & LS_RECURSIVE &&
		    has_below(l, e->name, BELOW_SUBSCRIBED |
		    (wanted ? 0U : BELOW_HIDDEN));
	} else if (e->box == NULL)
		wanted = has_below(l, e->name,
		    l->options & L_STAR ? 0 : BELOW_HIDDEN);
	if (l->options & LS_SPECIAL && special_use(e->name) == NULL)
		wanted = false;
	if (wanted || below)
		put(s, l, e, below ?
		    " (\"CHILDINFO\" (\"SUBSCRIBED\"))" : "");
}

/* RFC 3501 section 6.3.9: with "%" a name above one that is subscribed. */
static void
lsub_one(struct session *s, const struct list *l, const struct tree_entry *e)
{
	struct tree_entry above = *e;

	if (!e->subscribed)
		above.box = NULL;
	if (matches(l, e->name) && (e->subscribed ||
	    has_below(l, e->name, BELOW_SUBSCRIBED | BELOW_HIDDEN)))
		put(s, l, &above, "");
}

void
list_put(struct session *s, const struct tree *t, const struct tree_entry *e,
    const char *item)
{
	const struct list l = { .options = L_EXTENDED | LR_SUBSCRIBED,
	    .tree = *t };

	put(s, &l, e, item);
}

static bool
list_all(struct session *s, struct list *l)
{
	uint16_t rc = tree_get(&l->tree, reader_of(s), &s->reader,
	    status_want(l->items), *s->start->keeper, &s->keeper);
	size_t i;

	for (i = 0; rc == OP_OK && i < l->tree.n; i++)
		if (l->options & L_LSUB)
			lsub_one(s, l, &l->tree.entry[i]);
		else
			list_one(s, l, &l->tree.entry[i]);
	send_out(s);
	return well(s, rc);
}

/* And LSUB, which has no options. */
bool
on_list(struct session *s, struct lex_at *at)
{
	struct list l = { .options = s->second ? L_LSUB : 0 };
	bool good;

	good = (s->second || !lex_next_is(at, LEX_OPEN) ||
	    options(s, at, selects, &l)) && patterns(s, &l, at) &&
	    (s->second || !lex_word(at, "RETURN") ||
	    options(s, at, returns, &l)) && lex_end(at);
	/* RFC 9051 section 6.3.9: "" asks for the root, whatever the
	 * reference. */
	if (good && l.npattern == 1 && l.root)
		untagged(s, "%s (\\Noselect) \"/\" \"\"",
		    s->second ? "LSUB" : "LIST");
	else if (good)
		good = list_all(s, &l);
	while (l.npattern > 0)
		free(l.pattern[--l.npattern]);
	tree_clear(&l.tree);
	return good;
}
