/* The keys of a search: RFC 9051 section 6.4.4, RFC 5032, RFC 7162, RFC 8474,
 * RFC 8514. */
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/date.h"
#include "mailnode/imap/talk.h"
#include "store/op_find.h"
#include "store/op_set.h"

enum { ON = 0x100, SINCE = 0x200 };	/* beside a find_key */
static const int64_t DAY = 86400 /* s */, FAR = 100000000 /* days */;

struct keys {
	struct session	*s;
	struct lex_at	*at;
	struct find_prog *prog;
	bool		 modseq;
};

/* A word that a search knows, and what reads what follows it. */
struct key {
	const char	*name;
	bool		(*fn)(struct keys *, const struct key *);
	uint32_t	 v;		/* for fn */
	bool		 not;		/* the contrary of that */
};

static bool one_key(struct keys *c);

static bool
find_none(struct find_prog *p)
{
	return find_put(p, FIND_NOT) && find_put(p, FIND_AND);
}

static bool
all_key(struct keys *c, const struct key *k)
{
	(void)k;
	return find_put(c->prog, FIND_AND);
}

static bool
flag_key(struct keys *c, const struct key *k)
{
	return find_number(c->prog, FIND_FLAGS, k->v);
}

static bool
keyword_key(struct keys *c, const struct key *k)
{
	struct flag_list one = { .flags = 0 };

	(void)k;
	if (!flag_one(c->at, &one))
		return false;
	if (one.flags != 0)
		return find_number(c->prog, FIND_FLAGS, one.flags);
	if (one.keywords[0] == '\0')
		return find_none(c->prog);
	return find_string(c->prog, FIND_KEYWORD, NULL, one.keywords);
}

/* v: FIND_RECEIVED and the like; with ON that day, with SINCE that and all
 * behind it, else all before it.  What has no such day is in none of them. */
static bool
day_key(struct keys *c, const struct key *k)
{
	enum find_key when = k->v & ~(uint32_t)(ON | SINCE);
	int64_t day, from = -FAR, to, unit = when == FIND_SENT ? 1 : DAY;
	struct lex_str text;

	if (!lex_astring(c->at, &text) || !date_day(text.p, text.n, &day))
		return false;
	to = day;
	if (k->v & (ON | SINCE)) {
		from = day;
		to = k->v & ON ? day + 1 : FAR;
	}
	return find_span(c->prog, when, from * unit, to * unit);
}

static bool
string_arg(struct keys *c, struct lex_str *s)
{
	return lex_astring(c->at, s) && s->n < FIND_STRING_MAX &&
	    memchr(s->p, '\0', s->n) == NULL && codec_utf8_ok(s->p, s->n);
}

/* v: the name of the field is an argument, too. */
static bool
header_key(struct keys *c, const struct key *k)
{
	struct lex_str name = { k->name, strlen(k->name) }, text;

	if (k->v && (!string_arg(c, &name) || name.n == 0 ||
	    strpbrk(name.p, ": \r\n") != NULL))
		return false;
	return string_arg(c, &text) &&
	    find_string(c->prog, FIND_HEADER, name.p, text.p);
}

static bool
words_key(struct keys *c, const struct key *k)
{
	struct lex_str text;

	if (!string_arg(c, &text))
		return false;
	return text.n == 0 ? find_put(c->prog, FIND_AND) :
	    find_string(c->prog, k->v, NULL, text.p);
}

/* MODSEQ "/flags/\\x" all n: one MODSEQ is for all of a message. */
static bool
number_key(struct keys *c, const struct key *k)
{
	bool modseq = k->v == FIND_MODSEQ;
	struct lex_str entry;
	uint64_t v;

	if (modseq && lex_string(c->at, &entry) &&
	    !lex_word(c->at, "all") && !lex_word(c->at, "priv") &&
	    !lex_word(c->at, "shared"))
		return false;
	c->modseq = c->modseq || modseq;
	return lex_number(c->at, modseq ? INT64_MAX : UINT32_MAX, &v) &&
	    find_number(c->prog, k->v, (int64_t)v);
}

/* So many seconds ago, or longer. */
static bool
age_key(struct keys *c, const struct key *k)
{
	uint64_t v;

	return lex_number(c->at, UINT32_MAX, &v) && v != 0 &&
	    find_span(c->prog, k->v, -FAR * DAY,
	    clock_wall_s() - (int64_t)v + 1);
}

/* RFC 8474 section 4: any server's look like that; and this is how ours do,
 * see put_objectid(). */
static bool
object_key(struct keys *c, const struct key *k)
{
	static const char hex[] = "0123456789abcdef", all[] = "0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";
	enum { ID_MAX = 255 };
	bool thread = k->v == FIND_ROOT, good;
	struct lex_str id;
	struct buf octets;

	if (!lex_astring(c->at, &id) || id.n == 0 || id.n > ID_MAX ||
	    strspn(id.p, all) != id.n)
		return false;
	buf_init(&octets, ID_MAX);
	if (id.p[0] == (thread ? OBJECTID_THREAD : OBJECTID_EMAIL) &&
	    strspn(id.p + 1, hex) == id.n - 1 &&
	    codec_hex_get(&octets, id.p + 1, id.n - 1) == 0 &&
	    octets.len == (thread ? VIEW_ROOT : VIEW_HASH))
		good = find_octets(c->prog, k->v, octets.data, octets.len);
	else
		good = find_none(c->prog);
	buf_clear(&octets);
	return good;
}

