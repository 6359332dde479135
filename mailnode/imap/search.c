/* SEARCH: RFC 9051 section 6.4.4, RFC 4731, RFC 5182, RFC 7162. */
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/date.h"
#include "mailnode/imap/search.h"
#include "store/err.h"
#include "store/op_set.h"

enum { ON = 0x100 };		/* beside a find_key */
static const int64_t DAY = 86400 /* s */, FAR = 100000000 /* days */;

/* A word that a search knows, and what follows it. */
struct key {
	const char	*name;
	bool		(*fn)(struct search *, struct lex_at *,
			    const struct key *);
	uint32_t	 v;		/* for fn */
	bool		 not;		/* the contrary of that */
};

static bool one_key(struct search *c, struct lex_at *at);

static bool
find_none(struct find_prog *p)
{
	return find_put(p, FIND_NOT) && find_put(p, FIND_AND);
}

/* ---- keys ---- */

static bool
all_key(struct search *c, struct lex_at *at, const struct key *k)
{
	(void)at;
	(void)k;
	return find_put(&c->prog, FIND_AND);
}

static bool
flag_key(struct search *c, struct lex_at *at, const struct key *k)
{
	(void)at;
	return find_number(&c->prog, FIND_FLAGS, k->v);
}

static bool
keyword_key(struct search *c, struct lex_at *at, const struct key *k)
{
	struct flag_list one = { .flags = 0 };
	struct lex_str word;

	(void)k;
	if (!lex_atom(at, &word) || !flag_one(&word, &one))
		return false;
	if (one.flags != 0)
		return find_number(&c->prog, FIND_FLAGS, one.flags);
	if (one.keywords[0] == '\0')
		return find_none(&c->prog);
	return find_string(&c->prog, FIND_KEYWORD, NULL, one.keywords);
}

/* v: FIND_RECEIVED and the like; with ON, that day, else all before it. */
static bool
day_key(struct search *c, struct lex_at *at, const struct key *k)
{
	enum find_key when = k->v & ~(uint32_t)ON;
	int64_t day, from = -FAR, unit = when == FIND_SENT ? 1 : DAY;
	struct lex_str text;

	if (!lex_astring(at, &text) || !date_day(text.p, text.n, &day))
		return false;
	if (k->v & ON)
		from = day++;
	return find_span(&c->prog, when, from * unit, day * unit);
}

static bool
string_arg(struct lex_at *at, struct lex_str *s)
{
	return lex_astring(at, s) && s->n < FIND_STRING_MAX &&
	    memchr(s->p, '\0', s->n) == NULL && codec_utf8_ok(s->p, s->n);
}

static bool
field_key(struct search *c, struct lex_at *at, const struct key *k)
{
	struct lex_str text;

	return string_arg(at, &text) &&
	    find_string(&c->prog, FIND_HEADER, k->name, text.p);
}

static bool
header_key(struct search *c, struct lex_at *at, const struct key *k)
{
	struct lex_str name, text;

	(void)k;
	return string_arg(at, &name) && name.n > 0 &&
	    strpbrk(name.p, ": \r\n") == NULL && string_arg(at, &text) &&
	    find_string(&c->prog, FIND_HEADER, name.p, text.p);
}

static bool
words_key(struct search *c, struct lex_at *at, const struct key *k)
{
	struct lex_str text;

	if (!string_arg(at, &text))
		return false;
	return text.n == 0 ? find_put(&c->prog, FIND_AND) :
	    find_string(&c->prog, k->v, NULL, text.p);
}

static bool
size_key(struct search *c, struct lex_at *at, const struct key *k)
{
	uint64_t v;

	return lex_number(at, UINT32_MAX, &v) &&
	    find_number(&c->prog, k->v, (int64_t)v);
}

/* So many seconds ago, or longer. */
static bool
age_key(struct search *c, struct lex_at *at, const struct key *k)
{
	uint64_t v;

	return lex_number(at, UINT32_MAX, &v) && v != 0 &&
	    find_span(&c->prog, k->v, -FAR * DAY,
	    clock_wall_s() - (int64_t)v + 1);
}

