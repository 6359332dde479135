#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/from.h"
#include "mailnode/base/quote.h"
#include "mailnode/node/idna.h"

enum { ADDRESS_MAX = FROM_NAME_MAX };	/* octets of one, or of a name; a
					   longer address is bad */

enum { BLANKS_MAX = 8 };	/* in a row, of a quoted string */

/*
 * An address gathers in text, without comments and blanks and with quoted
 * strings as they stand; at its end what is behind its last "@" is asked
 * for.  A quote or comment that never ends is an ordinary octet, and so are
 * all after it: nobody scans twice.
 *
 * Readers show what is no address as one, each in its way ("me@a.test>",
 * "me@a.test x", "<x@b.test>me@a.test"): there every domain behind an "@"
 * is an author's.
 */
struct scan {
	struct from	*f;
	const char	*p, *end;
	const char	*from;		/* where this mailbox begins */
	char		 text[ADDRESS_MAX];
	size_t		 n, at;		/* at: behind the last "@" outside
					   quotes; 0: none */
	size_t		 ats;		/* such "@" */
	size_t		 gap;		/* of the domain, what is from here on
					   stood behind a blank; 0: nothing */
	bool		 blank;		/* one or a comment was the last */
	bool		 over;
	bool		 angle;		/* inside < > */
	bool		 had;		/* this mailbox had its < > */
	bool		 took;		/* and what has an "@" in it */
	bool		 no_quotes, no_comments;
	bool		 odd;		/* a control, a ">" or a quote without
					   end in what may be a display name */
};

void
from_init(struct from *f)
{
	memset(f, 0, sizeof *f);
}

static void
add_domain(struct from *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->ndomains; i++)
		if (strcmp(f->domain[i], name) == 0)
			return;
	if (f->ndomains == FROM_DOMAINS_MAX)
		f->more = true;
	else
		memcpy(f->domain[f->ndomains++], name, strlen(name) + 1);
}

static void
drop(struct scan *s)
{
	s->n = s->at = s->ats = s->gap = 0;
	s->over = s->blank = s->odd = false;
}

static void
lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s + 32);
}

static void
keep(const struct scan *s, const char *domain)
{
	struct from *f = s->f;

	if (snprintf(f->address, sizeof f->address, "%.*s%s", (int)s->at,
	    s->text, domain) >= (int)sizeof f->address) {
		f->address[0] = '\0';
		return;
	}
	lower(f->address);
	if (strcasecmp(s->text + s->at, domain) != 0 &&
	    snprintf(f->written, sizeof f->written, "%s", s->text) >=
	    (int)sizeof f->written)
		f->written[0] = '\0';
	lower(f->written);
}

static void
put(struct scan *s, char c)
{
	if (s->n == sizeof s->text - 1) {
		s->over = true;
		return;
	}
	s->text[s->n++] = c;
	s->text[s->n] = '\0';
}

/* Octets of a domain at p. */
static size_t
run(const char *p, const char *end)
{
	const char *q;
	uint8_t c;

	for (q = p; q < end; q++) {
		c = (uint8_t)*q;
		if (c < 0x80 && !(c >= '0' && c <= '9') &&
		    !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') &&
		    (c == '\0' || strchr("-._", c) == NULL))
			break;
	}
	return (size_t)(q - p);
}

static void
add_run(struct from *f, const char *p, const char *end)
{
	char name[DNS_NAME_MAX];
	size_t n;

	while (p < end && *p == '.')
		p++;
	for (n = run(p, end); n > 0 && p[n - 1] == '.'; )
		n--;
	if (idna_ascii(p, n, name) == 0)
		add_domain(f, name);
}

/* No address: the domains that somebody may see in it, who stops at a blank
 * and who does not. */
static void
malformed(struct scan *s)
{
	const char *end = s->text + s->n;
	bool quotes = true;
	size_t i, n;

	s->f->addresses++;
	s->f->bad = true;
	s->took |= s->at > 0 && !s->over;
	for (i = 0; i < s->n; i++) {
		if (quotes && s->text[i] == '"') {
			n = quote_octets(s->text + i, end);
			quotes = n > 0;
			i += quotes ? n - 1 : 0;
		}
		if (s->text[i] != '@')
			continue;
		if (s->gap > i)
			add_run(s->f, s->text + i + 1, s->text + s->gap);
		add_run(s->f, s->text + i + 1, end);
	}
	drop(s);
}

static void
take(struct scan *s)
{
	char name[DNS_NAME_MAX];

	if (s->over || s->ats != 1 || s->gap > 0 ||
	    run(s->text + s->at, s->text + s->n) < s->n - s->at ||
	    idna_ascii(s->text + s->at, s->n - s->at, name) == -1) {
		malformed(s);
		return;
	}
	s->took = true;
	s->f->addresses++;
	if (s->f->addresses == 1)
		keep(s, name);
	add_domain(s->f, name);
	drop(s);
}

/* A quoted string, kept as it stands, but for blanks that are there to push
 * out what follows; false: it is none. */
static bool
quoted(struct scan *s)
{
	size_t blanks = 0, n = s->no_quotes ? 0 : quote_octets(s->p, s->end);

	if (n == 0) {
		s->no_quotes = s->odd = true;
		return false;
	}
	for (; n > 0; n--, s->p++) {
		blanks = strchr(" \t\r\n", *s->p) != NULL ? blanks + 1 : 0;
		if (blanks <= BLANKS_MAX || *s->p == '\0')
			put(s, *s->p);
	}
	return true;
}

