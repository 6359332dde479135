#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "store/env.h"
#include "store/find.h"

struct find *
find_new(struct reader *r, uint64_t mbox, uint32_t below)
{
	struct find *f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	f->r = r;
	f->mbox = mbox;
	f->below = below;
	r->waits = FIND_WAITS_MAX;
	buf_init(&f->sql, 1024 * 1024);
	return f;
}

void
find_free(struct find *f)
{
	size_t i;

	if (f == NULL)
		return;
	for (i = 0; i < f->narg; i++)
		free(f->arg[i].s);
	for (i = 0; i < f->nhits; i++)
		free(f->hits[i].uid);
	free(f->arg);
	set_clear(&f->found);
	buf_clear(&f->sql);
	free(f);
}

void
find_folder(struct find *f, char *dst, size_t size)
{
	sqlite3_stmt *s = NULL;

	dst[0] = '\0';
	if (sqlite3_prepare_v2(f->r->sql.db, "SELECT name FROM mailbox WHERE"
	    " id=?", -1, &s, NULL) == SQLITE_OK) {
		sqlite3_bind_int64(s, 1, (int64_t)f->mbox);
		if (sqlite3_step(s) == SQLITE_ROW)
			sqlite3_snprintf((int)size, dst, "%s",
			    sqlite3_column_text(s, 0));
	}
	sqlite3_finalize(s);
}

/* ---- from a program to a condition ---- */

static bool
arg_room(struct find *f)
{
	size_t cap = f->cap != 0 ? f->cap * 2 : 32;
	struct find_arg *a;

	if (f->narg < f->cap)
		return true;
	a = reallocarray(f->arg, cap, sizeof *a);
	if (a == NULL)
		return false;
	f->arg = a;
	f->cap = cap;
	return true;
}

static void
put(struct find *f, const char *sql)
{
	(void)buf_adds(&f->sql, sql);
}

/* Places ?3, ?4 …: ?1 and ?2 are mailbox and limit. */
static void
put_int(struct find *f, int64_t v)
{
	if (!arg_room(f)) {
		f->sql.err = f->sql.err != 0 ? f->sql.err : 12;
		return;
	}
	f->arg[f->narg++] = (struct find_arg){ FIND_INT, v, NULL };
	(void)buf_addf(&f->sql, "?%zu", f->narg + 2);
}

static void
put_str(struct find *f, const char *s)
{
	char *copy = strdup(s);

	if (copy == NULL || !arg_room(f)) {
		free(copy);
		f->sql.err = f->sql.err != 0 ? f->sql.err : 12;
		return;
	}
	f->arg[f->narg++] = (struct find_arg){ FIND_STR, 0, copy };
	(void)buf_addf(&f->sql, "?%zu", f->narg + 2);
}

/* Before the i-th of those that stand beside each other.  SQLite makes a
 * list of them, one below the other, and takes none deeper than 1000
 * (SQLITE_MAX_EXPR_DEPTH): hence groups. */
static void
put_between(struct find *f, uint32_t i, const char *word)
{
	enum { GROUP = 64 };

	if (i == 0)
		put(f, "((");
	else if (i % GROUP != 0)
		put(f, word);
	else {
		put(f, ")");
		put(f, word);
		put(f, "(");
	}
}

static void
put_uids(struct find *f, struct chan_in *in)
{
	uint32_t n = chan_get_u32(in), i;

	f->some = true;
	if (n == 0)
		put(f, "0");
	for (i = 0; i < n && !in->bad && f->sql.err == 0; i++) {
		put_between(f, i, " OR ");
		(void)buf_addf(&f->sql, "l.uid BETWEEN %u",
		    (unsigned int)chan_get_u32(in));
		(void)buf_addf(&f->sql, " AND %u",
		    (unsigned int)chan_get_u32(in));
	}
	if (n > 0)
		put(f, "))");
}

static void
put_folded(struct find *f, const char *needle)
{
	char folded[FIND_STRING_MAX];

	sqlite3_snprintf(sizeof folded, folded, "%s", needle);
	find_fold(folded);
	put_str(f, folded);
}

static void
put_has(struct find *f, const char *text, const char *needle)
{
	put(f, "has(");
	put(f, text);
	put(f, ",");
	put_folded(f, needle);
	put(f, ")");
}

static void
put_file(struct find *f, const char *name, const char *needle)
{
	put(f, "(named(m.names,");
	put_str(f, name);
	put(f, ") AND header((SELECT name FROM mailbox WHERE id=?1),m.name,");
	put_str(f, name);
	put(f, ",");
	put_folded(f, needle);
	put(f, "))");
}

