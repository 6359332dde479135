#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "store/thread_tree.h"

enum { NONE = -1 };

struct node {
	uint64_t	 id;
	int64_t		 date;
	char		*msgid, *irt, *refs;	/* one allocation, at msgid */
	int		 parent, child, last, next;	/* indices */
	int		 same;		/* next copy of this Message-ID */
	bool		 is_copy;
};

struct tree {
	struct node	*node;
	size_t		 n, cap, most;
	int		*hash;		/* by Message-ID: node, or NONE */
	size_t		 nhash;
	struct tree_row	*row;
	size_t		 nrow;
};

struct tree *
tree_new(size_t most)
{
	struct tree *t = calloc(1, sizeof *t);

	if (t != NULL)
		t->most = most;
	return t;
}

void
tree_free(struct tree *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++)
		free(t->node[i].msgid);
	free(t->node);
	free(t->hash);
	free(t->row);
	free(t);
}

bool
tree_add(struct tree *t, uint64_t id, int64_t date, const char *msgid,
    const char *irt, const char *refs)
{
	size_t a = strlen(msgid) + 1, b = strlen(irt) + 1,
	    c = strlen(refs) + 1, cap;
	struct node *n;

	if (t->n == t->most)
		return false;
	if (t->n == t->cap) {
		cap = t->cap > 0 ? t->cap * 2 : 16;
		n = reallocarray(t->node, cap, sizeof *n);
		if (n == NULL)
			return false;
		t->node = n;
		t->cap = cap;
	}
	n = &t->node[t->n];
	*n = (struct node){ .id = id, .date = date, .parent = NONE,
	    .child = NONE, .last = NONE, .next = NONE, .same = NONE };
	n->msgid = malloc(a + b + c);
	if (n->msgid == NULL)
		return false;
	n->irt = n->msgid + a;
	n->refs = n->irt + b;
	memcpy(n->msgid, msgid, a);
	memcpy(n->irt, irt, b);
	memcpy(n->refs, refs, c);
	t->n++;
	return true;
}

/* ---- by Message-ID ---- */

static size_t
slot(const struct tree *t, const char *id, size_t n)
{
	uint32_t h = 2166136261u;
	size_t i, at;

	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)id[i]) * 16777619u;
	for (at = h % t->nhash; t->hash[at] != NONE;
	    at = (at + 1) % t->nhash) {
		const char *s = t->node[t->hash[at]].msgid;

		if (strncmp(s, id, n) == 0 && s[n] == '\0')
			break;
	}
	return at;
}

static bool
hash_all(struct tree *t)
{
	struct node *n;
	size_t i, at;
	int k;

	t->nhash = t->n * 2 + 1;
	t->hash = calloc(t->nhash, sizeof *t->hash);
	if (t->hash == NULL)
		return false;
	for (i = 0; i < t->nhash; i++)
		t->hash[i] = NONE;
	for (i = 0; i < t->n; i++) {
		n = &t->node[i];
		at = slot(t, n->msgid, strlen(n->msgid));
		if (t->hash[at] == NONE) {
			t->hash[at] = (int)i;
			continue;
		}
		for (k = t->hash[at]; t->node[k].same != NONE; )
			k = t->node[k].same;
		t->node[k].same = (int)i;
		n->is_copy = true;
	}
	return true;
}

static int
find(const struct tree *t, const char *id, size_t n)
{
	return n > 0 ? t->hash[slot(t, id, n)] : NONE;
}

/* ---- parents ---- */

/* Two that name each other would make a ring. */
static bool
is_above(const struct tree *t, int who, int of)
{
	size_t steps;

	for (steps = 0; of != NONE && steps <= t->n; steps++) {
		if (of == who)
			return true;
		of = t->node[of].parent;
	}
	return of != NONE;
}

static int
parent_of(const struct tree *t, int i)
{
	const struct node *n = &t->node[i];
	const char *p, *end;
	int k = find(t, n->irt, strcspn(n->irt, " "));

	if (k != NONE && !is_above(t, i, k))
		return k;
	for (end = n->refs + strlen(n->refs); end > n->refs; end = p) {
		while (end > n->refs && end[-1] == ' ')
			end--;
		for (p = end; p > n->refs && p[-1] != ' '; )
			p--;
		k = find(t, p, (size_t)(end - p));
		if (k != NONE && !is_above(t, i, k))
			return k;
	}
	return NONE;
}

static int
by_date(const void *a, const void *b, void *arg)
{
	const struct tree *t = arg;
	const struct node *x = &t->node[*(const int *)a],
	    *y = &t->node[*(const int *)b];

	if (x->date != y->date)
		return x->date < y->date ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* ---- order ---- */

static void
emit(struct tree *t, int i, uint32_t depth)
{
	for (; i != NONE; i = t->node[i].same)
		t->row[t->nrow++] = (struct tree_row){ t->node[i].id, depth,
		    t->node[i].is_copy };
}

/* Down to a first answer, else along, else up: no recursion, since the
 * depth is the sender's. */
static void
walk(struct tree *t, int i)
{
	uint32_t depth = 0;
	int root = i;

	for (;;) {
		emit(t, i, depth < TREE_DEPTH_MAX ? depth : TREE_DEPTH_MAX);
		if (t->node[i].child != NONE) {
			i = t->node[i].child;
			depth++;
			continue;
		}
		while (i != root && t->node[i].next == NONE) {
			i = t->node[i].parent;
			depth--;
		}
		if (i == root)
			return;
		i = t->node[i].next;
	}
}

static void
link_child(struct tree *t, int i)
{
	struct node *up = &t->node[t->node[i].parent];

	if (up->child == NONE)
		up->child = i;
	else
		t->node[up->last].next = i;
	up->last = i;
}

const struct tree_row *
tree_order(struct tree *t, size_t *n)
{
	int *order;
	size_t i, k = 0;

	*n = 0;
	order = calloc(t->n + 1, sizeof *order);
	t->row = calloc(t->n + 1, sizeof *t->row);
	if (order == NULL || t->row == NULL || !hash_all(t)) {
		free(order);
		return NULL;
	}
	for (i = 0; i < t->n; i++)
		if (!t->node[i].is_copy)
			order[k++] = (int)i;
	qsort_r(order, k, sizeof *order, by_date, t);
	for (i = 0; i < k; i++)
		t->node[order[i]].parent = parent_of(t, order[i]);
	for (i = 0; i < k; i++)
		if (t->node[order[i]].parent != NONE)
			link_child(t, order[i]);
	for (i = 0; i < k; i++)
		if (t->node[order[i]].parent == NONE)
			walk(t, order[i]);
	free(order);
	*n = t->nrow;
	return t->row;
}
