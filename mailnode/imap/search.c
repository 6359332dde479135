/* SEARCH: RFC 9051 section 6.4.4, RFC 4731, RFC 5182, RFC 7162. */
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/date.h"
#include "mailnode/imap/objectid.h"
#include "mailnode/imap/search.h"
#include "store/err.h"
#include "store/op_set.h"

enum { DAY = 86400, FAR = 100000000 /* days */, ARGS_MAX = 100 * 1024 };

/* A word that a search knows, and what follows it. */
struct key {
	const char	*name;
	bool		(*fn)(struct search *, struct lex_at *,
			    const struct key *);
	uint32_t	 v;		/* for fn */
	bool		 not;		/* the contrary of that */
};

static bool one_key(struct search *c, struct lex_at *at);

static void
put(struct search *c, enum find_key key)
{
	c->nodes++;
	chan_put_u8(&c->prog, (uint8_t)key);
}

static void
put_all(struct search *c)
{
	put(c, FIND_AND);
	chan_put_u32(&c->prog, 0);
}

static void
put_none(struct search *c)
{
	put(c, FIND_NOT);
	put_all(c);
}

/* ---- keys ---- */

static bool
all_key(struct search *c, struct lex_at *at, const struct key *k)
{
	(void)at;
	(void)k;
	put_all(c);
	return true;
}

static bool
flag_key(struct search *c, struct lex_at *at, const struct key *k)
{
	(void)at;
	put(c, FIND_FLAGS);
	chan_put_u32(&c->prog, k->v);
	return true;
}

static bool
keyword_key(struct search *c, struct lex_at *at, const struct key *k)
{
	struct flag_list one = { .flags = 0 };
	struct lex_str word;

	(void)k;
	if (!lex_atom(at, &word) || !flag_one(&word, &one))
		return false;
	if (one.flags != 0) {
		put(c, FIND_FLAGS);
		chan_put_u32(&c->prog, one.flags);
	} else if (one.keywords[0] != '\0') {
		put(c, FIND_KEYWORD);
		chan_put_str(&c->prog, one.keywords);
	} else
		put_none(c);
	return true;
}

static bool
day_arg(struct lex_at *at, int64_t *day)
{
	struct lex_str text;

	return lex_astring(at, &text) && date_day(text.p, text.n, day);
}

/* of: FIND_BEFORE or FIND_SAVED. */
static void
put_before(struct search *c, enum find_key of, int64_t time)
{
	put(c, of);
	chan_put_i64(&c->prog, time);
}

static bool
before_key(struct search *c, struct lex_at *at, const struct key *k)
{
	int64_t day;

	if (!day_arg(at, &day))
		return false;
	put_before(c, k->v, day * DAY);
	return true;
}

static bool
on_key(struct search *c, struct lex_at *at, const struct key *k)
{
	int64_t day;

	if (!day_arg(at, &day))
		return false;
	put(c, FIND_AND);
	chan_put_u32(&c->prog, 2);
	put(c, FIND_NOT);
	put_before(c, k->v, day * DAY);
	put_before(c, k->v, (day + 1) * DAY);
	return true;
}

/* By the Date field: before that day, or on it. */
static bool
sent_key(struct search *c, struct lex_at *at, const struct key *k)
{
	int64_t day;

	if (!day_arg(at, &day))
		return false;
	put(c, FIND_SENT);
	chan_put_i64(&c->prog, k->v != 0 ? day : -FAR);
	chan_put_i64(&c->prog, day + k->v);
	return true;
}

static bool
string_arg(struct lex_at *at, struct lex_str *s)
{
	return lex_astring(at, s) && s->n < FIND_STRING_MAX &&
	    memchr(s->p, '\0', s->n) == NULL && codec_utf8_ok(s->p, s->n);
}

static bool
put_header(struct search *c, struct lex_at *at, const char *name)
{
	struct lex_str text;

	if (!string_arg(at, &text))
		return false;
	put(c, FIND_HEADER);
	chan_put_str(&c->prog, name);
	chan_put_str(&c->prog, text.p);
	return true;
}

static bool
field_key(struct search *c, struct lex_at *at, const struct key *k)
{
	return put_header(c, at, k->name);
}

