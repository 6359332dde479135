#define _DEFAULT_SOURCE	/* strncasecmp */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "mailnode/queue/bounce_parts.h"

enum { LINE_MAX_READ = 1000 };	/* octets of one line */

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

/* Does a program that delivers mail say that it is one? */
static bool
by_mailer(const struct bounce_note *n)
{
	static const char *const senders[] = { "mailer-daemon", "postmaster",
	    "mdaemon", "mail delivery", "maildelivery", "mailer_daemon",
	    "mail-daemon", "mailerdaemon", "mail administrator", NULL };

	return n->report || n->failed[0] != '\0' || any_in(n->from, senders);
}

/* Or that it could not? */
static bool
says_so(const struct bounce_note *n)
{
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

	return by_mailer(n) || any_in(n->subject, subjects);
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

/* Those of a field, as many as fit. */
static void
read_field(struct bounce_set *set, const char *field)
{
	const char *p = field, *end = p + strlen(p);

	while (set->n < BOUNCE_SET_MAX &&
	    bounce_next(field, &p, end, &set->at[set->n]))
		set->n++;
}

static bool
holds(const struct bounce_set *set, const struct bounce_line *at)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		if (bounce_same(&set->at[i], at))
			return true;
	return false;
}

/* Of the notice itself: who sent it, and whom they say to ask. */
static bool
is_own(const struct bounce_reader *r, const struct bounce_line *at)
{
	static const char *const people[] = { "postmaster@", "mailer-daemon@",
	    "mdaemon@", "abuse@", NULL };

	return any(at->p, at->end, people) || holds(&r->own, at);
}

static struct bounce_rcpt *
add(struct bounce_reader *r, const struct bounce_line *at)
{
	struct bounce_rcpt *c;
	size_t i, n = (size_t)(at->end - at->p);

	for (i = 0; i < r->b->n; i++)
		if (bounce_is(at, r->b->rcpt[i].final))
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

/* ---- lines ---- */

/* Where the letter that came back begins. */
static bool
is_letter(const struct bounce_line *l)
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
cut_lines(struct bounce_reader *r)
{
	const char *p = r->note->text, *end = p + r->note->n, *lf;
	struct bounce_line l;

	for (; p < end && r->n < BOUNCE_LINES_MAX; p = lf + 1) {
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
listed(struct bounce_reader *r)
{
	struct bounce_rcpt *c;
	const char *p, *rest;
	struct bounce_line at;
	size_t i;

	for (i = 0; i < r->n; i++) {
		p = r->line[i].p;
		while (p < r->line[i].end && strchr(" \t>*-\"", *p) != NULL)
			p++;
		rest = bounce_address(p, r->line[i].end, &at);
		if (rest == NULL || (rest < r->line[i].end &&
		    strchr(" \t\r:;,.(\">", *rest) == NULL) ||
		    has(rest, r->line[i].end, ", try "))
			continue;
		c = add(r, &at);
		if (c != NULL)
			bounce_why(r, c, rest, i);
	}
}

/* On a line about somebody else. */
static const char *const asks[] = { "contact", "please", "help", "sender",
    "reply-to", "mail from", "message from", "assistance", ", try ", NULL };

/* Else one that a line tells of what went wrong with. */
static void
told(struct bounce_reader *r)
{
	static const char *const bad[] = { "unknown", "not found", "no such",
	    "fail", "reject", "not exist", "unavailable", "disabled", "full",
	    "quota", "invalid", "undeliver", "not be delivered",
	    "not delivered", "not deliver", "rcpt to", "recipient",
	    "not been delivered", "not reach", "denied", "refused",
	    "not listed", "no mailbox", "unable", "bad address", "blocked",
	    "expired", "mailbox", "inactive", "suspended", "exceeded",
	    "addressed to", "generated from", "error-for",
	    "n't be delivered", "not a valid", "did not", "dda:smtp=", NULL };
	struct bounce_line at, *l;
	struct bounce_rcpt *c;
	const char *p;
	size_t i;

	for (i = 0; i < r->n; i++) {
		l = &r->line[i];
		if (!any(l->p, l->end, bad) || any(l->p, l->end, asks))
			continue;
		for (p = l->p; bounce_next(l->p, &p, l->end, &at); ) {
			c = holds(&r->to, &at) ? NULL : add(r, &at);
			if (c != NULL)
				bounce_why(r, c, l->p, i);
		}
	}
}

static bool
has_dot(const struct bounce_line *at)
{
	const char *sign = memchr(at->p, '@', (size_t)(at->end - at->p));

	return memchr(sign, '.', (size_t)(at->end - sign)) != NULL;
}

/* Else, in whatever words, the only address that is there.  Not by a subject
 * alone: parcels are delayed, too. */
static void
only_one(struct bounce_reader *r)
{
	struct bounce_line at, one = { NULL, NULL }, *l;
	struct bounce_rcpt *c;
	size_t i, k = 0;
	const char *p;

	for (i = 0; i < r->n; i++) {
		l = &r->line[i];
		if (any(l->p, l->end, asks))
			continue;
		for (p = l->p; bounce_next(l->p, &p, l->end, &at); ) {
			if (holds(&r->to, &at) || is_own(r, &at) ||
			    !has_dot(&at))
				continue;
			if (one.p != NULL && !bounce_same(&one, &at))
				return;
			one = at;
			k = i;
		}
	}
	c = one.p != NULL ? add(r, &one) : NULL;
	if (c != NULL)
		bounce_why(r, c, r->line[k].p, k);
}

/* Where the lines say more of it. */
static void
why_listed(struct bounce_reader *r, struct bounce_rcpt *c)
{
	struct bounce_line in;
	const char *rest;
	size_t i;

	for (i = 0; i < r->n; i++) {
		in = r->line[i];
		bounce_trim(&in);
		rest = bounce_address(in.p, in.end, &in);
		if (rest != NULL && bounce_is(&in, c->final)) {
			bounce_why(r, c, rest, i);
			return;
		}
	}
}

/* "a@x, b@y" of Exim's field. */
static void
from_field(struct bounce_reader *r)
{
	const char *p = r->note->failed, *end = p + strlen(p);
	struct bounce_rcpt *c;
	struct bounce_line at;

	while (bounce_next(r->note->failed, &p, end, &at)) {
		c = add(r, &at);
		if (c != NULL)
			why_listed(r, c);
	}
}

bool
bounce_note(struct bounce *b, const struct bounce_note *note)
{
	static struct bounce_reader r;
	enum bounce_action action;
	size_t i;

	memset(b, 0, sizeof *b);
	memset(&r, 0, sizeof r);
	r.b = b;
	r.note = note;
	if (strcmp(note->path, "<>") != 0 && !says_so(note))
		return false;
	read_field(&r.own, note->from);
	read_field(&r.own, note->path);
	read_field(&r.to, note->to);
	cut_lines(&r);
	from_field(&r);
	if (b->n == 0)
		listed(&r);
	if (b->n == 0)
		told(&r);
	if (b->n == 0 && by_mailer(note))
		only_one(&r);
	if (b->n == 1)
		bounce_why_only(&r, &b->rcpt[0]);
	action = b->n > 0 ? action_of(note) : BOUNCE_UNKNOWN;
	for (i = 0; i < b->n; i++)
		b->rcpt[i].action = action;
	b->total = b->n;
	return b->n > 0;
}
