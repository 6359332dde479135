#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/filter/traits.h"

enum {
	SHORT_LABEL = 3,	/* as in co.uk, com.br */
	DIGITS_SEEN = 3,	/* of a local part; more are as many */
	DIGITS_DYNAMIC = 6,	/* in names given to dialled addresses */
	GAP = 5,		/* blanks that push something out of sight */
	HELO_MAX = 200,
	PROTOCOL_MAX = 12
};

/* ---- which fields say something of the author ---- */

struct known {
	const char	*name;		/* or how it begins: ends in '*' */
	enum traits_use	 use;
};

/* Of the transport, of lists, of mailboxes and of other filters; the most
 * frequent come first. */
static const struct known fields[] = {
	{ "received*", TRAITS_NOTHING }, { "date", TRAITS_NOTHING },
	{ "message-id", TRAITS_NAME }, { "in-reply-to", TRAITS_NAME },
	{ "references", TRAITS_NAME }, { "dkim-signature", TRAITS_NAME },
	{ "delivery-date", TRAITS_NOTHING }, { "delivered-*", TRAITS_NOTHING },
	{ "return-path", TRAITS_NOTHING }, { "envelope-*", TRAITS_NOTHING },
	{ "original-*", TRAITS_NOTHING }, { "old-*", TRAITS_NOTHING },
	{ "resent-*", TRAITS_NOTHING }, { "apparently-*", TRAITS_NOTHING },
	{ "list-*", TRAITS_NOTHING }, { "mailing-list", TRAITS_NOTHING },
	{ "sender", TRAITS_NOTHING }, { "errors-to", TRAITS_NOTHING },
	{ "precedence", TRAITS_NOTHING }, { "approved*", TRAITS_NOTHING },
	{ "lines", TRAITS_NOTHING }, { "content-length", TRAITS_NOTHING },
	{ "status", TRAITS_NOTHING }, { "replied", TRAITS_NOTHING },
	{ "forwarded", TRAITS_NOTHING }, { "xref", TRAITS_NOTHING },
	{ "newsgroups", TRAITS_NOTHING }, { "path", TRAITS_NOTHING },
	{ "nntp-*", TRAITS_NOTHING },
	{ "authentication-results*", TRAITS_NOTHING },
	{ "arc-*", TRAITS_NOTHING }, { "domainkey-*", TRAITS_NOTHING },
	{ NULL, TRAITS_WORDS }
};

/* Behind "X-". */
static const struct known x_fields[] = {
	{ "envelope-*", TRAITS_NOTHING }, { "original*", TRAITS_NOTHING },
	{ "apparently-*", TRAITS_NOTHING }, { "mailing-list", TRAITS_NOTHING },
	{ "list*", TRAITS_NOTHING }, { "mailman*", TRAITS_NOTHING },
	{ "been*", TRAITS_NOTHING }, { "loop*", TRAITS_NOTHING },
	{ "egroups*", TRAITS_NOTHING }, { "google-*", TRAITS_NOTHING },
	{ "gm-*", TRAITS_NOTHING }, { "approved*", TRAITS_NOTHING },
	{ "status", TRAITS_NOTHING }, { "keywords", TRAITS_NOTHING },
	{ "uid*", TRAITS_NOTHING }, { "mozilla-*", TRAITS_NOTHING },
	{ "evolution*", TRAITS_NOTHING }, { "folder*", TRAITS_NOTHING },
	{ "spam*", TRAITS_NOTHING }, { "virus*", TRAITS_NOTHING },
	{ "authentication-*", TRAITS_NOTHING },
	{ "mailscanner*", TRAITS_NOTHING }, { "scanned*", TRAITS_NOTHING },
	{ "amavis*", TRAITS_NOTHING }, { "bogosity", TRAITS_NOTHING },
	{ "dspam*", TRAITS_NOTHING }, { "crm114*", TRAITS_NOTHING },
	{ "rspamd*", TRAITS_NOTHING }, { "barracuda*", TRAITS_NOTHING },
	{ "sa-*", TRAITS_NOTHING }, { "ms-exchange-*", TRAITS_NOTHING },
	{ "microsoft-antispam*", TRAITS_NOTHING },
	{ "forefront*", TRAITS_NOTHING }, { "ymail*", TRAITS_NOTHING },
	{ "yahoo*", TRAITS_NOTHING }, { "getmail*", TRAITS_NOTHING },
	{ "label", TRAITS_NOTHING },
	{ NULL, TRAITS_NAME }
};

static enum traits_use
find(const struct known *k, const char *name, size_t n)
{
	size_t at;

	for (; k->name != NULL; k++) {
		for (at = 0; at < n && k->name[at] == name[at] &&
		    k->name[at] != '\0'; )
			at++;
		if (k->name[at] == '*' || (k->name[at] == '\0' && at == n))
			break;
	}
	return k->use;
}

enum traits_use
traits_use(const char *name, size_t n)
{
	if (n >= 2 && name[0] == 'x' && name[1] == '-')
		return find(x_fields, name + 2, n - 2);
	return find(fields, name, n);
}

