/*
 * Rules: does a query match these messages, and no others?  The index finds
 * each by its file, for it makes up an id where a message has none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/dyn.h"
#include "store/index.h"
#include "store/index_parts.h"

enum {
	QUERY_MAX = 128 * 1024,		/* octets: RULE_BATCH ids, doubled */
	FOUND_MAX = RULE_BATCH * 4	/* results looked at: a query with a
					   stray bracket finds others */
};

struct index_match {
	struct index	*x;
	size_t		 n;
	char		*id[RULE_BATCH];	/* owned; NULL: not there */
	struct buf	 ids;			/* id:"a" or id:"b" */
};

/* Quotes of its own are doubled, as the index wants it. */
static void
add_id(struct buf *b, const char *id)
{
	buf_adds(b, b->len > 0 ? " or id:\"" : "id:\"");
	for (; *id != '\0'; id++) {
		if (*id == '"')
			buf_addc(b, '"');
		buf_addc(b, *id);
	}
	buf_addc(b, '"');
}

static enum store_err
find(struct index_match *m, const struct rule_item *i, char **id)
{
	const struct dyn_notmuch *nm = m->x->nm;
	notmuch_message_t *msg = NULL;
	const char *has;
	char path[INDEX_PATH_MAX];

	*id = NULL;
	if (snprintf(path, sizeof path, "%s/%s", m->x->maildir, i->path) >=
	    (int)sizeof path)
		return STORE_OK;
	if (nm->notmuch_database_find_message_by_filename(m->x->db, path,
	    &msg) == NOTMUCH_STATUS_XAPIAN_EXCEPTION)
		return STORE_BUSY;
	if (msg == NULL && nm->notmuch_database_find_message(m->x->db,
	    i->msgid, &msg) == NOTMUCH_STATUS_XAPIAN_EXCEPTION)
		return STORE_BUSY;
	if (msg == NULL)
		return STORE_OK;	/* no mail to the index, or gone */
	has = nm->notmuch_message_get_message_id(msg);
	*id = has != NULL ? strdup(has) : NULL;
	nm->notmuch_message_destroy(msg);
	if (has == NULL)
		return STORE_BUSY;
	if (*id == NULL)
		return STORE_NOMEM;
	add_id(&m->ids, *id);
	return m->ids.err == 0 ? STORE_OK : STORE_NOMEM;
}

enum store_err
index_match_open(struct index *x, const struct rule_work *w,
    struct index_match **out)
{
	struct index_match *m = calloc(1, sizeof *m);
	enum store_err e = m != NULL ? index_open_read(x) : STORE_NOMEM;
	size_t i;

	*out = NULL;
	if (e != STORE_OK) {
		free(m);
		return e;
	}
	m->x = x;
	buf_init(&m->ids, QUERY_MAX);
	for (i = 0; i < w->n && i < RULE_BATCH && e == STORE_OK; i++) {
		e = find(m, &w->item[i], &m->id[i]);
		m->n = i + 1;
	}
	if (e != STORE_OK)
		index_match_close(m);
	else
		*out = m;
	return e;
}

void
index_match_close(struct index_match *m)
{
	size_t i;

	if (m == NULL)
		return;
	index_close(m->x);
	for (i = 0; i < m->n; i++)
		free(m->id[i]);
	buf_clear(&m->ids);
	free(m);
}

static bool
note(struct index_match *m, notmuch_messages_t *ms, bool *hit)
{
	const struct dyn_notmuch *nm = m->x->nm;
	notmuch_message_t *msg = dyn_messages_get(ms);
	const char *id = msg != NULL ?
	    nm->notmuch_message_get_message_id(msg) : NULL;
	size_t i;

	if (id == NULL)
		return false;
	for (i = 0; i < m->n; i++)
		if (m->id[i] != NULL && strcmp(m->id[i], id) == 0)
			hit[i] = true;
	nm->notmuch_message_destroy(msg);
	return true;
}

/* Also of what the index could not take (op_index_try.h). */
static void
note_absent(const struct index_match *m, bool *hit)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		hit[i] = hit[i] || m->id[i] == NULL;
}

static enum store_err
run(struct index_match *m, notmuch_query_t *q, bool *hit)
{
	const struct dyn_notmuch *nm = m->x->nm;
	const char *view = dyn_notmuch_view(m->x->db);
	notmuch_messages_t *ms;
	size_t n;

	nm->notmuch_query_set_omit_excluded(q, NOTMUCH_EXCLUDE_FALSE);
	nm->notmuch_query_set_sort(q, NOTMUCH_SORT_UNSORTED);
	if (nm->notmuch_query_search_messages(q, &ms) !=
	    NOTMUCH_STATUS_SUCCESS)
		return STORE_QUERY;
	for (n = 0; n < FOUND_MAX && nm->notmuch_messages_valid(ms); n++) {
		if (!note(m, ms, hit) || dyn_notmuch_view(m->x->db) != view)
			return STORE_QUERY;
		nm->notmuch_messages_move_to_next(ms);
	}
	return STORE_OK;
}

enum store_err
index_match_query(struct index_match *m, const char *query, bool *hit)
{
	bool all = strcmp(query, "*") == 0;
	enum store_err e = STORE_NOMEM;
	notmuch_query_t *q = NULL;
	const char *ids = m->ids.len > 0 ? buf_str(&m->ids) : "id:\"\"";
	struct buf b;

	memset(hit, 0, m->n * sizeof *hit);
	buf_init(&b, QUERY_MAX + RULE_QUERY_MAX + 16);
	if (ids != NULL && buf_addf(&b, "%s%s%s", all ? "" : "(",
	    all ? "" : query, all ? "" : ") and (") == 0 &&
	    buf_addf(&b, "%s%s", ids, all ? "" : ")") == 0)
		q = m->x->nm->notmuch_query_create(m->x->db, buf_str(&b));
	if (q != NULL) {
		e = run(m, q, hit);
		if (e == STORE_OK && all)
			note_absent(m, hit);
		m->x->nm->notmuch_query_destroy(q);
	}
	buf_clear(&b);
	return e;
}