/* MODSEQ "/flags/\\x" all n: one MODSEQ is for all of a message. */
static bool
modseq_key(struct search *c, struct lex_at *at, const struct key *k)
{
	struct lex_str entry;
	uint64_t v;

	if (lex_string(at, &entry) && !lex_word(at, "all") &&
	    !lex_word(at, "priv") && !lex_word(at, "shared"))
		return false;
	c->modseq = true;
	return lex_number(at, INT64_MAX, &v) &&
	    find_number(&c->prog, k->v, (int64_t)v);
}

/* RFC 8474 section 4: any server's look like that; and this is how ours do,
 * see put_objectid(). */
static bool
object_key(struct search *c, struct lex_at *at, const struct key *k)
{
	static const char hex[] = "0123456789abcdef", all[] = "0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";
	enum { ID_MAX = 255 };
	bool thread = k->v == FIND_ROOT, good;
	struct lex_str id;
	struct buf octets;

	if (!lex_astring(at, &id) || id.n == 0 || id.n > ID_MAX ||
	    strspn(id.p, all) != id.n)
		return false;
	buf_init(&octets, ID_MAX);
	if (id.p[0] == (thread ? OBJECTID_THREAD : OBJECTID_EMAIL) &&
	    strspn(id.p + 1, hex) == id.n - 1 &&
	    codec_hex_get(&octets, id.p + 1, id.n - 1) == 0 &&
	    octets.len == (thread ? VIEW_ROOT : VIEW_HASH))
		good = find_octets(&c->prog, k->v, octets.data, octets.len);
	else
		good = find_none(&c->prog);
	buf_clear(&octets);
	return good;
}

static bool
put_set(struct search *c, const struct lex_str *text, bool uid)
{
	struct session *s = c->s;
	struct set uids = { 0 };
	bool was = s->uid, good;

	s->uid = uid;
	good = view_set(s, text, &uids) && find_uids(&c->prog, &uids);
	s->uid = was;
	set_clear(&uids);
	return good;
}

static bool
uid_key(struct search *c, struct lex_at *at, const struct key *k)
{
	struct lex_str set;

	(void)k;
	return lex_atom(at, &set) && put_set(c, &set, true);
}

static bool
several(struct search *c, struct lex_at *at)
{
	uint32_t n = 0;
	size_t all;

	if (!find_begin(&c->prog, &all))
		return false;
	for (; !lex_end(at) && !lex_next_is(at, LEX_CLOSE); n++)
		if (!one_key(c, at))
			return false;
	find_end(&c->prog, all, n);
	return n > 0;
}

/* NOT and OR: so many keys. */
static bool
tree_key(struct search *c, struct lex_at *at, const struct key *k)
{
	uint32_t i;

	if (++c->prog.depth > FIND_DEPTH_MAX / 2 ||
	    !find_put(&c->prog, k->v == 2 ? FIND_OR : FIND_NOT))
		return false;
	for (i = 0; i < k->v; i++)
		if (!one_key(c, at))
			return false;
	c->prog.depth--;
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
	{ "SINCE",	day_key,	FIND_RECEIVED,	true },
	{ "SAVEDBEFORE", day_key,	FIND_SAVED,	false },
	{ "SAVEDON",	day_key,	FIND_SAVED | ON, false },
	{ "SAVEDSINCE",	day_key,	FIND_SAVED,	true },
	{ "SENTBEFORE",	day_key,	FIND_SENT,	false },
	{ "SENTON",	day_key,	FIND_SENT | ON,	false },
	{ "SENTSINCE",	day_key,	FIND_SENT,	true },
	{ "SUBJECT",	field_key,	0,		false },
	{ "FROM",	field_key,	0,		false },
	{ "TO",		field_key,	0,		false },
	{ "CC",		field_key,	0,		false },
	{ "BCC",	field_key,	0,		false },
	{ "HEADER",	header_key,	0,		false },
	{ "TEXT",	words_key,	FIND_TEXT,	false },
	{ "BODY",	words_key,	FIND_BODY,	false },
	{ "LARGER",	size_key,	FIND_LARGER,	false },
	{ "SMALLER",	size_key,	FIND_SMALLER,	false },
	{ "OLDER",	age_key,	FIND_RECEIVED,	false },
	{ "YOUNGER",	age_key,	FIND_RECEIVED,	true },
	{ "MODSEQ",	modseq_key,	FIND_MODSEQ,	false },
	{ "UID",	uid_key,	0,		false },
	{ "EMAILID",	object_key,	FIND_HASH,	false },
	{ "THREADID",	object_key,	FIND_ROOT,	false },
	{ "NOT",	tree_key,	1,		false },
	{ "OR",		tree_key,	2,		false },
	{ NULL,		NULL,		0,		false }
};

