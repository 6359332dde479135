/* Tags: what the index has of a message, and what it is to have. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/fnv.h"
#include "store/flag.h"
#include "store/index_parts.h"

enum { TAGS_ROOM = 4096 };

/* Tags that stand for flags.  `unread` stands for the lack of one. */
static const struct {
	const char	*tag;
	uint32_t	 flag;
	bool		 back;	/* also believed when it comes from there */
} synced[] = {
	{ "unread", STORE_SEEN, true },
	{ "flagged", STORE_FLAGGED, true },
	{ "replied", STORE_ANSWERED, true },
	{ "passed", STORE_PASSED, true },
	{ "draft", STORE_DRAFT, true },
	{ "deleted", STORE_DELETED, false },
};
enum { NSYNCED = sizeof synced / sizeof synced[0] };

/* What the index says of contents by itself: neither ours nor the user's. */
static const char *const own[] = { "attachment", "signed", "encrypted" };

static bool
is_own(const char *tag)
{
	size_t i;

	for (i = 0; i < sizeof own / sizeof own[0]; i++)
		if (strcmp(tag, own[i]) == 0)
			return true;
	return false;
}

static int
synced_at(const char *tag)
{
	int i;

	for (i = 0; i < NSYNCED; i++)
		if (strcmp(tag, synced[i].tag) == 0)
			return i;
	return -1;
}

/* What stands in `tags` (blank between) or follows from flags. */
static bool
wanted(const struct index_item *i, const char *tag)
{
	size_t n = strlen(tag);
	int k = synced_at(tag);
	const char *p;

	if (k != -1)
		return ((i->flags & synced[k].flag) != 0) !=
		    (synced[k].flag == STORE_SEEN);
	for (p = i->tags; (p = strstr(p, tag)) != NULL; p++)
		if ((p == i->tags || p[-1] == ' ') &&
		    (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* Others give what is no tag of ours: it stays there, and is named once. */
static bool
is_odd(struct index *x, const char *tag, size_t used)
{
	uint64_t h;
	size_t i;

	if (is_own(tag) || synced_at(tag) != -1 ||
	    (mail_tag_ok(tag) && used + strlen(tag) + 2 <= MAIL_TAGS_MAX))
		return false;
	h = fnv_str(FNV_BEGIN, tag);
	for (i = 0; i < ODD_NAMED; i++)
		if (x->odd_named[i] == h)
			return true;
	x->odd_named[x->nodd++ % ODD_NAMED] = h;
	if (x->odd != NULL)
		x->odd(x->odd_arg, tag);
	return true;
}

void
index_on_odd(struct index *x, void (*odd)(void *arg, const char *tag),
    void *arg)
{
	x->odd = odd;
	x->odd_arg = arg;
}

bool
index_tags_of(struct index *x, notmuch_message_t *m, uint32_t *flags,
    char rest[MAIL_TAGS_MAX])
{
	notmuch_tags_t *tags = x->nm->notmuch_message_get_tags(m);
	const char *t;
	size_t at = 0;
	int k;

	*flags = STORE_SEEN;
	rest[0] = '\0';
	if (tags == NULL)
		return false;
	for (; x->nm->notmuch_tags_valid(tags);
	    x->nm->notmuch_tags_move_to_next(tags)) {
		t = x->nm->notmuch_tags_get(tags);
		k = synced_at(t);
		if (k != -1 && synced[k].back)
			*flags ^= synced[k].flag;
		if (k != -1 || is_own(t) || is_odd(x, t, at))
			continue;
		at += (size_t)snprintf(rest + at, MAIL_TAGS_MAX - at, "%s%s",
		    at > 0 ? " " : "", t);
	}
	x->nm->notmuch_tags_destroy(tags);
	return true;
}

/* Only what differs: each change writes the document anew. */
static void
drop_tags(struct index *x, notmuch_message_t *m, const struct index_item *i,
    char *have, size_t size)
{
	notmuch_tags_t *tags = x->nm->notmuch_message_get_tags(m);
	size_t at = 0, n, used = strlen(i->tags);
	const char *t;
	char *p, *save;

	have[0] = '\0';
	for (; x->nm->notmuch_tags_valid(tags);
	    x->nm->notmuch_tags_move_to_next(tags)) {
		t = x->nm->notmuch_tags_get(tags);
		n = strlen(t);
		if (at + n + 2 >= size)
			break;
		if (!wanted(i, t) && is_odd(x, t, used))
			continue;
		memcpy(have + at, t, n);
		have[at + n] = ' ';
		have[at += n + 1] = '\0';
	}
	x->nm->notmuch_tags_destroy(tags);
	p = strdup(have);
	if (p == NULL)
		return;
	for (t = strtok_r(p, " ", &save); t != NULL;
	    t = strtok_r(NULL, " ", &save))
		if (!is_own(t) && !wanted(i, t))
			(void)x->nm->notmuch_message_remove_tag(m, t);
	free(p);
}

static bool
has(const char *have, const char *tag, size_t n)
{
	const char *p;

	for (p = have; (p = strstr(p, tag)) != NULL; p++)
		if ((p == have || p[-1] == ' ') && p[n] == ' ')
			return true;
	return false;
}

void
index_set_tags(struct index *x, notmuch_message_t *m, const struct index_item *i)
{
	char have[TAGS_ROOM], tag[NOTMUCH_TAG_MAX + 1];
	const char *p;
	size_t k, n;

	(void)x->nm->notmuch_message_freeze(m);
	drop_tags(x, m, i, have, sizeof have);
	for (k = 0; k < NSYNCED; k++)
		if (wanted(i, synced[k].tag) && !has(have, synced[k].tag,
		    strlen(synced[k].tag)))
			(void)x->nm->notmuch_message_add_tag(m,
			    synced[k].tag);
	for (p = i->tags; *p != '\0'; p += n) {
		p += strspn(p, " ");
		n = strcspn(p, " ");
		if (n == 0 || n > NOTMUCH_TAG_MAX)
			continue;
		memcpy(tag, p, n);
		tag[n] = '\0';
		if (!has(have, tag, n))
			(void)x->nm->notmuch_message_add_tag(m, tag);
	}
	(void)x->nm->notmuch_message_thaw(m);
}
