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

static bool one_key(struct search *c, struct lex_at *at);

static void
put(struct search *c, enum find_key key)
{
	c->nodes++;
	chan_put_u8(&c->prog, (uint8_t)key);
}

static void
put_none(struct search *c)
{
	put(c, FIND_NOT);
	put(c, FIND_AND);
	chan_put_u32(&c->prog, 0);
}

/* ---- keys ---- */

static bool
flag_key(struct search *c, const struct lex_str *word)
{
	static const struct { const char *name; uint32_t flag; bool not; }
	    names[] = { { "ANSWERED", STORE_ANSWERED, false },
	    { "DELETED", STORE_DELETED, false },
	    { "DRAFT", STORE_DRAFT, false },
	    { "FLAGGED", STORE_FLAGGED, false },
	    { "SEEN", STORE_SEEN, false },
	    { "UNANSWERED", STORE_ANSWERED, true },
	    { "UNDELETED", STORE_DELETED, true },
	    { "UNDRAFT", STORE_DRAFT, true },
	    { "UNFLAGGED", STORE_FLAGGED, true },
	    { "UNSEEN", STORE_SEEN, true } };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (!lex_is(word, names[i].name))
			continue;
		if (names[i].not)
			put(c, FIND_NOT);
		put(c, FIND_FLAGS);
		chan_put_u32(&c->prog, names[i].flag);
		return true;
	}
	/* Nothing is recent here; all is old. */
	if (lex_is(word, "RECENT") || lex_is(word, "NEW")) {
		put_none(c);
		return true;
	}
	if (lex_is(word, "OLD") || lex_is(word, "ALL") ||
	    lex_is(word, "SAVEDATESUPPORTED")) {
		put(c, FIND_AND);
		chan_put_u32(&c->prog, 0);
		return true;
	}
	return false;
}

