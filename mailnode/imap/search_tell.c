/* What was found: RFC 9051 section 7.3.4, RFC 4731, RFC 5267, RFC 9394. */
#include <string.h>

#include "mailnode/base/num.h"
#include "mailnode/imap/search.h"
#include "store/err.h"

bool
partial_parse(struct lex_at *at, struct partial *p)
{
	const char *s, *end, *colon;
	uint32_t a, b;

	if (!lex_atom(at, &p->text))
		return false;
	s = p->text.p;
	end = s + p->text.n;
	colon = memchr(s, ':', p->text.n);
	if (colon == NULL)
		return false;
	p->last = *s == '-';
	if (p->last != (colon + 1 < end && colon[1] == '-'))
		return false;
	if (num_u32(s + p->last, colon, 1, UINT32_MAX, &a) == -1 ||
	    num_u32(colon + 1 + p->last, end, 1, UINT32_MAX, &b) == -1)
		return false;
	p->lo = a < b ? a : b;
	p->hi = a < b ? b : a;
	return true;
}

bool
partial_of(const struct partial *p, const struct set *set, struct set *out)
{
	uint32_t n = set_count(set), hi = p->hi < n ? p->hi : n;

	return p->lo > hi || set_slice(set, p->last ? n - hi + 1 : p->lo,
	    hi - p->lo + 1, out);
}

static void
tell_plain(struct search *c, const char *name, const struct set *set)
{
	struct buf *b = &c->s->out;
	uint32_t v;
	size_t i;

	(void)buf_addf(b, "* %s", name);
	for (i = 0; i < set->n; i++)
		for (v = set->range[i].lo; v <= set->range[i].hi; v++) {
			(void)buf_addc(b, ' ');
			(void)buf_addu(b, v);
		}
	if (c->modseq && set->n > 0)
		(void)buf_addf(b, " (MODSEQ %llu)",
		    (unsigned long long)c->done.modseq);
	(void)buf_adds(b, "\r\n");
	send_out(c->s);
}

static void
put_partial(struct buf *b, const struct partial *p, const struct set *set)
{
	struct set some = { 0 };

	(void)buf_adds(b, " PARTIAL (");
	(void)buf_add(b, p->text.p, p->text.n);
	(void)buf_addc(b, ' ');
	if (!partial_of(p, set, &some) || some.n == 0)
		(void)buf_adds(b, "NIL");
	set_text(&some, b);
	set_clear(&some);
	(void)buf_addc(b, ')');
}

static void
put_result(struct buf *b, const char *name, uint64_t v)
{
	(void)buf_adds(b, name);
	(void)buf_addu(b, v);
}

static void
tell_extended(struct search *c, const struct set *set)
{
	unsigned int some = set->n > 0 ? c->result : 0;
	struct buf *b = &c->s->out;

	(void)buf_adds(b, "* ESEARCH (TAG ");
	put_string(b, c->s->tag, strlen(c->s->tag));
	(void)buf_adds(b, c->s->uid ? ") UID" : ")");
	if (some & R_MIN)
		put_result(b, " MIN ", set_first(set));
	if (some & R_MAX)
		put_result(b, " MAX ", set_last(set));
	if (c->result & R_COUNT)
		put_result(b, " COUNT ", set_count(set));
	if (c->modseq && set->n > 0)
		put_result(b, " MODSEQ ", c->done.modseq);
	if (c->result & R_PARTIAL)
		put_partial(b, &c->partial, set);
	if (some & R_ALL) {
		(void)buf_adds(b, " ALL ");
		set_text(set, b);
	}
	(void)buf_adds(b, "\r\n");
	send_out(c->s);
}

/* For "$".  RFC 5182 section 2.1, RFC 9394 section 3.4: what MIN, MAX and
 * PARTIAL name alone is all that is saved. */
static bool
save(struct search *c)
{
	unsigned int asked = c->result & ~(unsigned int)R_SAVE;
	struct set *to = &c->s->view.saved;
	bool good = true;

	to->n = 0;
	if (c->found.n == 0)
		return true;
	if (asked == 0 || asked & (R_ALL | R_COUNT))
		good = set_slice(&c->found, 1, UINT32_MAX, to);
	else {
		if (asked & R_PARTIAL)
			good = partial_of(&c->partial, &c->found, to);
		if (asked & R_MIN)
			good = set_note(to, set_first(&c->found)) && good;
		if (asked & R_MAX)
			good = set_note(to, set_last(&c->found)) && good;
	}
	set_order(to);
	return good;
}

bool
search_tell(struct search *c, uint16_t rc, const char *name)
{
	struct session *s = c->s;
	struct set seqs = { 0 };
	const struct set *set = s->uid ? &c->found : &seqs;
	bool good;

	if (rc == OP_OK && c->result & R_SAVE && !save(c))
		rc = STORE_NOMEM;
	good = search_well(c, rc) &&
	    (s->uid || view_seqs(s, &c->found, &seqs));
	if (!c->sorted)
		set_order(&seqs);	/* joins what touches */
	if (c->result == 0)
		c->result = R_ALL;
	if (good && !c->extended)
		tell_plain(c, name, set);
	else if (good && c->result != R_SAVE)
		tell_extended(c, set);
	set_clear(&seqs);
	return good;
}
