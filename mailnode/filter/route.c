#include <stdbool.h>
#include <string.h>

#include "mailnode/base/eight.h"
#include "mailnode/filter/route.h"

static bool
is_letter(unsigned char c)
{
	return (unsigned int)((c | 0x20) - 'a') < 26 || c >= 0x80;
}

static bool
is_blank(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* In front of one that made it up. */
static bool
is_id(const char *word, size_t n)
{
	return n == 2 && word[0] == 'i' && word[1] == 'd';
}

static const char *
skip_word(const char *p, const char *end)
{
	while (p < end && is_blank((unsigned char)*p))
		p++;
	while (p < end && !is_blank((unsigned char)*p))
		p++;
	return p;
}

/* The word at p, small, its first letters alone if it is long; returns what
 * is behind it. */
static const char *
take_word(char word[ROUTE_WORD_MAX + 16], size_t *len, const char *p,
    const char *end)
{
	size_t n = 8, k = 0;
	uint64_t w, small;

	for (; n == 8 && end - p >= 8; p += n) {
		w = eight_at(p);
		small = w | 0x20 * EIGHT_EACH;
		n = eight_first(~(eight_from_to(small, 'a', 'z') | w) &
		    EIGHT_HIGH);
		eight_put(word + k, small);
		k = k + n < ROUTE_WORD_MAX ? k + n : ROUTE_WORD_MAX;
	}
	for (; n == 8 && p < end && is_letter((unsigned char)*p); p++)
		if (k < ROUTE_WORD_MAX)
			word[k++] = (char)(*p | 0x20);
	*len = k;
	return p;
}

void
route_field(struct tokens *t, const char *p, size_t n)
{
	const char *end = p + (n < ROUTE_FIELD_MAX ? n : ROUTE_FIELD_MAX);
	const char *date = memchr(p, ';', (size_t)(end - p));
	char word[ROUTE_WORD_MAX + 16];		/* read and put by eights */
	size_t k;

	end = date != NULL ? date : end;
	while (p < end) {
		p = take_word(word, &k, p, end);
		if (k >= ROUTE_WORD_MIN)
			tokens_put_room(t, TOKEN_VIA, word, k);
		if (is_id(word, k) && p < end && is_blank((unsigned char)*p))
			p = skip_word(p, end);
		while (p < end && !is_letter((unsigned char)*p))
			p++;
	}
}
