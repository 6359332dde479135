#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/num.h"
#include "mailnode/filter/dnsbl.h"
#include "mailnode/node/idna.h"
#include "mailnode/node/net.h"

enum {
	TESTS_MAX = 3,		/* questions about the list itself */
	ASK_MAX = TESTS_MAX + DNSBL_NAMES
};

/* RFC 5782 section 5: what must be listed, and what must not. */
static const char test_v4[] = "2.0.0.127", clean_v4[] = "1.0.0.127";
#define V6_ZEROES "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
static const char test_v6[] = "2.0.0.0.0.0.f.7.f.f.f.f." V6_ZEROES;
static const char clean_v6[] = "1.0.0.0.0.0.f.7.f.f.f.f." V6_ZEROES;
static const char test_name[] = "test", clean_name[] = "invalid";

/* ---- what is looked up ---- */

void
dnsbl_subject_init(struct dnsbl_subject *s, const char *ip)
{
	/* Nobody can list what is private: RFC 1918, 4193, 4291. */
	static const char private[] = "10.0.0.0/8 172.16.0.0/12 "
	    "192.168.0.0/16 fc00::/7 fe80::/10";

	memset(s, 0, sizeof *s);
	if (ip != NULL && !net_match(ip, private))
		(void)snprintf(s->ip, sizeof s->ip, "%.45s", ip);
}

static bool
is_address(const char *name)
{
	uint8_t a[16];

	return inet_pton(AF_INET, name, a) == 1 || strchr(name, ':') != NULL;
}

static void
add_name(struct dnsbl_subject *s, const char *name, size_t n, size_t max)
{
	char ascii[DNS_NAME_MAX];
	size_t i;

	if (s->n >= max || idna_ascii(name, n, ascii) == -1 ||
	    strchr(ascii, '.') == NULL || is_address(ascii))
		return;
	for (i = 0; i < s->n; i++)
		if (strcmp(s->name[i], ascii) == 0)
			return;
	memcpy(s->name[s->n++], ascii, sizeof ascii);
}

void
dnsbl_subject_add(struct dnsbl_subject *s, const char *name, size_t n)
{
	add_name(s, name, n, DNSBL_NAMES);
}

static bool
in_host(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
}

/* After "//", perhaps behind "user@". */
static const uint8_t *
link_host(const uint8_t *p, const uint8_t *end, struct dnsbl_subject *s,
    size_t max)
{
	const uint8_t *from = p;

	while (p < end && in_host(*p) && p - from < DNS_NAME_MAX)
		p++;
	if (p < end && *p == '@') {
		from = ++p;
		while (p < end && in_host(*p) && p - from < DNS_NAME_MAX)
			p++;
	}
	if (p > from)
		add_name(s, (const char *)from, (size_t)(p - from), max);
	return p;
}

void
dnsbl_subject_links(struct dnsbl_subject *s, const uint8_t *p, size_t n)
{
	const uint8_t *end = n > 0 ? p + n : p, *at;
	size_t max = s->n + DNSBL_HOSTS;

	if (max > DNSBL_NAMES)
		max = DNSBL_NAMES;
	while (end - p > 2 && s->n < max) {
		at = memchr(p, ':', (size_t)(end - p - 2));
		if (at == NULL)
			break;
		p = at + 1;
		if (p[0] == '/' && p[1] == '/')
			p = link_host(p + 2, end, s, max);
	}
}

/* ---- answers ---- */

/* Spamhaus: 127.255.255.0/24; the others: 127.0.0.1; DBL, asked for an
 * address: 127.0.1.255. */
static bool
is_error(const uint8_t a[4])
{
	return a[0] != 127 || (a[1] == 255 && a[2] == 255) ||
	    (a[1] == 0 && a[2] == 0 && a[3] <= 1) ||
	    (a[1] == 0 && a[2] == 1 && a[3] == 255);
}

