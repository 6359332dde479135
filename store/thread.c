/*
 * Threads: messages that name each other's Message-IDs belong together,
 * whether the one named is here or not.  A subject joins only what begins
 * with "Re:" and names nobody.
 *
 * thread_id	Message-ID → thread, for every id met, own or named
 * thread_alias	a thread that was joined to another
 * thread_box	what a mailbox holds of a thread: one line of the list, with
 *		all that the line shows, so that a list is one index range
 */
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/fnv.h"
#include "store/row_sql.h"

enum {
	JOIN_MAX = 128,			/* ids of one message looked up */
	ID_ROOM = 1000,			/* octets of one, NUL included */
	SUBJECT_DAYS = 60,		/* a "Re:" looks back so far */
	AUTHORS_ROOM = 200,		/* octets of the column */
	TAGS_ROOM = 500,
	COUNT_SMALL = 50,		/* threads that are rather recounted */
	/*
	 * How far ahead of its arrival a message may put its thread, in s,
	 * while its Date is as far ahead of now: clocks and zones differ.
	 * Years ahead it would be on top for years.
	 */
	AHEAD_S = 86400
};

/* Over the lower-cased subject: the index compares 8 octets; a
 * collision joins two threads, no more. */
uint64_t
thread_base_key(const char *base)
{
	uint64_t h = FNV_BEGIN;
	const unsigned char *p;

	for (p = (const unsigned char *)base; *p != '\0'; p++)
		h = fnv_octet(h, *p >= 'A' && *p <= 'Z' ?
		    (uint8_t)(*p + 32) : *p);
	/* Below 2^63: SQLite's integers are signed. */
	return base[0] != '\0' ? (h >> 1) | 1 : 0;
}

/* ---- which thread ---- */

struct join {
	char		id[JOIN_MAX][ID_ROOM];
	size_t		n;
	uint64_t	thread[JOIN_MAX];	/* distinct ones found */
	size_t		nthread;
};

static void
note_id(struct join *j, const char *id, size_t n)
{
	size_t i;

	if (n == 0 || n >= ID_ROOM || j->n == JOIN_MAX)
		return;
	for (i = 0; i < j->n; i++)
		if (strlen(j->id[i]) == n && memcmp(j->id[i], id, n) == 0)
			return;
	memcpy(j->id[j->n], id, n);
	j->id[j->n++][n] = '\0';
}

static void
note_thread(struct join *j, uint64_t thread)
{
	size_t i;

	for (i = 0; i < j->nthread; i++)
		if (j->thread[i] == thread)
			return;
	j->thread[j->nthread++] = thread;
}

static int
follow(struct rows *r, uint64_t *thread)
{
	int rc = row_step(r, SQL_ALIAS_GET, "i", (int64_t)*thread);

	if (rc == SQLITE_ROW) {
		*thread = (uint64_t)row_int(r, SQL_ALIAS_GET, 0);
		row_end(r, SQL_ALIAS_GET);
		rc = SQLITE_DONE;
	}
	return row_done(rc);
}

static int
look_up(struct rows *r, struct join *j)
{
	uint64_t thread;
	size_t i;
	int rc = 0;

	for (i = 0; i < j->n && rc == 0; i++) {
		rc = row_step(r, SQL_ID_GET, "s", j->id[i]);
		if (rc == SQLITE_ROW) {
			thread = (uint64_t)row_int(r, SQL_ID_GET, 0);
			row_end(r, SQL_ID_GET);
			rc = follow(r, &thread);
			note_thread(j, thread);
		} else
			rc = row_done(rc);
	}
	return rc;
}

/* "Re: x" without References: with the last that was about x. */
static int
by_subject(struct rows *r, const struct parse_row *p, int64_t date,
    uint64_t key, struct join *j)
{
	int64_t span = (int64_t)SUBJECT_DAYS * 86400;
	int rc;

	if (j->nthread > 0 || key == 0 || p->base == p->subject ||
	    strlen(p->base) == strlen(p->subject) || p->refs[0] != '\0' ||
	    p->irt[0] != '\0')
		return 0;
	rc = row_step(r, SQL_BASE_GET, "iii", (int64_t)key, date - span,
	    date + 86400);
	if (rc == SQLITE_ROW) {
		note_thread(j, (uint64_t)row_int(r, SQL_BASE_GET, 0));
		row_end(r, SQL_BASE_GET);
		return 0;
	}
	return row_done(rc);
}

