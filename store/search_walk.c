/*
 * Messages of the index, one after the other: what search.c is made of.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/index_words.h"
#include "store/search_parts.h"

enum {
	QUERY_ROOM = LIST_QUERY_MAX + 200,
	TRIES = 3,		/* when a writer pulled the index away */
	PATH_ROOM = 4096
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

/* What cannot be read is left out by libnotmuch (no date: 1970), and this
 * alone tells. */
static bool
has_failed(const struct search *s)
{
	return s->nm->notmuch_database_status_string(s->db) != NULL;
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
		index_words_begin(r->maildir);
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
	if (s->db != NULL && !has_failed(s) &&
	    s->nm->notmuch_database_reopen(s->db,
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

uint16_t
search_count_one(struct reader *r, const char *q, const char *more, uint32_t *n)
{
	char text[QUERY_ROOM];
	notmuch_query_t *nq;
	unsigned int v = 0;
	uint16_t rc = STORE_QUERY;
	int i;

	*n = 0;
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

/* ---- a walk ---- */

static uint16_t
step(struct search_walk *w, notmuch_message_t *m, int64_t date, bool *go)
{
	uint16_t rc = w->each(w, m, go);

	if (rc == OP_OK && *go) {
		w->had = date == w->date ? w->had + 1 : 1;
		w->date = date;
	}
	return rc;
}

/* STORE_BUSY: what is read was discarded meanwhile. */
static uint16_t
walk_on(struct search_walk *w, notmuch_messages_t *ms)
{
	const struct search *s = w->r->search;
	const char *view = dyn_notmuch_view(s->db);
	notmuch_message_t *m;
	uint64_t skip = w->had;
	int64_t from = w->date, date;
	uint16_t rc = OP_OK;
	bool go = true;

	for (; rc == OP_OK && go && s->nm->notmuch_messages_valid(ms);
	    s->nm->notmuch_messages_move_to_next(ms)) {
		m = dyn_messages_get(ms);
		if (m == NULL ||
		    s->nm->notmuch_message_get_message_id(m) == NULL)
			return STORE_BUSY;
		date = w->undated ? 0 : s->nm->notmuch_message_get_date(m);
		if (has_failed(s) || dyn_notmuch_view(s->db) != view)
			return STORE_BUSY;
		if (date == from && skip > 0)
			skip--;
		else
			rc = step(w, m, date, &go);
		s->nm->notmuch_message_destroy(m);
	}
	return rc;
}

static bool
walk_text(const struct search_walk *w, char *text, size_t size)
{
	char bound[64] = "";

	/* What has no date, 0 to the index, is in no range. */
	if (!w->oldest && (w->date != 0 || w->had != 0))
		snprintf(bound, sizeof bound, "not date:@%lld..",
		    (long long)w->date + 1);
	else if (w->date > 0)
		snprintf(bound, sizeof bound, "date:@%lld..",
		    (long long)w->date);
	return narrow(text, size, w->q, bound);
}

static uint16_t
walk_once(struct search_walk *w)
{
	char text[QUERY_ROOM];
	const struct dyn_notmuch *nm;
	notmuch_messages_t *ms;
	notmuch_query_t *q;
	uint16_t rc;

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
		rc = walk_on(w, ms);
	nm->notmuch_query_destroy(q);
	return rc;
}

uint16_t
search_walk(struct search_walk *w)
{
	uint16_t rc = STORE_BUSY;
	uint64_t had;
	int64_t date;
	int i;

	for (i = 0; i < TRIES && (rc == STORE_BUSY || rc == STORE_QUERY);
	    i++) {
		date = w->date;
		had = w->had;
		rc = walk_once(w);
		if (w->date != date || w->had != had)
			i = 0;
		if (w->undated)
			w->had = 0;
		w->undated = false;
	}
	return rc;
}