/* "127.0.0.4-7": the last octet up to 7. */
static bool
in_range(const char *p, size_t n, const uint8_t a[4])
{
	const char *dash = memchr(p, '-', n);
	char low[DNSBL_ANSWER];
	uint8_t b[4];
	uint32_t to;
	size_t k = dash != NULL ? (size_t)(dash - p) : n;

	if (dash == NULL || k >= sizeof low)
		return false;
	memcpy(low, p, k);
	low[k] = '\0';
	return num_u32(dash + 1, p + n, 0, 255, &to) == 0 &&
	    inet_pton(AF_INET, low, b) == 1 && memcmp(a, b, 3) == 0 &&
	    a[3] >= b[3] && a[3] <= to;
}

bool
dnsbl_counts(const char *answers, const uint8_t a[4])
{
	char text[INET_ADDRSTRLEN];
	const char *p;
	size_t n;

	if (is_error(a))
		return false;
	if (answers == NULL)
		return true;
	if (inet_ntop(AF_INET, a, text, sizeof text) != NULL &&
	    net_match(text, answers))
		return true;
	for (p = answers; *p != '\0'; p += n) {
		p += strspn(p, " ");
		n = strcspn(p, " ");
		if (in_range(p, n, a))
			return true;
	}
	return false;
}

/* ---- questions ---- */

/* About one list; names are made here. */
struct inquiry {
	const struct conf_dnsbl *list;
	char	name[ASK_MAX][2 * DNS_NAME_MAX];
	const char *what[ASK_MAX];	/* NULL: a test */
	size_t	n;
	struct dns_question *q;		/* n of them */
};

/* A name that is too long for the zone cannot be listed there. */
static void
put(struct inquiry *in, const char *of, size_t n, const char *what)
{
	char *name = in->name[in->n];

	(void)snprintf(name, sizeof in->name[0], "%.*s.%s", (int)n, of,
	    in->list->zone);
	if (!dns_name_ok(name))
		return;
	in->what[in->n++] = what;
}

static void
put_test(struct inquiry *in, const char *of)
{
	put(in, of, strlen(of), NULL);
}

/* "4.3.2.1", without the end that dns_reverse_name gives it. */
static void
put_address(struct inquiry *in, const char *ip)
{
	char reverse[DNS_NAME_MAX];
	char *end;
	bool v6 = strchr(ip, ':') != NULL;

	if (dns_reverse_name(ip, reverse, sizeof reverse) == -1)
		return;
	end = strstr(reverse, v6 ? ".ip6.arpa" : ".in-addr.arpa");
	put_test(in, v6 ? clean_v6 : clean_v4);
	put_test(in, test_v4);
	if (v6)
		put_test(in, test_v6);
	if (end != NULL)
		put(in, reverse, (size_t)(end - reverse), ip);
}

static void
inquire(struct inquiry *in, const struct conf_dnsbl *list,
    const struct dnsbl_subject *s)
{
	size_t i;

	in->list = list;
	in->n = 0;
	if (list->zone == NULL)
		return;
	if (list->kind == CONF_BY_ADDRESS) {
		if (s->ip[0] != '\0')
			put_address(in, s->ip);
		return;
	}
	if (s->n == 0)
		return;
	put_test(in, clean_name);
	put_test(in, test_name);
	for (i = 0; i < s->n; i++)
		put(in, s->name[i], strlen(s->name[i]), s->name[i]);
}

/* The first octets of an A record of the answer, or NULL. */
static const uint8_t *
address(const struct dns_answer *a)
{
	return a->class == DNS_OK && a->nrr > 0 && a->rr[0].len == 4 ?
	    a->rr[0].data : NULL;
}

/* Are the test entries as they must be?  The first is what nobody lists. */
static enum dnsbl_state
state_of(const struct inquiry *in)
{
	enum dnsbl_state st = DNSBL_NOTHING;
	const uint8_t *p;
	size_t i;

	if (in->q[0].answer.class == DNS_TEMPFAIL)
		return DNSBL_UNKNOWN;
	p = address(&in->q[0].answer);
	if (p != NULL)
		return p[0] == 127 && is_error(p) ? DNSBL_REFUSES :
		    DNSBL_EVERYTHING;
	for (i = 1; i < in->n && in->what[i] == NULL; i++) {
		p = address(&in->q[i].answer);
		if (p != NULL && !is_error(p))
			return DNSBL_GOOD;
		if (p != NULL)
			st = DNSBL_REFUSES;
		else if (in->q[i].answer.class == DNS_TEMPFAIL &&
		    st == DNSBL_NOTHING)
			st = DNSBL_UNKNOWN;
	}
	return st;
}

