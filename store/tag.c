#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "store/box.h"
#include "store/op_set.h"
#include "store/row.h"
#include "store/tag.h"

enum { TAGS_OF_ONE = MAIL_TAGS_MAX };	/* tags, old and new: of one octet */

/* What notmuch calls the flags of a Maildir name. */
bool
tag_in(const char *tags, const char *one)
{
	size_t n, len = strlen(one);

	for (; *tags != '\0'; tags += n + (tags[n] == ' ')) {
		n = strcspn(tags, " ");
		if (n == len && memcmp(tags, one, n) == 0)
			return true;
	}
	return false;
}

static const struct {
	const char	*tag;
	uint32_t	 flag;
	bool		 inverse;
} disguised[] = {
	{ "unread", STORE_SEEN, true },
	{ "flagged", STORE_FLAGGED, false },
	{ "replied", STORE_ANSWERED, false },
	{ "passed", STORE_PASSED, false },
	{ "draft", STORE_DRAFT, false },
	{ "deleted", STORE_DELETED, false },
};

bool
mail_tag_ok(const char *tag)
{
	size_t i, n = strlen(tag);

	if (n == 0 || n > TAG_MAX || tag[0] == '-' || tag[0] == '+' ||
	    !codec_utf8_ok(tag, n))
		return false;
	for (i = 0; i < n; i++)
		if ((unsigned char)tag[i] <= ' ' || tag[i] == 0x7f ||
		    tag[i] == '"' || tag[i] == '%' || tag[i] == '\\')
			return false;
	return true;
}

const char *
tag_of_keyword(const char *word)
{
	static const char *const spelled[] = { "$Junk", "$NotJunk",
	    "$Phishing", "$MDNSent", "$SubmitPending", "$Submitted",
	    "$Important", "Junk", "NonJunk", "NotJunk" };
	size_t i;

	for (i = 0; i < sizeof disguised / sizeof disguised[0]; i++)
		if (strcasecmp(disguised[i].tag, word) == 0)
			return "";
	for (i = 0; i < sizeof spelled / sizeof spelled[0]; i++)
		if (strcasecmp(spelled[i], word) == 0)
			return spelled[i];
	return set_keyword_ok(word) && mail_tag_ok(word) ? word : NULL;
}

bool
tag_next(const char **p, char *dst, size_t size)
{
	size_t n;

	while (**p == ' ')
		(*p)++;
	n = strcspn(*p, " ");
	if (n == 0 || n >= size)
		return false;
	memcpy(dst, *p, n);
	dst[n] = '\0';
	*p += n;
	return true;
}

static bool
disguise(struct tag_change *c, const char *tag, bool add)
{
	size_t i;

	for (i = 0; i < sizeof disguised / sizeof disguised[0]; i++) {
		if (strcmp(disguised[i].tag, tag) != 0)
			continue;
		if (add != disguised[i].inverse) {
			c->add |= disguised[i].flag;
			c->del &= ~disguised[i].flag;
		} else {
			c->del |= disguised[i].flag;
			c->add &= ~disguised[i].flag;
		}
		return true;
	}
	return false;
}

