/* The keys of a search: RFC 9051 section 6.4.4, RFC 5032, RFC 7162, RFC 8474,
 * RFC 8514. */
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/date.h"
#include "mailnode/imap/talk.h"

enum { ON = 0x100, SINCE = 0x200 };	/* beside a find_key */
static const int64_t DAY = 86400 /* s */, FAR = 100000000 /* days */;

/* A word that a search knows, and what reads what follows it. */
struct key {
	const char	*name;
	bool		(*fn)(struct session *, const struct key *);
	uint32_t	 v;		/* for fn */
	bool		 not;		/* the contrary of that */
};

static bool one_key(struct session *s);

static bool
find_none(struct find_prog *p)
{
	return find_put(p, FIND_NOT) && find_put(p, FIND_AND);
}

/* v: STORE_*, or 0: all. */
static bool
flag_key(struct session *s, const struct key *k)
{
	return k->v == 0 ? find_put(&s->prog, FIND_AND) :
	    find_number(&s->prog, FIND_FLAGS, k->v);
}

static bool
keyword_key(struct session *s, const struct key *k)
{
	struct flag_list one = { .flags = 0 };

	(void)k;
	if (!flag_one(&s->lex, &one))
		return false;
	if (one.flags != 0)
		return find_number(&s->prog, FIND_FLAGS, one.flags);
	if (one.keywords[0] == '\0')
		return find_none(&s->prog);
	return find_string(&s->prog, FIND_KEYWORD, NULL, one.keywords);
}

/* NEW is what is neither seen (v) nor old. */
static bool
recent_key(struct session *s, const struct key *k)
{
	return (k->v == 0 || (find_put(&s->prog, FIND_OR) &&
	    find_number(&s->prog, FIND_FLAGS, k->v) &&
	    find_put(&s->prog, FIND_NOT))) &&
	    find_uids(&s->prog, &s->view.recent);
}

/* v: FIND_RECEIVED and the like; with ON that day, with SINCE that and all
 * behind it, else all before it.  What has no such day is in none of them. */
static bool
day_key(struct session *s, const struct key *k)
{
	enum find_key when = k->v & ~(uint32_t)(ON | SINCE);
	int64_t day, from, to, unit = when == FIND_SENT ? 1 : DAY;
	struct lex_str text;

	if (!lex_astring(&s->lex, &text) || !date_day(text.p, text.n, &day))
		return false;
	from = k->v & (ON | SINCE) ? day : -FAR;
	to = k->v & SINCE ? FAR : k->v & ON ? day + 1 : day;
	return find_span(&s->prog, when, from * unit, to * unit);
}

/*
 * Octets that are no UTF-8 get NO: with UTF8=ACCEPT JavaMail quotes Latin-1,
 * and looks through the messages itself after NO, but not after BAD.
 */
static bool
string_arg(struct session *s, struct lex_str *text)
{
	if (!lex_astring(&s->lex, text) || text->n >= FIND_STRING_MAX)
		return false;
	if (codec_utf8_ok(text->p, text->n))
		return true;
	(void)reply_no(s, "CANNOT", "what is looked for is no UTF-8");
	return false;
}

/* v: the name of the field is an argument, too. */
static bool
header_key(struct session *s, const struct key *k)
{
	struct lex_str name = { k->name, strlen(k->name) }, text;

	if (k->v && (!string_arg(s, &name) || name.n == 0 ||
	    strpbrk(name.p, ": \r\n") != NULL))
		return false;
	return string_arg(s, &text) &&
	    find_string(&s->prog, FIND_HEADER, name.p, text.p);
}

static bool
words_key(struct session *s, const struct key *k)
{
	struct lex_str text;

	if (!string_arg(s, &text))
		return false;
	return text.n == 0 ? find_put(&s->prog, FIND_AND) :
	    find_string(&s->prog, k->v, NULL, text.p);
}

