#define _DEFAULT_SOURCE	/* reallocarray */
#include <stdlib.h>
#include <string.h>

#include "store/flag.h"
#include "tui/rows.h"

void
rows_init(struct rows *r)
{
	memset(r, 0, sizeof *r);
}

static void
thread_free(struct rows_thread *t)
{
	if (t == NULL)
		return;
	list_msgs_clear(&t->msgs);
	free(t->text);
	free(t);
}

void
rows_clear(struct rows *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		thread_free(r->thread[i]);
	free(r->thread);
	free(r->line);
	memset(r, 0, sizeof *r);
}

/* One allocation holds the strings. */
static struct rows_thread *
thread_new(const struct list_thread *s, struct list_cursor from)
{
	size_t a = strlen(s->authors) + 1, b = strlen(s->subject) + 1;
	size_t c = strlen(s->tags) + 1, k = strlen(s->key) + 1;
	size_t m = strlen(s->msgid) + 1, to = strlen(s->to) + 1;
	struct rows_thread *t = calloc(1, sizeof *t);
	char *text = malloc(a + b + c + k + m + to);

	if (t == NULL || text == NULL) {
		free(t);
		free(text);
		return NULL;
	}
	t->s = *s;
	t->from = from;
	t->text = text;
	memcpy(text, s->authors, a);
	memcpy(text + a, s->subject, b);
	memcpy(text + a + b, s->tags, c);
	memcpy(text + a + b + c, s->key, k);
	memcpy(text + a + b + c + k, s->msgid, m);
	t->s.key = text + a + b + c;
	t->s.msgid = text + a + b + c + k;
	memcpy(text + a + b + c + k + m, s->to, to);
	t->s.to = text + a + b + c + k + m;
	t->s.authors = text;
	t->s.subject = text + a;
	t->s.tags = text + a + b;
	return t;
}

/* ---- lines ---- */

static size_t
lines_of(const struct rows_thread *t)
{
	return t->open && t->msgs.n > 0 ? t->msgs.n : 1;
}

static void
relist(struct rows *r)
{
	struct rows_thread *t;
	struct rows_line *p;
	size_t i, j, n = 0;

	for (i = 0; i < r->n; i++)
		n += lines_of(r->thread[i]);
	if (n > r->cap_lines) {
		p = reallocarray(r->line, n, sizeof *p);
		if (p == NULL)
			abort();
		r->line = p;
		r->cap_lines = n;
	}
	r->nlines = 0;
	for (i = 0; i < r->n; i++) {
		t = r->thread[i];
		n = lines_of(t);
		for (j = 0; j < n; j++) {
			p = &r->line[r->nlines++];
			p->t = t;
			p->m = t->open && t->msgs.n > 0 ? &t->msgs.row[j] : NULL;
		}
	}
}

size_t
rows_lines(const struct rows *r)
{
	return r->nlines;
}

const struct rows_line *
rows_line(const struct rows *r, size_t i)
{
	return i < r->nlines ? &r->line[i] : NULL;
}

struct rows_at
rows_at(const struct rows *r, size_t i)
{
	const struct rows_line *l = rows_line(r, i);
	struct rows_at at = { 0, 0 };

	if (l != NULL) {
		at.thread = l->t->s.id;
		at.msg = l->m != NULL ? l->m->id : 0;
	}
	return at;
}

size_t
rows_find(const struct rows *r, struct rows_at at)
{
	const struct rows_line *l;
	size_t i, found = SIZE_MAX;

	for (i = 0; i < r->nlines; i++) {
		l = &r->line[i];
		if (l->t->s.id != at.thread)
			continue;
		if (found == SIZE_MAX)
			found = i;
		if (l->m == NULL || l->m->id == at.msg)
			return i;
	}
	return found;
}

struct rows_thread *
rows_thread(const struct rows *r, uint64_t thread)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->thread[i]->s.id == thread)
			return r->thread[i];
	return NULL;
}

/* ---- pages ---- */

static bool
room(struct rows *r, size_t more)
{
	size_t cap = r->n + more;
	struct rows_thread **p;

	if (cap <= r->cap)
		return true;
	p = reallocarray(r->thread, cap, sizeof *p);
	if (p == NULL)
		return false;
	r->thread = p;
	r->cap = cap;
	return true;
}

bool
rows_append(struct rows *r, const struct list_threads *page,
    struct list_cursor from)
{
	struct rows_thread *t;
	size_t i;

