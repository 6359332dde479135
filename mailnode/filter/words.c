#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/filter/fold.h"
#include "mailnode/filter/words.h"

enum {
	DIGITS_MAX = 4,		/* longer numbers differ by length alone */
	HOST_LABELS = 4,	/* domains above a host that are tokens */
	HOST_MAX = 255,		/* octets */
	UTF8_MAX = 4		/* octets of a character */
};

void
words_begin(struct words *w, struct tokens *t, enum token_field f,
    bool pairs)
{
	memset(w, 0, offsetof(struct words, text));
	w->t = t;
	w->field = f;
	w->pairs = pairs;
	w->begin = token_begin(t, f);
}

/* ---- what a word becomes ---- */

/* field + was + text, as far as there is room. */
static void
emit_named(struct words *w, uint64_t hash, bool pair)
{
	const char *field = token_field_name(w->field);
	char name[2 * WORD_TEXT_MAX + TOKEN_NAME_MAX];
	size_t n = strlen(field);

	memcpy(name, field, n);
	if (pair) {
		memcpy(name + n, w->was, w->nwas);
		n += w->nwas;
		name[n++] = ' ';
	}
	memcpy(name + n, w->text, w->ntext);
	tokens_add(w->t, hash, name, n + w->ntext);
}

static inline void
emit(struct words *w, uint64_t hash, bool pair)
{
	if (w->t->named)
		emit_named(w, hash, pair);
	else
		tokens_add(w->t, hash, NULL, 0);
}

static void
name_is(struct words *w, const char *text)
{
	w->ntext = (unsigned int)strlen(text);
	memcpy(w->text, text, w->ntext);
}

static void
done(struct words *w, uint64_t hash, bool alone)
{
	hash = token_join(hash, w->begin);
	if (alone)
		emit(w, hash, false);
	if (w->pairs && w->before != 0)
		emit(w, token_join(w->before, hash), true);
	w->before = hash;
	if (w->t->named) {
		memcpy(w->was, w->text, w->ntext);
		w->nwas = w->ntext;
	}
	w->ntext = 0;
}

static void
mark_end(struct words *w)
{
	uint64_t h = token_step(w->begin, w->mark);

	if (w->nmark == 0)
		return;
	name_is(w, "!!!!");
	memset(w->text, w->mark < 0x80 ? (int)w->mark : '$', w->nmark);
	w->ntext = w->nmark;
	h = token_step(h, w->nmark);
	w->nmark = 0;
	done(w, h, true);
}

/* Latin letters among Cyrillic ones, and the like, are made to deceive. */
static bool
mixed(const struct words *w)
{
	unsigned int s = w->scripts & ~(1U << FOLD_COMMON);

	return (s & (s - 1)) != 0;
}

static void
word_end(struct words *w)
{
	unsigned int len = w->len;
	uint64_t h;

	if (len == 0)
		return;
	if (mixed(w))
		tokens_puts(w->t, TOKEN_HIDDEN, "mixed-script");
	if (w->digits && len > DIGITS_MAX) {
		h = token_step(token_step(w->begin, '#'), len);
		name_is(w, "#####");
	} else if (len > WORD_MAX) {
		h = token_step(token_step(w->begin, '<'), 0);
		name_is(w, "<long>");
	} else
		h = token_text(w->begin, w->text, w->ntext);
	w->len = 0;
	w->inner = 0;
	w->scripts = 0;
	done(w, h, len > 1);
}

/* A dense character that has no neighbour stands alone. */
static void
dense_end(struct words *w)
{
	w->dense = 0;
	w->ntext = 0;
}

void
words_gap(struct words *w)
{
	word_end(w);
	if (w->nmark > 0)
		mark_end(w);
	if (w->dense != 0)
		dense_end(w);
}

void
words_break(struct words *w)
{
	words_gap(w);
	w->before = 0;
}