static bool
header_key(struct search *c, struct lex_at *at, const struct key *k)
{
	struct lex_str name;

	(void)k;
	return string_arg(at, &name) && name.n > 0 &&
	    strpbrk(name.p, ": \r\n") == NULL && put_header(c, at, name.p);
}

static bool
words_key(struct search *c, struct lex_at *at, const struct key *k)
{
	struct lex_str text;

	if (!string_arg(at, &text))
		return false;
	if (text.n == 0) {
		put_all(c);
		return true;
	}
	c->words = true;
	put(c, k->v);
	chan_put_str(&c->prog, text.p);
	return true;
}

static bool
size_key(struct search *c, struct lex_at *at, const struct key *k)
{
	uint64_t v;

	if (!lex_number(at, UINT32_MAX, &v))
		return false;
	put(c, k->v);
	chan_put_u64(&c->prog, v);
	return true;
}

/* So many seconds ago, or longer. */
static bool
age_key(struct search *c, struct lex_at *at, const struct key *k)
{
	uint64_t v;

	(void)k;
	if (!lex_number(at, UINT32_MAX, &v) || v == 0)
		return false;
	put_before(c, FIND_BEFORE, clock_wall_s() - (int64_t)v + 1);
	return true;
}

/* MODSEQ "/flags/\\x" all n: one MODSEQ is for all of a message. */
static bool
modseq_key(struct search *c, struct lex_at *at, const struct key *k)
{
	struct lex_str entry;
	uint64_t v;

	(void)k;
	if (lex_string(at, &entry) && !lex_word(at, "all") &&
	    !lex_word(at, "priv") && !lex_word(at, "shared"))
		return false;
	if (!lex_number(at, INT64_MAX, &v))
		return false;
	put(c, FIND_MODSEQ);
	chan_put_u64(&c->prog, v);
	c->modseq = true;
	return true;
}

static bool
object_key(struct search *c, struct lex_at *at, const struct key *k)
{
	bool thread = k->v == FIND_ROOT;
	size_t n = thread ? VIEW_ROOT : VIEW_HASH;
	uint8_t octets[VIEW_HASH];
	struct lex_str id;

	if (!lex_astring(at, &id) || !objectid_ok(&id))
		return false;
	if (objectid_parse(&id, thread ? OBJECTID_THREAD : OBJECTID_EMAIL,
	    octets, n)) {
		put(c, k->v);
		chan_put_bytes(&c->prog, octets, n);
	} else
		put_none(c);
	return true;
}

static bool
put_set(struct search *c, const struct lex_str *text, bool uid)
{
	struct session *s = c->s;
	struct set uids;
	bool was = s->uid, good;
	size_t i;

	set_init(&uids);
	s->uid = uid;
	good = view_set(s, text, &uids);
	s->uid = was;
	if (good) {
		put(c, FIND_UIDS);
		chan_put_u32(&c->prog, (uint32_t)uids.n);
		for (i = 0; i < uids.n; i++) {
			chan_put_u32(&c->prog, uids.range[i].lo);
			chan_put_u32(&c->prog, uids.range[i].hi);
		}
	}
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
	size_t n_at = c->prog.len + 1;
	uint32_t n = 0;

	if (++c->depth > FIND_DEPTH_MAX / 2)
		return false;
	put_all(c);
	while (!lex_end(at) && !lex_next_is(at, LEX_CLOSE)) {
		if (!one_key(c, at))
			return false;
		n++;
	}
	if (c->prog.err == 0)
		memcpy(c->prog.data + n_at, &n, sizeof n);
	c->depth--;
	return n > 0;
}

