#define _DEFAULT_SOURCE
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "store/flag.h"
#include "store/list.h"
#include "store/op_parse.h"
#include "store/thread_tree.h"

static int64_t
num(struct reader *r, enum reader_sql q, int col)
{
	return sql_int(&r->sql, q, col);
}

static const char *
str(struct reader *r, enum reader_sql q, int col)
{
	return sql_str(&r->sql, q, col);
}

/* ---- sidebar ---- */

/* The one query whose answer the counts of the mailboxes are. */
static void
saved_counts(struct reader *r, struct list_box *b)
{
	b->total = b->unread = LIST_UNKNOWN;
	if (strcmp(b->query, "tag:unread") != 0)
		return;
	if (sql_step(&r->sql, RSQL_UNREAD, "") == SQLITE_ROW) {
		b->total = b->unread = (uint32_t)num(r, RSQL_UNREAD, 1);
		sql_end(&r->sql, RSQL_UNREAD);
	}
}

bool
list_behind(struct reader *r)
{
	bool behind;

	if (reader_begin(r) != STORE_OK)
		return false;
	behind = sql_step(&r->sql, RSQL_TODO, "i", (int64_t)LIST_BEHIND) ==
	    SQLITE_ROW && num(r, RSQL_TODO, 0) == LIST_BEHIND;
	sql_end(&r->sql, RSQL_TODO);
	reader_end(r);
	return behind;
}

static int
each_box(struct reader *r, bool (*emit)(void *, const struct list_box *),
    void *arg)
{
	struct list_box b;
	bool fits = true;
	size_t i;
	int rc;

	rc = sql_step(&r->sql, RSQL_BOXES, "");
	for (; rc == SQLITE_ROW && fits; rc = sql_next(&r->sql, RSQL_BOXES)) {
		b.id = (uint64_t)num(r, RSQL_BOXES, 0);
		b.name = str(r, RSQL_BOXES, 1);
		b.query = "";
		b.modseq = (uint64_t)num(r, RSQL_BOXES, 2);
		b.total = (uint32_t)num(r, RSQL_BOXES, 3);
		b.unread = (uint32_t)num(r, RSQL_BOXES, 4);
		fits = emit(arg, &b);
	}
	for (i = 0; i < r->nsaved && fits && rc == SQLITE_DONE; i++) {
		b = (struct list_box){ .name = r->saved[i].name,
		    .query = r->saved[i].query };
		saved_counts(r, &b);
		fits = emit(arg, &b);
	}
	return sql_done(rc == SQLITE_ROW ? SQLITE_DONE : rc);
}

/* From an SQLite code, with the snapshot ended. */
static uint16_t
finish(struct reader *r, int rc)
{
	reader_end(r);
	return rc == SQLITE_OK ? OP_OK : (uint16_t)store_err_sqlite(rc);
}

uint16_t
list_each_box(struct reader *r,
    bool (*emit)(void *, const struct list_box *), void *arg)
{
	enum store_err e = reader_begin(r);

	if (e != STORE_OK)
		return (uint16_t)e;
	return finish(r, each_box(r, emit, arg));
}

/* ---- threads ---- */

static void
take_thread(struct reader *r, enum reader_sql q, struct list_thread *t)
{
	size_t skip;

	t->id = (uint64_t)num(r, q, 0);
	t->newest = (uint64_t)num(r, q, 1);
	t->date = num(r, q, 2);
	t->count = (uint32_t)num(r, q, 3);
	t->unread = (uint32_t)num(r, q, 4);
	t->attach = num(r, q, 6) > 0;
	t->size = (uint64_t)num(r, q, 7);
	t->authors = str(r, q, 8);
	t->tags = str(r, q, 9);
	t->subject = str(r, q, 10);
	skip = (size_t)num(r, q, 11);
	if (skip < strlen(t->subject))
		t->subject += skip;
	t->flags = (uint32_t)num(r, q, 12) & ~(uint32_t)STORE_FLAGGED;
	if (num(r, q, 5) > 0)
		t->flags |= STORE_FLAGGED;
	t->rank = num(r, q, 13);
	t->key = str(r, q, 14);
	t->msgid = str(r, q, 15);
	t->to = str(r, q, 16);
}

