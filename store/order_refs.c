/*
 * THREAD=REFERENCES, RFC 5256 section 3: who answers whom, in steps 1 to 6
 * as numbered there.  Ids are kept as hashes, so that the memory of a thread
 * hangs on the number of its messages alone.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "crypto/sign.h"
#include "store/order.h"

enum { NONE = -1, ROOT = 0 };	/* node 0 is the root */
enum { ID_OCTETS = 16, REFS_MAX = 128 /* ids of one message */ };

struct node {
	uint8_t		 id[ID_OCTETS];
	uint32_t	 uid;		/* 0: a dummy */
	bool		 reply;
	bool		 above;		/* something is below it */
	int		 parent, child, next;
	int64_t		 date;
	uint32_t	 base, nbase;	/* its subject, in `text` */
};

struct order_refs {
	struct node	*node;
	int		 n, cap;
	int		*slot;		/* by id; NONE; a power of two */
	size_t		 nslot;
	struct buf	 text;
};

struct order_refs *
order_refs_new(void)
{
	struct order_refs *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	buf_init(&t->text, ORDER_MEM_MAX);
	t->node = calloc(64, sizeof *t->node);
	t->cap = 64;
	if (t->node == NULL) {
		free(t);
		return NULL;
	}
	t->node[ROOT] = (struct node){ .parent = NONE, .child = NONE,
	    .next = NONE };
	t->n = 1;
	return t;
}

void
order_refs_free(struct order_refs *t)
{
	if (t == NULL)
		return;
	free(t->node);
	free(t->slot);
	buf_clear(&t->text);
	free(t);
}

/* ---- nodes by id ---- */

static size_t
start(const struct order_refs *t, const uint8_t *id)
{
	uint64_t h;

	memcpy(&h, id, sizeof h);
	return (size_t)h & (t->nslot - 1);
}

static bool
rehash(struct order_refs *t)
{
	size_t n = t->nslot != 0 ? t->nslot * 2 : 256, i, k;
	int *p = reallocarray(t->slot, n, sizeof *p);

	if (p == NULL)
		return false;
	t->slot = p;
	t->nslot = n;
	for (i = 0; i < n; i++)
		p[i] = NONE;
	for (i = 1; i < (size_t)t->n; i++) {
		for (k = start(t, t->node[i].id); p[k] != NONE; )
			k = (k + 1) & (n - 1);
		p[k] = (int)i;
	}
	return true;
}

/* NONE: no memory, or too many. */
static int
node_new(struct order_refs *t, const uint8_t *id)
{
	struct node *p;

	if (t->n >= ORDER_NODES_MAX)
		return NONE;
	if (t->n == t->cap) {
		p = reallocarray(t->node, (size_t)t->cap * 2, sizeof *p);
		if (p == NULL)
			return NONE;
		t->node = p;
		t->cap *= 2;
	}
	t->node[t->n] = (struct node){ .parent = NONE, .child = NONE,
	    .next = NONE };
	if (id != NULL)
		memcpy(t->node[t->n].id, id, ID_OCTETS);
	return t->n++;
}

/* The node of an id; made when there is none. */
static int
node_of(struct order_refs *t, const char *id, size_t n)
{
	uint8_t hash[32];
	size_t k;
	int i;

	if ((size_t)t->n * 2 >= t->nslot && !rehash(t))
		return NONE;
	sha256_of(id, n, hash);
	for (k = start(t, hash); t->slot[k] != NONE; k = (k + 1) &
	    (t->nslot - 1))
		if (memcmp(t->node[t->slot[k]].id, hash, ID_OCTETS) == 0)
			return t->slot[k];
	i = node_new(t, hash);
	if (i != NONE)
		t->slot[k] = i;
	return i;
}

/* One more that has an id which is taken: it gets one that nobody names. */
static int
node_alone(struct order_refs *t, uint32_t uid)
{
	char id[40];

	memcpy(id, "\n", 1);
	memcpy(id + 1, &uid, sizeof uid);
	return node_of(t, id, 1 + sizeof uid);
}

/* ---- step 1 ---- */

/* Unless that made it stand above itself. */
static void
put_below(struct order_refs *t, int parent, int child)
{
	int up = t->node[child].above || parent == child ? parent : NONE;

	for (; up != NONE; up = t->node[up].parent)
		if (up == child)
			return;
	t->node[child].parent = parent;
	t->node[parent].above = true;
}

/* The chain of References, or the one of In-Reply-To; the last of them. */
static uint16_t
chain(struct order_refs *t, const struct order_msg *m, int *last)
{
	const char *p = m->refs[0] != '\0' ? m->refs : m->irt;
	size_t n;
	int i;

	for (*last = NONE; *p != '\0'; p += n) {
		p += strspn(p, " ");
		n = strcspn(p, " ");
		if (n == 0)
			continue;
		i = node_of(t, p, n);
		if (i == NONE)
			return STORE_TOOBIG;
		if (*last != NONE && t->node[i].parent == NONE)
			put_below(t, *last, i);
		*last = i;
	}
	return OP_OK;
}

