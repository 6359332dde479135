#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/from.h"
#include "mailnode/node/idna.h"

enum { ADDRESS_MAX = 1024 };	/* octets of one; a longer one is bad */

/*
 * An address gathers in text, without comments and blanks and with quoted
 * strings as they stand; at its end what is behind its last "@" is asked
 * for.  A quote or comment that never ends is an ordinary octet, and so are
 * all after it: nobody scans twice.
 */
struct scan {
	struct from	*f;
	const char	*p, *end;
	char		 text[ADDRESS_MAX];
	size_t		 n, at;		/* at: behind the last "@" outside
					   quotes; 0: none */
	bool		 over;
	bool		 angle;		/* inside < > */
	bool		 had;		/* this mailbox had its < > */
	bool		 no_quotes, no_comments;
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
	s->n = s->at = 0;
	s->over = false;
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
take(struct scan *s)
{
	char name[DNS_NAME_MAX];

	s->f->addresses++;
	if (!s->over && s->at > 0 && s->text[s->at] != '[' &&
	    idna_ascii(s->text + s->at, s->n - s->at, name) == 0) {
		if (s->f->addresses == 1)
			keep(s, name);
		add_domain(s->f, name);
	} else
		s->f->bad = true;
	drop(s);
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

/* Behind the closing quote, or NULL. */
static const char *
quote_end(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '\\' && end - p > 1)
			p++;
		else if (*p == '"')
			return p + 1;
	}
	return NULL;
}

static const char *
comment_end(const char *p, const char *end)
{
	size_t depth = 0;

	for (; p < end; p++) {
		if (*p == '\\' && end - p > 1)
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			return p + 1;
	}
	return NULL;
}

/* A quoted string, kept as it stands; false: it is none. */
static bool
quoted(struct scan *s)
{
	const char *to = s->no_quotes ? NULL : quote_end(s->p, s->end);

	if (to == NULL) {
		s->no_quotes = true;
		return false;
	}
	while (s->p < to)
		put(s, *s->p++);
	return true;
}

static bool
comment(struct scan *s)
{
	const char *to = s->no_comments ? NULL : comment_end(s->p, s->end);

	if (to == NULL) {
		s->no_comments = true;
		return false;
	}
	s->p = to;
	return true;
}

/* Between mailboxes: what has no < > is an address if it has an "@". */
static void
mailbox_ends(struct scan *s)
{
	if (s->n > 0 && (s->angle || (!s->had && s->at > 0)))
		take(s);
	drop(s);
	s->angle = s->had = false;
}

static void
special(struct scan *s, char c)
{
	switch (c) {
	case '<':
		if (s->f->addresses == 0 && !s->over &&
		    s->n < sizeof s->f->name && s->n > 0)
			memcpy(s->f->name, s->text, s->n + 1);
		drop(s);		/* that was the display name */
		s->angle = true;
		s->had = true;
		break;
	case '>':
		if (s->angle)
			take(s);
		drop(s);
		s->angle = false;
		break;
	case ':':
		/* A group's name, or the end of a source route. */
		drop(s);
		break;
	default:			/* , ; */
		if (s->angle && c == ',')
			drop(s);	/* a source route goes on */
		else
			mailbox_ends(s);
		break;
	}
}

static void
octet(struct scan *s)
{
	char c = *s->p;

	if ((c == '"' && quoted(s)) || (c == '(' && comment(s)))
		return;
	s->p++;
	if (c != '\0' && strchr("<>,;:", c) != NULL && !(c == ':' &&
	    s->at > 0 && s->text[s->at] == '[')) {
		special(s, c);
	} else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
		put(s, c);
		if (c == '@')
			s->at = s->n;
	}
}

void
from_add(struct from *f, const char *p, size_t n)
{
	struct scan s = { .f = f, .p = p, .end = p + n };

	while (s.p < s.end)
		octet(&s);
	mailbox_ends(&s);
}
