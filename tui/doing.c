#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/op_mail.h"
#include "tui/doing.h"
#include "tui/undo.h"

enum { TEXT_MAX = 300 };

/* Some of the messages, as a set by row id; ids is the caller's array. */
static struct mail_set
some(const struct pick *p, uint64_t *ids,
    bool (*want)(const struct pick_msg *, const void *), const void *arg)
{
	struct mail_set set = { .mbox = 0, .id = ids };
	size_t i;

	for (i = 0; i < p->n; i++)
		if (want == NULL || want(&p->m[i], arg))
			ids[set.n++] = p->m[i].id;
	return set;
}

static bool
in_folder(const struct pick_msg *m, const void *folder)
{
	return strcmp(m->folder, folder) == 0;
}

static bool
not_in_folder(const struct pick_msg *m, const void *folder)
{
	return !in_folder(m, folder);
}

/* The first of its folder calls for a request for all of them. */
static bool
first_of_folder(const struct pick *p, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (strcmp(p->m[j].folder, p->m[i].folder) == 0)
			return false;
	return true;
}

static bool
usable(struct tui *t, const struct pick *p)
{
	if (p->n == 0)
		app_error(t, "no message");
	return p->n > 0;
}

/* As many as one request takes, of `all` behind *from; false: none is left. */
static bool
next_part(struct mail_set *part, const struct mail_set *all, size_t *from)
{
	*part = *all;
	part->id = all->id + *from;
	part->n = all->n - *from < MAIL_SET_MAX ? all->n - *from :
	    MAIL_SET_MAX;
	*from += part->n;
	return part->n > 0;
}

typedef void	add_fn(struct change *c, uint16_t type,
		    const struct buf *args);

static void
add_moves(struct change *c, add_fn *add, const struct mail_set *set,
    const char *folder)
{
	struct mail_set part;
	size_t from = 0;
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	while (next_part(&part, set, &from)) {
		buf_reset(&b);
		mail_move_put(&b, &part, folder);
		add(c, MAIL_MOVE, &b);
	}
	buf_clear(&b);
}

static void
add_flags(struct change *c, add_fn *fn, const struct mail_set *set,
    uint32_t add, uint32_t del)
{
	struct mail_set part;
	size_t from = 0;
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	while (next_part(&part, set, &from)) {
		buf_reset(&b);
		mail_flags_put(&b, &part, add, del);
		fn(c, MAIL_FLAGS, &b);
	}
	buf_clear(&b);
}

void
doing_move(struct tui *t, const struct pick *p, const char *folder)
{
	uint64_t *ids = calloc(p->n + 1, sizeof *ids);
	struct change *c;
	struct mail_set set;
	char text[TEXT_MAX];
	size_t i;

	if (ids == NULL || !usable(t, p))
		goto out;
	set = some(p, ids, not_in_folder, folder);
	if (set.n == 0) {
		app_note(t, "already in %s", folder);
		goto out;
	}
	(void)snprintf(text, sizeof text, "%zu to %s", set.n, folder);
	c = change_new(text);
	change_moves(c, set.n);
	add_moves(c, change_forth, &set, folder);
	for (i = 0; i < p->n; i++) {
		if (!first_of_folder(p, i) || in_folder(&p->m[i], folder))
			continue;
		set = some(p, ids, in_folder, p->m[i].folder);
		add_moves(c, change_back, &set, p->m[i].folder);
	}
	undo_do(t->undo, c, true);
out:
	free(ids);
}

void
doing_copy(struct tui *t, const struct pick *p, const char *folder)
{
	uint64_t *ids = calloc(p->n + 1, sizeof *ids);
	struct change *c;
	struct mail_set set;
	char text[TEXT_MAX];
	struct buf b;

	if (p->n > MAIL_SET_MAX) {
		/* What is taken back is one range of UIDs. */
		app_error(t, "more than %d at once", MAIL_SET_MAX);
	} else if (ids != NULL && usable(t, p)) {
		(void)snprintf(text, sizeof text, "%zu copied to %s", p->n,
		    folder);
		set = some(p, ids, NULL, NULL);
		c = change_new(text);
		buf_init(&b, CHAN_DATA_MAX);
		mail_move_put(&b, &set, folder);
		change_forth(c, MAIL_COPY, &b);
		buf_clear(&b);
		undo_copy(t->undo, c);
	}
	free(ids);
}

static bool
has_flag(const struct pick_msg *m, const void *flag)
{
	return (m->flags & *(const uint32_t *)flag) != 0;
}

static bool
lacks_flag(const struct pick_msg *m, const void *flag)
{
	return !has_flag(m, flag);
}

bool
doing_toggle(struct tui *t, const struct pick *p, uint32_t flag)
{
	static const struct { uint32_t flag; const char *on, *off; } words[] = {
		{ STORE_SEEN, "read", "unread" },
		{ STORE_FLAGGED, "flagged", "unflagged" },
	};
	uint64_t *ids = calloc(p->n + 1, sizeof *ids);
	struct change *c;
	struct mail_set set;
	char text[TEXT_MAX];
	bool on = false;
	size_t i;

	if (ids == NULL || !usable(t, p))
		goto out;
	set = some(p, ids, lacks_flag, &flag);
	on = set.n > 0;
	if (!on)
		set = some(p, ids, has_flag, &flag);
	for (i = 0; words[i].flag != flag; i++)
		;
	(void)snprintf(text, sizeof text, "%zu %s", set.n,
	    on ? words[i].on : words[i].off);
	c = change_new(text);
	add_flags(c, change_forth, &set, on ? flag : 0, on ? 0 : flag);
	add_flags(c, change_back, &set, on ? 0 : flag, on ? flag : 0);
	undo_do(t->undo, c, true);
out:
	free(ids);
	return on;
}

