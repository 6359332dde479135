#include <string.h>

#include "mailnode/base/fnv.h"
#include "store/flag.h"
#include "store/index_theirs.h"

static void
hand_on(struct index_theirs *t)
{
	struct mail_set set = { .id = t->id, .n = t->nid };
	struct mail_done done;

	if (t->nid == 0 || t->rc != OP_OK)
		return;
	if (t->add != 0 || t->del != 0)
		t->rc = mail_flags(t->keeper, t->r, &set, t->add,
		    t->del, &done);
	if (t->tags[0] != '\0' && t->rc == OP_OK)
		t->rc = mail_tags(t->keeper, t->r, &set, t->tags,
		    &done);
	/* A tag that we do not take is not worth stopping for. */
	if (t->rc != OP_GONE)
		t->rc = OP_OK;
	t->nid = 0;
}

static bool
has_word(const char *list, const char *word, size_t n)
{
	const char *p;

	for (p = list; *p != '\0'; p += strcspn(p, " ")) {
		p += strspn(p, " ");
		if (strncmp(p, word, n) == 0 && (p[n] == ' ' ||
		    p[n] == '\0'))
			return true;
	}
	return false;
}

/* Appends sign and word for each word of `a` that is not in `b`. */
static void
diff(char *dst, size_t size, char sign, const char *a, const char *b)
{
	size_t n, at = strlen(dst);
	const char *p;

	for (p = a; *p != '\0'; p += n) {
		p += strspn(p, " ");
		n = strcspn(p, " ");
		if (n == 0 || has_word(b, p, n) || at + n + 3 > size)
			continue;
		if (at > 0)
			dst[at++] = ' ';
		dst[at++] = sign;
		memcpy(dst + at, p, n);
		dst[at += n] = '\0';
	}
}

static const uint32_t synced = STORE_SEEN | STORE_FLAGGED |
    STORE_ANSWERED | STORE_PASSED | STORE_DRAFT;

/* What a message would be after a change, in a number. */
static uint64_t
key_of(uint32_t flags, const char *tags)
{
	return fnv_str(FNV_BEGIN ^ (flags & synced), tags);
}

/*
 * A row of which the index has something to learn.  When that is only what
 * the index said before, a later word from there still counts.
 */
static bool
owners_own(const struct index_theirs *t, const struct index_row *row)
{
	size_t i = (size_t)(row->id % THEIRS_RECENT);

	return row->pending && !(t->recent[i].id == row->id &&
	    t->recent[i].key == key_of(row->flags, row->tags));
}

static void
note(struct index_theirs *t, const struct index_row *row, uint32_t flags,
    const char *tags)
{
	char change[sizeof t->tags] = "";
	uint32_t add = flags & ~row->flags & synced;
	uint32_t del = ~flags & row->flags & synced;

	diff(change, sizeof change, '+', tags, row->tags);
	diff(change, sizeof change, '-', row->tags, tags);
	if (add == 0 && del == 0 && change[0] == '\0')
		return;
	if (t->nid == THEIRS_SAME_MAX || add != t->add || del != t->del ||
	    strcmp(change, t->tags) != 0)
		hand_on(t);
	t->add = add;
	t->del = del;
	memcpy(t->tags, change, sizeof t->tags);
	t->id[t->nid++] = row->id;
	t->recent[row->id % THEIRS_RECENT].id = row->id;
	t->recent[row->id % THEIRS_RECENT].key = key_of(flags, tags);
}

static bool
on_changed(void *arg, const char *msgid, uint32_t flags, const char *tags)
{
	struct index_theirs *t = arg;
	struct index_rows rows;
	bool pending = false;
	size_t i;

	if (t->rc == OP_OK)
		t->rc = index_find(t->keeper, t->r, msgid, &rows);
	if (t->rc != OP_OK)
		return false;
	/* Both sides changed it: what the owner did here counts. */
	for (i = 0; i < rows.n; i++)
		pending = pending || owners_own(t, &rows.row[i]);
	for (i = 0; i < rows.n && !pending; i++)
		note(t, &rows.row[i], flags, tags);
	index_rows_clear(&rows);
	return t->rc == OP_OK;
}

enum store_err
index_theirs(struct index_theirs *t, struct index *x, const char *state,
    char *now)
{
	enum store_err e;

	t->nid = 0;
	t->rc = OP_OK;
	e = index_changed(x, state, now, on_changed, t);
	hand_on(t);
	return e == STORE_OK && t->rc != OP_OK ? STORE_STATE : e;
}
