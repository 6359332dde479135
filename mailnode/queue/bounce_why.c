#define _DEFAULT_SOURCE	/* strncasecmp */
#include <string.h>
#include <strings.h>

#include "mailnode/queue/bounce_parts.h"

/* ---- addresses ---- */

static bool
atom(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (unsigned char)c > 127 ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static const char *
domain_end(const char *p, const char *end)
{
	/* "a@x.test...User unknown" is x.test. */
	while (p < end && atom(*p) && strchr("!#$%&'*+/=?^`{|}~", *p) == NULL &&
	    (*p != '.' || p[-1] != '.'))
		p++;
	return p;
}

const char *
bounce_address(const char *p, const char *end, struct bounce_line *at)
{
	bool angle = p < end && *p == '<';
	const char *q;

	p += angle;
	if (end - p > 7 && strncasecmp(p, "mailto:", 7) == 0)
		p += 7;
	if (end - p > 5 && strncasecmp(p, "smtp=", 5) == 0)
		p += 5;			/* within one of X.400 */
	p += p < end && *p == '\'';	/* 'me@a.test', as some quote it */
	for (q = p; q < end && atom(*q); )
		q++;
	if (q == p || q == end || *q != '@')
		return NULL;
	q = domain_end(q + 1, end);
	*at = (struct bounce_line){ p, q };
	while (at->end > p && strchr(".-'", at->end[-1]) != NULL)
		at->end--;
	if (at->end[-1] == '@' || at->end - at->p >= BOUNCE_ADDR_MAX)
		return NULL;
	if (angle && (q == end || *q != '>'))
		return NULL;
	return angle ? q + 1 : at->end;
}

bool
bounce_next(const char *start, const char **p, const char *end,
    struct bounce_line *at)
{
	const char *rest;

	for (; *p < end; (*p)++) {
		if (*p > start && atom((*p)[-1]))
			continue;
		rest = bounce_address(*p, end, at);
		if (rest != NULL) {
			*p = rest;
			return true;
		}
	}
	return false;
}

bool
bounce_same(const struct bounce_line *a, const struct bounce_line *b)
{
	size_t n = (size_t)(a->end - a->p);

	return (size_t)(b->end - b->p) == n &&
	    strncasecmp(a->p, b->p, n) == 0;
}

bool
bounce_is(const struct bounce_line *at, const char *of)
{
	return bounce_same(at, &(struct bounce_line){ of, of + strlen(of) });
}

/* ---- reasons ---- */

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 3463 section 2 in a text, else by the reply that it quotes. */
static void
find_status(struct bounce_rcpt *c)
{
	const char *p, *q;
	int dots;

	for (p = c->diagnostic; *p != '\0'; p++) {
		if (strchr("245", *p) == NULL || p[1] != '.' ||
		    (p > c->diagnostic && (digit(p[-1]) || p[-1] == '.')))
			continue;
		for (q = p, dots = 0; digit(*q) || (*q == '.' && digit(q[1]));
		    q++)
			dots += *q == '.';
		if (dots == 2 && q - p <= 9) {
			memcpy(c->status, p, (size_t)(q - p));
			return;
		}
	}
	for (p = c->diagnostic; *p != '\0'; p++)
		if ((*p == '4' || *p == '5') && digit(p[1]) && digit(p[2]) &&
		    !digit(p[3]) && p[3] != '.' && (p == c->diagnostic ||
		    strchr(" \t:<(", p[-1]) != NULL)) {
			memcpy(c->status, "5.0.0", 6);
			c->status[0] = *p;
			return;
		}
}

static void
set_original(struct bounce_rcpt *c, const char *p)
{
	struct bounce_line at;
	size_t n;

	p += strspn(p, " :");
	if (bounce_address(p, p + strlen(p), &at) == NULL)
		return;
	n = (size_t)(at.end - at.p);
	memcpy(c->original, at.p, n);
	c->original[n] = '\0';
}

/* Whom the letter was for, where that is not who failed: Sendmail, Exim. */
static void
find_original(struct bounce_rcpt *c)
{
	static const char *const words[] = { "expanded from",
	    "generated from" };
	size_t i, n;
	const char *p;

	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		for (p = c->diagnostic, n = strlen(words[i]); *p != '\0'; p++)
			if (strncasecmp(p, words[i], n) == 0)
				set_original(c, p + n);
}

void
bounce_trim(struct bounce_line *l)
{
	while (l->p < l->end && strchr(" \t:;,-", *l->p) != NULL)
		l->p++;
	while (l->end > l->p && strchr(" \t\r", l->end[-1]) != NULL)
		l->end--;
}

static bool
is_empty(struct bounce_line l)
{
	bounce_trim(&l);
	return l.p == l.end;
}

static void
say(struct bounce_rcpt *c, struct bounce_line l)
{
	size_t n = strlen(c->diagnostic), k;

	bounce_trim(&l);
	k = (size_t)(l.end - l.p);
	if (k == 0 || n + k + 2 >= sizeof c->diagnostic)
		return;
	if (n > 0)
		c->diagnostic[n++] = ' ';
	memcpy(c->diagnostic + n, l.p, k);
	c->diagnostic[n + k] = '\0';
}

/* Does the next address begin here, "<a@x>", "a@x: why" or alone? */
static bool
is_next(struct bounce_line l, const struct bounce_rcpt *c)
{
	struct bounce_line at;
	const char *rest;

	bounce_trim(&l);
	rest = bounce_address(l.p, l.end, &at);
	return rest != NULL && (c->diagnostic[0] == '\0' ||
	    ((*l.p == '<' || rest == l.end || *rest == ':') &&
	    !bounce_is(&at, c->final)));
}

void
bounce_why(struct bounce_reader *r, struct bounce_rcpt *c, const char *rest,
    size_t i)
{
	r->at = i;
	say(c, (struct bounce_line){ rest, r->line[i].end });
	while (++i < r->n && !is_empty(r->line[i]) && !is_next(r->line[i], c))
		say(c, r->line[i]);
	find_status(c);
	find_original(c);
}

void
bounce_why_only(struct bounce_reader *r, struct bounce_rcpt *c)
{
	size_t i = r->at, n;

	while ((n = strlen(c->diagnostic)) == 0 ||
	    c->diagnostic[n - 1] == ':') {
		while (i < r->n && !is_empty(r->line[i]))
			i++;
		while (i < r->n && is_empty(r->line[i]))
			i++;
		if (i == r->n || is_next(r->line[i], c))
			return;
		bounce_why(r, c, r->line[i].p, i);
	}
}