bool
tag_change_parse(const char *text, struct tag_change *c)
{
	char w[TAG_MAX + 2];
	const char *p = text;
	size_t n = 0;

	memset(c, 0, sizeof *c);
	while (tag_next(&p, w, sizeof w)) {
		if ((w[0] != '+' && w[0] != '-') || !mail_tag_ok(w + 1))
			return false;
		if (disguise(c, w + 1, w[0] == '+'))
			continue;
		if (n + strlen(w) + 2 > sizeof c->text)
			return false;
		n += (size_t)snprintf(c->text + n, sizeof c->text - n, "%s%s",
		    n > 0 ? " " : "", w);
		c->tags = true;
	}
	return *p == '\0';
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once. */
static enum store_err
join(const char **set, size_t n, char *dst, size_t size)
{
	size_t i, len = 0;

	qsort(set, n, sizeof *set, by_text);
	dst[0] = '\0';
	for (i = 0; i < n; i++) {
		if (i > 0 && strcmp(set[i], set[i - 1]) == 0)
			continue;
		if (len + strlen(set[i]) + 2 > size)
			return STORE_TOOBIG;
		len += (size_t)snprintf(dst + len, size - len, "%s%s",
		    len > 0 ? " " : "", set[i]);
	}
	return STORE_OK;
}

static bool
same(const struct tag_change *c, const char *a, const char *b)
{
	return (c->anycase ? strcasecmp(a, b) : strcmp(a, b)) == 0;
}

static bool
among(const struct tag_change *c, const char **set, size_t n, const char *tag)
{
	size_t i = 0;

	while (i < n && !same(c, set[i], tag))
		i++;
	return i < n;
}

static void
take_away(const struct tag_change *c, const char **set, size_t *n,
    const char *tag)
{
	size_t i;

	for (i = 0; i < *n; )
		if (same(c, set[i], tag))
			set[i] = set[--*n];
		else
			i++;
}

enum store_err
tag_change_apply(const struct tag_change *c, const char *tags, char *dst,
    size_t size)
{
	char mem[TAGS_OF_ONE][TAG_MAX + 2], w[TAG_MAX + 2];
	const char *set[TAGS_OF_ONE], *p;
	size_t n = 0, used = 0;

	for (p = tags; used < TAGS_OF_ONE && tag_next(&p, mem[used],
	    sizeof mem[used]); used++)
		set[n++] = mem[used];
	for (p = c->text; tag_next(&p, w, sizeof w); ) {
		if (w[0] == '-') {
			take_away(c, set, &n, w + 1);
			continue;
		}
		if (among(c, set, n, w + 1))
			continue;
		if (used == TAGS_OF_ONE)
			return STORE_TOOBIG;
		memcpy(mem[used], w + 1, strlen(w));
		set[n++] = mem[used++];
	}
	return join(set, n, dst, size);
}

/* One that stays, with the case that it has. */
static bool
stays(const struct tag_change *c, const char *tag)
{
	char w[TAG_MAX + 2];
	const char *p = c->text;

	while (c->anycase && tag_next(&p, w, sizeof w))
		if (w[0] == '+' && same(c, w + 1, tag))
			return true;
	return !set_keyword_ok(tag);
}

enum store_err
tag_change_replace(const struct tag_change *c, const char *tags, char *dst,
    size_t size)
{
	char kept[MAIL_TAGS_MAX], w[TAG_MAX + 2];
	const char *p = tags;
	size_t n = 0;

	kept[0] = '\0';
	while (tag_next(&p, w, sizeof w))
		if (stays(c, w) && n + strlen(w) + 2 < sizeof kept)
			n += (size_t)snprintf(kept + n, sizeof kept - n,
			    "%s%s", n > 0 ? " " : "", w);
	return tag_change_apply(c, kept, dst, size);
}

enum store_err
tag_get(struct store *st, const uint8_t hash[32], char dst[MAIL_TAGS_MAX])
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot,
	    "SELECT tags FROM tag WHERE hash = ?1", "b", hash, (size_t)32);
	const char *p;
	int code;

	dst[0] = '\0';
	if (s == NULL)
		return STORE_NOMEM;
	code = sqlite3_step(s);
	p = code == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) :
	    NULL;
	if (p != NULL)
		snprintf(dst, MAIL_TAGS_MAX, "%s", p);
	(void)sqlite3_reset(s);
	return store_result(st, STORE_NODE, code);
}

enum store_err
tag_put(struct store *st, const uint8_t hash[32], const char *tags)
{
	static struct store_slot put, drop;

	if (tags[0] == '\0')
		return store_do(st, STORE_NODE, &drop,
		    "DELETE FROM tag WHERE hash = ?1", "b", hash, (size_t)32);
	return store_do(st, STORE_NODE, &put, "INSERT OR REPLACE INTO"
	    " tag(hash, tags) VALUES(?1, ?2)", "bs", hash, (size_t)32, tags);
}