static bool
put_set(struct keys *c, const struct lex_str *text, bool uid)
{
	struct set uids = { 0 };
	bool good;

	good = view_set(c->s, text, uid, true, &uids) &&
	    find_uids(c->prog, &uids);
	set_clear(&uids);
	return good;
}

static bool
set_key(struct keys *c, const struct key *k)
{
	struct lex_str set;

	(void)k;
	return lex_atom(c->at, &set) && put_set(c, &set, true);
}

static bool
several(struct keys *c)
{
	uint32_t n = 0;
	size_t all;

	if (!find_begin(c->prog, &all))
		return false;
	for (; !lex_end(c->at) && !lex_next_is(c->at, LEX_CLOSE); n++)
		if (!one_key(c))
			return false;
	find_end(c->prog, all, n);
	return n > 0;
}

/* NOT and OR: so many keys. */
static bool
tree_key(struct keys *c, const struct key *k)
{
	uint32_t i;

	if (++c->prog->depth > FIND_DEPTH_MAX / 2 ||
	    !find_put(c->prog, k->v == 2 ? FIND_OR : FIND_NOT))
		return false;
	for (i = 0; i < k->v; i++)
		if (!one_key(c))
			return false;
	c->prog->depth--;
	return true;
}

/* Nothing is recent here; all is old. */
static const struct key keys[] = {
	{ "ALL",	all_key,	0,		false },
	{ "OLD",	all_key,	0,		false },
	{ "SAVEDATESUPPORTED", all_key,	0,		false },
	{ "NEW",	all_key,	0,		true },
	{ "RECENT",	all_key,	0,		true },
	{ "ANSWERED",	flag_key,	STORE_ANSWERED,	false },
	{ "DELETED",	flag_key,	STORE_DELETED,	false },
	{ "DRAFT",	flag_key,	STORE_DRAFT,	false },
	{ "FLAGGED",	flag_key,	STORE_FLAGGED,	false },
	{ "SEEN",	flag_key,	STORE_SEEN,	false },
	{ "UNANSWERED",	flag_key,	STORE_ANSWERED,	true },
	{ "UNDELETED",	flag_key,	STORE_DELETED,	true },
	{ "UNDRAFT",	flag_key,	STORE_DRAFT,	true },
	{ "UNFLAGGED",	flag_key,	STORE_FLAGGED,	true },
	{ "UNSEEN",	flag_key,	STORE_SEEN,	true },
	{ "KEYWORD",	keyword_key,	0,		false },
	{ "UNKEYWORD",	keyword_key,	0,		true },
	{ "BEFORE",	day_key,	FIND_RECEIVED,	false },
	{ "ON",		day_key,	FIND_RECEIVED | ON, false },
	{ "SINCE",	day_key,	FIND_RECEIVED | SINCE, false },
	{ "SAVEDBEFORE", day_key,	FIND_SAVED,	false },
	{ "SAVEDON",	day_key,	FIND_SAVED | ON, false },
	{ "SAVEDSINCE",	day_key,	FIND_SAVED | SINCE, false },
	{ "SENTBEFORE",	day_key,	FIND_SENT,	false },
	{ "SENTON",	day_key,	FIND_SENT | ON,	false },
	{ "SENTSINCE",	day_key,	FIND_SENT | SINCE, false },
	{ "SUBJECT",	header_key,	0,		false },
	{ "FROM",	header_key,	0,		false },
	{ "TO",		header_key,	0,		false },
	{ "CC",		header_key,	0,		false },
	{ "BCC",	header_key,	0,		false },
	{ "HEADER",	header_key,	1,		false },
	{ "TEXT",	words_key,	FIND_TEXT,	false },
	{ "BODY",	words_key,	FIND_BODY,	false },
	{ "LARGER",	number_key,	FIND_LARGER,	false },
	{ "SMALLER",	number_key,	FIND_SMALLER,	false },
	{ "OLDER",	age_key,	FIND_RECEIVED,	false },
	{ "YOUNGER",	age_key,	FIND_RECEIVED,	true },
	{ "MODSEQ",	number_key,	FIND_MODSEQ,	false },
	{ "UID",	set_key,	0,		false },
	{ "EMAILID",	object_key,	FIND_HASH,	false },
	{ "THREADID",	object_key,	FIND_ROOT,	false },
	{ "NOT",	tree_key,	1,		false },
	{ "OR",		tree_key,	2,		false },
	{ NULL,		NULL,		0,		false }
};

static bool
one_key(struct keys *c)
{
	const struct key *k;
	struct lex_str word;

	if (lex_open(c->at))
		return several(c) && lex_close(c->at);
	if (!lex_atom(c->at, &word))
		return false;
	for (k = keys; k->name != NULL; k++)
		if (lex_is(&word, k->name))
			return (!k->not || find_put(c->prog, FIND_NOT)) &&
			    k->fn(c, k);
	return strspn(word.p, "0123456789:,*$") == word.n &&
	    put_set(c, &word, false);
}

bool
search_keys(struct session *s, struct lex_at *at, struct find_prog *prog,
    bool *modseq)
{
	struct keys c = { .s = s, .at = at, .prog = prog };

	if (!several(&c) || !lex_end(at))
		return false;
	s->index = prog->index;
	*modseq = c.modseq;
	if (c.modseq)
		condstore_on(s);
	return true;
}
