#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/num.h"
#include "store/dyn.h"
#include "store/op_box.h"
#include "store/search.h"

enum {
	QUERY_ROOM = LIST_QUERY_MAX + 200,
	TRIES = 3,		/* when a writer pulled the index away */
	PATH_ROOM = 4096,
	SEEN_MAX = LIST_PAGE_MAX * 2
};

struct search {
	const struct dyn_notmuch *nm;
	notmuch_database_t	*db;
};

void
search_free(struct search *s)
{
	if (s == NULL)
		return;
	if (s->db != NULL)
		(void)s->nm->notmuch_database_destroy(s->db);
	free(s);
}

/* Opened at first, then moved to the newest revision: 0.1 ms. */
static uint16_t
join(struct reader *r)
{
	char path[PATH_ROOM];
	struct search *s = r->search;
	char *err = NULL;

	if (s == NULL) {
		s = r->search = calloc(1, sizeof *s);
		if (s == NULL)
			return STORE_NOMEM;
		s->nm = r->small ? NULL : dyn_notmuch();
	}
	if (s->nm == NULL || r->small)
		return STORE_NOTFOUND;
	/* A rebuild removes the directory under an open index. */
	if (snprintf(path, sizeof path, "%s/.notmuch/xapian", r->maildir) >=
	    (int)sizeof path || access(path, F_OK) == -1) {
		if (s->db != NULL)
			(void)s->nm->notmuch_database_destroy(s->db);
		s->db = NULL;
		return STORE_NOTFOUND;
	}
	if (s->db != NULL && s->nm->notmuch_database_reopen(s->db,
	    NOTMUCH_DATABASE_MODE_READ_ONLY) == NOTMUCH_STATUS_SUCCESS)
		return OP_OK;
	if (s->db != NULL)
		(void)s->nm->notmuch_database_destroy(s->db);
	s->db = NULL;
	if (s->nm->notmuch_database_open_with_config(r->maildir,
	    NOTMUCH_DATABASE_MODE_READ_ONLY, "", NULL, &s->db, &err) ==
	    NOTMUCH_STATUS_SUCCESS)
		return OP_OK;
	free(err);
	s->db = NULL;
	return STORE_NOTFOUND;
}

static bool
everything(const char *q)
{
	return q[0] == '\0' || strcmp(q, "*") == 0;
}

/* "(query) and more"; everything has no form that could stand in there. */
static bool
narrow(char *dst, size_t size, const char *q, const char *more)
{
	int n;

	if (everything(q))
		n = snprintf(dst, size, "%s", more[0] != '\0' ? more : "*");
	else if (more[0] == '\0')
		n = snprintf(dst, size, "%s", q);
	else
		n = snprintf(dst, size, "(%s) and %s", q, more);
	return n >= 0 && (size_t)n < size;
}

static notmuch_query_t *
query(struct search *s, const char *text, bool oldest)
{
	notmuch_query_t *q = s->nm->notmuch_query_create(s->db, text);

	if (q == NULL)
		return NULL;
	s->nm->notmuch_query_set_omit_excluded(q, NOTMUCH_EXCLUDE_FALSE);
	s->nm->notmuch_query_set_sort(q, oldest ? NOTMUCH_SORT_OLDEST_FIRST :
	    NOTMUCH_SORT_NEWEST_FIRST);
	return q;
}

/* An exception is either a revision pulled away, or nonsense. */
static uint16_t
status(notmuch_status_t st)
{
	if (st == NOTMUCH_STATUS_SUCCESS)
		return OP_OK;
	return st == NOTMUCH_STATUS_OUT_OF_MEMORY ? STORE_NOMEM :
	    STORE_QUERY;
}

/* It is of all mail, and counts and places tell of what is not shown: who
 * may see one folder is answered as if there were none. */
static bool
is_hidden(const struct reader *r)
{
	return r->only != NULL;
}

static uint16_t
count(struct reader *r, const char *q, const char *more, uint32_t *n)
{
	char text[QUERY_ROOM];
	notmuch_query_t *nq;
	unsigned int v = 0;
	uint16_t rc = STORE_QUERY;
	int i;

	*n = 0;
	if (is_hidden(r))
		return STORE_NOTFOUND;
	if (!narrow(text, sizeof text, q, more))
		return STORE_QUERY;
	for (i = 0; i < TRIES && rc == STORE_QUERY; i++) {
		rc = join(r);
		if (rc != OP_OK)
			return rc;
		nq = query(r->search, text, false);
		if (nq == NULL)
			return STORE_NOMEM;
		rc = status(r->search->nm->notmuch_query_count_messages(nq,
		    &v));
		r->search->nm->notmuch_query_destroy(nq);
	}
	*n = v;
	return rc;
}