/* MODSEQ "/flags/\\x" all n: one MODSEQ is for all of a message. */
static bool
number_key(struct session *s, const struct key *k)
{
	bool modseq = k->v == FIND_MODSEQ;
	struct lex_str entry;
	uint64_t v;

	if (modseq && lex_string(&s->lex, &entry) &&
	    !lex_word(&s->lex, "all") && !lex_word(&s->lex, "priv") &&
	    !lex_word(&s->lex, "shared"))
		return false;
	return lex_number(&s->lex, modseq ? INT64_MAX : UINT32_MAX, &v) &&
	    find_number(&s->prog, k->v, (int64_t)v);
}

/* So many seconds ago, or longer. */
static bool
age_key(struct session *s, const struct key *k)
{
	uint64_t v;

	return lex_number(&s->lex, UINT32_MAX, &v) && v != 0 &&
	    find_span(&s->prog, k->v, -FAR * DAY,
	    clock_wall_s() - (int64_t)v + 1);
}

/* RFC 8474 section 4: any server's look like that; and this is how ours do,
 * see put_objectid(). */
static bool
object_key(struct session *s, const struct key *k)
{
	static const char hex[] = "0123456789abcdef", all[] = "0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";
	enum { ID_MAX = 255 };
	bool thread = k->v == FIND_ROOT;
	size_t i, n = thread ? VIEW_ROOT : VIEW_HASH;
	uint8_t octets[VIEW_HASH];
	struct lex_str id;

	if (!lex_astring(&s->lex, &id) || id.n == 0 || id.n > ID_MAX ||
	    strspn(id.p, all) != id.n)
		return false;
	if (id.p[0] != (thread ? OBJECTID_THREAD : OBJECTID_EMAIL) ||
	    id.n != 1 + 2 * n || strspn(id.p + 1, hex) != 2 * n)
		return find_none(&s->prog);
	for (i = 0; i < n; i++)
		octets[i] = (uint8_t)codec_hex_octet(id.p + 1 + 2 * i);
	return find_octets(&s->prog, k->v, octets, n);
}

/* k: of UIDs; NULL: of sequence numbers, and other words are none. */
static bool
set_key(struct session *s, const struct key *k)
{
	struct lex_str set;

	s->uids.n = 0;
	return lex_atom(&s->lex, &set) && (k != NULL ||
	    strspn(set.p, "0123456789:,*$") == set.n) &&
	    view_set(s, &set, k != NULL, true, &s->uids) &&
	    find_uids(&s->prog, &s->uids);
}

static bool
several(struct session *s)
{
	uint32_t n = 0;
	size_t all;

	if (!find_begin(&s->prog, &all))
		return false;
	for (; !lex_end(&s->lex) && !lex_next_is(&s->lex, LEX_CLOSE); n++)
		if (!one_key(s))
			return false;
	find_end(&s->prog, all, n);
	return n > 0;
}

/* NOT and OR: so many keys. */
static bool
tree_key(struct session *s, const struct key *k)
{
	uint32_t i;

	if (++s->prog.depth > FIND_DEPTH_MAX / 2 ||
	    !find_put(&s->prog, k->v == 2 ? FIND_OR : FIND_NOT))
		return false;
	for (i = 0; i < k->v; i++)
		if (!one_key(s))
			return false;
	s->prog.depth--;
	return true;
}

static const struct key keys[] = {
	{ "ALL",	flag_key,	0,		false },
	{ "SAVEDATESUPPORTED", flag_key, 0,		false },
	{ "NEW",	recent_key,	STORE_SEEN,	true },
	{ "OLD",	recent_key,	0,		true },
	{ "RECENT",	recent_key,	0,		false },
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
one_key(struct session *s)
{
	const struct key *k;

	if (lex_open(&s->lex))
		return several(s) && lex_close(&s->lex);
	for (k = keys; k->name != NULL; k++)
		if (lex_word(&s->lex, k->name))
			return (!k->not || find_put(&s->prog, FIND_NOT)) &&
			    k->fn(s, k);
	return set_key(s, NULL);
}

bool
search_keys(struct session *s)
{
	find_prog_init(&s->prog);
	if (!several(s) || !lex_end(&s->lex))
		return false;
	s->uids.n = 0;
	s->index = s->prog.index;
	if (s->prog.modseq)
		condstore_on(s);
	return true;
}
