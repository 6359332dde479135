#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/eight.h"
#include "mailnode/filter/fold.h"
#include "mailnode/filter/words.h"
#include "mailnode/filter/words_url.h"

enum {
	DIGITS_MAX = 4,		/* longer numbers differ by length alone */
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
		(void)tokens_new(w->t, hash);
}

static void
name_is(struct words *w, const char *text)
{
	w->ntext = (unsigned int)strlen(text);
	memcpy(w->text, text, w->ntext);
}

static inline void
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

/* There is one. */
static void
word_end(struct words *w)
{
	unsigned int len = w->len;
	uint64_t h;

	if (mixed(w))
		tokens_puts(w->t, TOKEN_HIDDEN, "mixed-script");
	if (w->digits && len > DIGITS_MAX) {
		h = token_step(token_step(w->begin, '#'), len);
		name_is(w, "#####");
	} else if (len > WORD_MAX) {
		h = token_step(token_step(w->begin, '<'), 0);
		name_is(w, "<long>");
	} else
		h = token_text(w->begin, w->text, w->ntext, true);
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

/* Letters end marks and dense characters: there is one of these at most. */
void
words_gap(struct words *w)
{
	if (w->len > 0)
		word_end(w);
	else if (w->nmark > 0)
		mark_end(w);
	else if (w->dense != 0)
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
	if (w->len == 0)
		words_gap(w);
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

	if (w->dense == 0)
		words_gap(w);
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
	if (w->nmark == 0 || w->mark != c)
		words_gap(w);
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
inner(struct words *w, uint32_t c)
{
	if (w->len > 0 && w->inner == 0)
		w->inner = c;
	else
		words_gap(w);
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
		inner(w, to);
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
	case FOLD_WIDE:
		break;
	case FOLD_GAP:
		words_gap(w);
		break;
	}
}

/* Puts up to eight letters and digits of ASCII, as fold_ascii has them, at
 * to, small, and adds those to seen; there is room for eight.  Returns how
 * many stand at p. */
static inline size_t
run_eight(char *to, const uint8_t *p, uint64_t *seen)
{
	uint64_t w = eight_at(p), small = w | 0x20 * EIGHT_EACH, other;
	size_t n;

	eight_put(to, small);
	other = (~(eight_from_to(small, 'a', 'z') |
	    eight_from_to(w, '0', '9')) | w) & EIGHT_HIGH;
	if (other == 0) {
		*seen |= w;
		return sizeof w;
	}
	n = eight_first(other);
	*seen |= w & ((UINT64_C(1) << 8 * n) - 1);
	return n;
}

/* The letters and digits of ASCII, most of all mail, in one loop. */
static const uint8_t *
run(struct words *w, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *from, *full;
	uint64_t seen = 0;
	size_t n = 8;
	char *to;

	if (w->len == 0) {
		if (w->nmark > 0 || w->dense != 0)
			words_gap(w);
		w->digits = true;
	} else if (w->inner != 0) {
		letter(w, *p | (*p >= 'A' ? 0x20 : 0));
		seen |= *p++;
	}
	from = p;
	to = w->text + w->ntext;
	full = end - p > WORD_TEXT_MAX - (int)w->ntext ?
	    p + WORD_TEXT_MAX - w->ntext : end;
	for (; n == 8 && full - p >= 8; p += n, to += n)
		n = run_eight(to, p, &seen);
	/* 0x20 makes letters small and is part of digits; 0x40 is of
	 * letters alone. */
	for (; n == 8 && p < full && fold_ascii[*p] == FOLD_WORD; p++) {
		seen |= *p;
		*to++ = (char)(*p | 0x20);
	}
	w->ntext = (unsigned int)(to - w->text);
	for (; n == 8 && p < end && fold_ascii[*p] == FOLD_WORD; p++)
		seen |= *p;
	w->len += (unsigned int)(p - from);
	if (seen & 0x40 * EIGHT_EACH) {
		w->digits = false;
		w->scripts |= 1U << FOLD_LATIN;
	}
	return p;
}

/* Two letters that no word but a URL often begins with. */
static inline bool
may_be_url(const uint8_t *p, const uint8_t *end)
{
	unsigned int two;

	if (end - p <= 4)
		return false;
	two = (unsigned int)p[0] << 8 | p[1] | 0x2020;
	return two == ('h' << 8 | 't') || two == ('w' << 8 | 'w');
}

/* Octets of a URL that begins at p, 0: none does. */
static size_t
url_at(struct words *w, const char *p, size_t n)
{
	size_t skip = 0;

	if (n > 8 && strncasecmp(p, "http", 4) == 0)
		skip = p[4] == ':' ? 5 : (p[4] == 's' || p[4] == 'S') &&
		    p[5] == ':' ? 6 : 0;
	if (skip > 0 && p[skip] == '/' && p[skip + 1] == '/')
		return words_url(w->t, p, n);
	if (strncasecmp(p, "www.", 4) == 0)
		return words_url(w->t, p, n);
	return 0;
}

/* At a letter or digit of ASCII; returns what is behind the word, or URL. */
static const uint8_t *
word(struct words *w, const uint8_t *p, const uint8_t *end)
{
	size_t url = 0;

	if (w->len == 0 && may_be_url(p, end))
		url = url_at(w, (const char *)p, (size_t)(end - p));
	if (url == 0)
		return run(w, p, end);
	words_gap(w);
	return p + url;
}

void
words_feed(struct words *w, const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s, *end;

	if (n == 0)
		return;		/* p may be NULL then */
	end = p + n;
	while (p < end)
		switch (fold_ascii[*p]) {
		case FOLD_WORD:
			p = word(w, p, end);
			break;
		case FOLD_GAP:
			words_gap(w);
			while (++p < end && fold_ascii[*p] == FOLD_GAP)
				;
			break;
		case FOLD_INNER:
			inner(w, *p++);
			break;
		case FOLD_MARK:
			mark(w, *p++);
			break;
		default:
			character(w, codec_utf8_next(&p, end));
			break;
		}
}

void
words_text(struct tokens *t, enum token_field f, const char *p, size_t n)
{
	struct words w;

	words_begin(&w, t, f, f == TOKEN_BODY);
	words_feed(&w, p, n);
	words_break(&w);
}