/* ---- rows older than node.db ---- */

static enum store_err
set_row(struct store *st, uint64_t id, const char *tags)
{
	struct row_at at;
	struct box *b;
	uint64_t modseq;
	int code;

	code = row_get(st->rows, id, &at);
	b = code == SQLITE_OK ? box_by_id(st, at.mbox) : NULL;
	if (b == NULL)
		return store_result(st, STORE_CACHE, code);
	modseq = box_modseq(st, b);
	if (modseq == 0)
		return STORE_BUSY;
	return store_result(st, STORE_CACHE,
	    row_tags(st->rows, id, tags, modseq));
}

/* Rows of this content that do not have these tags. */
static enum store_err
restore_content(struct store *st, const void *hash, const char *tags)
{
	static struct store_slot slot;
	enum store_err rc = STORE_OK;
	sqlite3_stmt *s;
	uint64_t id;
	int code = SQLITE_ROW;

	while (rc == STORE_OK && code == SQLITE_ROW) {
		s = store_ask(st, STORE_CACHE, &slot, "SELECT id FROM msg"
		    " WHERE hash = ?1 AND tags <> ?2 LIMIT 1", "bs", hash,
		    (size_t)32, tags);
		if (s == NULL)
			return STORE_NOMEM;
		code = sqlite3_step(s);
		id = code == SQLITE_ROW ?
		    (uint64_t)sqlite3_column_int64(s, 0) : 0;
		(void)sqlite3_reset(s);
		rc = code == SQLITE_ROW ? set_row(st, id, tags) :
		    store_result(st, STORE_CACHE, code);
	}
	return rc;
}

/* Rows with tags that node.db does not have. */
static enum store_err
restore_bare(struct store *st)
{
	static struct store_slot slot;
	char tags[MAIL_TAGS_MAX];
	uint8_t hash[32];
	enum store_err rc = STORE_OK;
	sqlite3_stmt *s;
	uint64_t id = 0;

	while (rc == STORE_OK) {
		s = store_ask(st, STORE_CACHE, &slot, "SELECT id, hash"
		    " FROM msg WHERE id > ?1 AND tags <> '' AND"
		    " length(hash) = 32 ORDER BY id LIMIT 1", "i", (int64_t)id);
		if (s == NULL)
			return STORE_NOMEM;
		if (sqlite3_step(s) != SQLITE_ROW) {
			return store_result(st, STORE_CACHE,
			    sqlite3_reset(s));
		}
		id = (uint64_t)sqlite3_column_int64(s, 0);
		memcpy(hash, sqlite3_column_blob(s, 1), 32);
		(void)sqlite3_reset(s);
		rc = tag_get(st, hash, tags);
		if (rc == STORE_OK && tags[0] == '\0')
			rc = set_row(st, id, "");
	}
	return rc;
}

enum store_err
tag_restore(struct store *st)
{
	sqlite3_stmt *s = NULL;
	enum store_err rc;
	int code = SQLITE_ROW;

	rc = store_begin(st, STORE_CACHE);
	if (rc == STORE_OK)
		rc = store_err_sqlite(sqlite3_prepare_v2(st->db[STORE_NODE],
		    "SELECT hash, tags FROM tag WHERE length(hash) = 32",
		    -1, &s, NULL));
	while (rc == STORE_OK && (code = sqlite3_step(s)) == SQLITE_ROW)
		rc = restore_content(st, sqlite3_column_blob(s, 0),
		    (const char *)sqlite3_column_text(s, 1));
	if (rc == STORE_OK && code != SQLITE_DONE)
		rc = store_err_sqlite(code);
	sqlite3_finalize(s);
	if (rc == STORE_OK)
		rc = restore_bare(st);
	return rc;
}
