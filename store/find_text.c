/*
 * Words of a search: from the index what it has, and what it has yet to
 * learn, or has not all of, by a look into the files.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/find.h"
#include "store/maildir.h"
#include "store/op_box.h"
#include "store/search.h"

enum {
	SCAN_FILES_MAX = 2000,		/* not indexed (yet), looked into */
	SCAN_OCTETS_MAX = 16 * 1024 * 1024	/* of one file */
};

static bool
add(struct find_hits *h, uint32_t uid)
{
	size_t cap = h->cap != 0 ? h->cap * 2 : 64;
	uint32_t *p;

	if (h->n == h->cap) {
		p = reallocarray(h->uid, cap, sizeof *p);
		if (p == NULL)
			return false;
		h->uid = p;
		h->cap = cap;
	}
	h->uid[h->n++] = uid;
	return true;
}

static int
by_uid(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

struct collect {
	struct find	*f;
	struct find_hits *hits;
	sqlite3_stmt	*by_id;
	bool		 nomem;
};

/* Every message of the mailbox that has this id. */
static bool
hit(void *arg, const char *msgid, uint32_t uid)
{
	struct collect *c = arg;

	if (uid != 0)
		return add(c->hits, uid) || (c->nomem = true, false);
	(void)sqlite3_reset(c->by_id);
	sqlite3_bind_text(c->by_id, 1, msgid, -1, SQLITE_STATIC);
	sqlite3_bind_int64(c->by_id, 2, (int64_t)c->f->mbox);
	while (sqlite3_step(c->by_id) == SQLITE_ROW)
		if (!add(c->hits, (uint32_t)sqlite3_column_int64(c->by_id,
		    0))) {
			c->nomem = true;
			return false;
		}
	return true;
}

/* A phrase in quotes, body: before it; quotes inside would end it. */
static bool
phrase(char *dst, size_t size, const char *text, bool body_only)
{
	int n = snprintf(dst, size, "%s\"", body_only ? "body:" : "");
	size_t at = (size_t)n, words = 0;

	for (; *text != '\0' && at + 3 < size; text++) {
		if (*text == '"' || (unsigned char)*text < ' ')
			dst[at++] = ' ';
		else
			dst[at++] = *text;
		words += (unsigned char)*text >= 0x80 ||
		    (*text >= '0' && *text <= '9') ||
		    ((*text | 32) >= 'a' && (*text | 32) <= 'z');
	}
	dst[at++] = '"';
	dst[at] = '\0';
	return *text == '\0' && words > 0;
}

static bool
file_has(struct reader *r, const char *folder, const char *name,
    const char *needle, bool body_only)
{
	int fd = find_open(r, folder, name);
	char *p, *body;
	size_t have = 0;
	ssize_t got;
	bool yes;

	if (fd == -1)
		return false;
	p = malloc(SCAN_OCTETS_MAX + 1);
	while (p != NULL && have < SCAN_OCTETS_MAX) {
		got = pread(fd, p + have, SCAN_OCTETS_MAX - have,
		    (off_t)have);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	close(fd);
	if (p == NULL)
		return false;
	p[have] = '\0';
	body = body_only ? strstr(p, "\n\r\n") : NULL;
	if (body_only && body == NULL)
		body = strstr(p, "\n\n");
	if (body == NULL)
		body = p;
	yes = find_within(body, have - (size_t)(body - p), needle);
	free(p);
	return yes;
}

static int
scan(struct find *f, const char *text, bool body_only,
    struct find_hits *hits)
{
	char needle[FIND_STRING_MAX];
	sqlite3_stmt *s = NULL;
	int rc;

	(void)snprintf(needle, sizeof needle, "%s", text);
	find_fold(needle);
	rc = sqlite3_prepare_v2(f->r->sql.db, "SELECT m.uid,b.name,m.name"
	    " FROM (SELECT msg FROM index_todo WHERE was=''"
	    " UNION SELECT msg FROM index_less) t CROSS JOIN msg m"
	    " ON m.id=t.msg JOIN mailbox b ON b.id=m.mbox WHERE m.mbox=?"
	    " LIMIT ?", -1, &s, NULL);
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(s, 1, (int64_t)f->mbox);
	sqlite3_bind_int64(s, 2, SCAN_FILES_MAX);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		if (file_has(f->r, (const char *)sqlite3_column_text(s, 1),
		    (const char *)sqlite3_column_text(s, 2), needle,
		    body_only) &&
		    !add(hits, (uint32_t)sqlite3_column_int64(s, 0))) {
			rc = SQLITE_NOMEM;
			break;
		}
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static uint16_t
indexed(struct find *f, const char *query, struct find_hits *hits)
{
	struct collect c = { .f = f, .hits = hits };
	char folder[BOX_NAME_MAX] = "";
	uint16_t rc;

	/* Not by an index of the mailbox, which is all of it for each hit. */
	if (sqlite3_prepare_v2(f->r->sql.db, "SELECT uid FROM msg WHERE"
	    " msgid=? AND +mbox=?", -1, &c.by_id, NULL) != SQLITE_OK)
		return STORE_IO;
	find_folder(f, folder, sizeof folder);
	rc = search_each_hit(f->r, query, folder, hit, &c);
	sqlite3_finalize(c.by_id);
	/* No index yet: then all has still to be learned. */
	if (rc == STORE_NOTFOUND)
		rc = OP_OK;
	return c.nomem ? STORE_NOMEM : rc;
}

uint16_t
find_text(struct find *f, const char *text, bool body_only,
    struct find_hits *hits)
{
	char query[FIND_STRING_MAX + 16];
	uint16_t rc = OP_OK;

	if (phrase(query, sizeof query, text, body_only))
		rc = indexed(f, query, hits);
	if (rc == OP_OK && scan(f, text, body_only, hits) != SQLITE_OK)
		rc = STORE_IO;
	if (rc == OP_OK && hits->n > 0)
		qsort(hits->uid, hits->n, sizeof *hits->uid, by_uid);
	return rc;
}