/* What has no room makes the word a long one. */
static void
keep_text(struct words *w, uint32_t c)
{
	struct buf b = { .data = (uint8_t *)w->text + w->ntext,
	    .cap = WORD_TEXT_MAX - w->ntext, .max = WORD_TEXT_MAX -
	    w->ntext };

	if (c < 0x80 && w->ntext < WORD_TEXT_MAX) {
		w->text[w->ntext++] = (char)c;
		return;
	}
	if (WORD_TEXT_MAX - w->ntext <= UTF8_MAX) {
		w->len = w->len > 0 ? WORD_MAX + 1 : 0;
		return;
	}
	(void)codec_utf8_put(&b, c);
	w->ntext += (unsigned int)b.len;
}

/* ---- characters ---- */

static void
letter(struct words *w, uint32_t c)
{
	if (w->nmark > 0)
		mark_end(w);
	if (w->dense != 0)
		dense_end(w);
	if (w->inner != 0) {
		keep_text(w, w->inner);
		w->inner = 0;
		w->digits = false;
	}
	if (w->len == 0)
		w->digits = true;
	w->digits = w->digits && c >= '0' && c <= '9';
	w->len++;
	keep_text(w, c);
}

static void
dense(struct words *w, uint32_t c)
{
	uint64_t h = w->begin;

	word_end(w);
	mark_end(w);
	w->ntext = 0;
	if (w->dense != 0) {
		h = token_step(h, w->dense);
		keep_text(w, w->dense);
	}
	keep_text(w, c);
	emit(w, token_join(token_step(h, c), w->begin), false);
	w->dense = c;
	w->before = 0;
}

static void
sign(struct words *w, uint32_t c)
{
	words_gap(w);
	keep_text(w, c);
	done(w, token_step(w->begin, c), true);
}

static void
mark(struct words *w, uint32_t c)
{
	word_end(w);
	if (w->dense != 0)
		dense_end(w);
	if (w->nmark > 0 && w->mark != c)
		mark_end(w);
	w->mark = c;
	if (w->nmark < WORD_MARKS_MAX)
		w->nmark++;
}

/* Between letters that have no use for them, these hide the word. */
static void
unseen(struct words *w)
{
	if (w->len > 0 && (w->scripts & 1U << FOLD_LATIN))
		tokens_puts(w->t, TOKEN_HIDDEN, "zero-width");
}

static void
character(struct words *w, uint32_t c)
{
	uint32_t to;

	switch (fold_char(c, &to)) {
	case FOLD_WORD:
		w->scripts |= 1U << fold_script(c);
		letter(w, to);
		break;
	case FOLD_INNER:
		if (w->len > 0 && w->inner == 0)
			w->inner = to;
		else
			words_gap(w);
		break;
	case FOLD_MARK:
		mark(w, to);
		break;
	case FOLD_DENSE:
		dense(w, to);
		break;
	case FOLD_SIGN:
		sign(w, to);
		break;
	case FOLD_UNSEEN:
		unseen(w);
		break;
	case FOLD_NONE:
		break;
	case FOLD_GAP:
		words_gap(w);
		break;
	}
}

/* The letters and digits of ASCII, most of all mail, in one loop. */
static const uint8_t *
run(struct words *w, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *from, *full;
	unsigned int seen = 0;
	char *to;

	if (w->inner != 0 || w->nmark > 0 || w->dense != 0) {
		letter(w, *p | (*p >= 'A' ? 0x20 : 0));
		seen |= *p++;
	} else if (w->len == 0)
		w->digits = true;
	from = p;
	to = w->text + w->ntext;
	full = end - p > WORD_TEXT_MAX - (int)w->ntext ?
	    p + WORD_TEXT_MAX - w->ntext : end;
	/* 0x20 makes letters small and is part of digits; 0x40 is of
	 * letters alone. */
	for (; p < full && fold_ascii[*p] == FOLD_WORD; p++) {
		seen |= *p;
		*to++ = (char)(*p | 0x20);
	}
	w->ntext = (unsigned int)(to - w->text);
	for (; p < end && fold_ascii[*p] == FOLD_WORD; p++)
		seen |= *p;
	w->len += (unsigned int)(p - from);
	if (seen & 0x40) {
		w->digits = false;
		w->scripts |= 1U << FOLD_LATIN;
	}
	return p;
}

