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
	if (p->n > MAIL_SET_MAX)
		app_error(t, "more than %d at once", MAIL_SET_MAX);
	else if (p->n == 0)
		app_error(t, "no message");
	return p->n > 0 && p->n <= MAIL_SET_MAX;
}

void
doing_move(struct tui *t, const struct pick *p, const char *folder)
{
	uint64_t *ids = calloc(p->n + 1, sizeof *ids);
	struct change *c;
	struct mail_set set;
	char text[TEXT_MAX];
	struct buf b;
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
	buf_init(&b, CHAN_DATA_MAX);
	mail_move_put(&b, &set, folder);
	change_forth(c, MAIL_MOVE, &b);
	for (i = 0; i < p->n; i++) {
		if (!first_of_folder(p, i) || in_folder(&p->m[i], folder))
			continue;
		set = some(p, ids, in_folder, p->m[i].folder);
		buf_reset(&b);
		mail_move_put(&b, &set, p->m[i].folder);
		change_back(c, MAIL_MOVE, &b);
	}
	buf_clear(&b);
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

	if (ids != NULL && usable(t, p)) {
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
	struct buf b;
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
	buf_init(&b, CHAN_DATA_MAX);
	mail_flags_put(&b, &set, on ? flag : 0, on ? 0 : flag);
	change_forth(c, MAIL_FLAGS, &b);
	buf_reset(&b);
	mail_flags_put(&b, &set, on ? 0 : flag, on ? flag : 0);
	change_back(c, MAIL_FLAGS, &b);
	buf_clear(&b);
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

bool
doing_tags(struct tui *t, const struct pick *p, const char *change)
{
	uint64_t *ids = calloc(p->n + 1, sizeof *ids);
	struct mail_set one = { .mbox = 0, .n = 1 }, set;
	struct change *c;
	char text[TEXT_MAX];
	struct buf b, back;
	bool rc = false;
	size_t i;

	buf_init(&b, CHAN_DATA_MAX);
	buf_init(&back, MAIL_TAGS_MAX);
	if (ids == NULL || !usable(t, p) || !tags_ok(t, change))
		goto out;
	set = some(p, ids, NULL, NULL);
	(void)snprintf(text, sizeof text, "%zu: %s", p->n, change);
	c = change_new(text);
	mail_tags_put(&b, &set, change);
	change_forth(c, MAIL_TAGS, &b);
	for (i = 0; i < p->n; i++) {
		buf_reset(&back);
		doing_tag_back(&back, p->m[i].tags, change);
		if (back.len == 0)
			continue;
		one.id = &p->m[i].id;
		buf_reset(&b);
		mail_tags_put(&b, &one, buf_str(&back));
		change_back(c, MAIL_TAGS, &b);
	}
	undo_do(t->undo, c, true);
	rc = true;
out:
	buf_clear(&b);
	buf_clear(&back);
	free(ids);
	return rc;
}

void
doing_expunge(struct tui *t, const struct pick *p)
{
	uint64_t *ids = calloc(p->n + 1, sizeof *ids);
	struct change *c;
	struct mail_set set;
	char text[TEXT_MAX];
	struct buf b;

	if (ids != NULL && usable(t, p)) {
		(void)snprintf(text, sizeof text, "%zu deleted for good", p->n);
		set = some(p, ids, NULL, NULL);
		c = change_new(text);
		buf_init(&b, CHAN_DATA_MAX);
		mail_expunge_put(&b, &set);
		change_forth(c, MAIL_EXPUNGE, &b);
		buf_clear(&b);
		undo_do(t->undo, c, false);
	}
	free(ids);
}
