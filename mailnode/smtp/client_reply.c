#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/num.h"
#include "mailnode/smtp/client_reply.h"

void
reply_init(struct reply *r)
{
	memset(r, 0, sizeof *r);
}

/* Behind `at` octets that are there; the rest is cut off. */
static void
put_text(char *dst, size_t size, size_t at, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && at < size - 1; i++) {
		unsigned char c = (unsigned char)p[i];

		dst[at++] = c < ' ' || c == 127 ? '?' : (char)c;
	}
	dst[at] = '\0';
}

/* A blank between lines. */
static void
add_text(struct reply *r, const char *p, size_t n)
{
	size_t at = strlen(r->text);

	if (at > 0 && at < sizeof r->text - 1)
		r->text[at++] = ' ';
	put_text(r->text, sizeof r->text, at, p, n);
}

void
reply_odd(const char *line, size_t n, char *dst, size_t size)
{
	int at = snprintf(dst, size, "the server's answer is no reply: ");

	put_text(dst, size, (size_t)at, line, n);
}

int
reply_line(struct reply *r, const char *line, size_t n)
{
	uint32_t code;

	if (r->done || r->lines >= REPLY_LINES_MAX || n < 3 ||
	    num_u32(line, line + 3, 200, 599, &code) == -1 ||
	    (n > 3 && line[3] != ' ' && line[3] != '-') ||
	    (r->lines > 0 && code != r->code))
		return -1;
	r->code = code;
	r->done = n == 3 || line[3] == ' ';
	if (r->lines++ == 0)
		add_text(r, line, n < 3 ? n : 3);
	if (n > 4)
		add_text(r, line + 4, n - 4);
	return 0;
}

static bool
digits(const char **p, size_t max)
{
	size_t n = 0;

	while (**p >= '0' && **p <= '9' && n < max) {
		(*p)++;
		n++;
	}
	return n > 0;
}

/* RFC 3463: class "." 1*3digit "." 1*3digit. */
static size_t
status_length(const char *p, char class)
{
	const char *s = p;

	if (*p != class || p[1] != '.')
		return 0;
	p += 2;
	if (!digits(&p, 3) || *p++ != '.' || !digits(&p, 3) ||
	    (*p != ' ' && *p != '\0'))
		return 0;
	return (size_t)(p - s);
}

void
reply_status(const struct reply *r, char *dst, size_t size)
{
	char class = (char)('0' + r->code / 100);
	size_t n = 0;

	if (strlen(r->text) > 4)
		n = status_length(r->text + 4, class);
	if (n > 0 && n < size) {
		memcpy(dst, r->text + 4, n);
		dst[n] = '\0';
	} else
		snprintf(dst, size, "%c.0.0", class);
}

static bool
word_is(const char *p, size_t n, const char *word)
{
	return n == strlen(word) && strncasecmp(p, word, n) == 0;
}

/* Cuts the next word off [*p, end); *n = 0 when there is none. */
static const char *
next_word(const char **p, const char *end, size_t *n)
{
	const char *w;

	while (*p < end && **p == ' ')
		(*p)++;
	w = *p;
	while (*p < end && **p != ' ')
		(*p)++;
	*n = (size_t)(*p - w);
	return w;
}

static void
offer_auth(struct offer *o, const char *p, const char *end)
{
	static const struct { const char *name; unsigned int bit; } mech[] = {
		{ "PLAIN", OFFER_PLAIN },
		{ "LOGIN", OFFER_LOGIN },
		{ "SCRAM-SHA-256", OFFER_SCRAM },
		{ "SCRAM-SHA-256-PLUS", OFFER_SCRAM_PLUS },
	};
	const char *w;
	size_t n, i;

	while (w = next_word(&p, end, &n), n > 0)
		for (i = 0; i < sizeof mech / sizeof mech[0]; i++)
			if (word_is(w, n, mech[i].name))
				o->bits |= mech[i].bit;
}

/* RFC 9422: "LIMITS RCPTMAX=100 MAILMAX=20"; nonsense is ignored. */
static void
offer_limits(struct offer *o, const char *p, const char *end)
{
	const char *w;
	uint32_t v;
	size_t n;

	while (w = next_word(&p, end, &n), n > 0)
		if (n > 8 && strncasecmp(w, "RCPTMAX=", 8) == 0 &&
		    num_u32(w + 8, w + n, 1, 1000000, &v) == 0)
			o->rcpt_max = v;
}

void
offer_line(struct offer *o, const char *text, size_t n)
{
	static const struct { const char *name; unsigned int bit; } plain[] = {
		{ "STARTTLS", OFFER_STARTTLS },
		{ "PIPELINING", OFFER_PIPELINING },
		{ "8BITMIME", OFFER_8BITMIME },
		{ "SMTPUTF8", OFFER_SMTPUTF8 },
		{ "DSN", OFFER_DSN },
		{ "SIZE", OFFER_SIZE },
	};
	const char *p = text, *end = text + n, *w;
	size_t len, i;

	w = next_word(&p, end, &len);
	for (i = 0; i < sizeof plain / sizeof plain[0]; i++)
		if (word_is(w, len, plain[i].name))
			o->bits |= plain[i].bit;
	if (word_is(w, len, "SIZE")) {
		w = next_word(&p, end, &len);
		if (num_u64(w, w + len, 0, UINT64_MAX / 2, &o->size) == -1)
			o->size = 0;
	} else if (word_is(w, len, "AUTH")) {
		offer_auth(o, p, end);
	} else if (len > 5 && strncasecmp(w, "AUTH=", 5) == 0) {
		/* Old servers: "AUTH=LOGIN PLAIN". */
		offer_auth(o, w + 5, end);
	} else if (word_is(w, len, "LIMITS"))
		offer_limits(o, p, end);
}
