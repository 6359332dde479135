#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/decode.h"
#include "store/mword.h"
#include "store/mtext.h"

enum {
	CHARSET_MAX = 40,
	RUN_MAX = 4 * 1024 * 1024	/* octets of words side by side */
};

struct word {
	char		 charset[CHARSET_MAX];
	bool		 base64;
	const char	*text, *end;
};

/* Where in an address field: what a decoded word must not look like. */
enum place { IN_TEXT, IN_PHRASE, IN_QUOTES, IN_COMMENT, IN_ANGLE };

struct reader {
	struct buf	*out;
	enum place	 place;
	unsigned int	 comments;	/* open ones, in each other */
	struct buf	 run;		/* words decoded, UTF-8 */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' &&
	    (c | 0x20) <= 'f');
}

/* The next "?=" of [p, end); NULL: none before the next word. */
static const char *
closes(const char *p, const char *end)
{
	for (; end - p >= 2; p++) {
		if (p[0] == '?' && p[1] == '=')
			return p;
		if (p[0] == '=' && p[1] == '?' && end - p > 2 && p[2] != '=')
			break;
	}
	return NULL;
}

/* What ends a word.  Of one in Q that has bare question marks the last:
 * behind "?=3D" it may go on. */
static const char *
word_end(const char *p, const char *end, bool q)
{
	const char *hit = closes(p, end), *next, *at;

	while (q && hit != NULL && end - hit > 3 && is_hex(hit[2]) &&
	    is_hex(hit[3])) {
		next = closes(hit + 2, end);
		for (at = hit + 2; next != NULL && at < next && !is_blank(*at); )
			at++;
		if (next == NULL || at < next)
			break;
		hit = next;
	}
	return hit;
}

/* =?charset*language?Q?text?= at p: behind it, or NULL: it is none. */
static const char *
word_read(const char *p, const char *end, struct word *w)
{
	const char *q, *star;
	size_t n;

	if (end - p > MWORD_NEXT_MAX)
		end = p + MWORD_NEXT_MAX;
	if (end - p < 8 || p[0] != '=' || p[1] != '?')
		return NULL;
	p += 2;
	q = memchr(p, '?', (size_t)(end - p));
	if (q == NULL || q == p || end - q < 4 || q[2] != '?')
		return NULL;
	star = memchr(p, '*', (size_t)(q - p));	/* RFC 2231 section 5 */
	n = (size_t)((star != NULL ? star : q) - p);
	if (n == 0 || n >= sizeof w->charset || memchr(p, ' ', n) != NULL)
		return NULL;
	memcpy(w->charset, p, n);
	w->charset[n] = '\0';
	w->base64 = (q[1] | 0x20) == 'b';
	if (!w->base64 && (q[1] | 0x20) != 'q')
		return NULL;
	w->text = q + 3;
	w->end = word_end(w->text, end, !w->base64);
	return w->end != NULL ? w->end + 2 : NULL;
}

static void
take(void *arg, const char *p, size_t n)
{
	(void)buf_add(arg, p, n);
}

/* RFC 2047 section 4.2; what is no coding stays.  Some fold lines within. */
static void
put_q(struct buf *octets, const char *p, const char *end)
{
	const char *at;

	for (; p < end; p++) {
		for (at = p + 1; *p == '=' && at < end && is_blank(*at); )
			at++;
		if (*p == '=' && end - at > 1 && is_hex(at[0]) &&
		    is_hex(at[1])) {
			(void)codec_hex_get(octets, at, 2);
			p = at + 1;
		} else
			(void)buf_addc(octets, *p == '_' ? ' ' : *p);
	}
}

/* Some cut base64 anywhere: bits of the word before that are no padding go
 * on in this one. */
static void
put_octets(struct buf *octets, const struct word *w, struct decoder *d)
{
	if (!w->base64) {
		put_q(octets, w->text, w->end);
		return;
	}
	if (!decode_goes_on(d))
		decode_init(d, CTE_BASE64, take, octets);
	decode_put(d, w->text, (size_t)(w->end - w->text));
}

/*
 * The word at p and those that follow with nothing but blanks between
 * (section 6.2), into r->run; returns what is behind, p: there is none.
 * Octets of one charset are converted together: characters go on.
 */
static const char *
words(struct reader *r, const char *p, const char *end)
{
	const char *next, *behind = p;
	struct buf octets;
	struct decoder d;
	struct word w, last;

	decode_init(&d, CTE_BASE64, take, &octets);
	buf_init(&octets, RUN_MAX);
	buf_reset(&r->run);
	while ((next = word_read(p, end, &w)) != NULL) {
		if (octets.len > 0 && strcasecmp(w.charset, last.charset) !=
		    0) {
			(void)mtext_utf8(&r->run, last.charset, octets.data,
			    octets.len);
			buf_reset(&octets);
			decode_init(&d, CTE_BASE64, take, &octets);
		}
		put_octets(&octets, &w, &d);
		last = w;
		behind = next;
		for (p = next; p < end && is_blank(*p); )
			p++;
	}
	if (octets.len > 0)
		(void)mtext_utf8(&r->run, last.charset, octets.data,
		    octets.len);
	buf_clear(&octets);
	return behind;
}

