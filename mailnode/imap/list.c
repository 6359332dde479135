/* LIST and LSUB: RFC 9051 section 6.3.9, RFC 5258, RFC 5819, RFC 6154. */
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
	char		 pattern[PATTERNS_MAX][NAME_PATTERN_MAX];
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
options(struct session *s, const struct lex_name *names, struct list *l)
{
	unsigned int bits;

	l->options |= L_EXTENDED;
	if (!lex_open(&s->lex))
		return false;
	while (!lex_close(&s->lex)) {
		if (!lex_one_of(&s->lex, names, &bits) || (bits == LR_STATUS &&
		    !status_items(s, &l->items)))
			return false;
		l->options |= bits;
	}
	/* RFC 5258 section 3.1: it goes with others. */
	return !(l->options & LS_RECURSIVE) ||
	    l->options & (LS_SUBSCRIBED | LS_SPECIAL);
}

/* Reference and pattern, one behind the other.  What no name can be matches
 * none. */
static bool
add_pattern(struct session *s, struct list *l, const char *ref,
    const struct lex_str *p)
{
	char text[NAME_PATTERN_MAX];
	size_t n = strlen(ref);

	if (l->npattern == PATTERNS_MAX || n + p->n >= NAME_PATTERN_MAX)
		return false;
	l->root = p->n == 0;
	if (memchr(p->p, '*', p->n) != NULL)
		l->options |= L_STAR;
	memcpy(text, ref, n);
	memcpy(text + n, p->p, p->n);
	l->npattern += name_in(text, n + p->n, session_utf8(s),
	    l->pattern[l->npattern], NAME_PATTERN_MAX);
	return true;
}

static bool
patterns(struct session *s, struct list *l)
{
	struct lex_str ref, p;
	bool many;

	if (!lex_astring(&s->lex, &ref))
		return false;
	many = lex_open(&s->lex);
	l->options |= many ? L_EXTENDED : 0U;
	do {
		if (!lex_pattern(&s->lex, &p) || !add_pattern(s, l, ref.p, &p))
			return false;
	} while (many && !lex_close(&s->lex));
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

/* One that is there, or (subscribed) is subscribed to; hidden: and that the
 * pattern itself does not match. */
static bool
has_below(const struct list *l, const char *name, bool subscribed, bool hidden)
{
	const struct tree_entry *e;

	for (e = l->tree.entry; e < l->tree.entry + l->tree.n; e++)
		if (tree_below(name, e->name) != NULL &&
		    (subscribed ? e->subscribed : e->box != NULL) &&
		    (!hidden || !matches(l, e->name)))
			return true;
	return false;
}

/* item: extended data behind it, or "". */
static void
put(struct session *s, const struct list *l, const struct tree_entry *e,
    const char *item)
{
	const char *use = special_use(e->name);
	bool lsub = l->options & L_LSUB;
	bool parent = has_below(l, e->name, false, false);
	bool here = e->box != NULL && (e->subscribed || !lsub);
	struct buf *b = &s->out;

	(void)buf_adds(b, lsub ? "* LSUB (" : "* LIST (");
	/* RFC 9051 section 9, mbx-list-sflag: only one of the two.  A level
	 * above others is there. */
	if (!here)
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
 * (RFC 3501 sections 6.3.8 and 6.3.9; with RECURSIVEMATCH RFC 5258, the
 * example 9), and with all that there is. */
static void
list_one(struct session *s, const struct list *l, const struct tree_entry *e)
{
	bool below = false, wanted = true;

	if (!matches(l, e->name))
		return;
	if (l->options & LS_SUBSCRIBED) {
		wanted = e->subscribed;
		below = l->options & LS_RECURSIVE &&
		    has_below(l, e->name, true, !wanted);
	} else if (e->box == NULL)
		wanted = has_below(l, e->name, false, !(l->options & L_STAR));
	if (l->options & LS_SPECIAL && special_use(e->name) == NULL)
		wanted = false;
	if (wanted || below)
		put(s, l, e, below && !(l->options & L_LSUB) ?
		    " (\"CHILDINFO\" (\"SUBSCRIBED\"))" : "");
}

void
list_put(struct session *s, const struct tree *t, const struct tree_entry *e,
    const char *item)
{
	const struct list l = { .options = L_EXTENDED | LR_SUBSCRIBED,
	    .tree = *t };

	put(s, &l, e, item);
}

/* And LSUB, which has no options. */
bool
on_list(struct session *s)
{
	struct list l = { .options = s->second ?
	    L_LSUB | LS_SUBSCRIBED | LS_RECURSIVE : 0 };
	bool good;
	size_t i;

	good = (s->second || !lex_next_is(&s->lex, LEX_OPEN) ||
	    options(s, selects, &l)) && patterns(s, &l) &&
	    (s->second || !lex_word(&s->lex, "RETURN") ||
	    options(s, returns, &l)) && lex_end(&s->lex);
	/* RFC 9051 section 6.3.9: "" asks for the root, whatever the
	 * reference. */
	if (good && l.npattern == 1 && l.root)
		untagged(s, "%s (\\Noselect) \"/\" \"\"",
		    s->second ? "LSUB" : "LIST");
	else if (good) {
		good = well(s, tree_get(&l.tree, reader_of(s), &s->reader,
		    status_want(l.items), *s->start->keeper, &s->keeper));
		for (i = 0; good && i < l.tree.n; i++)
			list_one(s, &l, &l.tree.entry[i]);
		send_out(s);
	}
	tree_clear(&l.tree);
	return good;
}
