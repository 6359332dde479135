#define _DEFAULT_SOURCE	/* strncasecmp */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/buf.h"
#include "mailnode/queue/bounce_note.h"

enum {
	LINES_MAX = 2000,	/* lines that are read */
	LINE_MAX_READ = 1000	/* octets of one */
};

struct line {
	const char	*p, *end;
};

struct reader {
	struct bounce			*b;
	const struct bounce_note	*note;
	struct line			 line[LINES_MAX];
	size_t				 n;
};

/* ---- words ---- */

static bool
has(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);

	for (; (size_t)(end - p) >= n; p++)
		if (strncasecmp(p, word, n) == 0)
			return true;
	return false;
}

static bool
any(const char *p, const char *end, const char *const *words)
{
	for (; *words != NULL; words++)
		if (has(p, end, *words))
			return true;
	return false;
}

static bool
any_in(const char *text, const char *const *words)
{
	return any(text, text + strlen(text), words);
}

/* Does a program say that it is one that could not deliver? */
static bool
is_notice(const struct bounce_note *n)
{
	static const char *const senders[] = { "mailer-daemon", "postmaster",
	    "mdaemon", "mail delivery", "maildelivery", "mailer_daemon",
	    "mail-daemon", "mailerdaemon", "mail administrator", NULL };
	static const char *const subjects[] = { "undeliver", "undelivered",
	    "delivery failure", "failure notice", "delivery fail",
	    "returned mail", "delivery status", "delivery problem",
	    "mail delivery", "delivery error", "delivery warning",
	    "not delivered", "non delivery", "non-delivery", "nondeliver",
	    "failure delivery", "delivery notification", "delayed",
	    "mail failure", "message delivery", "could not send message",
	    "returned to sender", "permanent error", "mail error",
	    "unzustellbar", "user unknown", "not be delivered",
	    "failed mail", NULL };

	return n->failed[0] != '\0' || strcmp(n->path, "<>") == 0 ||
	    any_in(n->from, senders) || any_in(n->subject, subjects);
}

/* What is tried again is delayed, if nothing says that it is over. */
static enum bounce_action
action_of(const struct bounce_note *n)
{
	static const char *const later[] = { "not yet been delivered",
	    "has been delayed", "delivery delayed", "will continue to",
	    "will continue trying", "will keep trying", "will be retried",
	    "will retry", "just a warning", "warning only", "is a warning",
	    "do not need to resend", "still trying", "will try again",
	    "delivery will be attempted", "being delayed",
	    "keep attempting", NULL };
	static const char *const over[] = { "permanent", "given up",
	    "giving up", "not going to try again", "gave up", "no longer",
	    "has failed", NULL };

	if (any(n->text, n->text + n->n, over))
		return BOUNCE_FAILED;
	return any(n->text, n->text + n->n, later) ? BOUNCE_DELAYED :
	    BOUNCE_FAILED;
}

/* ---- addresses ---- */