/* Is it no atom, nor a phrase as RFC 5322 section 4.1 lets it be? */
static bool
has_specials(const struct buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++)
		if (b->data[i] != '\0' &&
		    strchr("()<>[]:;@\\,\"", b->data[i]) != NULL)
			return true;
	return false;
}

static void
put_run(struct reader *r)
{
	static const char *const escaped[] = { [IN_TEXT] = "",
	    [IN_PHRASE] = "\"\\", [IN_QUOTES] = "\"\\",
	    [IN_COMMENT] = "()\\", [IN_ANGLE] = "" };
	bool quote = r->place == IN_PHRASE && has_specials(&r->run);
	bool escapes = r->place != IN_PHRASE || quote;
	size_t i;
	char c;

	if (quote)
		(void)buf_addc(r->out, '"');
	for (i = 0; i < r->run.len; i++) {
		c = (char)r->run.data[i];
		if ((unsigned char)c < ' ' || c == 127)
			c = ' ';
		if (escapes && strchr(escaped[r->place], c) != NULL)
			(void)buf_addc(r->out, '\\');
		(void)buf_addc(r->out, c);
	}
	if (quote)
		(void)buf_addc(r->out, '"');
}

/* What stands there as it is: UTF-8, or what is guessed. */
static void
put_plain(struct reader *r, const char *p, const char *end)
{
	struct buf utf8;
	size_t i;

	buf_init(&utf8, RUN_MAX);
	(void)mtext_utf8(&utf8, NULL, p, (size_t)(end - p));
	for (i = 0; i < utf8.len; i++)
		if (utf8.data[i] < ' ' || utf8.data[i] == 127)
			utf8.data[i] = ' ';
	(void)buf_add(r->out, utf8.data, utf8.len);
	buf_clear(&utf8);
}

/* Follows the syntax of an address field; returns how far it read. */
static const char *
follow(struct reader *r, const char *p, const char *end)
{
	if (r->place == IN_TEXT)
		return p + 1;
	if (*p == '\\' && r->place != IN_PHRASE && end - p > 1)
		return p + 2;
	if (*p == '"' && r->place != IN_COMMENT)
		r->place = r->place == IN_QUOTES ? IN_PHRASE : IN_QUOTES;
	else if (*p == '(' && r->place != IN_QUOTES) {
		r->place = IN_COMMENT;
		r->comments++;
	} else if (*p == ')' && r->place == IN_COMMENT && --r->comments == 0)
		r->place = IN_PHRASE;
	else if (*p == '<' && r->place == IN_PHRASE)
		r->place = IN_ANGLE;
	else if (*p == '>' && r->place == IN_ANGLE)
		r->place = IN_PHRASE;
	return p + 1;
}

static int
decode(struct buf *out, enum place place, const char *p, size_t n)
{
	struct reader r = { .out = out, .place = place };
	const char *end, *plain = p, *next;

	if (n == 0)	/* and p perhaps NULL */
		return out->err != 0 ? -1 : 0;
	end = p + n;
	buf_init(&r.run, RUN_MAX);
	while (p < end) {
		next = *p == '=' && r.place != IN_ANGLE ? words(&r, p, end) :
		    p;
		/* No word is part of an address (RFC 2047 section 5). */
		if (place != IN_TEXT && next < end && *next == '@')
			next = p;
		if (next == p) {
			p = follow(&r, p, end);
			continue;
		}
		put_plain(&r, plain, p);
		put_run(&r);
		plain = p = next;
	}
	put_plain(&r, plain, end);
	buf_clear(&r.run);
	return out->err != 0 ? -1 : 0;
}

int
mword_text(struct buf *out, const char *p, size_t n)
{
	return decode(out, IN_TEXT, p, n);
}

int
mword_addresses(struct buf *out, const char *p, size_t n)
{
	return decode(out, IN_PHRASE, p, n);
}

int
mword_field(struct buf *out, const char *name, const char *p, size_t n)
{
	static const char *const addresses[] = { "From", "Sender",
	    "Reply-To", "To", "Cc", "Bcc", "Disposition-Notification-To",
	    "Mail-Followup-To", "Mail-Reply-To", "Return-Path",
	    "Errors-To", "Delivered-To" };
	size_t i;

	if (strncasecmp(name, "Resent-", 7) == 0)
		name += 7;
	for (i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
		if (strcasecmp(name, addresses[i]) == 0)
			return mword_addresses(out, p, n);
	return mword_text(out, p, n);
}