/* "<id>" whole is what clients ask before they upload a copy. */
static bool
put_msgid(struct find *f, const char *needle)
{
	size_t n = strlen(needle);
	char id[FIND_STRING_MAX];

	if (n < 3 || needle[0] != '<' || needle[n - 1] != '>')
		return false;
	memcpy(id, needle + 1, n - 2);
	id[n - 2] = '\0';
	f->whole = true;
	put(f, "m.id IN (SELECT id FROM msg WHERE msgid=");
	put_str(f, id);
	put(f, ")");
	return true;
}

/* Strings of the envelope, by their place in it: whole and as they came. */
static bool
put_envelope(struct find *f, const char *name, const char *needle)
{
	static const struct { const char *name; int nth; } fields[] = {
	    { "date", 0 }, { "in-reply-to", 8 }, { "message-id", 9 } };
	size_t i;

	for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		if (strcasecmp(name, fields[i].name) != 0)
			continue;
		f->whole = true;
		(void)buf_addf(&f->sql, "enveloped(m.env,%d,", fields[i].nth);
		put_folded(f, needle);
		put(f, ")");
		return true;
	}
	return false;
}

/* RFC 9051 section 6.4.4: what the envelope has counts, where a comment
 * stands within an address. */
static void
put_address(struct find *f, const char *column, int nth, const char *needle)
{
	if (nth == 0 || strchr(needle, '@') == NULL)
		return;
	(void)buf_addf(&f->sql, " OR (instr(%s,'(')>0 AND enveloped("
	    "(SELECT env FROM msg WHERE id=m.id),%d,", column, nth);
	put_folded(f, needle);
	put(f, "))");
}

/* Columns hold the fields decoded; they are cut when they are long. */
static void
put_header(struct find *f, const char *name, const char *needle)
{
	static const struct { const char *name, *column; bool meta; int env; }
	    columns[] = { { "subject", "m.subject", true, 0 },
	    { "from", "m.sender", true, ENV_FROM },
	    { "to", "m.rcpt", false, ENV_TO },
	    { "cc", "m.cc", false, ENV_CC },
	    { "list-id", "m.list_id", false, 0 },
	    { "references", "'<'||replace(m.refs,' ','> <')||'>'", false,
	    0 } };
	size_t i;

	f->wide = true;
	if ((strcasecmp(name, "message-id") == 0 && put_msgid(f, needle)) ||
	    put_envelope(f, name, needle))
		return;
	for (i = 0; i < sizeof columns / sizeof columns[0]; i++) {
		if (strcasecmp(name, columns[i].name) != 0 ||
		    needle[0] == '\0')
			continue;
		f->whole = f->whole || !columns[i].meta;
		put(f, "(");
		put_has(f, columns[i].column, needle);
		put_address(f, columns[i].column, columns[i].env, needle);
		put(f, " OR (length(");
		put(f, columns[i].column);
		put(f, ")>900 AND ");
		put_file(f, name, needle);
		put(f, "))");
		return;
	}
	f->whole = true;
	put_file(f, name, needle);
}

static void
put_keyword(struct find *f, const char *word)
{
	char text[FIND_STRING_MAX];
	size_t n = strlen(word);

	f->wide = true;
	if (n > FIND_STRING_MAX - 3)
		n = FIND_STRING_MAX - 3;
	text[0] = ' ';
	memcpy(text + 1, word, n);
	text[n + 1] = ' ';
	text[n + 2] = '\0';
	put_has(f, "' '||m.tags||' '", text);
}

/* As many octets as the caller says, compared with what `before` is. */
static void
put_octets(struct find *f, struct chan_in *in, const char *before,
    size_t want)
{
	const uint8_t *p;
	size_t n;

	p = chan_get_bytes(in, want, &n);
	if (n != want)
		in->bad = true;
	put(f, before);
	put(f, "=x'");
	codec_hex_put(&f->sql, p, n);
	put(f, "'");
	f->wide = true;
}

static uint16_t
put_hits(struct find *f, const char *text, bool body_only)
{
	struct find_hits *h;
	uint16_t rc;

	if (f->nhits == FIND_INDEX_MAX)
		return STORE_TOOBIG;
	h = &f->hits[f->nhits];
	rc = find_text(f, text, body_only, h);
	if (rc != OP_OK)
		return rc;
	put(f, "hit(");
	put_int(f, (int64_t)f->nhits++);
	put(f, ",l.uid)");
	return OP_OK;
}

static uint16_t node(struct find *f, struct chan_in *in, unsigned int depth);

