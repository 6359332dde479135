#include <string.h>
#include <strings.h>

#include "mailnode/auth/dmarc_record.h"

struct text {
	const char	*p, *end;
};

static void
trim(struct text *t)
{
	while (t->p < t->end && strchr(" \t\r\n", *t->p) != NULL &&
	    *t->p != '\0')
		t->p++;
	while (t->end > t->p && strchr(" \t\r\n", t->end[-1]) != NULL &&
	    t->end[-1] != '\0')
		t->end--;
}

static bool
is(struct text t, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(t.end - t.p) == n && strncasecmp(t.p, s, n) == 0;
}

/* The next "name=value" of *rest; false when there is none. */
static bool
next_tag(struct text *rest, struct text *name, struct text *value)
{
	const char *semi, *eq, *stop;

	while (rest->p < rest->end) {
		semi = memchr(rest->p, ';', (size_t)(rest->end - rest->p));
		stop = semi != NULL ? semi : rest->end;
		eq = memchr(rest->p, '=', (size_t)(stop - rest->p));
		*name = (struct text){ rest->p, eq != NULL ? eq : stop };
		*value = (struct text){ eq != NULL ? eq + 1 : stop, stop };
		rest->p = semi != NULL ? semi + 1 : rest->end;
		trim(name);
		trim(value);
		if (eq != NULL)
			return true;
	}
	return false;
}

/* The version is the first tag, and its value matters in case. */
bool
dmarc_is_record(const char *p, size_t n)
{
	struct text rest = { p, p + n }, name, value;
	const char *semi = memchr(p, ';', n);

	if (semi != NULL)
		rest.end = semi;
	return next_tag(&rest, &name, &value) && is(name, "v") &&
	    value.end - value.p == 6 && memcmp(value.p, "DMARC1", 6) == 0;
}

static void
policy(struct dmarc_record *r, enum dmarc_policy *to, bool *has,
    struct text v)
{
	*has = true;
	if (is(v, "none"))
		*to = DMARC_POLICY_NONE;
	else if (is(v, "quarantine"))
		*to = DMARC_POLICY_QUARANTINE;
	else if (is(v, "reject"))
		*to = DMARC_POLICY_REJECT;
	else
		r->bad = true;
}

static bool
scheme_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (!first && ((c >= '0' && c <= '9') || c == '+' || c == '-' ||
	    c == '.'));
}

/* A scheme and something behind it: RFC 3986 section 3. */
static bool
uri(struct text t)
{
	const char *p = t.p;

	while (p < t.end && scheme_char(*p, p == t.p))
		p++;
	return p > t.p && t.end - p > 1 && *p == ':' &&
	    memchr(p, ' ', (size_t)(t.end - p)) == NULL;
}

static bool
any_uri(struct text list)
{
	const char *comma;
	struct text one;

	while (list.p < list.end) {
		comma = memchr(list.p, ',', (size_t)(list.end - list.p));
		one = (struct text){ list.p, comma != NULL ? comma :
		    list.end };
		trim(&one);
		if (uri(one))
			return true;
		list.p = comma != NULL ? comma + 1 : list.end;
	}
	return false;
}

static void
take(struct dmarc_record *r, struct text name, struct text v)
{
	if (is(name, "p"))
		policy(r, &r->p, &r->has_p, v);
	else if (is(name, "sp"))
		policy(r, &r->sp, &r->has_sp, v);
	else if (is(name, "np"))
		policy(r, &r->np, &r->has_np, v);
	else if (is(name, "adkim"))
		r->strict_dkim = is(v, "s");
	else if (is(name, "aspf"))
		r->strict_spf = is(v, "s");
	else if (is(name, "t"))
		r->testing = is(v, "y");
	else if (is(name, "psd"))
		r->psd = is(v, "y") ? DMARC_PSD_Y : is(v, "n") ?
		    DMARC_PSD_N : DMARC_PSD_U;
	else if (is(name, "rua"))
		r->reports = any_uri(v);
}

static bool
same(struct text a, struct text b)
{
	size_t n = (size_t)(a.end - a.p);

	return (size_t)(b.end - b.p) == n && strncasecmp(a.p, b.p, n) == 0;
}

bool
dmarc_record_parse(struct dmarc_record *r, const char *p, size_t n)
{
	struct text rest = { p, p + n }, value, name[DMARC_TAGS_MAX + 1];
	size_t i, k = 0;

	memset(r, 0, sizeof *r);
	while (next_tag(&rest, &name[k], &value)) {
		for (i = 0; i < k && !same(name[i], name[k]); i++)
			;
		if (i < k || k == DMARC_TAGS_MAX)
			return false;
		take(r, name[k++], value);
	}
	return true;
}

const char *
dmarc_policy_text(enum dmarc_policy p)
{
	static const char *const text[] = {
		[DMARC_POLICY_NONE] = "none",
		[DMARC_POLICY_QUARANTINE] = "quarantine",
		[DMARC_POLICY_REJECT] = "reject"
	};

	return text[p];
}