static bool
keyword_key(struct search *c, struct lex_at *at, bool not)
{
	struct flag_list one = { .flags = 0 };
	struct lex_str word;

	if (!lex_atom(at, &word) || !flag_one(&word, &one))
		return false;
	if (not)
		put(c, FIND_NOT);
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

/* of: FIND_BEFORE or FIND_SAVED. */
static void
before(struct search *c, enum find_key of, int64_t day, bool not)
{
	if (not)
		put(c, FIND_NOT);
	put(c, of);
	chan_put_i64(&c->prog, day * DAY);
}

static void
sent(struct search *c, int64_t from, int64_t to)
{
	put(c, FIND_SENT);
	chan_put_i64(&c->prog, from);
	chan_put_i64(&c->prog, to);
}

/* BEFORE ON SINCE, and the same of the Date field and of SAVEDATE. */
static bool
date_key(struct search *c, struct lex_at *at, const struct lex_str *word,
    bool *is)
{
	static const char *const names[] = { "BEFORE", "ON", "SINCE",
	    "SENTBEFORE", "SENTON", "SENTSINCE", "SAVEDBEFORE", "SAVEDON",
	    "SAVEDSINCE" };
	enum { N = sizeof names / sizeof names[0] };
	enum find_key of;
	struct lex_str text;
	int64_t day;
	size_t i;

	for (i = 0; i < N && !lex_is(word, names[i]); i++)
		;
	*is = i < N;
	if (!*is)
		return true;
	of = i < 6 ? FIND_BEFORE : FIND_SAVED;
	if (!lex_astring(at, &text) || !date_day(text.p, text.n, &day))
		return false;
	switch (i) {
	case 0:
	case 6:
		before(c, of, day, false);
		break;
	case 1:
	case 7:
		put(c, FIND_AND);
		chan_put_u32(&c->prog, 2);
		before(c, of, day, true);
		before(c, of, day + 1, false);
		break;
	case 2:
	case 8:
		before(c, of, day, true);
		break;
	case 3:
		sent(c, -FAR, day);
		break;
	case 4:
		sent(c, day, day + 1);
		break;
	default:
		sent(c, day, FAR);
	}
	return true;
}

static bool
string_arg(struct search *c, struct lex_at *at, struct lex_str *s)
{
	(void)c;
	return lex_astring(at, s) && s->n < FIND_STRING_MAX &&
	    memchr(s->p, '\0', s->n) == NULL && codec_utf8_ok(s->p, s->n);
}

static bool
header(struct search *c, const char *name, const struct lex_str *s)
{
	put(c, FIND_HEADER);
	chan_put_str(&c->prog, name);
	chan_put_str(&c->prog, s->p);
	return true;
}

static bool
string_key(struct search *c, struct lex_at *at, const struct lex_str *word,
    bool *is)
{
	static const char *const names[] = { "SUBJECT", "FROM", "TO", "CC",
	    "BCC", "TEXT", "BODY", "HEADER" };
	struct lex_str name, text;
	size_t i;

	for (i = 0; i < 8 && !lex_is(word, names[i]); i++)
		;
	*is = i < 8;
	if (!*is)
		return true;
	if (i == 7) {
		if (!string_arg(c, at, &name) || name.n == 0 ||
		    strpbrk(name.p, ": \r\n") != NULL)
			return false;
		return string_arg(c, at, &text) && header(c, name.p, &text);
	}
	if (!string_arg(c, at, &text))
		return false;
	if (i < 5)
		return header(c, names[i], &text);
	if (text.n == 0) {
		put(c, FIND_AND);
		chan_put_u32(&c->prog, 0);
		return true;
	}
	c->words = true;
	put(c, i == 5 ? FIND_TEXT : FIND_BODY);
	chan_put_str(&c->prog, text.p);
	return true;
}

static bool
number_key(struct search *c, struct lex_at *at, const struct lex_str *word,
    bool *is)
{
	static const char *const names[] = { "LARGER", "SMALLER", "OLDER",
	    "YOUNGER", "MODSEQ" };
	struct lex_str entry;
	uint64_t v;
	size_t i;

	for (i = 0; i < 5 && !lex_is(word, names[i]); i++)
		;
	*is = i < 5;
	if (!*is)
		return true;
	/* MODSEQ "/flags/\\x" all n: one MODSEQ is for all of a message. */
	if (i == 4 && lex_string(at, &entry) && !lex_word(at, "all") &&
	    !lex_word(at, "priv") && !lex_word(at, "shared"))
		return false;
	if (!lex_number(at, i == 4 ? INT64_MAX : UINT32_MAX, &v))
		return false;
	if (i == 2 || i == 3) {
		if (v == 0)
			return false;
		if (i == 3)
			put(c, FIND_NOT);
		put(c, FIND_BEFORE);
		chan_put_i64(&c->prog, clock_wall_s() - (int64_t)v + 1);
		return true;
	}
	put(c, i == 0 ? FIND_LARGER : i == 1 ? FIND_SMALLER : FIND_MODSEQ);
	chan_put_u64(&c->prog, v);
	if (i == 4)
		c->modseq = true;
	return true;
}

/* RFC 8474 section 6; what none of ours is, finds nothing. */
static bool
object_key(struct search *c, struct lex_at *at, const struct lex_str *word,
    bool *is)
{
	bool thread = lex_is(word, "THREADID");
	size_t n = thread ? VIEW_ROOT : VIEW_HASH;
	uint8_t octets[VIEW_HASH];
	struct lex_str id;

	*is = thread || lex_is(word, "EMAILID");
	if (!*is)
		return true;
	if (!lex_astring(at, &id) || !objectid_ok(&id))
		return false;
	if (objectid_parse(&id, thread ? OBJECTID_THREAD : OBJECTID_EMAIL,
	    octets, n)) {
		put(c, thread ? FIND_ROOT : FIND_HASH);
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
several(struct search *c, struct lex_at *at)
{
	size_t n_at = c->prog.len + 1;
	uint32_t n = 0;

	if (++c->depth > FIND_DEPTH_MAX / 2)
		return false;
	put(c, FIND_AND);
	chan_put_u32(&c->prog, 0);
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

static bool
tree_key(struct search *c, struct lex_at *at, const struct lex_str *word,
    bool *is)
{
	bool or = lex_is(word, "OR"), good;

	*is = or || lex_is(word, "NOT");
	if (!*is)
		return true;
	if (++c->depth > FIND_DEPTH_MAX / 2)
		return false;
	put(c, or ? FIND_OR : FIND_NOT);
	good = one_key(c, at) && (!or || one_key(c, at));
	c->depth--;
	return good;
}

static bool
word_key(struct search *c, struct lex_at *at)
{
	bool (*const kinds[])(struct search *, struct lex_at *,
	    const struct lex_str *, bool *) = { tree_key, date_key,
	    string_key, number_key, object_key };
	struct lex_str word, set;
	bool is, good;
	size_t i;

	if (!lex_atom(at, &word))
		return false;
	if (flag_key(c, &word))
		return true;
	if (lex_is(&word, "KEYWORD") || lex_is(&word, "UNKEYWORD"))
		return keyword_key(c, at, lex_is(&word, "UNKEYWORD"));
	if (lex_is(&word, "UID"))
		return lex_atom(at, &set) && put_set(c, &set, true);
	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		good = kinds[i](c, at, &word, &is);
		if (is)
			return good;
	}
	if (strspn(word.p, "0123456789:,*$") != word.n)
		return false;
	return put_set(c, &word, false);
}

static bool
one_key(struct search *c, struct lex_at *at)
{
	if (c->nodes > FIND_NODES_MAX - 10)
		return false;
	if (lex_open(at))
		return several(c, at) && lex_close(at);
	return word_key(c, at);
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

/* As the client counts; all that it has not been told of is left out. */
static bool
as_seqs(struct session *s, const struct set *uids, struct set *seqs)
{
	uint32_t uid, seq;
	size_t i;

	for (i = 0; i < uids->n; i++)
		for (uid = uids->range[i].lo; uid <= uids->range[i].hi;
		    uid++) {
			seq = view_seq(s, uid);
			if (seq != 0 && !set_add(seqs, seq, seq))
				return false;
		}
	return true;
}

static void
answer(struct search *c)
{
	struct session *s = c->s;
	struct set seqs;

	set_init(&seqs);
	if (c->result & R_SAVE)
		search_save(c);
	if (s->uid || (view_map(s) && as_seqs(s, &c->found, &seqs))) {
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

	rc = c->prog.err != 0 ? STORE_TOOBIG :
	    view_search(c->words ? reader_with_index(s) : reader_of(s),
	    &s->reader, s->view.mbox,
	    s->view.uidnext, &c->prog, found, &c->found, &c->done);
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