uint16_t
order_refs_add(struct order_refs *t, const struct order_msg *m)
{
	struct node *me;
	uint16_t rc;
	int i, last;

	i = node_of(t, m->msgid, strlen(m->msgid));
	if (i != NONE && t->node[i].uid != 0)
		i = node_alone(t, m->uid);
	if (i == NONE || m->nbase > UINT32_MAX)
		return STORE_TOOBIG;
	rc = chain(t, m, &last);
	if (rc != OP_OK)
		return rc;
	me = &t->node[i];
	me->uid = m->uid;
	me->date = m->date;
	me->reply = m->reply;
	me->base = (uint32_t)t->text.len;
	me->nbase = (uint32_t)m->nbase;
	(void)buf_add(&t->text, m->base, m->nbase);
	/* What the message itself says counts. */
	me->parent = NONE;
	if (last != NONE)
		put_below(t, last, i);
	return t->text.err == 0 ? OP_OK : STORE_TOOBIG;
}

/* ---- steps 2 and 3 ---- */

static void
push(struct order_refs *t, int parent, int child)
{
	t->node[child].parent = parent;
	t->node[child].next = t->node[parent].child;
	t->node[parent].child = child;
}

/* All are linked from above; from behind, so that siblings stand in the
 * order of their UIDs. */
static void
link_all(struct order_refs *t)
{
	int i;

	for (i = t->n - 1; i > 0; i--)
		push(t, t->node[i].parent != NONE ? t->node[i].parent : ROOT,
		    i);
}

/* Behind the last of a row of siblings. */
static int *
row_end(struct order_refs *t, int *p)
{
	while (*p != NONE)
		p = &t->node[*p].next;
	return p;
}

/* At *p, a dummy: its children take its place, or nothing does. */
static void
replace(struct order_refs *t, int *p)
{
	int dummy = *p, parent = t->node[dummy].parent, i;
	int *end;

	if (t->node[dummy].child == NONE) {
		*p = t->node[dummy].next;
		return;
	}
	for (i = t->node[dummy].child; i != NONE; i = t->node[i].next)
		t->node[i].parent = parent;
	end = row_end(t, &t->node[dummy].child);
	*end = t->node[dummy].next;
	*p = t->node[dummy].child;
}

/* Where the walk goes on above: the node is done. */
static void
prune_children(struct order_refs *t, int up)
{
	int *p = &t->node[up].child, i;

	while ((i = *p) != NONE) {
		if (t->node[i].uid != 0 || (up == ROOT &&
		    t->node[i].child != NONE &&
		    t->node[t->node[i].child].next != NONE)) {
			p = &t->node[i].next;
			continue;
		}
		replace(t, p);
	}
}

/* From the leaves up; without recursion, as depth is the sender's. */
static void
each_up(struct order_refs *t, void (*fn)(struct order_refs *, int))
{
	int i = ROOT;

	for (;;) {
		while (t->node[i].child != NONE)
			i = t->node[i].child;
		for (;;) {
			if (t->node[i].child != NONE)
				fn(t, i);
			if (i == ROOT)
				return;
			if (t->node[i].next != NONE) {
				i = t->node[i].next;
				break;
			}
			i = t->node[i].parent;
		}
	}
}

/* ---- steps 4 and 6 ---- */

/* A dummy is as old as the first of its children, which were sorted. */
static const struct node *
stands_for(const struct order_refs *t, int i)
{
	return &t->node[t->node[i].uid == 0 && t->node[i].child != NONE ?
	    t->node[i].child : i];
}

static bool
before(const struct order_refs *t, int a, int b)
{
	const struct node *x = stands_for(t, a), *y = stands_for(t, b);

	return x->date != y->date ? x->date < y->date : x->uid < y->uid;
}

static int
merge(struct order_refs *t, int a, int b)
{
	int first = NONE, *p = &first;

	while (a != NONE && b != NONE) {
		int *take = before(t, b, a) ? &b : &a;

		*p = *take;
		p = &t->node[*take].next;
		*take = *p;
	}
	*p = a != NONE ? a : b;
	return first;
}

/* A merge sort of the list: one run of 2^k in each place. */
static void
sort_children(struct order_refs *t, int up)
{
	int run[32], i = t->node[up].child, next, k, top = 0;

	for (; i != NONE; i = next) {
		next = t->node[i].next;
		t->node[i].next = NONE;
		for (k = 0; k < top && run[k] != NONE; k++) {
			i = merge(t, run[k], i);
			run[k] = NONE;
		}
		if (k == top)
			top++;
		run[k] = i;
	}
	for (k = 0; k < top; k++)
		if (run[k] != NONE)
			i = i == NONE ? run[k] : merge(t, run[k], i);
	t->node[up].child = i;
}

