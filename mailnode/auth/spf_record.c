#define _GNU_SOURCE	/* memrchr */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/spf_macro.h"
#include "mailnode/auth/spf_record.h"
#include "mailnode/base/num.h"

static const char version[] = "v=spf1";

bool
spf_is_record(const char *p, size_t n)
{
	size_t len = sizeof version - 1;

	return n >= len && strncasecmp(p, version, len) == 0 &&
	    (n == len || p[len] == ' ');
}

static bool
alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
alnum(char c)
{
	return alpha(c) || (c >= '0' && c <= '9');
}

/* Section 12, toplabel: letters, digits, inner hyphens; not all digits. */
static bool
toplabel(const char *p, size_t n)
{
	bool other = false;
	size_t i;

	if (n == 0 || !alnum(p[0]) || !alnum(p[n - 1]))
		return false;
	for (i = 0; i < n; i++) {
		if (!alnum(p[i]) && p[i] != '-')
			return false;
		other = other || p[i] == '-' || alpha(p[i]);
	}
	return other;
}

/* macro-string domain-end, where domain-end is a toplabel or a macro. */
static bool
domain_spec(struct spf_text t)
{
	const char *dot;

	if (t.n == 0 || !spf_macro_ok(t.p, t.n, false))
		return false;
	if (t.p[t.n - 1] == '}')
		return true;
	if (t.p[t.n - 1] == '.')
		t.n--;
	dot = memrchr(t.p, '.', t.n);
	return dot != NULL && toplabel(dot + 1,
	    (size_t)(t.p + t.n - dot - 1));
}

/* Digits behind a slash, without leading zeros.  -1: none of that. */
static int
bits(const char *p, const char *end, uint32_t max, unsigned int *v)
{
	uint32_t n;

	if ((end - p > 1 && *p == '0') || num_u32(p, end, 0, max, &n) == -1)
		return -1;
	*v = n;
	return 0;
}

static const char *
last_slash(struct spf_text t)
{
	const char *p = t.p + t.n;

	while (p > t.p && p[-1] >= '0' && p[-1] <= '9')
		p--;
	return p > t.p && p[-1] == '/' ? p - 1 : NULL;
}

/* [ "/" bits ] [ "//" bits ] at the end of an a or mx; cut off *t. */
static int
dual_cidr(struct spf_text *t, struct spf_term *term)
{
	const char *slash = last_slash(*t), *end = t->p + t->n;

	if (slash != NULL && slash > t->p && slash[-1] == '/') {
		if (bits(slash + 1, end, 128, &term->cidr6) == -1)
			return -1;
		t->n = (size_t)(slash - 1 - t->p);
		slash = last_slash(*t);
		end = t->p + t->n;
	}
	if (slash != NULL) {
		if (bits(slash + 1, end, 32, &term->cidr4) == -1)
			return -1;
		t->n = (size_t)(slash - t->p);
	}
	return 0;
}

static int
network(struct spf_text t, struct spf_term *term)
{
	bool six = term->mech == SPF_IP6;
	const char *slash = memchr(t.p, '/', t.n);
	char ip[INET6_ADDRSTRLEN];

	if (slash != NULL) {
		if (bits(slash + 1, t.p + t.n, six ? 128 : 32, six ?
		    &term->cidr6 : &term->cidr4) == -1)
			return -1;
		t.n = (size_t)(slash - t.p);
	}
	if (t.n >= sizeof ip)
		return -1;
	memcpy(ip, t.p, t.n);
	ip[t.n] = '\0';
	return inet_pton(six ? AF_INET6 : AF_INET, ip, term->ip) == 1 ?
	    0 : -1;
}

static const struct {
	const char	*name;
	enum spf_mech	 mech;
	bool		 wants;		/* an argument */
	bool		 takes;		/* one, or a cidr */
} mechs[] = {
	{ "all", SPF_ALL, false, false },
	{ "include", SPF_INCLUDE, true, true },
	{ "a", SPF_A, false, true },
	{ "mx", SPF_MX, false, true },
	{ "ptr", SPF_PTR, false, true },
	{ "ip4", SPF_IP4, true, true },
	{ "ip6", SPF_IP6, true, true },
	{ "exists", SPF_EXISTS, true, true },
};