static bool
one_key(struct search *c, struct lex_at *at)
{
	const struct key *k;
	struct lex_str word;

	if (lex_open(at))
		return several(c, at) && lex_close(at);
	if (!lex_atom(at, &word))
		return false;
	for (k = keys; k->name != NULL; k++) {
		if (!lex_is(&word, k->name))
			continue;
		if (k->not && !find_put(&c->prog, FIND_NOT))
			return false;
		return k->fn(c, at, k);
	}
	return strspn(word.p, "0123456789:,*$") == word.n &&
	    put_set(c, &word, false);
}

/* ---- arguments ---- */

bool
search_returns(struct search *c, struct lex_at *at)
{
	static const struct lex_name names[] = {
		{ "MIN", R_MIN }, { "MAX", R_MAX }, { "ALL", R_ALL },
		{ "COUNT", R_COUNT }, { "SAVE", R_SAVE },
		{ "PARTIAL", R_PARTIAL }, { NULL, 0 } };
	unsigned int bit;

	if (!lex_word(at, "RETURN"))
		return true;
	c->extended = true;
	if (!lex_open(at))
		return false;
	while (lex_one_of(at, names, &bit)) {
		/* RFC 9394 section 3.1: PARTIAL once, and not with ALL. */
		if (bit == R_PARTIAL && (c->result & R_PARTIAL ||
		    !partial_parse(at, &c->partial)))
			return false;
		c->result |= bit;
	}
	return lex_close(at) &&
	    (c->result & (R_ALL | R_PARTIAL)) != (R_ALL | R_PARTIAL);
}

bool
search_charset(struct search *c, struct lex_at *at)
{
	struct lex_str name;

	if (!lex_astring(at, &name))
		return false;
	if (lex_is(&name, "UTF-8") || lex_is(&name, "US-ASCII"))
		return true;
	reply_no(c->s, "BADCHARSET (US-ASCII UTF-8)", "UTF-8, please");
	if (c->result & R_SAVE)
		c->s->view.saved.n = 0;		/* RFC 5182 section 2.1 */
	return false;
}

bool
search_keys(struct search *c, struct lex_at *at)
{
	if (!several(c, at) || !lex_end(at))
		return false;
	if (c->modseq)
		c->s->enabled |= EN_CONDSTORE;
	return true;
}

void
search_init(struct search *c, struct session *s)
{
	memset(c, 0, sizeof *c);
	c->s = s;
	find_prog_init(&c->prog);
	/* What came meanwhile can be found by its UID. */
	if (s->uid)
		view_sync(s, SYNC_NEW, NULL);
}

void
search_clear(struct search *c)
{
	find_prog_clear(&c->prog);
	set_clear(&c->found);
}

int
search_reader(struct search *c)
{
	return c->prog.index ? reader_with_index(c->s) : reader_of(c->s);
}

bool
search_well(struct search *c, uint16_t rc)
{
	if (rc == STORE_QUERY)
		reply_no(c->s, "CANNOT", "the index does not understand that");
	if (rc != OP_OK && c->result & R_SAVE)
		c->s->view.saved.n = 0;
	return well(c->s, rc);
}

/* ---- SEARCH itself ---- */

bool
on_search(struct session *s, struct lex_at *at)
{
	struct search c;
	bool good;

	search_init(&c, s);
	good = search_returns(&c, at) && (!lex_word(at, "CHARSET") ||
	    search_charset(&c, at)) && search_keys(&c, at);
	c.extended = c.extended || s->enabled & EN_REV2;
	good = good && search_tell(&c, view_search(search_reader(&c),
	    &s->reader, s->view.mbox, s->view.uidnext, &c.prog, &c.found,
	    &c.done), "SEARCH");
	search_clear(&c);
	return good;
}
