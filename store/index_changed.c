/* What others changed in the index. */
#include <stdio.h>
#include <string.h>

#include "mailnode/base/num.h"
#include "store/index_parts.h"

enum { QUERY_ROOM = 128 };

static bool
each(struct index *x, notmuch_query_t *q,
    bool (*fn)(void *, const char *, uint32_t, const char *), void *arg)
{
	char rest[MAIL_TAGS_MAX];
	const char *view = dyn_notmuch_view(x->db);
	notmuch_messages_t *ms;
	notmuch_message_t *m;
	const char *id;
	uint32_t flags;

	if (x->nm->notmuch_query_search_messages(q, &ms) !=
	    NOTMUCH_STATUS_SUCCESS)
		return false;
	for (; x->nm->notmuch_messages_valid(ms);
	    x->nm->notmuch_messages_move_to_next(ms)) {
		m = dyn_messages_get(ms);
		id = m != NULL ? x->nm->notmuch_message_get_message_id(m) :
		    NULL;
		if (id == NULL || !index_tags_of(x, m, &flags, rest) ||
		    dyn_notmuch_view(x->db) != view)
			return false;
		if (!fn(arg, id, flags, rest))
			return true;
		x->nm->notmuch_message_destroy(m);
	}
	return true;
}

static enum store_err
changed(struct index *x, const char *state, const char *now,
    bool (*fn)(void *, const char *, uint32_t, const char *), void *arg)
{
	const char *colon = strrchr(state, ':');
	char text[QUERY_ROOM];
	notmuch_query_t *q;
	uint64_t rev;
	bool ok;

	if (colon == NULL || strncmp(state, now, (size_t)(colon + 1 - state))
	    != 0 || num_u64(colon + 1, colon + strlen(colon), 0, INT64_MAX,
	    &rev) == -1)
		return STORE_NOTFOUND;
	if (strcmp(state, now) == 0)
		return STORE_OK;
	snprintf(text, sizeof text, "lastmod:%llu..",
	    (unsigned long long)rev + 1);
	q = x->nm->notmuch_query_create(x->db, text);
	if (q == NULL)
		return STORE_NOMEM;
	x->nm->notmuch_query_set_omit_excluded(q, NOTMUCH_EXCLUDE_FALSE);
	ok = each(x, q, fn, arg);
	x->nm->notmuch_query_destroy(q);
	return ok ? STORE_OK : STORE_BUSY;
}

enum store_err
index_changed(struct index *x, const char *state, char *now,
    bool (*fn)(void *, const char *, uint32_t, const char *), void *arg)
{
	enum store_err e = index_open_read(x);

	now[0] = '\0';
	if (e != STORE_OK)
		return e;
	index_state(x, now, INDEX_STATE_MAX);
	if (state[0] != '\0')
		e = changed(x, state, now, fn, arg);
	index_close(x);
	return e;
}