static const char *
argument(struct spf_term *t, struct spf_text arg, bool colon)
{
	static const char bad[] = "malformed mechanism";

	if (t->mech == SPF_IP4 || t->mech == SPF_IP6)
		return colon && network(arg, t) == 0 ? NULL : bad;
	if ((t->mech == SPF_A || t->mech == SPF_MX) &&
	    dual_cidr(&arg, t) == -1)
		return bad;
	if (!colon)
		return arg.n == 0 ? NULL : bad;
	if (!domain_spec(arg))
		return bad;
	t->domain = arg;
	return NULL;
}

static const char *
mechanism(struct spf_record *r, struct spf_text whole)
{
	struct spf_text w = whole, arg;
	struct spf_term *t;
	bool colon;
	size_t i, n;

	if (r->nterms == SPF_TERMS_MAX)
		return "too many mechanisms";
	t = &r->term[r->nterms];
	*t = (struct spf_term){ .qualifier = '+', .whole = whole,
	    .cidr4 = 32, .cidr6 = 128 };
	if (strchr("+-~?", *w.p) != NULL) {
		t->qualifier = *w.p++;
		w.n--;
	}
	for (n = 0; n < w.n && w.p[n] != ':' && w.p[n] != '/'; )
		n++;
	for (i = 0; i < sizeof mechs / sizeof mechs[0]; i++)
		if (strlen(mechs[i].name) == n &&
		    strncasecmp(w.p, mechs[i].name, n) == 0)
			break;
	if (i == sizeof mechs / sizeof mechs[0])
		return "unknown mechanism";
	t->mech = mechs[i].mech;
	colon = n < w.n && w.p[n] == ':';
	arg = (struct spf_text){ w.p + n + colon, w.n - n - colon };
	if ((mechs[i].wants && !colon) || (!mechs[i].takes && n < w.n))
		return "malformed mechanism";
	r->nterms++;
	return argument(t, arg, colon);
}

/* name "=" macro-string, where name begins with a letter. */
static const char *
modifier(struct spf_record *r, struct spf_text w, const char *eq)
{
	struct spf_text value = { eq + 1, (size_t)(w.p + w.n - eq - 1) };
	struct spf_text *known = NULL;
	size_t n = (size_t)(eq - w.p);

	if (n == 8 && strncasecmp(w.p, "redirect", n) == 0)
		known = &r->redirect;
	else if (n == 3 && strncasecmp(w.p, "exp", n) == 0)
		known = &r->exp;
	if (known == NULL)
		return spf_macro_ok(value.p, value.n, false) ? NULL :
		    "malformed modifier";
	if (known->n > 0)		/* section 6: at most once */
		return "a modifier twice";
	if (!domain_spec(value))
		return "malformed modifier";
	*known = value;
	return NULL;
}

static const char *
modifier_name_end(struct spf_text w)
{
	size_t i;

	for (i = 0; i < w.n && (alnum(w.p[i]) || strchr("-_.", w.p[i])); )
		i++;
	return i > 0 && i < w.n && w.p[i] == '=' && alpha(w.p[0]) ?
	    w.p + i : NULL;
}

const char *
spf_record_parse(struct spf_record *r, const char *p, size_t n)
{
	const char *end = p + n, *why = NULL, *eq;
	struct spf_text w;

	r->nterms = 0;
	r->redirect = r->exp = (struct spf_text){ NULL, 0 };
	for (p += sizeof version - 1; p < end && why == NULL; p += w.n) {
		while (p < end && *p == ' ')
			p++;
		for (w = (struct spf_text){ p, 0 }; p + w.n < end &&
		    p[w.n] != ' '; w.n++)
			if (p[w.n] < ' ' || p[w.n] >= 0x7f)
				return "octets beyond ASCII";
		if (w.n == 0)
			break;
		eq = modifier_name_end(w);
		why = eq != NULL ? modifier(r, w, eq) : mechanism(r, w);
	}
	return why;
}