/* ---- domains ---- */

static bool
in_domain(unsigned char c)
{
	return isalnum(c) || c == '.' || c == '-' || c >= 0x80;
}

/* What stands at p as a domain; returns the end of it. */
static const char *
take_domain(struct traits_domain *d, const char *p, const char *end)
{
	for (d->n = 0; p < end && in_domain((unsigned char)*p); p++)
		if (d->n < sizeof d->text)
			d->text[d->n++] = (char)tolower((unsigned char)*p);
	while (d->n > 0 && d->text[d->n - 1] == '.')
		d->n--;
	return p;
}

/* Of the address of a field: the one in angle brackets if there are. */
static void
address_domain(struct traits_domain *d, const char *p, size_t n)
{
	const char *end = p + n, *angle = memchr(p, '<', n), *at;

	if (angle != NULL && memchr(angle, '@', (size_t)(end - angle)))
		p = angle;
	at = memchr(p, '@', (size_t)(end - p));
	if (at != NULL)
		(void)take_domain(d, at + 1, end);
}

/* Where the part begins that somebody registered, near enough: two labels,
 * three when the second is as short as in co.uk. */
static size_t
registered(const struct traits_domain *d)
{
	size_t i, last = d->n, labels = 0;

	for (i = d->n; i-- > 0; ) {
		if (d->text[i] != '.')
			continue;
		if (++labels == 1)
			last = i;
		else if (labels == 3 || last - i - 1 > SHORT_LABEL)
			return i + 1;
	}
	return 0;
}

static const char *
relation(const struct traits_domain *a, const struct traits_domain *b)
{
	size_t x, y;

	if (a->n == 0 || b->n == 0)
		return "none";
	if (a->n == b->n && memcmp(a->text, b->text, a->n) == 0)
		return "same";
	x = registered(a);
	y = registered(b);
	return a->n - x == b->n - y && memcmp(a->text + x, b->text + y,
	    a->n - x) == 0 ? "related" : "other";
}

/* ---- tokens ---- */

static void
put(struct tokens *t, const char *name, const char *value)
{
	size_t n = strlen(name), k = strlen(value);
	char text[TOKEN_NAME_MAX + 8];	/* room to read eight */

	memcpy(text, name, n);
	text[n++] = '=';
	k = k < TOKEN_NAME_MAX - n ? k : TOKEN_NAME_MAX - n;
	memcpy(text + n, value, k);
	tokens_put_room(t, TOKEN_HEAD, text, n + k);
}

static void
put_number(struct tokens *t, const char *name, unsigned int n)
{
	char value[3] = { (char)('0' + n / 10 % 10), (char)('0' + n % 10) };

	put(t, name, n < 10 ? value + 1 : value);
}

/* 0, 1, 2-3, 4-7 … */
static unsigned int
magnitude(size_t n)
{
	unsigned int k = 0;

	for (; n > 0; n >>= 1)
		k++;
	return k;
}

/* ---- fields ---- */

/* The name before an address, and digits in its local part. */
static void
from(struct tokens *t, const char *p, size_t n)
{
	const char *end = p + n, *at = memchr(p, '@', n), *q;
	unsigned int digits = 0;

	while (p < end && isspace((unsigned char)*p))
		p++;
	put(t, "from", memchr(p, '<', (size_t)(end - p)) == NULL ? "bare" :
	    *p == '<' ? "nameless" : *p == '"' ? "quoted" : "named");
	if (at == NULL)
		return;
	for (q = at; q > p && q[-1] != '<' && q[-1] != '"' &&
	    !isspace((unsigned char)q[-1]); q--)
		digits += isdigit((unsigned char)q[-1]) != 0;
	put_number(t, "from-digits", digits < DIGITS_SEEN ? digits :
	    DIGITS_SEEN);
	put_number(t, "from-length", magnitude((size_t)(at - q)));
}

static bool
has_gap(const char *p, const char *end)
{
	unsigned int n = 0;

	for (; p < end && n < GAP; p++)
		n = *p == ' ' ? n + 1 : 0;
	return n == GAP;
}

static void
subject(struct traits *x, struct tokens *t, const char *p, size_t n)
{
	const char *end = p + n, *q;
	unsigned int upper = 0, lower = 0;
	char last[2] = "a";

	x->has_subject = true;
	while (p < end && isspace((unsigned char)*p))
		p++;
	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	for (q = p; q < end; q++) {
		upper += isupper((unsigned char)*q) != 0;
		lower += islower((unsigned char)*q) != 0;
	}
	x->has_re = end - p > 3 && strncasecmp(p, "re:", 3) == 0;
	if (upper + lower > 0)
		put_number(t, "subject-capitals", 4 * upper /
		    (upper + lower));
	put_number(t, "subject-length", magnitude((size_t)(end - p)));
	if (end > p && isdigit((unsigned char)end[-1]))
		last[0] = '0';
	else if (end > p && ispunct((unsigned char)end[-1]))
		last[0] = end[-1];
	put(t, "subject-end", end > p ? last : "");
	if (has_gap(p, end))
		put(t, "subject", "gap");
}