/* Behind the cursor; its octets sort below those of no text. */
static int
step_threads(struct reader *r, enum reader_sql q, const struct list_ask *ask,
    bool desc)
{
	static const char last[] = "\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf";
	const struct list_cursor *c = &ask->from;
	bool first = c->date == 0 && c->id == 0 && c->key[0] == '\0';
	int64_t rank = c->date, id = (int64_t)c->id;
	const char *key = c->key;

	if (first) {
		rank = desc ? INT64_MAX : INT64_MIN;
		id = desc ? INT64_MAX : 0;
		key = desc ? last : "";
	}
	if (ask->sort == LIST_BY_FROM || ask->sort == LIST_BY_SUBJECT)
		return sql_step(&r->sql, q, "isiii", (int64_t)ask->mbox, key,
		    rank, id, (int64_t)ask->n + 1);
	return sql_step(&r->sql, q, "iiii", (int64_t)ask->mbox, rank, id,
	    (int64_t)ask->n + 1);
}

static void
cursor_at(struct list_cursor *c, const struct list_thread *t)
{
	size_t n = strlen(t->key);

	memset(c, 0, sizeof *c);
	c->date = t->rank;
	c->id = t->id;
	memcpy(c->key, t->key, n < sizeof c->key ? n : sizeof c->key - 1);
}

uint16_t
list_each_thread(struct reader *r, const struct list_ask *ask,
    bool (*emit)(void *, const struct list_thread *), void *arg,
    struct list_cursor *next, bool *more)
{
	bool names = ask->sort == LIST_BY_FROM || ask->sort == LIST_BY_SUBJECT;
	bool desc = (names == ask->reverse) != ask->newer;
	enum reader_sql q = (enum reader_sql)((desc ? RSQL_DESC : RSQL_ASC) +
	    (int)ask->sort);
	struct list_thread t;
	enum store_err e;
	uint32_t n = 0;
	int rc;

	*more = false;
	*next = ask->from;
	e = reader_begin(r);
	if (e != STORE_OK)
		return (uint16_t)e;
	rc = step_threads(r, q, ask, desc);
	for (; rc == SQLITE_ROW; rc = sql_next(&r->sql, q)) {
		take_thread(r, q, &t);
		if (n++ == ask->n || !emit(arg, &t)) {
			*more = true;
			rc = SQLITE_DONE;
			break;
		}
		cursor_at(next, &t);
	}
	return finish(r, sql_done(rc));
}

enum { WHOLE_TEXT = 400 /* octets of authors and tags over all mailboxes */ };

static void
join(char *dst, size_t size, const char *s, const char *sep)
{
	size_t n = strlen(dst);

	if (*s == '\0' || strstr(dst, s) != NULL ||
	    n + strlen(sep) + strlen(s) >= size)
		return;
	sqlite3_snprintf((int)(size - n), dst + n, "%s%s", n > 0 ? sep : "",
	    s);
}