uint16_t
search_count(struct reader *r, const char *q, uint32_t *total,
    uint32_t *unread)
{
	uint16_t rc;

	*unread = 0;
	rc = count(r, q, "", total);
	return rc == OP_OK ? count(r, q, "tag:unread", unread) : rc;
}

/* ---- messages, one after the other ---- */

struct walk {
	struct reader	*r;
	const char	*q;
	struct list_cursor from;	/* date, and how many of that second
					   were had already */
	bool		 oldest;
	/* True to go on.  at->id is not 0. */
	bool		(*each)(struct walk *, const struct list_at *);
	/* where the walk stands */
	int64_t		 date;		/* of the index */
	uint64_t	 had;		/* of that second */
	void		*arg;
};

/* Folder and UID out of a path, for ids the index made up by itself. */
static bool
place_of(const struct reader *r, const char *path,
    char folder[BOX_NAME_MAX], uint32_t *uid)
{
	size_t root = strlen(r->maildir);
	const char *base, *dir, *p, *end;

	if (path == NULL || strncmp(path, r->maildir, root) != 0 ||
	    path[root] != '/')
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
	const char *id = nm->notmuch_message_get_message_id(m);
	uint16_t rc;

	if (id == NULL)
		return STORE_BUSY;
	rc = list_by_msgid(r, id, at);
	if (rc == OP_OK && at->id == 0)
		rc = by_path(r, nm->notmuch_message_get_filename(m), at);
	return rc;
}

/* One try; STORE_BUSY: the revision was discarded meanwhile. */
static uint16_t
walk_once(struct walk *w, notmuch_messages_t *ms)
{
	const struct dyn_notmuch *nm = w->r->search->nm;
	notmuch_message_t *m;
	struct list_at at;
	uint64_t skip = w->had;
	int64_t from = w->date, date;
	uint16_t rc = OP_OK;
	bool go = true;

	for (; rc == OP_OK && go && nm->notmuch_messages_valid(ms);
	    nm->notmuch_messages_move_to_next(ms)) {
		m = nm->notmuch_messages_get(ms);
		if (m == NULL)
			return STORE_BUSY;
		date = nm->notmuch_message_get_date(m);
		if (date == from && skip > 0) {
			skip--;
			nm->notmuch_message_destroy(m);
			continue;
		}
		rc = row_of(w->r, m, &at);
		go = rc == OP_OK && (at.id == 0 || w->each(w, &at));
		if (go) {
			w->had = date == w->date ? w->had + 1 : 1;
			w->date = date;
		}
		nm->notmuch_message_destroy(m);
	}
	return rc;
}

static bool
walk_text(const struct walk *w, char *text, size_t size)
{
	char bound[64] = "";

	if (w->date != 0)
		snprintf(bound, sizeof bound, w->oldest ? "date:@%lld.." :
		    "date:..@%lld", (long long)w->date);
	return narrow(text, size, w->q, bound);
}

static uint16_t
walk(struct walk *w)
{
	char text[QUERY_ROOM];
	const struct dyn_notmuch *nm;
	notmuch_messages_t *ms;
	notmuch_query_t *q;
	uint16_t rc = STORE_BUSY;
	int i;

	w->date = w->from.date;
	w->had = w->from.id;
	if (is_hidden(w->r))
		return STORE_NOTFOUND;
	for (i = 0; i < TRIES && (rc == STORE_BUSY || rc == STORE_QUERY);
	    i++) {
		if (!walk_text(w, text, sizeof text))
			return STORE_QUERY;
		rc = join(w->r);
		if (rc != OP_OK)
			return rc;
		nm = w->r->search->nm;
		q = query(w->r->search, text, w->oldest);
		if (q == NULL)
			return STORE_NOMEM;
		rc = status(nm->notmuch_query_search_messages(q, &ms));
		if (rc == OP_OK)
			rc = walk_once(w, ms);
		nm->notmuch_query_destroy(q);
	}
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
	uint16_t	 rc;
};