/* Mailboxes that hold a thread; at most max are taken. */
static int
boxes_of(struct rows *r, uint64_t thread, uint64_t *box, size_t max,
    size_t *n)
{
	int rc = row_step(r, SQL_TB_BOXES, "i", (int64_t)thread);

	for (*n = 0; rc == SQLITE_ROW; rc = row_next(r, SQL_TB_BOXES)) {
		if (*n == max) {
			row_end(r, SQL_TB_BOXES);
			return SQLITE_NOMEM;
		}
		box[(*n)++] = (uint64_t)row_int(r, SQL_TB_BOXES, 0);
	}
	return row_done(rc);
}

enum { BOXES_MAX = 4096 };

static int
merge(struct rows *r, uint64_t into, uint64_t from)
{
	static uint64_t box[BOXES_MAX];
	size_t n, i;
	int rc;

	rc = boxes_of(r, from, box, BOXES_MAX, &n);
	if (rc == 0)
		rc = row_do(r, SQL_MSG_THREAD, "ii", (int64_t)into,
		    (int64_t)from);
	if (rc == 0)
		rc = row_do(r, SQL_ALIAS_MOVE, "ii", (int64_t)into,
		    (int64_t)from);
	if (rc == 0)
		rc = row_do(r, SQL_ALIAS_ADD, "ii", (int64_t)from,
		    (int64_t)into);
	for (i = 0; i < n && rc == 0; i++) {
		rc = row_do(r, SQL_TB_DEL, "ii", (int64_t)box[i],
		    (int64_t)from);
		if (rc == 0)
			rc = thread_count(r, box[i], into);
	}
	return rc;
}

static void
note_ids(struct join *j, const char *list)
{
	size_t n;

	for (; *list != '\0'; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		note_id(j, list, n);
	}
}

int
thread_of(struct rows *r, uint64_t id, const struct parse_row *p,
    int64_t date, uint64_t base_key, uint64_t *thread)
{
	static struct join j;
	size_t i;
	int rc;

	j.n = j.nthread = 0;
	note_id(&j, p->msgid, strlen(p->msgid));
	note_ids(&j, p->irt);
	note_ids(&j, p->refs);
	rc = look_up(r, &j);
	if (rc == 0)
		rc = by_subject(r, p, date, base_key, &j);
	*thread = j.nthread > 0 ? j.thread[0] : id;
	for (i = 1; i < j.nthread; i++)
		if (j.thread[i] < *thread)
			*thread = j.thread[i];
	for (i = 0; i < j.nthread && rc == 0; i++)
		if (j.thread[i] != *thread)
			rc = merge(r, *thread, j.thread[i]);
	for (i = 0; i < j.n && rc == 0; i++)
		rc = row_do(r, SQL_ID_ADD, "si", j.id[i], (int64_t)*thread);
	return rc;
}

/* ---- what a mailbox holds of it ---- */

struct line {
	int64_t		date;
	uint64_t	newest, size;
	int64_t		count, unread, flagged, attach;
	char		authors[AUTHORS_ROOM], tags[TAGS_ROOM];
};

/* Appends `word` to a list with `sep` between, unless it is on it. */
static void
list_word(char *list, size_t size, const char *word, size_t n,
    const char *sep)
{
	size_t len = strlen(list), nsep = strlen(sep);
	const char *p;

	for (p = list; n > 0 && (p = strstr(p, word)) != NULL; p++) {
		size_t at = (size_t)(p - list);

		if (strncmp(p, word, n) == 0 && (at == 0 || (at >= nsep &&
		    memcmp(p - nsep, sep, nsep) == 0)) && (p[n] == '\0' ||
		    strncmp(p + n, sep, nsep) == 0))
			return;
	}
	if (n == 0 || len + nsep + n >= size)
		return;
	if (len > 0) {
		memcpy(list + len, sep, nsep);
		len += nsep;
	}
	memcpy(list + len, word, n);
	list[len + n] = '\0';
}

static void
list_words(char *list, size_t size, const char *words)
{
	char word[TAGS_ROOM];
	size_t n;

	for (; *words != '\0'; words += n) {
		words += strspn(words, " ");
		n = strcspn(words, " ");
		if (n == 0 || n >= sizeof word)
			continue;
		memcpy(word, words, n);
		word[n] = '\0';
		list_word(list, size, word, n, " ");
	}
}

static void
line_add(struct line *l, const struct thread_msg *m)
{
	int64_t date = m->date;

	if (date > clock_wall_s() + AHEAD_S && date > m->received + AHEAD_S)
		date = m->received + AHEAD_S;
	if (l->count == 0 || date > l->date ||
	    (date == l->date && m->id > l->newest)) {
		l->date = date;
		l->newest = m->id;
	}
	l->count++;
	l->size += m->size;
	l->unread += (m->flags & STORE_SEEN) == 0;
	l->flagged += (m->flags & STORE_FLAGGED) != 0;
	l->attach += m->attach;
	list_word(l->authors, sizeof l->authors, m->author,
	    strlen(m->author), ", ");
	list_words(l->tags, sizeof l->tags, m->tags);
}