/* Octets of a URL that begins at p, 0: none does. */
static size_t
url_at(struct words *w, const char *p, size_t n)
{
	size_t skip = 0;

	if (n <= 4 || ((p[1] | 0x20) != 't' && (p[1] | 0x20) != 'w'))
		return 0;	/* as nearly all words */
	if (n > 8 && strncasecmp(p, "http", 4) == 0)
		skip = p[4] == ':' ? 5 : (p[4] == 's' || p[4] == 'S') &&
		    p[5] == ':' ? 6 : 0;
	if (skip > 0 && p[skip] == '/' && p[skip + 1] == '/')
		return words_url(w->t, p, n);
	if (strncasecmp(p, "www.", 4) == 0)
		return words_url(w->t, p, n);
	return 0;
}

void
words_feed(struct words *w, const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s, *end;
	size_t url;

	if (n == 0)
		return;		/* p may be NULL then */
	end = p + n;
	while (p < end) {
		if (*p >= 0x80) {
			character(w, codec_utf8_next(&p, end));
			continue;
		}
		if (fold_ascii[*p] == FOLD_GAP) {
			words_gap(w);
			p++;
			continue;
		}
		if (fold_ascii[*p] != FOLD_WORD) {
			character(w, *p++);
			continue;
		}
		if (w->len == 0 && ((*p | 0x20) == 'h' ||
		    (*p | 0x20) == 'w') && (url = url_at(w,
		    (const char *)p, (size_t)(end - p))) > 0) {
			words_gap(w);
			p += url;
			continue;
		}
		p = run(w, p, end);
	}
}

void
words_text(struct tokens *t, enum token_field f, const char *p, size_t n)
{
	struct words w;

	words_begin(&w, t, f, true);
	words_feed(&w, p, n);
	words_break(&w);
}

/* ---- URLs ---- */

void
words_host(struct tokens *t, enum token_field f, const char *p, size_t n)
{
	char host[HOST_MAX];
	size_t i, len = 0, labels = 0;

	for (i = 0; i < n && len < sizeof host; i++)
		host[len++] = (char)tolower((unsigned char)p[i]);
	while (len > 0 && host[len - 1] == '.')
		len--;
	if (len == 0)
		return;
	tokens_put(t, f, host, len);
	for (i = len; i-- > 1 && labels < HOST_LABELS; )
		if (host[i] == '.' || host[i] == '@') {
			tokens_put(t, f, host + i + 1, len - i - 1);
			labels++;
		}
}

static bool
ends_url(unsigned char c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' ||
	    c == ')' || c == '`' || c == '|' || c == 0x7f;
}

/* What is before the host, in no order of honesty. */
static void
url_host(struct tokens *t, const char *p, size_t n)
{
	const char *at = memchr(p, '@', n), *colon;
	size_t i;

	if (at != NULL) {
		tokens_puts(t, TOKEN_URL, "@");
		n -= (size_t)(at + 1 - p);
		p = at + 1;
	}
	colon = memchr(p, ':', n);
	if (colon != NULL) {
		tokens_puts(t, TOKEN_URL, ":port");
		n = (size_t)(colon - p);
	}
	for (i = 0; i < n && (isdigit((unsigned char)p[i]) || p[i] == '.');)
		i++;
	if (n > 0 && i == n)
		tokens_puts(t, TOKEN_URL, "#.#.#.#");
	words_host(t, TOKEN_URL, p, n);
}

size_t
words_url(struct tokens *t, const char *p, size_t n)
{
	size_t host = 0, end, i;
	struct words w;

	n = n < WORD_URL_MAX ? n : WORD_URL_MAX;
	for (end = 0; end < n && !ends_url((unsigned char)p[end]); )
		end++;
	for (i = 0; i + 2 < end && i < 8; i++)
		if (memcmp(p + i, "://", 3) == 0)
			host = i + 3;
	for (i = host; i < end && p[i] != '/' && p[i] != '?' &&
	    p[i] != '#'; )
		i++;
	url_host(t, p + host, i - host);
	if (memchr(p, '%', end) != NULL)
		tokens_puts(t, TOKEN_URL, "%");
	words_begin(&w, t, TOKEN_URL, false);
	for (; i < end; i++) {
		host = i;
		while (i < end && isalnum((unsigned char)p[i]))
			i++;
		words_feed(&w, p + host, i - host);
		words_gap(&w);
	}
	return end;
}
