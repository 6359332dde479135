#define _GNU_SOURCE
#include <string.h>

#include "mailnode/base/num.h"
#include "store/op_box.h"
#include "store/search_parts.h"

enum { SEEN_MAX = LIST_PAGE_MAX * 2 };

/* It is of all mail, and counts and places tell of what is not shown: who
 * may see one folder is answered as if there were none. */
static bool
is_hidden(const struct reader *r)
{
	return r->only != NULL;
}

uint16_t
search_count(struct reader *r, const char *q, uint32_t *total,
    uint32_t *unread)
{
	uint16_t rc;

	*total = *unread = 0;
	if (is_hidden(r))
		return STORE_NOTFOUND;
	rc = search_count_one(r, q, "", total);
	return rc == OP_OK ? search_count_one(r, q, "tag:unread", unread) : rc;
}

/* ---- rows ---- */

/* Folder and UID out of a path, for ids the index made up by itself. */
static bool
place_of(const struct reader *r, const char *path,
    char folder[BOX_NAME_MAX], uint32_t *uid)
{
	size_t root = strlen(r->maildir);
	const char *base, *dir, *p, *end;

	if (strncmp(path, r->maildir, root) != 0 || path[root] != '/')
		return false;
	path += root + 1;
	base = strrchr(path, '/');
	p = base != NULL ? strstr(base, ",I=") : NULL;
	p = p != NULL ? strchr(p, '.') : NULL;
	if (p == NULL)
		return false;
	for (end = ++p; *end >= '0' && *end <= '9'; )
		end++;
	for (dir = base; dir > path && dir[-1] != '/'; )
		dir--;
	if (num_u32(p, end, 1, UINT32_MAX, uid) == -1 || dir == path ||
	    dir - path > BOX_NAME_MAX)
		return false;
	memcpy(folder, path, (size_t)(dir - path) - 1);
	folder[dir - path - 1] = '\0';
	return true;
}

static uint16_t
by_path(struct reader *r, const char *path, struct list_at *at)
{
	char folder[BOX_NAME_MAX];
	uint32_t uid;

	*at = (struct list_at){ 0, 0, 0 };
	return place_of(r, path, folder, &uid) ?
	    list_by_uid(r, folder, uid, at) : OP_OK;
}

static uint16_t
row_of(struct reader *r, notmuch_message_t *m, struct list_at *at)
{
	const struct dyn_notmuch *nm = r->search->nm;
	uint16_t rc = list_by_msgid(r, nm->notmuch_message_get_message_id(m),
	    at);
	const char *path;

	if (rc != OP_OK || at->id != 0)
		return rc;
	path = nm->notmuch_message_get_filename(m);
	return path != NULL ? by_path(r, path, at) : STORE_BUSY;
}

/* Rows of what is met are asked for, too. */
static uint16_t
walk_rows(struct search_walk *w)
{
	enum store_err e;
	uint16_t rc;

	if (is_hidden(w->r))
		return STORE_NOTFOUND;
	e = reader_begin(w->r);
	if (e != STORE_OK)
		return (uint16_t)e;
	rc = search_walk(w);
	reader_end(w->r);
	return rc;
}

/* ---- threads ---- */

struct threads {
	bool		(*emit)(void *, const struct list_thread *);
	void		*arg;
	uint32_t	 left;
	bool		 more;
	uint64_t	 seen[SEEN_MAX];
	size_t		 nseen;
};

static uint16_t
each_thread(struct search_walk *w, notmuch_message_t *m, bool *go)
{
	struct threads *t = w->arg;
	struct list_at at;
	uint16_t rc = row_of(w->r, m, &at);
	bool full = false;
	size_t i;

	if (rc != OP_OK || at.id == 0)
		return rc;
	for (i = 0; i < t->nseen; i++)
		if (t->seen[i] == at.thread)
			return OP_OK;
	if (t->left == 0 || t->nseen == SEEN_MAX)
		full = true;
	else
		rc = list_whole_thread(w->r, at.thread, at.id, at.date,
		    t->emit, t->arg, &full);
	t->more = full;
	*go = !full;
	if (rc == OP_OK && !full) {
		t->seen[t->nseen++] = at.thread;
		t->left--;
	}
	return rc;
}

uint16_t
search_each_thread(struct reader *r, const struct list_ask *ask,
    bool (*emit)(void *, const struct list_thread *), void *arg,
    struct list_cursor *next, bool *more)
{
	static struct threads t;
	struct search_walk w = { .r = r, .q = ask->query, .date = ask->from.date,
	    .had = ask->from.id, .oldest = ask->newer != ask->reverse,
	    .each = each_thread, .arg = &t };
	uint16_t rc;

	t = (struct threads){ .emit = emit, .arg = arg, .left = ask->n };
	rc = walk_rows(&w);
	*more = t.more;
	*next = (struct list_cursor){ .date = w.date, .id = w.had };
	return rc;
}

/* ---- messages ---- */

struct msgs {
	bool		(*emit)(void *, const struct list_msg *);
	void		*arg;
	uint32_t	 left;
	bool		 more;
};

static uint16_t
each_msg(struct search_walk *w, notmuch_message_t *m, bool *go)
{
	struct msgs *g = w->arg;
	struct list_at at;
	uint16_t rc = row_of(w->r, m, &at);
	bool full = false;

	if (rc != OP_OK || at.id == 0)
		return rc;
	if (g->left == 0)
		full = true;
	else
		rc = list_one_msg(w->r, at.id, 0, false, g->emit, g->arg,
		    &full);
	g->more = full;
	*go = !full;
	g->left -= !full;
	return rc;
}

uint16_t
search_each_msg(struct reader *r, const struct list_msgs_ask *ask,
    bool (*emit)(void *, const struct list_msg *), void *arg,
    struct list_cursor *next, bool *more)
{
	struct msgs g = { .emit = emit, .arg = arg, .left = ask->n };
	struct search_walk w = { .r = r, .q = ask->text, .date = ask->from.date,
	    .had = ask->from.id, .each = each_msg, .arg = &g };
	uint16_t rc = walk_rows(&w);

	*more = g.more;
	*next = (struct list_cursor){ .date = w.date, .id = w.had };
	return rc;
}

/* ---- all of them ---- */

struct hits {
	const char	*folder;
	bool		(*fn)(void *, const char *, uint32_t);
	void		*arg;
};

static uint16_t
each_hit(struct search_walk *w, notmuch_message_t *m, bool *go)
{
	static const char made_up[] = "notmuch-sha1-";
	const struct dyn_notmuch *nm = w->r->search->nm;
	const char *id = nm->notmuch_message_get_message_id(m), *path;
	const struct hits *h = w->arg;
	char where[BOX_NAME_MAX];
	uint32_t uid;

	if (strncmp(id, made_up, sizeof made_up - 1) != 0) {
		*go = h->fn(h->arg, id, 0);
		return OP_OK;
	}
	path = nm->notmuch_message_get_filename(m);
	if (path == NULL)
		return STORE_BUSY;
	if (place_of(w->r, path, where, &uid) &&
	    strcmp(where, h->folder) == 0)
		*go = h->fn(h->arg, "", uid);
	return OP_OK;
}

uint16_t
search_each_hit(struct reader *r, const char *text, const char *folder,
    bool (*fn)(void *, const char *, uint32_t), void *arg)
{
	struct hits h = { .folder = folder, .fn = fn, .arg = arg };
	struct search_walk w = { .r = r, .q = text, .undated = true,
	    .each = each_hit, .arg = &h };

	return search_walk(&w);
}