uint16_t
list_whole_thread(struct reader *r, uint64_t thread, uint64_t newest,
    int64_t date, bool (*emit)(void *, const struct list_thread *),
    void *arg, bool *full)
{
	struct list_thread t = { .id = thread, .newest = newest,
	    .date = date, .rank = date, .key = "" };
	char authors[WHOLE_TEXT] = "", tags[WHOLE_TEXT] = "";
	int64_t flagged = 0;
	int rc;

	rc = sql_step(&r->sql, RSQL_WHOLE, "i", (int64_t)thread);
	for (; rc == SQLITE_ROW; rc = sql_next(&r->sql, RSQL_WHOLE)) {
		t.count += (uint32_t)num(r, RSQL_WHOLE, 0);
		t.unread += (uint32_t)num(r, RSQL_WHOLE, 1);
		flagged += num(r, RSQL_WHOLE, 2);
		t.attach = t.attach || num(r, RSQL_WHOLE, 3) > 0;
		t.size += (uint64_t)num(r, RSQL_WHOLE, 4);
		join(authors, sizeof authors, str(r, RSQL_WHOLE, 5), ", ");
		join(tags, sizeof tags, str(r, RSQL_WHOLE, 6), " ");
	}
	rc = sql_done(rc);
	if (rc == SQLITE_OK)
		rc = sql_step(&r->sql, RSQL_MSG, "i", (int64_t)newest);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? OP_OK :
		    (uint16_t)store_err_sqlite(rc);
	t.flags = (uint32_t)num(r, RSQL_MSG, 4) & ~(uint32_t)STORE_FLAGGED;
	t.flags |= flagged > 0 ? STORE_FLAGGED : 0;
	t.subject = str(r, RSQL_MSG, 12);
	t.msgid = str(r, RSQL_MSG, 15);
	t.authors = authors;
	t.to = "";
	t.tags = tags;
	*full = !emit(arg, &t);
	sql_end(&r->sql, RSQL_MSG);
	return OP_OK;
}

/* ---- messages ---- */

uint16_t
list_one_msg(struct reader *r, uint64_t id, uint32_t depth, bool other_copy,
    bool (*emit)(void *, const struct list_msg *), void *arg, bool *full)
{
	const enum reader_sql q = RSQL_MSG;
	struct list_msg m = { .depth = depth, .other_copy = other_copy };
	int rc;

	rc = sql_step(&r->sql, q, "i", (int64_t)id);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_NOTFOUND :
		    (uint16_t)store_err_sqlite(rc);
	m.id = (uint64_t)num(r, q, 0);
	m.thread = (uint64_t)num(r, q, 1);
	m.mbox = (uint64_t)num(r, q, 2);
	m.uid = (uint32_t)num(r, q, 3);
	m.flags = (uint32_t)num(r, q, 4);
	m.modseq = (uint64_t)num(r, q, 5);
	m.date = num(r, q, 6);
	m.size = (uint64_t)num(r, q, 7);
	m.attach = num(r, q, 8) & PARSE_ATTACH;
	m.folder = str(r, q, 9);
	m.from = str(r, q, 10);
	m.to = str(r, q, 11);
	m.subject = str(r, q, 12);
	m.tags = str(r, q, 13);
	m.snippet = str(r, q, 14);
	m.msgid = str(r, q, 15);
	*full = !emit(arg, &m);
	sql_end(&r->sql, q);
	return OP_OK;
}

struct page {
	struct reader	*r;
	bool		(*emit)(void *, const struct list_msg *);
	void		*arg;
	uint32_t	 left;		/* rows still wanted */
	bool		 more;
	struct list_cursor next;	/* of a list by date */
};

/* True to go on.  A row that vanished is passed over. */
static bool
page_msg(struct page *p, uint64_t id, uint32_t depth, bool other)
{
	bool full = false;

	if (p->left == 0) {
		p->more = true;
		return false;
	}
	if (list_one_msg(p->r, id, depth, other, p->emit, p->arg, &full) !=
	    OP_OK)
		return true;
	p->more = full;
	p->left--;
	return !full;
}

static int
of_thread(struct page *p, const struct list_msgs_ask *ask)
{
	struct reader *r = p->r;
	struct tree *t = tree_new(LIST_THREAD_MAX);
	const struct tree_row *row;
	size_t n, i;
	int rc;

	if (t == NULL)
		return SQLITE_NOMEM;
	rc = sql_step(&r->sql, RSQL_MEMBERS, "ii", (int64_t)ask->id,
	    (int64_t)LIST_THREAD_MAX);
	for (; rc == SQLITE_ROW; rc = sql_next(&r->sql, RSQL_MEMBERS))
		if (!tree_add(t, (uint64_t)num(r, RSQL_MEMBERS, 0),
		    num(r, RSQL_MEMBERS, 4), str(r, RSQL_MEMBERS, 1),
		    str(r, RSQL_MEMBERS, 2), str(r, RSQL_MEMBERS, 3))) {
			rc = SQLITE_NOMEM;
			break;
		}
	rc = sql_done(rc);
	row = rc == SQLITE_OK ? tree_order(t, &n) : NULL;
	for (i = ask->skip; row != NULL && i < n; i++)
		if (!page_msg(p, row[i].id, row[i].depth, row[i].copy))
			break;
	tree_free(t);
	return row != NULL ? SQLITE_OK : rc != SQLITE_OK ? rc :
	    SQLITE_NOMEM;
}