static void
note(struct dnsbl_result *r, const uint8_t a[4], const char *what)
{
	(void)inet_ntop(AF_INET, a, r->answer, sizeof r->answer);
	(void)snprintf(r->what, sizeof r->what, "%.*s", DNS_NAME_MAX - 1,
	    what);
}

static void
conclude(const struct inquiry *in, struct dnsbl_result *r)
{
	const struct dns_answer *a;
	size_t i, k;

	r->state = DNSBL_GOOD;
	if (in->n == 0)
		return;
	r->state = state_of(in);
	for (i = 0; i < in->n && !r->listed; i++) {
		a = &in->q[i].answer;
		if (in->what[i] == NULL || a->class != DNS_OK)
			continue;
		for (k = 0; k < a->nrr && !r->listed; k++) {
			if (a->rr[k].len != 4)
				continue;
			note(r, a->rr[k].data, in->what[i]);
			r->listed = dnsbl_counts(in->list->answers,
			    a->rr[k].data);
		}
	}
	/* An error code is no listing, and the list is no witness. */
	if (r->state != DNSBL_GOOD)
		r->listed = false;
}

static void
begin(struct inquiry *in, struct dns_question *q)
{
	size_t i;

	in->q = q;
	for (i = 0; i < in->n; i++) {
		q[i] = (struct dns_question){ .type = DNS_A,
		    .name = in->name[i] };
		dns_answer_init(&q[i].answer);
	}
}

void
dnsbl_check(const struct conf_dnsbl *lists, size_t n,
    const struct dnsbl_subject *s, struct lookup *l, struct dnsbl_verdict *v)
{
	struct dns_question q[DNSBL_LISTS * ASK_MAX];
	struct inquiry in[DNSBL_LISTS];
	size_t i, at = 0, part;

	memset(v, 0, sizeof *v);
	v->n = n < DNSBL_LISTS ? n : DNSBL_LISTS;
	for (i = 0; i < v->n; i++) {
		inquire(&in[i], &lists[i], s);
		begin(&in[i], q + at);
		at += in[i].n;
	}
	for (i = 0; i < at; i += part) {
		part = at - i < DNS_ASK_MANY ? at - i : DNS_ASK_MANY;
		lookup_many(l, "dnsbl", q + i, part);
	}
	for (i = 0; i < v->n; i++) {
		conclude(&in[i], &v->list[i]);
		v->refuse |= v->list[i].listed &&
		    lists[i].then == CONF_LIST_REFUSE;
		v->junk |= v->list[i].listed;
	}
	for (i = 0; i < at; i++)
		dns_answer_clear(&q[i].answer);
}

void
dnsbl_ahead(int ch, struct memo *memo, const struct conf_dnsbl *lists,
    size_t n, const struct dnsbl_subject *s)
{
	struct dns_question q[ASK_MAX];
	struct inquiry in;
	size_t i;

	for (i = 0; i < n && i < DNSBL_LISTS; i++) {
		inquire(&in, &lists[i], s);
		begin(&in, q);
		lookup_ahead(ch, memo, q, in.n);
	}
}

/* ---- telling ---- */

const char *
dnsbl_state_text(enum dnsbl_state s)
{
	static const char *const text[] = {
		[DNSBL_GOOD] = NULL,
		[DNSBL_EVERYTHING] = "lists everything",
		[DNSBL_NOTHING] = "does not list its test entry",
		[DNSBL_REFUSES] = "refuses our resolver",
		[DNSBL_UNKNOWN] = "does not answer"
	};

	return text[s];
}

void
dnsbl_line(const struct conf_dnsbl *lists, const struct dnsbl_verdict *v,
    struct buf *line)
{
	const struct dnsbl_result *r;
	size_t i;

	for (i = 0; i < v->n; i++) {
		r = &v->list[i];
		if (r->listed)
			buf_addf(line, " dnsbl=%s(%s:%s)", lists[i].zone,
			    r->what, r->answer);
		else if (r->state != DNSBL_GOOD)
			buf_addf(line, " dnsbl=%s(%s)", lists[i].zone,
			    dnsbl_state_text(r->state));
	}
}