static uint16_t
several(struct find *f, struct chan_in *in, uint32_t n, const char *word,
    unsigned int depth)
{
	uint16_t rc = OP_OK;
	uint32_t i;

	if (n == 0)
		put(f, "1");
	for (i = 0; i < n && rc == OP_OK && !in->bad; i++) {
		put_between(f, i, word);
		rc = node(f, in, depth + 1);
	}
	if (n > 0)
		put(f, "))");
	return rc;
}

static void
number(struct find *f, const char *before, int64_t v)
{
	put(f, before);
	put_int(f, v);
}

static void
span(struct find *f, struct chan_in *in, const char *what)
{
	put(f, "(");
	put(f, what);
	number(f, ">=", chan_get_i64(in));
	put(f, " AND ");
	put(f, what);
	number(f, "<", chan_get_i64(in));
	put(f, ")");
}

/* Leaves that are a comparison. */
static void
comparison(struct find *f, struct chan_in *in, uint8_t key)
{
	uint32_t flags;

	switch (key) {
	case FIND_FLAGS:
		flags = chan_get_u32(in);
		(void)buf_addf(&f->sql, "l.flags & %u <> 0",
		    (unsigned int)flags);
		return;
	case FIND_LARGER:
		number(f, "m.wire>", (int64_t)chan_get_u64(in));
		break;
	case FIND_SMALLER:
		number(f, "m.wire<", (int64_t)chan_get_u64(in));
		break;
	case FIND_RECEIVED:
		span(f, in, "m.received");
		break;
	case FIND_SAVED:
		/* RFC 8514 section 4.3: unknown, INTERNALDATE counts. */
		span(f, in, "iif(l.saved>0,l.saved,m.received)");
		break;
	case FIND_SENT:
		span(f, in, "sent(m.env)");
		f->whole = true;
		break;
	case FIND_ROW:
		number(f, "m.id=", (int64_t)chan_get_u64(in));
		break;
	case FIND_THREAD:
		f->whole = true;
		number(f, "m.thread=", (int64_t)chan_get_u64(in));
		break;
	default:
		number(f, "l.modseq>=", (int64_t)chan_get_u64(in));
		return;
	}
	f->wide = true;
}

static uint16_t
leaf(struct find *f, struct chan_in *in, uint8_t key)
{
	char a[FIND_STRING_MAX], b[FIND_STRING_MAX];

	switch (key) {
	case FIND_KEYWORD:
		chan_get_str(in, a, sizeof a);
		put_keyword(f, a);
		return OP_OK;
	case FIND_UIDS:
		put_uids(f, in);
		return OP_OK;
	case FIND_HEADER:
		chan_get_str(in, a, sizeof a);
		chan_get_str(in, b, sizeof b);
		put_header(f, a, b);
		return OP_OK;
	case FIND_TEXT:
	case FIND_BODY:
		chan_get_str(in, a, sizeof a);
		return in->bad ? OP_BAD : put_hits(f, a, key == FIND_BODY);
	case FIND_HASH:
		put_octets(f, in, "m.hash", VIEW_HASH);
		return OP_OK;
	case FIND_ROOT:
		put_octets(f, in, "rooted(m.refs,m.irt,m.msgid)", VIEW_ROOT);
		return OP_OK;
	default:
		if (key >= FIND_KEYS)
			return OP_BAD;
		comparison(f, in, key);
		return OP_OK;
	}
}

/* In the words of the index of what is unread. */
static uint16_t
lacks(struct find *f, struct chan_in *in)
{
	(void)chan_get_u8(in);
	(void)buf_addf(&f->sql, "l.flags & %u = 0",
	    (unsigned int)chan_get_u32(in));
	return in->bad ? OP_BAD : OP_OK;
}

static uint16_t
node(struct find *f, struct chan_in *in, unsigned int depth)
{
	uint8_t key = chan_get_u8(in);
	uint16_t rc;

	if (in->bad || depth > FIND_DEPTH_MAX ||
	    ++f->nodes > FIND_NODES_MAX)
		return OP_BAD;
	switch (key) {
	case FIND_AND:
		return several(f, in, chan_get_u32(in), " AND ", depth);
	case FIND_OR:
		return several(f, in, 2, " OR ", depth);
	case FIND_NOT:
		if (in->p < in->end && *in->p == FIND_FLAGS)
			return lacks(f, in);
		put(f, "NOT ");
		return several(f, in, 1, "", depth);
	default:
		rc = leaf(f, in, key);
		return in->bad ? OP_BAD : rc;
	}
}

uint16_t
find_build(struct find *f, struct chan_in *in)
{
	uint16_t rc = node(f, in, 0);

	if (rc == OP_OK && !chan_end(in))
		rc = OP_BAD;
	if (rc == OP_OK && f->sql.err != 0)
		rc = f->sql.err == 12 ? STORE_NOMEM : STORE_TOOBIG;
	return rc;
}
