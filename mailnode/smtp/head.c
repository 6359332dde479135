#include <string.h>
#include <strings.h>

#include "mailnode/auth/results.h"
#include "mailnode/smtp/head.h"

/*
 *	LINE -- visible octet --> NAME -- ":" --> PASS, CUT or JUDGE
 *	  ^                        |                 |        |
 *	  |                        no field          |     judged: PASS, CUT
 *	  |                        v                 |
 *	  +---- LF --------------------- PASS, CUT, JUDGE
 *	LINE -- CR --> BODY
 *
 * On LINE, a blank goes back into `field`, the field above.
 */
enum { LINE, NAME, PASS, CUT, JUDGE, BODY };

void
head_init(struct head *h)
{
	memset(h, 0, sizeof *h);
	buf_init(&h->hold, RESULTS_PREFIX_MAX);
	buf_init(&h->who, HEAD_WHO_MAX);
	h->state = LINE;
	h->field = LINE;	/* none */
}

void
head_clear(struct head *h)
{
	buf_clear(&h->hold);
	buf_clear(&h->who);
}

static void
both(struct head *h, const uint8_t *p, size_t n)
{
	h->seen(h->arg, p, n);
	h->keep(h->arg, p, n);
}

static void
let_go(struct head *h)
{
	if (h->hold.len > 0)
		h->keep(h->arg, h->hold.data, h->hold.len);
	buf_reset(&h->hold);
}

static void
hold(struct head *h, const uint8_t *p, size_t n)
{
	if (buf_add(&h->hold, p, n) == -1)
		h->nomem = true;
}

static bool
held_is(const struct head *h, const char *name)
{
	size_t n = h->hold.len - 1;	/* without the colon */
	const uint8_t *p = h->hold.data;

	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	return n == strlen(name) && strncasecmp((const char *)p, name, n) == 0;
}

static void
enter_field(struct head *h, int state)
{
	h->state = h->field = state;
}

/* RESULTS_MORE keeps the field held. */
static void
judge(struct head *h, bool whole)
{
	switch (results_claim((const char *)h->hold.data, h->hold.len, whole,
	    h->ids, h->nids)) {
	case RESULTS_OURS:
		h->cut++;
		buf_reset(&h->hold);
		enter_field(h, CUT);
		break;
	case RESULTS_OTHER:
		let_go(h);
		enter_field(h, PASS);
		break;
	case RESULTS_MORE:
		break;
	}
}

static void
name_ends(struct head *h)
{
	h->seen(h->arg, h->hold.data, h->hold.len);
	if (held_is(h, "Authentication-Results")) {
		enter_field(h, JUDGE);
		return;
	}
	/* RFC 5321 section 4.4: it is the one of the last delivery, ours. */
	if (held_is(h, "Return-Path")) {
		h->cut++;
		buf_reset(&h->hold);
		enter_field(h, CUT);
		return;
	}
	if (held_is(h, "Received"))
		h->received++;
	h->to = held_is(h, "Delivered-To");
	buf_reset(&h->who);
	let_go(h);
	enter_field(h, PASS);
}

/* What is held, or the octet to come, is no header any more. */
static void
header_ends(struct head *h, bool empty_line)
{
	static const uint8_t crlf[] = { '\r', '\n' };

	if (empty_line)
		both(h, crlf, sizeof crlf);
	if (h->hold.len > 0)
		h->seen(h->arg, h->hold.data, h->hold.len);
	let_go(h);
	h->state = BODY;
}

/* The first octet of a line; it is not used up. */
static void
line_begins(struct head *h, uint8_t c)
{
	if (c == ' ' || c == '\t') {
		if (h->field == LINE)
			header_ends(h, true);
		else
			h->state = h->field;
		return;
	}
	if (h->field == JUDGE)
		judge(h, true);
	if (c == '\r')
		header_ends(h, false);
	else
		h->state = NAME;
}

/* RFC 5322 sections 3.6.8 and 4.5: visible, then blanks before the colon. */
static bool
in_name(const struct head *h, uint8_t c)
{
	bool blank = c == ' ' || c == '\t';
	uint8_t last;

	if (h->hold.len == 0)
		return c > ' ' && c <= '~' && c != ':';
	last = h->hold.data[h->hold.len - 1];
	if (last == ' ' || last == '\t')
		return blank || c == ':';
	return blank || (c > ' ' && c <= '~');
}

static size_t
name_goes_on(struct head *h, const uint8_t *p, size_t n)
{
	size_t i;
	bool ok;

	for (i = 0; i < n; i++) {
		ok = in_name(h, p[i]) && h->hold.len < HEAD_NAME_MAX;
		hold(h, p + i, 1);
		if (!ok)
			header_ends(h, true);
		else if (p[i] == ':')
			name_ends(h);
		else
			continue;
		return i + 1;
	}
	return n;
}

/* Our forwarder writes the address in one line; a loop is known by it. */
static void
to_ends(struct head *h, const uint8_t *p, size_t n)
{
	const char *s;
	size_t i;

	buf_add(&h->who, p, n);
	h->to = false;
	s = h->who.err == 0 ? buf_str(&h->who) : NULL;
	h->who.err = 0;
	if (s == NULL)
		return;
	s += strspn(s, " \t");
	n = strcspn(s, " \t\r\n");
	for (i = 0; i < h->nrcpt; i++)
		if (strlen(h->rcpt[i]) == n &&
		    strncasecmp(h->rcpt[i], s, n) == 0)
			h->again = true;
}

/* Up to the end of the line within an open field. */
static size_t
field_goes_on(struct head *h, const uint8_t *p, size_t n)
{
	const uint8_t *lf = memchr(p, '\n', n);
	size_t room;

	if (lf != NULL)
		n = (size_t)(lf - p) + 1;
	room = h->hold.max - h->hold.len;
	if (h->state == JUDGE && n >= room) {
		n = room;
		lf = NULL;
	}
	h->seen(h->arg, p, n);
	if (h->state == PASS)
		h->keep(h->arg, p, n);
	if (h->to && lf != NULL)
		to_ends(h, p, n);
	else if (h->to)
		buf_add(&h->who, p, n);
	if (h->state == JUDGE) {
		hold(h, p, n);
		if (lf != NULL || n == room)
			judge(h, false);
	}
	if (lf != NULL)
		h->state = LINE;
	return n;
}

void
head_push(struct head *h, const uint8_t *p, size_t n)
{
	size_t used;

	while (n > 0 && h->state != BODY && !h->over) {
		used = 0;
		if (h->state == LINE)
			line_begins(h, *p);
		else if (h->state == NAME)
			used = name_goes_on(h, p, n);
		else
			used = field_goes_on(h, p, n);
		p += used;
		n -= used;
		h->octets += used;
		if (h->octets > HEAD_MAX)
			h->over = true;
	}
	if (n > 0 && h->state == BODY)
		both(h, p, n);
}

void
head_end(struct head *h)
{
	if (h->state == JUDGE || (h->state == LINE && h->field == JUDGE))
		judge(h, true);
	else if (h->state == NAME)
		header_ends(h, true);
}
