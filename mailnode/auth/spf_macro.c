#include <stdio.h>
#include <string.h>

#include "mailnode/auth/spf_macro.h"

enum { PARTS_MAX = 128 };	/* labels of a macro's value */

struct macro {
	char		 letter;	/* lower case */
	bool		 escape;	/* it was upper case */
	unsigned int	 keep;		/* parts from the right; 0: all */
	bool		 reverse;
	char		 delimiters[8];
};

/* "{" letter [digits] ["r"] *delimiter "}" at *p, which moves behind it. */
static int
macro(const char **pp, const char *end, bool exp, struct macro *m)
{
	static const char all[] = ".-+,/_=";
	const char *p = *pp + 1;
	size_t n = 0;

	memset(m, 0, sizeof *m);
	if (p == end)
		return -1;
	m->escape = *p >= 'A' && *p <= 'Z';
	m->letter = (char)(*p++ | 0x20);
	if (strchr(exp ? "slodiphvcrt" : "slodiphv", m->letter) == NULL)
		return -1;
	for (; p < end && *p >= '0' && *p <= '9'; p++, n = 1)
		if (m->keep < PARTS_MAX)
			m->keep = m->keep * 10 + (unsigned int)(*p - '0');
	if (n == 1 && m->keep == 0)	/* section 7.1: not zero */
		return -1;
	if (p < end && (*p == 'r' || *p == 'R')) {
		m->reverse = true;
		p++;
	}
	for (n = 0; p < end && *p != '}'; p++) {
		if (*p == '\0' || strchr(all, *p) == NULL)
			return -1;
		if (strchr(m->delimiters, *p) == NULL &&
		    n < sizeof m->delimiters - 1)
			m->delimiters[n++] = *p;
	}
	if (p == end)
		return -1;
	if (n == 0)
		m->delimiters[0] = '.';
	*pp = p + 1;
	return 0;
}

static const char *
value_of(const struct spf_names *v, char letter, char number[24])
{
	switch (letter) {
	case 's':
		return v->sender;
	case 'l':
		return v->local;
	case 'o':
		return v->sender_domain;
	case 'd':
		return v->domain;
	case 'i':
		return v->ip_dotted;
	case 'p':
		return v->validated(v->arg);
	case 'v':
		return v->six ? "ip6" : "in-addr";
	case 'h':
		return v->helo;
	case 'c':
		return v->ip;
	case 'r':
		return v->receiver;
	default:
		snprintf(number, 24, "%lld", (long long)v->now_s);
		return number;
	}
}

/* Section 7.3: what is not unreserved (RFC 3986) is escaped. */
static void
put(struct buf *b, const char *p, size_t n, bool escape)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!escape || (p[i] >= 'a' && p[i] <= 'z') ||
		    (p[i] >= 'A' && p[i] <= 'Z') ||
		    (p[i] >= '0' && p[i] <= '9') ||
		    (p[i] != '\0' && strchr("-._~", p[i]) != NULL))
			buf_addc(b, p[i]);
		else
			buf_addf(b, "%%%02X", (uint8_t)p[i]);
}

static void
transform(const struct macro *m, const char *value, struct buf *b)
{
	const char *part[PARTS_MAX];
	size_t len[PARTS_MAX], n = 0, i, k, first;

	for (;;) {
		if (n == PARTS_MAX)
			break;
		part[n] = value;
		len[n] = strcspn(value, m->delimiters);
		value += len[n];
		n++;
		if (*value++ == '\0')
			break;
	}
	first = m->keep > 0 && m->keep < n ? n - m->keep : 0;
	for (i = first; i < n; i++) {
		/* Reversed first, then the right-most are kept. */
		k = m->reverse ? n - 1 - i : i;
		if (i > first)
			buf_addc(b, '.');
		put(b, part[k], len[k], m->escape);
	}
}

/* With v NULL: only checked. */
static int
walk(const struct spf_names *v, const char *p, const char *end, bool exp,
    struct buf *b)
{
	char number[24];
	struct macro m;

	while (p < end) {
		if (*p != '%') {
			if (*p < (exp ? ' ' : '!') || *p >= 0x7f)
				return -1;
			if (v != NULL)
				buf_addc(b, *p);
			p++;
			continue;
		}
		if (++p == end)
			return -1;
		if (*p == '{') {
			if (macro(&p, end, exp, &m) == -1)
				return -1;
			if (v != NULL)
				transform(&m, value_of(v, m.letter, number),
				    b);
			continue;
		}
		if (*p == '\0' || strchr("%_-", *p) == NULL)
			return -1;
		if (v != NULL)
			buf_adds(b, *p == '%' ? "%" : *p == '_' ? " " :
			    "%20");
		p++;
	}
	return v != NULL && b->err != 0 ? -1 : 0;
}

bool
spf_macro_ok(const char *p, size_t n, bool exp)
{
	return walk(NULL, p, p + n, exp, NULL) == 0;
}

int
spf_macro_expand(const struct spf_names *v, const char *p, size_t n, bool exp,
    struct buf *b)
{
	return walk(v, p, p + n, exp, b);
}