static int
of_query(struct page *p, enum reader_sql q, int rc)
{
	bool first = true;

	for (; rc == SQLITE_ROW; rc = sql_next(&p->r->sql, q)) {
		if (!page_msg(p, (uint64_t)num(p->r, q, 0), 0,
		    q == RSQL_BY_MSGID && !first)) {
			rc = SQLITE_DONE;
			break;
		}
		if (q == RSQL_BY_DATE)
			p->next = (struct list_cursor){
			    .date = num(p->r, q, 1),
			    .id = (uint64_t)num(p->r, q, 0) };
		first = false;
	}
	return sql_done(rc);
}

static int
of_mailbox(struct page *p, const struct list_msgs_ask *ask)
{
	struct list_cursor from = ask->from;

	if (from.date == 0 && from.id == 0)
		from = (struct list_cursor){ .date = INT64_MAX,
		    .id = INT64_MAX };
	return of_query(p, RSQL_BY_DATE, sql_step(&p->r->sql, RSQL_BY_DATE,
	    "iiii", (int64_t)ask->id, from.date, (int64_t)from.id,
	    (int64_t)ask->n + 1));
}

uint16_t
list_each_msg(struct reader *r, const struct list_msgs_ask *ask,
    bool (*emit)(void *, const struct list_msg *), void *arg,
    struct list_cursor *next, bool *more)
{
	struct page p = { .r = r, .emit = emit, .arg = arg, .left = ask->n,
	    .next = ask->from };
	enum store_err e = reader_begin(r);
	int rc = SQLITE_OK;
	bool full;

	*more = false;
	*next = ask->from;
	if (e != STORE_OK)
		return (uint16_t)e;
	if (ask->which == LIST_OF_MSG) {
		e = list_one_msg(r, ask->id, 0, false, emit, arg, &full);
		reader_end(r);
		return (uint16_t)e;
	}
	if (ask->which == LIST_OF_THREAD)
		rc = of_thread(&p, ask);
	else if (ask->which == LIST_OF_MSGID)
		rc = of_query(&p, RSQL_BY_MSGID, sql_step(&r->sql,
		    RSQL_BY_MSGID, "s", ask->text));
	else
		rc = of_mailbox(&p, ask);
	*more = p.more;
	*next = p.next;
	return finish(r, rc);
}

/* ---- what the index names ---- */

static uint16_t
take_at(struct reader *r, enum reader_sql q, int rc, struct list_at *at)
{
	*at = (struct list_at){ 0, 0, 0 };
	if (rc == SQLITE_ROW) {
		at->id = (uint64_t)num(r, q, 0);
		at->thread = (uint64_t)num(r, q, 1);
		at->date = num(r, q, 2);
		sql_end(&r->sql, q);
		return OP_OK;
	}
	rc = sql_done(rc);
	return rc == SQLITE_OK ? OP_OK : (uint16_t)store_err_sqlite(rc);
}

uint16_t
list_by_msgid(struct reader *r, const char *msgid, struct list_at *at)
{
	return take_at(r, RSQL_BY_MSGID, sql_step(&r->sql, RSQL_BY_MSGID,
	    "s", msgid), at);
}

uint16_t
list_by_uid(struct reader *r, const char *folder, uint32_t uid,
    struct list_at *at)
{
	return take_at(r, RSQL_BY_UID, sql_step(&r->sql, RSQL_BY_UID, "si",
	    folder, (int64_t)uid), at);
}
