/* What a search asks of a row, as functions of SQL. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/date.h"
#include "mailnode/base/phrase.h"
#include "store/env.h"
#include "store/field.h"
#include "store/find.h"
#include "store/maildir.h"
#include "store/view.h"

enum {
	FOLD_MAX = 16 * 1024,		/* octets of a column looked at */
	HEAD_MAX = 1024 * 1024,		/* octets of a header looked at */
	WAIT_STEP_MS = 5		/* see FIND_WAITS_MAX */
};

/* ---- letters ---- */

static uint32_t
fold(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	if ((c >= 0xc0 && c <= 0xde && c != 0xd7) ||
	    (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		return c + 32;
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	/* Latin Extended-A and others come in pairs. */
	if ((c >= 0x100 && c <= 0x137) || (c >= 0x14a && c <= 0x177) ||
	    (c >= 0x460 && c <= 0x4ff) || (c >= 0x1e00 && c <= 0x1eff))
		return c | 1;
	return c;
}

/* The form of a folded letter is never longer. */
void
find_fold(char *s)
{
	const uint8_t *p = (uint8_t *)s, *end = p + strlen(s);
	uint8_t *to = (uint8_t *)s;
	struct buf one;

	buf_init(&one, 8);
	while (p < end) {
		if (*p < 0x80) {
			*to++ = (uint8_t)fold(*p++);
			continue;
		}
		buf_reset(&one);
		if (codec_utf8_put(&one, fold(codec_utf8_next(&p, end))) ==
		    -1 || to + one.len > p)
			break;
		memcpy(to, one.data, one.len);
		to += one.len;
	}
	*to = '\0';
	buf_clear(&one);
}

bool
find_within(const char *p, size_t n, const char *needle)
{
	size_t len = strlen(needle), i;
	char first = needle[0];
	bool letter = (first | 0x20) >= 'a' && (first | 0x20) <= 'z';
	char other = letter ? first ^ 0x20 : first;

	if (len == 0)
		return true;
	for (i = 0; i + len <= n; i++)
		if ((p[i] == first || p[i] == other) &&
		    strncasecmp(p + i, needle, len) == 0)
			return true;
	return false;
}

/* As find_within(), with a needle that is folded already and US-ASCII. */
static bool
ascii_within(const char *p, const char *needle)
{
	const unsigned char first = (unsigned char)needle[0];
	size_t i;

	for (; *p != '\0'; p++) {
		if (fold((unsigned char)*p) != first)
			continue;
		for (i = 1; needle[i] != '\0' && p[i] != '\0' &&
		    fold((unsigned char)p[i]) == (unsigned char)needle[i]; )
			i++;
		if (needle[i] == '\0')
			return true;
	}
	return first == '\0';
}

/* has(column, folded needle) */
static void
sql_has(sqlite3_context *c, int n, sqlite3_value **v)
{
	const char *text = (const char *)sqlite3_value_text(v[0]);
	const char *needle = (const char *)sqlite3_value_text(v[1]);
	const char *p;
	char copy[FOLD_MAX];
	bool plain = true;

	(void)n;
	if (text == NULL || needle == NULL) {
		sqlite3_result_int(c, 0);
		return;
	}
	for (p = needle; *p != '\0'; p++)
		plain = plain && (unsigned char)*p < 0x80;
	if (plain) {
		sqlite3_result_int(c, ascii_within(text, needle));
		return;
	}
	sqlite3_snprintf(sizeof copy, copy, "%s", text);
	find_fold(copy);
	sqlite3_result_int(c, strstr(copy, needle) != NULL);
}

/* ---- a field of the file ---- */

/* Rows are ahead of files for as long as the filer needs. */
int
find_open(struct reader *r, const char *folder, const char *name)
{
	const struct timespec pause = { .tv_nsec = WAIT_STEP_MS * 1000000L };
	int fd;

	while ((fd = maildir_open(r->root, folder, name, NULL)) == -1 &&
	    errno == ENOENT && r->waits > 0) {
		r->waits--;
		(void)nanosleep(&pause, NULL);
	}
	return fd;
}

/* As it stands, or unfolded and with its encoded words undone. */
static bool
value_has(const struct field *f, const char *needle)
{
	size_t n = (size_t)(f->end - f->value);
	struct buf text;
	char *words;
	bool yes;

	if (find_within(f->value, n, needle))
		return true;
	buf_init(&text, FOLD_MAX);
	phrase_text(&text, f->value, n);
	text.err = 0;		/* what fits is looked at */
	words = buf_str(&text);
	if (words != NULL)
		find_fold(words);
	yes = words != NULL && strstr(words, needle) != NULL;
	buf_clear(&text);
	return yes;
}

static bool
field_has(const char *p, const char *end, const char *name,
    const char *needle)
{
	struct field f;

	while (field_next(&p, end, &f))
		if (field_is(&f, name) && value_has(&f, needle))
			return true;
	return false;
}

/* named(names, name) */
static void
sql_named(sqlite3_context *c, int n, sqlite3_value **v)
{
	const uint8_t *names = sqlite3_value_blob(v[0]);
	const char *name = (const char *)sqlite3_value_text(v[1]);

	(void)n;
	sqlite3_result_int(c, name != NULL && field_names_may(names,
	    (size_t)sqlite3_value_bytes(v[0]), name));
}

/* header(folder, file, name, folded needle) */
static void
sql_header(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct reader *r = sqlite3_user_data(c);
	const char *folder = (const char *)sqlite3_value_text(v[0]);
	const char *file = (const char *)sqlite3_value_text(v[1]);
	const char *name = (const char *)sqlite3_value_text(v[2]);
	const char *needle = (const char *)sqlite3_value_text(v[3]);
	static char *head;
	ssize_t got = 0;
	int fd;

	(void)n;
	sqlite3_result_int(c, 0);
	if (head == NULL)
		head = malloc(HEAD_MAX);
	if (head == NULL || folder == NULL || file == NULL || name == NULL ||
	    needle == NULL)
		return;
	fd = find_open(r, folder, file);
	if (fd == -1)
		return;
	got = pread(fd, head, HEAD_MAX, 0);
	close(fd);
	if (got > 0)
		sqlite3_result_int(c, field_has(head, head + got, name,
		    needle));
}

/* Has one of these addresses it? */
static bool
addressed(const char *list, const char *end, const char *needle)
{
	enum { LOOKED_AT = 200 };	/* addresses */
	const char *a;
	struct buf text;
	unsigned int i;
	bool yes = false;

	buf_init(&text, FOLD_MAX);
	for (i = 0; i < LOOKED_AT && !yes &&
	    (a = env_nth(list, end, i)) != NULL; i++) {
		buf_reset(&text);
		yes = env_string(env_nth(a, end, ENV_MAILBOX), end, &text) &&
		    buf_addc(&text, '@') == 0 &&
		    env_string(env_nth(a, end, ENV_HOST), end, &text) &&
		    find_within((char *)text.data, text.len, needle);
	}
	buf_clear(&text);
	return yes;
}

/* enveloped(env, nth, folded needle): in a string, or an address */
static void
sql_enveloped(sqlite3_context *c, int n, sqlite3_value **v)
{
	const char *env = sqlite3_value_blob(v[0]);
	const char *needle = (const char *)sqlite3_value_text(v[2]), *end;
	const char *p;
	struct buf text;

	(void)n;
	sqlite3_result_int(c, 0);
	if (env == NULL || needle == NULL)
		return;
	end = env + sqlite3_value_bytes(v[0]);
	p = env_nth(env, end, (unsigned int)sqlite3_value_int(v[1]));
	if (p != NULL && *p == '(') {
		sqlite3_result_int(c, addressed(p, end, needle));
		return;
	}
	buf_init(&text, FOLD_MAX);
	if (env_string(p, end, &text) || text.len > 0)
		sqlite3_result_int(c, find_within((char *)text.data, text.len,
		    needle));
	buf_clear(&text);
}

/* ---- the day a Date field names ---- */

/* sent(env): the day of the Date field; what has none is in no span. */
static void
sql_sent(sqlite3_context *c, int n, sqlite3_value **v)
{
	const char *env = sqlite3_value_blob(v[0]), *end;
	int64_t day = INT64_MAX;
	struct buf date;

	(void)n;
	buf_init(&date, FOLD_MAX);
	end = env != NULL ? env + sqlite3_value_bytes(v[0]) : NULL;
	if (env == NULL ||
	    !env_string(env_nth(env, end, ENV_DATE), end, &date) ||
	    !date_mail_day((char *)date.data, date.len, &day))
		day = INT64_MAX;
	sqlite3_result_int64(c, day);
	buf_clear(&date);
}

/* hit(k, uid) */
static void
sql_hit(sqlite3_context *c, int n, sqlite3_value **v)
{
	const struct find *f = *(struct find **)sqlite3_user_data(c);
	size_t k = (size_t)sqlite3_value_int64(v[0]), lo = 0, hi, mid;
	uint32_t uid = (uint32_t)sqlite3_value_int64(v[1]);
	const struct find_hits *h;

	(void)n;
	sqlite3_result_int(c, 0);
	if (f == NULL || k >= f->nhits)
		return;
	h = &f->hits[k];
	for (hi = h->n; lo < hi; ) {
		mid = lo + (hi - lo) / 2;
		if (h->uid[mid] < uid)
			lo = mid + 1;
		else
			hi = mid;
	}
	sqlite3_result_int(c, lo < h->n && h->uid[lo] == uid);
}

/* rooted(refs, irt, msgid) */
static void
sql_rooted(sqlite3_context *c, int n, sqlite3_value **v)
{
	const char *refs = (const char *)sqlite3_value_text(v[0]);
	const char *irt = (const char *)sqlite3_value_text(v[1]);
	const char *msgid = (const char *)sqlite3_value_text(v[2]);
	uint8_t root[VIEW_ROOT];

	(void)n;
	if (refs == NULL || irt == NULL || msgid == NULL)
		return;
	view_root(refs, irt, msgid, root);
	sqlite3_result_blob(c, root, sizeof root, SQLITE_TRANSIENT);
}

/* ---- */

int
find_functions(struct find **f, sqlite3 *db, struct reader *r)
{
	static const int how = SQLITE_UTF8 | SQLITE_DIRECTONLY;
	int rc;

	rc = sqlite3_create_function(db, "has", 2, how, NULL, sql_has, NULL,
	    NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "named", 2, how, NULL,
		    sql_named, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "header", 4, how, r,
		    sql_header, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "enveloped", 3, how, NULL,
		    sql_enveloped, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "sent", 1, how, NULL,
		    sql_sent, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "rooted", 3, how, NULL,
		    sql_rooted, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "hit", 2, how, f, sql_hit,
		    NULL, NULL);
	return rc;
}
