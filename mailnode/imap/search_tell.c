/* What was found: RFC 9051 section 7.3.4, RFC 4731, RFC 5267, RFC 9394. */
#include <string.h>

#include "mailnode/base/num.h"
#include "mailnode/imap/search.h"

/* ---- PARTIAL ---- */

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

void
partial_range(const struct partial *p, size_t n, size_t *from, size_t *to)
{
	size_t lo = p->lo - 1 < n ? p->lo - 1 : n;
	size_t hi = p->hi < n ? p->hi : n;

	*from = p->last ? n - hi : lo;
	*to = p->last ? n - lo : hi;
}

bool
partial_of(const struct partial *p, const struct set *set, struct set *out)
{
	size_t from, to, at = 0, i;
	uint32_t lo, hi;
	uint64_t n;

	partial_range(p, (size_t)set_count(set), &from, &to);
	for (i = 0; i < set->n && at < to; i++, at += (size_t)n) {
		lo = set->range[i].lo;
		hi = set->range[i].hi;
		n = (uint64_t)hi - lo + 1;
		if (at + n <= from)
			continue;
		if (at + n > to)
			hi = lo + (uint32_t)(to - at) - 1;
		if (at < from)
			lo += (uint32_t)(from - at);
		if (!set_add(out, lo, hi))
			return false;
	}
	return true;
}

/* ---- numbers that ascend, and others ---- */

struct numbers {
	const struct set *set;		/* or: */
	const uint32_t	*v;
	size_t		 n;
};

static uint32_t
first(const struct numbers *x)
{
	return x->set != NULL ? x->set->range[0].lo : x->v[0];
}

static uint32_t
last(const struct numbers *x)
{
	return x->set != NULL ? set_last(x->set) : x->v[x->n - 1];
}

static void
put_list(struct buf *b, const uint32_t *v, size_t n, char between)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i > 0 || between == ' ')
			(void)buf_addc(b, between);
		put_number(b, v[i]);
	}
}

static void
put_plain(struct buf *b, const struct numbers *x)
{
	uint32_t v;
	size_t i;

	if (x->set == NULL)
		put_list(b, x->v, x->n, ' ');
	for (i = 0; x->set != NULL && i < x->set->n; i++)
		for (v = x->set->range[i].lo; v <= x->set->range[i].hi; v++) {
			(void)buf_addc(b, ' ');
			put_number(b, v);
		}
}

static void
tell_plain(struct search *c, const char *name, const struct numbers *x)
{
	struct buf *b = &c->s->out;

	(void)buf_addf(b, "* %s", name);
	put_plain(b, x);
	if (c->modseq && x->n > 0)
		(void)buf_addf(b, " (MODSEQ %llu)",
		    (unsigned long long)c->done.modseq);
	(void)buf_adds(b, "\r\n");
	send_out(c->s);
}

static void
put_partial(struct buf *b, const struct partial *p, const struct numbers *x)
{
	struct set some;
	size_t from, to;

	partial_range(p, x->n, &from, &to);
	(void)buf_adds(b, " PARTIAL (");
	(void)buf_add(b, p->text.p, p->text.n);
	(void)buf_addc(b, ' ');
	set_init(&some);
	if (from == to)
		(void)buf_adds(b, "NIL");
	else if (x->set == NULL)
		put_list(b, x->v + from, to - from, ',');
	else if (partial_of(p, x->set, &some))
		put_ranges(b, &some);
	set_clear(&some);
	(void)buf_addc(b, ')');
}

static void
tell_extended(struct search *c, const struct numbers *x)
{
	struct buf *b = &c->s->out;

	(void)buf_adds(b, "* ESEARCH (TAG ");
	put_string(b, c->s->tag, strlen(c->s->tag));
	(void)buf_adds(b, c->s->uid ? ") UID" : ")");
	if (c->result & R_MIN && x->n > 0)
		(void)buf_addf(b, " MIN %u", (unsigned int)first(x));
	if (c->result & R_MAX && x->n > 0)
		(void)buf_addf(b, " MAX %u", (unsigned int)last(x));
	if (c->result & R_COUNT)
		(void)buf_addf(b, " COUNT %zu", x->n);
	if (c->modseq && x->n > 0)
		(void)buf_addf(b, " MODSEQ %llu",
		    (unsigned long long)c->done.modseq);
	if (c->result & R_PARTIAL)
		put_partial(b, &c->partial, x);
	if (c->result & R_ALL && x->n > 0) {
		(void)buf_adds(b, " ALL ");
		if (x->set != NULL)
			put_ranges(b, x->set);
		else
			put_list(b, x->v, x->n, ',');
	}
	(void)buf_adds(b, "\r\n");
	send_out(c->s);
}

static void
tell(struct search *c, const char *name, const struct numbers *x)
{
	if (!c->extended)
		tell_plain(c, name, x);
	else if (c->result != R_SAVE) {
		if ((c->result & ~(unsigned int)R_SAVE) == 0)
			c->result |= R_ALL;
		tell_extended(c, x);
	}
}

void
search_tell(struct search *c, const char *name, const struct set *set)
{
	tell(c, name, &(struct numbers){ .set = set,
	    .n = (size_t)set_count(set) });
}

void
search_tell_list(struct search *c, const char *name, const uint32_t *v,
    size_t n)
{
	tell(c, name, &(struct numbers){ .v = v, .n = n });
}

/* RFC 5182 section 2.1, RFC 9394 section 3.4: what MIN, MAX and PARTIAL name
 * alone is all that is saved. */
void
search_save(struct search *c)
{
	struct set *to = &c->s->view.saved, some;
	const struct set *all = &c->found;
	unsigned int asked = c->result & ~(unsigned int)R_SAVE;
	uint32_t lo, hi;
	size_t i;

	to->n = 0;
	if (all->n == 0)
		return;
	lo = all->range[0].lo;
	hi = set_last(all);
	set_init(&some);
	if (asked == 0 || asked & (R_ALL | R_COUNT))
		(void)partial_of(&(struct partial){ .lo = 1,
		    .hi = UINT32_MAX }, all, to);
	else {
		if (asked & R_MIN)
			(void)set_add(to, lo, lo);
		if (asked & R_PARTIAL && partial_of(&c->partial, all, &some))
			for (i = 0; i < some.n; i++)
				(void)set_add(to, some.range[i].lo,
				    some.range[i].hi);
		if (asked & R_MAX)
			(void)set_add(to, hi, hi);
	}
	set_clear(&some);
}