/* NOT and OR: so many keys. */
static bool
tree_key(struct search *c, struct lex_at *at, const struct key *k)
{
	uint32_t i;

	if (++c->depth > FIND_DEPTH_MAX / 2)
		return false;
	put(c, k->v == 2 ? FIND_OR : FIND_NOT);
	for (i = 0; i < k->v; i++)
		if (!one_key(c, at))
			return false;
	c->depth--;
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
	{ "BEFORE",	before_key,	FIND_BEFORE,	false },
	{ "ON",		on_key,		FIND_BEFORE,	false },
	{ "SINCE",	before_key,	FIND_BEFORE,	true },
	{ "SAVEDBEFORE", before_key,	FIND_SAVED,	false },
	{ "SAVEDON",	on_key,		FIND_SAVED,	false },
	{ "SAVEDSINCE",	before_key,	FIND_SAVED,	true },
	{ "SENTBEFORE",	sent_key,	0,		false },
	{ "SENTON",	sent_key,	1,		false },
	{ "SENTSINCE",	sent_key,	0,		true },
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
	{ "OLDER",	age_key,	0,		false },
	{ "YOUNGER",	age_key,	0,		true },
	{ "MODSEQ",	modseq_key,	0,		false },
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

	if (c->nodes > FIND_NODES_MAX - 10)
		return false;
	if (lex_open(at))
		return several(c, at) && lex_close(at);
	if (!lex_atom(at, &word))
		return false;
	for (k = keys; k->name != NULL; k++) {
		if (!lex_is(&word, k->name))
			continue;
		if (k->not)
			put(c, FIND_NOT);
		return k->fn(c, at, k);
	}
	return strspn(word.p, "0123456789:,*$") == word.n &&
	    put_set(c, &word, false);
}

/* ---- arguments ---- */

bool
search_returns(struct search *c, struct lex_at *at)
{
	static const struct { const char *name; unsigned int bit; } names[] = {
		{ "MIN", R_MIN }, { "MAX", R_MAX }, { "ALL", R_ALL },
		{ "COUNT", R_COUNT }, { "SAVE", R_SAVE },
		{ "PARTIAL", R_PARTIAL } };
	struct lex_str word;
	size_t i;

	if (!lex_word(at, "RETURN"))
		return true;
	c->extended = true;
	if (!lex_open(at))
		return false;
	while (lex_atom(at, &word)) {
		for (i = 0; i < 6 && !lex_is(&word, names[i].name); i++)
			;
		/* RFC 9394 section 3.1: PARTIAL once, and not with ALL. */
		if (i == 6 || (names[i].bit == R_PARTIAL &&
		    (c->result & R_PARTIAL || !partial_parse(at,
		    &c->partial))))
			return false;
		c->result |= names[i].bit;
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
	buf_init(&c->prog, ARGS_MAX);
	set_init(&c->found);
}

void
search_clear(struct search *c)
{
	buf_clear(&c->prog);
	set_clear(&c->found);
}

void
search_failed(struct search *c, uint16_t rc)
{
	if (rc == STORE_QUERY)
		reply_no(c->s, "CANNOT", "the index does not understand that");
	else
		reply_failed(c->s, rc);
	if (c->result & R_SAVE)
		c->s->view.saved.n = 0;
}

/* ---- SEARCH itself ---- */

static bool
found(void *arg, uint32_t lo, uint32_t hi)
{
	return set_add(arg, lo, hi);
}

static void
answer(struct search *c)
{
	struct session *s = c->s;
	struct set seqs;

	set_init(&seqs);
	if (c->result & R_SAVE)
		search_save(c);
	if (s->uid || view_seqs(s, &c->found, &seqs)) {
		c->extended = c->extended || s->enabled & EN_REV2;
		search_tell(c, "SEARCH", s->uid ? &c->found : &seqs);
		reply_ok(s, "", "done");
	}
	set_clear(&seqs);
}

static void
run(struct search *c)
{
	struct session *s = c->s;
	uint16_t rc;

	progress_wait(s, &s->reader);
	rc = c->prog.err != 0 ? STORE_TOOBIG :
	    view_search(c->words ? reader_with_index(s) : reader_of(s),
	    &s->reader, s->view.mbox,
	    s->view.uidnext, &c->prog, found, &c->found, &c->done);
	progress_end(&s->reader);
	if (rc == OP_OK)
		answer(c);
	else
		search_failed(c, rc);
}

void
on_search(struct session *s, struct lex_at *at)
{
	struct search c;

	search_init(&c, s);
	if (s->uid)
		view_sync(s, SYNC_NEW, NULL);
	if (search_returns(&c, at) && (!lex_word(at, "CHARSET") ||
	    search_charset(&c, at)) && search_keys(&c, at))
		run(&c);
	search_clear(&c);
}