static bool
each_thread(struct walk *w, const struct list_at *at)
{
	struct threads *t = w->arg;
	bool full = false;
	size_t i;

	for (i = 0; i < t->nseen; i++)
		if (t->seen[i] == at->thread)
			return true;
	if (t->left == 0 || t->nseen == SEEN_MAX) {
		t->more = true;
		return false;
	}
	t->rc = list_whole_thread(w->r, at->thread, at->id, at->date,
	    t->emit, t->arg, &full);
	if (t->rc != OP_OK || full) {
		t->more = full;
		return false;
	}
	t->seen[t->nseen++] = at->thread;
	t->left--;
	return true;
}

uint16_t
search_each_thread(struct reader *r, const struct list_ask *ask,
    bool (*emit)(void *, const struct list_thread *), void *arg,
    struct list_cursor *next, bool *more)
{
	static struct threads t;
	struct walk w = { .r = r, .q = ask->query, .from = ask->from,
	    .oldest = ask->newer != ask->reverse, .each = each_thread, .arg = &t };
	enum store_err e = reader_begin(r);
	uint16_t rc;

	t = (struct threads){ .emit = emit, .arg = arg, .left = ask->n };
	*more = false;
	*next = ask->from;
	if (e != STORE_OK)
		return (uint16_t)e;
	rc = walk(&w);
	reader_end(r);
	*more = t.more;
	*next = (struct list_cursor){ .date = w.date, .id = w.had };
	return rc != OP_OK ? rc : t.rc;
}

/* ---- messages ---- */

struct msgs {
	bool		(*emit)(void *, const struct list_msg *);
	void		*arg;
	uint32_t	 left;
	bool		 more;
	uint16_t	 rc;
};

static bool
each_msg(struct walk *w, const struct list_at *at)
{
	struct msgs *m = w->arg;
	bool full = false;

	if (m->left == 0) {
		m->more = true;
		return false;
	}
	m->rc = list_one_msg(w->r, at->id, 0, false, m->emit, m->arg, &full);
	m->more = full;
	m->left--;
	return m->rc == OP_OK && !full;
}

uint16_t
search_each_msg(struct reader *r, const struct list_msgs_ask *ask,
    bool (*emit)(void *, const struct list_msg *), void *arg,
    struct list_cursor *next, bool *more)
{
	struct msgs m = { .emit = emit, .arg = arg, .left = ask->n };
	struct walk w = { .r = r, .q = ask->text, .from = ask->from,
	    .each = each_msg, .arg = &m };
	enum store_err e = reader_begin(r);
	uint16_t rc;

	*more = false;
	*next = ask->from;
	if (e != STORE_OK)
		return (uint16_t)e;
	rc = walk(&w);
	reader_end(r);
	*more = m.more;
	*next = (struct list_cursor){ .date = w.date, .id = w.had };
	return rc != OP_OK ? rc : m.rc;
}

/* ---- all of them ---- */

static bool
one_hit(struct reader *r, notmuch_message_t *m, const char *folder,
    bool (*fn)(void *, const char *, uint32_t), void *arg)
{
	static const char made_up[] = "notmuch-sha1-";
	const struct dyn_notmuch *nm = r->search->nm;
	const char *id = nm->notmuch_message_get_message_id(m);
	char where[BOX_NAME_MAX];
	uint32_t uid;

	if (id == NULL)
		return true;
	if (strncmp(id, made_up, sizeof made_up - 1) != 0)
		return fn(arg, id, 0);
	if (!place_of(r, nm->notmuch_message_get_filename(m), where, &uid) ||
	    strcmp(where, folder) != 0)
		return true;
	return fn(arg, "", uid);
}

uint16_t
search_each_hit(struct reader *r, const char *text, const char *folder,
    bool (*fn)(void *, const char *, uint32_t), void *arg)
{
	const struct dyn_notmuch *nm;
	notmuch_messages_t *ms;
	notmuch_message_t *m;
	notmuch_query_t *q;
	uint16_t rc = join(r);

	if (rc != OP_OK)
		return rc;
	nm = r->search->nm;
	q = query(r->search, text, false);
	if (q == NULL)
		return STORE_NOMEM;
	nm->notmuch_query_set_sort(q, NOTMUCH_SORT_UNSORTED);
	rc = status(nm->notmuch_query_search_messages(q, &ms));
	for (; rc == OP_OK && nm->notmuch_messages_valid(ms);
	    nm->notmuch_messages_move_to_next(ms)) {
		m = nm->notmuch_messages_get(ms);
		if (m == NULL)
			continue;
		if (!one_hit(r, m, folder, fn, arg))
			break;
		nm->notmuch_message_destroy(m);
	}
	nm->notmuch_query_destroy(q);
	return rc;
}