/* "ada@x.test (Ada)": behind an address it is its name (RFC 5322 appendix
 * A.5 has how it was done before there were others). */
static void
keep_comment(struct from *f, const char *p, size_t n)
{
	if (f->name[0] != '\0')
		return;
	if (n > sizeof f->name - 1)
		n = sizeof f->name - 1;
	memcpy(f->name, p, n);
	f->name[n] = '\0';
}

static bool
comment(struct scan *s)
{
	size_t n = s->no_comments ? 0 : comment_octets(s->p, s->end);

	if (n == 0) {
		s->no_comments = true;
		return false;
	}
	if (s->at > 0 && !s->angle && s->f->addresses == 0)
		keep_comment(s->f, s->p + 1, n - 2);
	s->p += n;
	s->blank = true;
	return true;
}

/* A mailbox without an address: readers show its name, be it quoted, or what
 * stands before a "<" that nothing follows. */
static void
shown(struct scan *s)
{
	const char *p;

	for (p = s->from; p < s->p; p++)
		if (*p == '@') {
			s->f->bad = true;
			add_run(s->f, p + 1, s->p);
		}
}

/* Between mailboxes: what has no < > is an address if it has an "@". */
static void
mailbox_ends(struct scan *s)
{
	if (s->n > 0 && (s->angle || (!s->had && s->at > 0)))
		take(s);
	else if (s->at > 0)
		malformed(s);
	if (!s->took)
		shown(s);
	drop(s);
	s->angle = s->had = s->took = false;
	s->from = s->p;
}

/* "me@a.test <x@b.test>": the name is an address and nothing else.  Where
 * more stands behind it there are readers that show it as the author. */
static bool
plain_name(const struct scan *s)
{
	return !s->odd && s->ats == 1 && s->gap == 0 &&
	    run(s->text + s->at, s->text + s->n) == s->n - s->at;
}

/* "@a.test", which "," and ":" end within < >: obs-route. */
static bool
route(const struct scan *s)
{
	return s->angle && s->text[0] == '@';
}

/* Without a character that was cut through. */
static size_t
whole(const char *p, size_t n)
{
	while (n > 0 && ((uint8_t)p[n - 1] & 0xc0) == 0x80)
		n--;
	return n > 0 && (uint8_t)p[n - 1] >= 0xc0 ? n - 1 : n;
}

static void
keep_name(struct scan *s)
{
	size_t n = s->n;

	while (s->over && n > 1 && (s->text[n - 2] != '?' ||
	    s->text[n - 1] != '='))
		n--;
	if (n <= 1)
		n = s->over ? whole(s->text, s->n) : s->n;
	memcpy(s->f->name, s->text, n);
	s->f->name[n] = '\0';
}

static void
special(struct scan *s, char c)
{
	switch (c) {
	case '<':
		if (s->at > 0 && (s->angle || !plain_name(s)))
			malformed(s);
		if (s->f->addresses == 0 && s->n > 0)
			keep_name(s);
		drop(s);		/* that was the display name */
		s->angle = true;
		s->had = true;
		break;
	case '>':
		if (!s->angle) {
			put(s, c);
			s->odd = true;
			break;
		}
		take(s);
		s->angle = false;
		break;
	case ':':
		/* A group's name, or the end of a source route. */
		if (s->at > 0 && !route(s))
			malformed(s);
		else if (!s->angle && s->f->addresses == 0 && s->n > 0)
			keep_name(s);
		drop(s);
		break;
	default:			/* , ; */
		if (s->angle && c == ',' && (s->at == 0 || route(s)))
			drop(s);	/* a source route goes on */
		else
			mailbox_ends(s);
		break;
	}
}

/* An octet of an address.  Blanks may stand around "." and "@" only. */
static void
plain(struct scan *s, char c)
{
	if (s->blank && s->gap == 0 && s->at > 0 && s->n > s->at &&
	    c != '.' && c != '@' && s->text[s->n - 1] != '.')
		s->gap = s->n;
	s->blank = false;
	put(s, c);
	if (c == '@') {
		s->at = s->n;
		s->ats++;
	}
}

/* Controls are not shown: no better than blanks. */
static void
octet(struct scan *s)
{
	char c = *s->p;

	if ((c == '"' && quoted(s)) || (c == '(' && comment(s)))
		return;
	s->p++;
	if (c != '\0' && strchr("<>,;:", c) != NULL && !(c == ':' &&
	    s->at > 0 && s->text[s->at] == '['))
		special(s, c);
	else if ((uint8_t)c <= ' ' || c == 0x7f) {
		s->blank = true;
		s->odd |= strchr(" \t\r\n", c) == NULL || c == '\0';
	} else
		plain(s, c);
}

static void
keep_shown(struct from *f, const char *p, size_t n)
{
	size_t at = strlen(f->shown);
	const char *end = p + n;

	if (at > 0 && at + 2 < sizeof f->shown) {
		f->shown[at++] = ',';
		f->shown[at++] = ' ';
	}
	for (; p < end && at < sizeof f->shown - 1; p++)
		if (*p != '\r' && *p != '\n')
			f->shown[at++] = (uint8_t)*p < ' ' ? ' ' : *p;
	f->shown[at] = '\0';
}

void
from_add(struct from *f, const char *p, size_t n)
{
	struct scan s = { .f = f, .p = p, .end = p + n,
	    .from = p };

	keep_shown(f, p, n);
	while (s.p < s.end)
		octet(&s);
	mailbox_ends(&s);
}
