#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/judged.h"
#include "store/tag.h"

/* What was said of it last and when; false: nothing. */
static bool
said_before(struct store *st, const struct row_at *at,
    enum judged_word *word, int64_t *when_us)
{
	static struct store_slot get;
	sqlite3_stmt *s;
	bool found;

	s = store_ask(st, STORE_NODE, &get, "SELECT junk, at FROM judged"
	    " WHERE hash = ?1", "b", at->hash, sizeof at->hash);
	if (s == NULL)
		return false;
	found = sqlite3_step(s) == SQLITE_ROW;
	if (found) {
		*word = (enum judged_word)sqlite3_column_int(s, 0);
		*when_us = sqlite3_column_int64(s, 1);
	}
	(void)sqlite3_reset(s);
	return found;
}

static enum store_err
put(struct store *st, const struct row_at *at, enum judged_word word)
{
	static struct store_slot put, trim;
	enum store_err rc;

	rc = store_do(st, STORE_NODE, &put, "REPLACE INTO judged(hash, junk,"
	    " at) VALUES(?1, ?2, ?3)", "bii", at->hash, sizeof at->hash,
	    (int64_t)word, clock_wall_us());
	if (rc != STORE_OK)
		return rc;
	return store_do(st, STORE_NODE, &trim, "DELETE FROM judged WHERE at <"
	    " (SELECT at FROM judged ORDER BY at DESC LIMIT 1 OFFSET ?1)", "i",
	    (int64_t)JUDGED_MAX);
}

/* ---- words ---- */

static enum store_word
meaning(enum judged_word word)
{
	if (word == JUDGED_NOT_JUNK || word == JUDGED_NOT_GOOD)
		return STORE_NEITHER;
	return word == JUDGED_JUNK ? STORE_JUNK : STORE_GOOD;
}

static bool
below(const struct box *b, const char *name)
{
	size_t n = strlen(name);

	return strncmp(b->name, name, n) == 0 && (b->name[n] == '\0' ||
	    b->name[n] == '/');
}

static void
tell(struct store *st, const struct row_at *at, struct store_judged j)
{
	j.lookalike = tag_in(at->tags, TAG_LOOKALIKE);
	memcpy(j.hash, at->hash, sizeof j.hash);
	if (st->judged != NULL)
		st->judged(st->arg, &j);
}

/* The second half of one act: a program that marks and moves has taken back
 * with the one, and would say the opposite with the other. */
static bool
same_act(enum judged_word was, int64_t when_us, enum judged_word word)
{
	return ((was == JUDGED_NOT_JUNK && word == JUDGED_GOOD) ||
	    (was == JUDGED_NOT_GOOD && word == JUDGED_JUNK)) &&
	    clock_wall_us() - when_us < JUDGED_ACT_S * INT64_C(1000000);
}

static enum store_err
say(struct store *st, uint64_t mbox, const struct row_at *at,
    enum judged_word word)
{
	enum judged_word was = JUDGED_GOOD;
	int64_t when_us = 0;
	bool had = said_before(st, at, &was, &when_us);
	enum store_err rc;

	if (had && same_act(was, when_us, word))
		return STORE_OK;
	/* An answer is more than a move: its author may write from now on. */
	if (had && meaning(was) == meaning(word) &&
	    (word != JUDGED_ANSWERED || was == word))
		return STORE_OK;
	rc = put(st, at, word);
	if (rc == STORE_OK)
		tell(st, at, (struct store_judged){ .mbox = mbox,
		    .as = meaning(word), .was = had ? meaning(was) :
		    STORE_NEITHER, .answered = word == JUDGED_ANSWERED });
	return rc;
}

/* The way back from what was said just now? */
static bool
is_undo(struct store *st, const struct row_at *at, enum judged_word of)
{
	enum judged_word was = JUDGED_GOOD;
	int64_t when_us = 0;

	return said_before(st, at, &was, &when_us) && was == of &&
	    clock_wall_us() - when_us < JUDGED_UNDO_S * INT64_C(1000000);
}

static enum store_err
undo(struct store *st, uint64_t mbox, const struct row_at *at,
    enum judged_word of)
{
	enum store_err rc = put(st, at, of == JUDGED_JUNK ? JUDGED_NOT_JUNK :
	    JUDGED_NOT_GOOD);

	if (rc == STORE_OK)
		tell(st, at, (struct store_judged){ .mbox = mbox,
		    .as = STORE_NEITHER, .was = meaning(of) });
	return rc;
}