/* ---- tags ---- */

static bool
has_word(const char *list, const char *word, size_t n)
{
	size_t k;

	for (; *list != '\0'; list += k, list += strspn(list, " ")) {
		k = strcspn(list, " ");
		if (k == n && memcmp(list, word, n) == 0)
			return true;
	}
	return false;
}

static void
put_sign(struct buf *b, char sign, const char *word, size_t n)
{
	if (b->len > 0)
		buf_addc(b, ' ');
	buf_addc(b, sign);
	buf_add(b, word, n);
}

/* Of `from`, the words that `other` lacks. */
static void
missing(struct buf *b, char sign, const char *from, const char *other)
{
	size_t n;

	for (; *from != '\0'; from += n, from += strspn(from, " ")) {
		n = strcspn(from, " ");
		if (n > 0 && !has_word(other, from, n))
			put_sign(b, sign, from, n);
	}
}

void
doing_tag_change(struct buf *b, const char *from, const char *to)
{
	missing(b, '-', from, to);
	missing(b, '+', to, from);
}

void
doing_tag_back(struct buf *b, const char *tags, const char *change)
{
	const char *p = change;
	size_t n;
	bool had;

	for (; *p != '\0'; p += n, p += strspn(p, " ")) {
		n = strcspn(p, " ");
		if (n < 2)
			continue;
		had = has_word(tags, p + 1, n - 1);
		if (*p == '+' && !had)
			put_sign(b, '-', p + 1, n - 1);
		else if (*p == '-' && had)
			put_sign(b, '+', p + 1, n - 1);
	}
}

static bool
tags_ok(struct tui *t, const char *change)
{
	const char *p = change + strspn(change, " ");
	char tag[128];
	size_t n;

	for (; *p != '\0'; p += n, p += strspn(p, " ")) {
		n = strcspn(p, " ");
		if (n < 2 || n >= sizeof tag || (*p != '+' && *p != '-')) {
			app_error(t, "%.*s: no tag", (int)n, p);
			return false;
		}
		memcpy(tag, p + 1, n - 1);
		tag[n - 1] = '\0';
		if (!mail_tag_ok(tag)) {
			app_error(t, "%s: no tag", tag);
			return false;
		}
	}
	return true;
}

static void
add_tags(struct change *c, add_fn *add, const struct mail_set *set,
    const char *change)
{
	struct mail_set part;
	size_t from = 0;
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	while (next_part(&part, set, &from)) {
		buf_reset(&b);
		mail_tags_put(&b, &part, change);
		add(c, MAIL_TAGS, &b);
	}
	buf_clear(&b);
}

/* What takes a change back is one request for all for whom it is the same:
 * each request is a commit.  Few differ: by which words they had. */
static void
add_tags_back(struct change *c, const struct pick *p, uint64_t *ids,
    const char *change)
{
	struct mail_set set = { .id = ids };
	bool *done = calloc(p->n + 1, sizeof *done);
	struct buf back, b;
	size_t i, j;

	buf_init(&back, MAIL_TAGS_MAX);
	buf_init(&b, MAIL_TAGS_MAX);
	for (i = 0; done != NULL && i < p->n; i++) {
		if (done[i])
			continue;
		buf_reset(&back);
		doing_tag_back(&back, p->m[i].tags, change);
		for (j = i, set.n = 0; j < p->n; j++) {
			buf_reset(&b);
			doing_tag_back(&b, p->m[j].tags, change);
			if (done[j] || b.len != back.len ||
			    (b.len > 0 && memcmp(b.data, back.data,
			    b.len) != 0))
				continue;
			done[j] = true;
			ids[set.n++] = p->m[j].id;
		}
		if (back.len > 0)
			add_tags(c, change_back, &set, buf_str(&back));
	}
	buf_clear(&back);
	buf_clear(&b);
	free(done);
}

bool
doing_tags(struct tui *t, const struct pick *p, const char *change)
{
	uint64_t *ids = calloc(p->n + 1, sizeof *ids);
	struct mail_set set;
	struct change *c;
	char text[TEXT_MAX];
	bool rc = false;

	if (ids == NULL || !usable(t, p) || !tags_ok(t, change))
		goto out;
	set = some(p, ids, NULL, NULL);
	(void)snprintf(text, sizeof text, "%zu: %s", p->n, change);
	c = change_new(text);
	add_tags(c, change_forth, &set, change);
	add_tags_back(c, p, ids, change);
	undo_do(t->undo, c, true);
	rc = true;
out:
	free(ids);
	return rc;
}

void
doing_expunge(struct tui *t, const struct pick *p)
{
	uint64_t *ids = calloc(p->n + 1, sizeof *ids);
	struct change *c;
	struct mail_set set, part;
	char text[TEXT_MAX];
	size_t from = 0;
	struct buf b;

	if (ids != NULL && usable(t, p)) {
		(void)snprintf(text, sizeof text, "%zu deleted for good", p->n);
		set = some(p, ids, NULL, NULL);
		c = change_new(text);
		buf_init(&b, CHAN_DATA_MAX);
		while (next_part(&part, &set, &from)) {
			buf_reset(&b);
			mail_expunge_put(&b, &part);
			change_forth(c, MAIL_EXPUNGE, &b);
		}
		buf_clear(&b);
		undo_do(t->undo, c, false);
	}
	free(ids);
}