static bool
atom(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (unsigned char)c > 127 ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

/* An address at p, in angle brackets or not: behind it, or NULL; where it is
 * in *at. */
static const char *
address(const char *p, const char *end, struct line *at)
{
	bool angle = p < end && *p == '<';
	const char *q;

	p += angle;
	if (end - p > 7 && strncasecmp(p, "mailto:", 7) == 0)
		p += 7;
	p += p < end && *p == '\'';	/* 'me@a.test', as some quote it */
	for (q = p; q < end && atom(*q); )
		q++;
	if (q == p || q == end || *q != '@')
		return NULL;
	at->p = p;
	for (q++; q < end && atom(*q) && strchr("!#$%&'*+/=?^`{|}~", *q) ==
	    NULL; )
		q++;
	at->end = q;
	while (at->end > p && strchr(".-'", at->end[-1]) != NULL)
		at->end--;
	if (at->end[-1] == '@' || at->end - at->p >= BOUNCE_ADDR_MAX)
		return NULL;
	if (angle && (q == end || *q != '>'))
		return NULL;
	return angle ? q + 1 : at->end;
}

static bool
is_address(const struct line *at, const char *of)
{
	size_t n = (size_t)(at->end - at->p);

	return strlen(of) == n && strncasecmp(at->p, of, n) == 0;
}

/* Of the notice itself: who sent it, and whom they say to ask. */
static bool
is_own(const struct reader *r, const struct line *at)
{
	static const char *const people[] = { "postmaster@", "mailer-daemon@",
	    "mdaemon@", "abuse@", NULL };
	const char *const field[] = { r->note->from, r->note->path };
	const char *end, *p;
	struct line own;
	size_t i;

	if (any(at->p, at->end, people))
		return true;
	for (i = 0; i < sizeof field / sizeof field[0]; i++)
		for (p = field[i], end = p + strlen(p); p < end; p++)
			if ((p == field[i] || !atom(p[-1])) &&
			    address(p, end, &own) != NULL &&
			    own.end - own.p == at->end - at->p &&
			    strncasecmp(own.p, at->p,
			    (size_t)(at->end - at->p)) == 0)
				return true;
	return false;
}

static struct bounce_rcpt *
add(struct reader *r, const struct line *at)
{
	struct bounce_rcpt *c;
	size_t i, n = (size_t)(at->end - at->p);

	for (i = 0; i < r->b->n; i++)
		if (is_address(at, r->b->rcpt[i].final))
			return NULL;
	if (r->b->n == BOUNCE_RCPTS_MAX || is_own(r, at))
		return NULL;
	c = &r->b->rcpt[r->b->n++];
	memset(c, 0, sizeof *c);
	memcpy(c->final, at->p, n);
	c->final[n] = '\0';
	c->action = BOUNCE_FAILED;
	return c;
}

/* ---- what went wrong ---- */

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
trim(struct line *l)
{
	while (l->p < l->end && strchr(" \t:;,-", *l->p) != NULL)
		l->p++;
	while (l->end > l->p && strchr(" \t\r", l->end[-1]) != NULL)
		l->end--;
}

static bool
is_empty(const struct line *l)
{
	struct line t = *l;

	trim(&t);
	return t.p == t.end;
}

/* The rest of its line and those below, up to a blank one or, `listed`, to
 * the next address. */
static void
diagnose(struct reader *r, struct bounce_rcpt *c, const char *rest, size_t i)
{
	struct line l = { rest, r->line[i].end }, other;
	size_t n = 0, k;

	for (;;) {
		trim(&l);
		k = (size_t)(l.end - l.p);
		if (k > 0 && n + k + 2 < sizeof c->diagnostic) {
			if (n > 0)
				c->diagnostic[n++] = ' ';
			memcpy(c->diagnostic + n, l.p, k);
			n += k;
		}
		if (++i >= r->n || (is_empty(&r->line[i]) && n > 0))
			break;
		l = r->line[i];
		trim(&l);
		if (is_empty(&l) || (n == 0 && address(l.p, l.end, &other) !=
		    NULL))
			break;
		if (l.p < l.end && *l.p == '<' && address(l.p, l.end, &other)
		    != NULL && !is_address(&other, c->final))
			break;
	}
	c->diagnostic[n] = '\0';
	find_status(c);
}

/* ---- lines ---- */

/* Where the letter that came back begins. */
static bool
is_letter(const struct line *l)
{
	static const char *const head[] = { "Received:", "Return-Path:",
	    "Message-ID:", "X-Received:", "DKIM-Signature:", NULL };
	static const char *const says[] = { "original message",
	    "copy of the message", "copy of your message", "message header",
	    "returned message", "message follows", "message text follows",
	    "below this line", "undelivered message", "message contents",
	    "start of message", "headers follow", NULL };
	const char *p = l->p;
	size_t i, n;

	for (i = 0; head[i] != NULL; i++) {
		n = strlen(head[i]);
		if ((size_t)(l->end - p) >= n && strncasecmp(p, head[i], n) ==
		    0)
			return true;
	}
	if (has(l->p, l->end, "was received at"))
		return false;
	while (p < l->end && (*p == ' ' || *p == '\t'))
		p++;
	return p < l->end && (*p == '-' || *p == '*' || *p == '=' ||
	    l->end - p < 40) && any(p, l->end, says);
}

static void
cut_lines(struct reader *r)
{
	const char *p = r->note->text, *end = p + r->note->n, *lf;
	struct line l;

	for (; p < end && r->n < LINES_MAX; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		l.p = p;
		l.end = lf - p > LINE_MAX_READ ? p + LINE_MAX_READ : lf;
		if (is_letter(&l) && r->n > 0)
			break;
		r->line[r->n++] = l;
		if (lf == end)
			break;
	}
}

/* An address stands first on its line, alone or with a reason behind. */
static void
listed(struct reader *r)
{
	struct bounce_rcpt *c;
	const char *p, *rest;
	struct line at;
	size_t i;

	for (i = 0; i < r->n; i++) {
		p = r->line[i].p;
		while (p < r->line[i].end && strchr(" \t>*-\"", *p) != NULL)
			p++;
		rest = address(p, r->line[i].end, &at);
		if (rest == NULL || (rest < r->line[i].end &&
		    strchr(" \t\r:;,.(\">", *rest) == NULL))
			continue;
		c = add(r, &at);
		if (c != NULL)
			diagnose(r, c, rest, i);
	}
}

/* Else one that a line tells of what went wrong with. */
static void
told(struct reader *r)
{
	static const char *const bad[] = { "unknown", "not found", "no such",
	    "fail", "reject", "not exist", "unavailable", "disabled", "full",
	    "quota", "invalid", "undeliver", "not be delivered",
	    "not delivered", "not deliver", "rcpt to", "recipient",
	    "not been delivered", "not reach", "denied", "refused",
	    "not listed", "no mailbox", "unable", "bad address", "blocked",
	    "expired", "mailbox", "inactive", "suspended", "exceeded",
	    "addressed to", "generated from", "error-for", NULL };
	static const char *const asks[] = { "contact", "please", "help",
	    "sender", "reply-to", "mail from", "message from", "assistance",
	    NULL };
	struct bounce_rcpt *c;
	struct line at, *l;
	const char *p, *rest;
	size_t i;

	for (i = 0; i < r->n; i++) {
		l = &r->line[i];
		if (!any(l->p, l->end, bad) || any(l->p, l->end, asks))
			continue;
		for (p = l->p; p < l->end; p++) {
			if ((p > l->p && atom(p[-1])) ||
			    (rest = address(p, l->end, &at)) == NULL)
				continue;
			c = add(r, &at);
			if (c != NULL)
				diagnose(r, c, l->p, i);
			p = rest - 1;
		}
	}
}

/* Where the lines say more of it. */
static void
diagnose_listed(struct reader *r, struct bounce_rcpt *c)
{
	struct line in;
	const char *rest;
	size_t i;

	for (i = 0; i < r->n; i++) {
		in = r->line[i];
		trim(&in);
		rest = address(in.p, in.end, &in);
		if (rest != NULL && is_address(&in, c->final)) {
			diagnose(r, c, rest, i);
			return;
		}
	}
}

/* "a@x, b@y" of Exim's field. */
static void
from_field(struct reader *r)
{
	const char *p = r->note->failed, *end = p + strlen(p), *rest;
	struct bounce_rcpt *c;
	struct line at;

	while (p < end) {
		rest = p > r->note->failed && atom(p[-1]) ? NULL :
		    address(p, end, &at);
		c = rest != NULL ? add(r, &at) : NULL;
		if (c != NULL)
			diagnose_listed(r, c);
		p = rest != NULL ? rest : p + 1;
	}
}

bool
bounce_note(struct bounce *b, const struct bounce_note *note)
{
	static struct reader r;
	enum bounce_action action;
	size_t i;

	memset(b, 0, sizeof *b);
	memset(&r, 0, sizeof r);
	r.b = b;
	r.note = note;
	if (!is_notice(note))
		return false;
	cut_lines(&r);
	from_field(&r);
	if (b->n == 0)
		listed(&r);
	if (b->n == 0)
		told(&r);
	action = b->n > 0 ? action_of(note) : BOUNCE_UNKNOWN;
	for (i = 0; i < b->n; i++)
		b->rcpt[i].action = action;
	b->total = b->n;
	return b->n > 0;
}