static enum store_err
say_or_undo(struct store *st, uint64_t mbox, const struct row_at *at,
    enum judged_word word, enum judged_word opposite)
{
	return is_undo(st, at, opposite) ? undo(st, mbox, at, opposite) :
	    say(st, mbox, at, word);
}

enum store_err
judged_note(struct store *st, const struct box *from, const struct box *to,
    const struct row_at *at)
{
	bool junk = below(to, "Junk"), was_junk = below(from, "Junk");
	bool kept = below(to, "Archive"), was_kept = below(from, "Archive");

	if (below(to, "Trash") || below(from, "Trash"))
		return STORE_OK;
	if (junk && !was_junk)
		return say_or_undo(st, to->id, at, JUDGED_JUNK, JUDGED_GOOD);
	if (was_junk && !junk)
		return say_or_undo(st, to->id, at, JUDGED_GOOD, JUDGED_JUNK);
	/* What we wrote is nobody's mail to us. */
	if (kept && !was_kept && !below(from, "Sent") &&
	    !below(from, "Drafts"))
		return say(st, to->id, at, JUDGED_KEPT);
	if (was_kept && !kept && is_undo(st, at, JUDGED_KEPT))
		return undo(st, to->id, at, JUDGED_KEPT);
	return STORE_OK;
}

/* ---- keywords ---- */

static bool
has_one(const char *tags, const char *const *words)
{
	for (; *words != NULL; words++)
		if (tag_in(tags, *words))
			return true;
	return false;
}

/* Is it junk by what the owner said, or where it stands? */
static bool
is_junk(struct store *st, const struct box *b, const struct row_at *at)
{
	enum judged_word was = JUDGED_GOOD;
	int64_t when_us;

	return said_before(st, at, &was, &when_us) &&
	    meaning(was) != STORE_NEITHER ? was == JUDGED_JUNK :
	    below(b, "Junk");
}

enum store_err
judged_keywords(struct store *st, const struct box *b,
    const struct row_at *at, const char *now)
{
	static const char *const junk[] = { "$Junk", "Junk", NULL };
	static const char *const good[] = { "$NotJunk", "NotJunk", "NonJunk",
	    NULL };
	bool was_junk = has_one(at->tags, junk), was_good = has_one(at->tags,
	    good);
	bool now_junk = has_one(now, junk), now_good = has_one(now, good);

	if (below(b, "Trash") || below(b, "Sent") || below(b, "Drafts"))
		return STORE_OK;
	if (now_junk && !was_junk)
		return say_or_undo(st, b->id, at, JUDGED_JUNK, JUDGED_GOOD);
	if (now_good && !was_good)
		return is_junk(st, b, at) ? say_or_undo(st, b->id, at,
		    JUDGED_GOOD, JUDGED_JUNK) : STORE_OK;
	if (was_junk && !now_junk && is_undo(st, at, JUDGED_JUNK))
		return undo(st, b->id, at, JUDGED_JUNK);
	if (was_good && !now_good && is_undo(st, at, JUDGED_GOOD))
		return undo(st, b->id, at, JUDGED_GOOD);
	return STORE_OK;
}

enum store_err
judged_answered(struct store *st, const char *msgid)
{
	const struct box *b;
	struct row_at at;
	size_t i;

	for (i = 0; msgid[0] != '\0' && i < box_count(st); i++) {
		b = box_at(st, i);
		if (below(b, "Sent") || below(b, "Drafts") ||
		    row_by_msgid(st->rows, b->id, msgid, 0, &at) != 0)
			continue;
		return say(st, b->id, &at, JUDGED_ANSWERED);
	}
	return STORE_OK;
}

/* ---- the file ---- */

static int
open_in(struct store *st, const struct box *b, const uint8_t hash[32])
{
	char path[PATH_MAX];
	struct row_at at;
	uint64_t id;

	if (b == NULL || row_by_hash(st->rows, b->id, hash, &id) != 0 ||
	    id == 0 || row_get(st->rows, id, &at) != 0 ||
	    snprintf(path, sizeof path, "%s/%s/%s", st->conf->maildir,
	    b->name, at.name) >= (int)sizeof path)
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* What is marked is often moved at once, and junk thrown away. */
int
judged_open(struct store *st, uint64_t mbox, const uint8_t hash[32])
{
	int fd = open_in(st, box_by_id(st, mbox), hash);
	size_t i;

	for (i = 0; fd == -1 && i < box_count(st); i++)
		fd = open_in(st, box_at(st, i), hash);
	return fd;
}
