#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "store/err.h"
#include "store/op_set.h"
#include "store/tree.h"

void
tree_clear(struct tree *t)
{
	free(t->entry);
	view_boxes_clear(&t->boxes);
	memset(t, 0, sizeof *t);
}

static bool
add(struct tree *t, const char *name, size_t n, const struct view_box *b,
    bool subscribed)
{
	size_t cap = t->cap != 0 ? t->cap * 2 : 64;
	struct tree_entry *e;

	if (n >= BOX_NAME_MAX)
		return true;
	if (t->n == t->cap) {
		e = reallocarray(t->entry, cap, sizeof *e);
		if (e == NULL)
			return false;
		t->entry = e;
		t->cap = cap;
	}
	e = &t->entry[t->n++];
	*e = (struct tree_entry){ .box = b, .subscribed = subscribed };
	memcpy(e->name, name, n);
	return true;
}

/* Names as set_subscribed() has them: one of NULL, or the next. */
static const char *
next_said(const struct buf *said, const char *p)
{
	const char *first = (const char *)said->data;
	size_t at = p == NULL ? 0 : (size_t)(p - first) + strlen(p) + 1;

	return at < said->len ? first + at : NULL;
}

/* A mailbox is subscribed to unless the contrary was said. */
static bool
subscribed(const struct buf *said, const char *name)
{
	const char *p = NULL;

	while ((p = next_said(said, p)) != NULL)
		if (strcmp(p + 1, name) == 0)
			return *p == '+';
	return true;
}

/* Those that exist stand before those that do not. */
static int
by_name(const void *a, const void *b)
{
	const struct tree_entry *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d != 0 ? d : (x->box == NULL) - (y->box == NULL);
}

static void
put_in_order(struct tree *t)
{
	size_t i, n = t->n > 0;

	if (t->n > 0)
		qsort(t->entry, t->n, sizeof t->entry[0], by_name);
	for (i = 1; i < t->n; i++)
		if (strcmp(t->entry[i].name, t->entry[n - 1].name) == 0)
			t->entry[n - 1].subscribed |= t->entry[i].subscribed;
		else
			t->entry[n++] = t->entry[i];
	t->n = n;
}

/* With the levels above it. */
static bool
add_path(struct tree *t, const char *name, const struct view_box *b,
    bool subscribed)
{
	bool good = add(t, name, strlen(name), b, subscribed);
	const char *p;

	for (p = strchr(name, '/'); p != NULL && good; p = strchr(p + 1, '/'))
		good = add(t, name, (size_t)(p - name), NULL, false);
	return good;
}

static bool
gather(struct tree *t, const struct buf *said)
{
	const char *p;
	bool good = true;
	size_t i;

	for (i = 0; i < t->boxes.n && good; i++) {
		p = t->boxes.box[i].name;
		good = add_path(t, p, &t->boxes.box[i], subscribed(said, p));
	}
	for (p = NULL; good && (p = next_said(said, p)) != NULL; )
		if (*p == '+')
			good = add_path(t, p + 1, NULL, true);
	put_in_order(t);
	return good;
}

uint16_t
tree_get(struct tree *t, int reader, struct op_reply *of_reader,
    uint32_t want, int keeper, struct op_reply *of_keeper)
{
	enum { SAID_MAX = 4 * 1024 * 1024 };
	struct buf said;
	uint16_t rc;

	buf_init(&said, SAID_MAX);
	rc = view_boxes(reader, of_reader, want, &t->boxes);
	if (rc == OP_OK)
		rc = set_subscribed(keeper, of_keeper, &said);
	if (rc == OP_OK && !gather(t, &said))
		rc = STORE_NOMEM;
	buf_clear(&said);
	return rc;
}

static int
order(const void *name, const void *e)
{
	return strcmp(name, ((const struct tree_entry *)e)->name);
}

const struct tree_entry *
tree_find(const struct tree *t, const char *name)
{
	return t->n == 0 ? NULL :
	    bsearch(name, t->entry, t->n, sizeof *t->entry, order);
}

const struct tree_entry *
tree_same(const struct tree *t, const struct view_box *b)
{
	const struct tree_entry *e = tree_find(t, b->name);
	size_t i;

	/* Most keep their names. */
	if (e != NULL && e->box != NULL && e->box->id == b->id)
		return e;
	for (i = 0; i < t->n; i++)
		if (t->entry[i].box != NULL && t->entry[i].box->id == b->id)
			return &t->entry[i];
	return NULL;
}

void
tree_diff(const struct tree *was, const struct tree *is,
    void (*fn)(void *, const struct tree_entry *, const struct tree_entry *),
    void *arg)
{
	const struct tree_entry *a = was->entry, *b = is->entry;
	const struct tree_entry *aend = a + was->n, *bend = b + is->n;
	struct tree_entry none = { .box = NULL };
	int d;

	while (a < aend || b < bend) {
		d = a == aend ? 1 : b == bend ? -1 : strcmp(a->name, b->name);
		memcpy(none.name, d < 0 ? a->name : b->name,
		    sizeof none.name);
		fn(arg, d <= 0 ? a : &none, d >= 0 ? b : &none);
		a += d <= 0;
		b += d >= 0;
	}
}

const char *
tree_below(const char *level, const char *name)
{
	size_t n = strlen(level);

	return strncmp(level, name, n) == 0 && name[n] == '/' ?
	    name + n : NULL;
}