static int
line_put(struct rows *r, uint64_t mbox, uint64_t thread,
    const struct line *l)
{
	return row_do(r, SQL_TB_PUT, "iiiiiiiiiss", (int64_t)mbox,
	    (int64_t)thread, l->date, (int64_t)l->newest, l->count,
	    l->unread, l->flagged, l->attach, (int64_t)l->size, l->authors,
	    l->tags);
}

static int
line_get(struct rows *r, uint64_t mbox, uint64_t thread, struct line *l)
{
	int rc = row_step(r, SQL_TB_GET, "ii", (int64_t)mbox,
	    (int64_t)thread);

	memset(l, 0, sizeof *l);
	if (rc != SQLITE_ROW)
		return row_done(rc);
	l->date = row_int(r, SQL_TB_GET, 0);
	l->newest = (uint64_t)row_int(r, SQL_TB_GET, 1);
	l->count = row_int(r, SQL_TB_GET, 2);
	l->unread = row_int(r, SQL_TB_GET, 3);
	l->flagged = row_int(r, SQL_TB_GET, 4);
	l->attach = row_int(r, SQL_TB_GET, 5);
	l->size = (uint64_t)row_int(r, SQL_TB_GET, 6);
	sqlite3_snprintf(sizeof l->authors, l->authors, "%s",
	    row_str(r, SQL_TB_GET, 7));
	sqlite3_snprintf(sizeof l->tags, l->tags, "%s",
	    row_str(r, SQL_TB_GET, 8));
	row_end(r, SQL_TB_GET);
	return 0;
}

static int
count_members(struct rows *r, uint64_t mbox, uint64_t thread)
{
	const enum row_sql q = SQL_TB_MEMBERS;
	struct thread_msg m = { 0 };
	struct line l;
	int rc;

	memset(&l, 0, sizeof l);
	rc = row_step(r, q, "ii", (int64_t)thread, (int64_t)mbox);
	for (; rc == SQLITE_ROW; rc = row_next(r, q)) {
		m.id = (uint64_t)row_int(r, q, 0);
		m.date = row_int(r, q, 1);
		m.received = row_int(r, q, 2);
		m.size = (uint64_t)row_int(r, q, 3);
		m.attach = row_int(r, q, 4) & PARSE_ATTACH;
		m.author = row_str(r, q, 5);
		m.tags = row_str(r, q, 6);
		m.flags = (uint32_t)row_int(r, q, 7);
		line_add(&l, &m);
	}
	rc = row_done(rc);
	if (rc != 0)
		return rc;
	if (l.count == 0)
		return row_do(r, SQL_TB_DEL, "ii", (int64_t)mbox,
		    (int64_t)thread);
	return line_put(r, mbox, thread, &l);
}

int
thread_count(struct rows *r, uint64_t mbox, uint64_t thread)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < r->ndue; i++)
		if (r->due[i].thread == thread && r->due[i].mbox == mbox)
			return 0;
	if (r->ndue == DUE_MAX)
		rc = rows_settle(r);
	if (rc == 0)
		r->due[r->ndue++] = (struct thread_due){ mbox, thread };
	return rc;
}

/* Also what was rolled back meanwhile: it counts what is there. */
int
rows_settle(struct rows *r)
{
	size_t n = r->ndue, i;
	int rc = 0;

	r->ndue = 0;
	for (i = 0; i < n && rc == 0; i++)
		rc = count_members(r, r->due[i].mbox, r->due[i].thread);
	return rc;
}

/* A message older than the newest would put its author at the wrong end:
 * small threads are counted anew, in large ones nobody sees it. */
int
thread_add(struct rows *r, const struct thread_msg *m)
{
	struct line l;
	int rc = line_get(r, m->mbox, m->thread, &l);

	if (rc != 0)
		return rc;
	if (l.count > 0 && l.count < COUNT_SMALL && m->date < l.date)
		return thread_count(r, m->mbox, m->thread);
	line_add(&l, m);
	return line_put(r, m->mbox, m->thread, &l);
}

int
thread_flags(struct rows *r, uint64_t mbox, uint64_t thread, uint32_t was,
    uint32_t is)
{
	int64_t d_unread = ((is & STORE_SEEN) == 0) -
	    ((was & STORE_SEEN) == 0);
	int64_t d_flagged = ((is & STORE_FLAGGED) != 0) -
	    ((was & STORE_FLAGGED) != 0);

	if (d_unread == 0 && d_flagged == 0)
		return 0;
	return row_do(r, SQL_TB_FLAGS, "iiii", d_unread, d_flagged,
	    (int64_t)mbox, (int64_t)thread);
}