	if (!room(r, page->n))
		return false;
	for (i = 0; i < page->n; i++) {
		if (rows_thread(r, page->row[i].id) != NULL)
			continue;
		t = thread_new(&page->row[i], from);
		if (t == NULL)
			return false;
		r->thread[r->n++] = t;
	}
	r->next = page->next;
	r->bottom = !page->more;
	relist(r);
	return true;
}

bool
rows_prepend(struct rows *r, const struct list_threads *page)
{
	struct list_cursor none = { 0 };
	struct rows_thread *t;
	size_t i;

	if (!room(r, page->n))
		return false;
	for (i = 0; i < page->n; i++) {
		if (rows_thread(r, page->row[i].id) != NULL)
			continue;
		t = thread_new(&page->row[i], none);
		if (t == NULL)
			return false;
		memmove(r->thread + 1, r->thread, r->n * sizeof *r->thread);
		r->thread[0] = t;
		r->n++;
	}
	r->top = !page->more;
	relist(r);
	return true;
}

bool
rows_replace(struct rows *r, const struct list_threads *page,
    struct list_cursor from)
{
	struct rows old = *r;
	struct rows_thread *t, *was;
	bool ok;
	size_t i;

	rows_init(r);
	ok = rows_append(r, page, from);
	for (i = 0; ok && i < old.n; i++) {
		was = old.thread[i];
		if (!was->open || (t = rows_thread(r, was->s.id)) == NULL)
			continue;
		t->open = true;
		t->msgs = was->msgs;
		memset(&was->msgs, 0, sizeof was->msgs);
	}
	r->top = from.id == 0 && from.date == 0;
	if (!ok) {
		rows_clear(r);
		*r = old;
		return false;
	}
	rows_clear(&old);
	relist(r);
	return true;
}

void
rows_open(struct rows *r, struct rows_thread *t, bool open)
{
	t->open = open;
	relist(r);
}

void
rows_set_msgs(struct rows *r, struct rows_thread *t, struct list_msgs *msgs)
{
	list_msgs_clear(&t->msgs);
	t->msgs = *msgs;
	memset(msgs, 0, sizeof *msgs);
	relist(r);
}

/* ---- changes that are shown before they are answered ---- */

void
rows_remove(struct rows *r, uint64_t thread)
{
	size_t i;

	for (i = 0; i < r->n && r->thread[i]->s.id != thread; i++)
		;
	if (i == r->n)
		return;
	thread_free(r->thread[i]);
	r->n--;
	memmove(r->thread + i, r->thread + i + 1,
	    (r->n - i) * sizeof *r->thread);
	relist(r);
}

static struct list_msg *
find_msg(struct rows *r, uint64_t msg, struct rows_thread **t)
{
	size_t i, j;

	for (i = 0; i < r->n; i++)
		for (j = 0; j < r->thread[i]->msgs.n; j++)
			if (r->thread[i]->msgs.row[j].id == msg) {
				*t = r->thread[i];
				return &r->thread[i]->msgs.row[j];
			}
	return NULL;
}

void
rows_remove_msg(struct rows *r, uint64_t msg)
{
	struct rows_thread *t = NULL;
	struct list_msg *m = find_msg(r, msg, &t);
	size_t i;

	if (m == NULL) {
		for (i = 0; i < r->n; i++)
			if (r->thread[i]->s.newest == msg &&
			    r->thread[i]->s.count <= 1) {
				rows_remove(r, r->thread[i]->s.id);
				return;
			}
		return;
	}
	if (t->msgs.n == 1) {
		rows_remove(r, t->s.id);
		return;
	}
	t->msgs.n--;
	i = (size_t)(m - t->msgs.row);
	memmove(m, m + 1, (t->msgs.n - i) * sizeof *m);
	relist(r);
}

void
rows_flags(struct rows *r, uint64_t msg, uint32_t add, uint32_t del)
{
	struct rows_thread *t = NULL;
	struct list_msg *m = find_msg(r, msg, &t);
	uint32_t before;
	bool known = m != NULL;
	size_t i;

	for (i = 0; i < r->n && t == NULL; i++)
		if (r->thread[i]->s.newest == msg)
			t = r->thread[i];
	if (t == NULL)
		return;
	before = known ? m->flags : t->s.flags;
	if (known)
		m->flags = (m->flags | add) & ~del;
	if (t->s.newest == msg)
		t->s.flags = (t->s.flags | add) & ~del;
	else if ((add & STORE_FLAGGED) != 0)
		t->s.flags |= STORE_FLAGGED;
	if ((add & ~before & STORE_SEEN) != 0 && t->s.unread > 0)
		t->s.unread--;
	if ((del & before & STORE_SEEN) != 0 && t->s.unread < t->s.count)
		t->s.unread++;
}