static void
sort_dummies(struct order_refs *t)
{
	int i;

	for (i = t->node[ROOT].child; i != NONE; i = t->node[i].next)
		if (t->node[i].uid == 0)
			sort_children(t, i);
}

/* ---- step 5 ---- */

static int *
subject_slot(struct order_refs *t, const struct node *s)
{
	const char *text = (const char *)t->text.data;
	uint8_t hash[32];
	size_t k;

	sha256_of(text + s->base, s->nbase, hash);
	for (k = start(t, hash); t->slot[k] != NONE; k = (k + 1) &
	    (t->nslot - 1)) {
		const struct node *o = stands_for(t, t->slot[k]);

		if (o->nbase == s->nbase && memcmp(text + o->base,
		    text + s->base, s->nbase) == 0)
			break;
	}
	return &t->slot[k];
}

static void
gather_subjects(struct order_refs *t)
{
	const struct node *n, *have;
	size_t k;
	int i, *slot;

	for (k = 0; k < t->nslot; k++)
		t->slot[k] = NONE;	/* ids are done with */
	for (i = t->node[ROOT].child; i != NONE; i = t->node[i].next) {
		n = stands_for(t, i);
		if (n->nbase == 0)
			continue;
		slot = subject_slot(t, n);
		have = *slot != NONE ? &t->node[*slot] : NULL;
		if (have == NULL || (have->uid != 0 && (t->node[i].uid == 0 ||
		    (have->reply && !t->node[i].reply))))
			*slot = i;
	}
}

/* A dummy where node i stands, which is below it then. */
static bool
put_dummy(struct order_refs *t, int i)
{
	int copy = node_new(t, NULL), k;
	struct node *n = t->node;

	if (copy == NONE)
		return false;
	n[copy] = n[i];
	for (k = n[copy].child; k != NONE; k = n[k].next)
		n[k].parent = copy;
	n[i].uid = 0;
	n[i].child = NONE;
	push(t, i, copy);
	return true;
}

/* i, taken from under the root, joins what the table has. */
static bool
join(struct order_refs *t, int i, int have)
{
	struct node *n = t->node;
	int *p;

	if (n[i].uid == 0 && n[have].uid == 0) {
		for (p = &n[i].child; *p != NONE; p = &n[*p].next)
			n[*p].parent = have;
		*p = n[have].child;
		n[have].child = n[i].child;
		return true;
	}
	if (n[have].uid != 0 && (!n[i].reply || n[have].reply) &&
	    !put_dummy(t, have))
		return false;
	push(t, have, i);
	return true;
}

static bool
join_subjects(struct order_refs *t)
{
	int i, next, *slot, last = NONE;
	const struct node *n;

	for (i = t->node[ROOT].child; i != NONE; i = next) {
		next = t->node[i].next;
		n = stands_for(t, i);
		slot = n->nbase > 0 ? subject_slot(t, n) : NULL;
		if (slot == NULL || *slot == i || *slot == NONE) {
			last = i;
			continue;
		}
		if (last == NONE)
			t->node[ROOT].child = next;
		else
			t->node[last].next = next;
		if (!join(t, i, *slot))
			return false;
	}
	return true;
}

/* ---- the answer ---- */

static bool
put(struct order_refs *t, struct order *o)
{
	int i = t->node[ROOT].child;
	uint32_t closes = 0;
	bool opens = true;

	while (i != NONE) {
		if (!order_add(o, t->node[i].uid, closes, opens))
			return false;
		closes = 0;
		if (t->node[i].child != NONE) {
			i = t->node[i].child;
			opens = t->node[i].next != NONE ||
			    t->node[t->node[i].parent].uid == 0;
			continue;
		}
		/* Up to where there is one more. */
		for (;;) {
			int up = t->node[i].parent;

			closes += up == ROOT || t->node[up].uid == 0 ||
			    t->node[t->node[up].child].next != NONE;
			if (t->node[i].next != NONE) {
				i = t->node[i].next;
				break;
			}
			i = up;
			if (i == ROOT)
				return order_add(o, 0, closes, false);
		}
		opens = true;
	}
	return true;
}

uint16_t
order_refs_put(struct order_refs *t, struct order *o)
{
	if (t->nslot == 0)
		return OP_OK;		/* no message at all */
	link_all(t);
	each_up(t, prune_children);
	sort_dummies(t);
	sort_children(t, ROOT);
	gather_subjects(t);
	if (!join_subjects(t))
		return STORE_TOOBIG;
	each_up(t, sort_children);
	return put(t, o) ? OP_OK : STORE_NOMEM;
}