static inline bool
named(const char *name, size_t n, const char *what)
{
	return n == strlen(what) && memcmp(name, what, n) == 0;
}

static void
recipients(struct traits *x, const char *p, size_t n)
{
	const char *end = p + n;

	while ((p = memchr(p, '@', (size_t)(end - p))) != NULL) {
		x->recipients++;
		p++;
	}
}

void
traits_field(struct traits *x, struct tokens *t, const char *name,
    size_t nname, const char *p, size_t n)
{
	if (named(name, nname, "from")) {
		address_domain(&x->from, p, n);
		from(t, p, n);
	} else if (named(name, nname, "reply-to"))
		address_domain(&x->reply, p, n);
	else if (named(name, nname, "to") || named(name, nname, "cc")) {
		if (x->to.n == 0)
			address_domain(&x->to, p, n);
		recipients(x, p, n);
	} else if (named(name, nname, "message-id"))
		address_domain(&x->id, p, n);
	else if (named(name, nname, "subject"))
		subject(x, t, p, n);
	else if (named(name, nname, "in-reply-to") ||
	    named(name, nname, "references"))
		x->answers = true;
	else if (named(name, nname, "received")) {
		x->origin = p;
		x->norigin = n < TRAITS_FIELD_MAX ? n : TRAITS_FIELD_MAX;
	}
}

/* ---- the first hop: "from HELO (NAME [ADDRESS]) … with PROTOCOL" ---- */

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && isspace((unsigned char)*p))
		p++;
	return p;
}

static const char *
form_of(const char *p, const char *end)
{
	unsigned int digits = 0, dots = 0;
	const char *q;

	if (p < end && *p == '[')
		return "literal";
	for (q = p; q < end; q++) {
		digits += isdigit((unsigned char)*q) != 0;
		dots += *q == '.';
	}
	if (dots == 0)
		return "bare";
	return digits + dots == (unsigned int)(end - p) ? "address" :
	    digits >= DIGITS_DYNAMIC ? "dynamic" : "name";
}

/* How the name that DNS has for it stands to the name it gave. */
static const char *
reverse_of(const struct traits_domain *helo, const char *p, const char *end)
{
	struct traits_domain d;
	const char *at;

	p = skip_space(p, end);
	if (p == end || *p != '(')
		return "none";
	p++;
	at = memchr(p, '@', (size_t)(end - p) < HELO_MAX ?
	    (size_t)(end - p) : HELO_MAX);
	if (at != NULL && memchr(p, ' ', (size_t)(at - p)) == NULL)
		p = at + 1;
	if (p < end && (*p == '[' || isdigit((unsigned char)*p)))
		return "none";
	(void)take_domain(&d, p, end);
	if (d.n == 7 && memcmp(d.text, "unknown", 7) == 0)
		return "unknown";
	return d.n == 4 && memcmp(d.text, "helo", 4) == 0 ? "helo" :
	    relation(helo, &d);
}

static void
protocol(struct tokens *t, const char *p, const char *end)
{
	char name[PROTOCOL_MAX];
	size_t n = 0;

	for (; end - p > 6; p++)
		if (isspace((unsigned char)*p) &&
		    strncasecmp(p + 1, "with ", 5) == 0)
			break;
	if (end - p <= 6)
		return;
	for (p += 6; p < end && isalnum((unsigned char)*p) &&
	    n + 1 < sizeof name; p++)
		name[n++] = (char)tolower((unsigned char)*p);
	name[n] = '\0';
	put(t, "first-hop-with", name);
}

static void
first_hop(const struct traits *x, struct tokens *t)
{
	const char *p = x->origin, *end, *q;
	char text[TOKEN_NAME_MAX];
	struct traits_domain helo;

	if (p == NULL) {
		put(t, "first-hop", "none");
		return;
	}
	end = p + x->norigin;
	protocol(t, p, end);
	p = skip_space(p, end);
	if (end - p < 5 || strncasecmp(p, "from ", 5) != 0) {
		put(t, "first-hop", "local");
		return;
	}
	p = skip_space(p + 5, end);
	for (q = p; q < end && !isspace((unsigned char)*q) && *q != '('; )
		q++;
	(void)take_domain(&helo, p, q);
	(void)snprintf(text, sizeof text, "%s/%s", form_of(p, q),
	    reverse_of(&helo, q, end));
	put(t, "first-hop", text);
}

void
traits_end(const struct traits *x, struct tokens *t)
{
	put(t, "from/reply-to", relation(&x->from, &x->reply));
	put(t, "from/message-id", relation(&x->from, &x->id));
	put(t, "from/to", relation(&x->from, &x->to));
	put_number(t, "recipients", magnitude(x->recipients));
	if (x->has_subject)
		put(t, "re", x->has_re ? x->answers ? "answer" : "claimed" :
		    x->answers ? "other" : "no");
	first_hop(x, t);
}
