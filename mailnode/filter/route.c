#include <stdbool.h>
#include <string.h>

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

void
route_field(struct tokens *t, const char *p, size_t n)
{
	const char *end = p + (n < ROUTE_FIELD_MAX ? n : ROUTE_FIELD_MAX);
	const char *date = memchr(p, ';', (size_t)(end - p));
	char word[ROUTE_WORD_MAX];
	size_t k;

	end = date != NULL ? date : end;
	while (p < end) {
		for (k = 0; p < end && is_letter((unsigned char)*p); p++)
			if (k < sizeof word)
				word[k++] = (char)(*p | 0x20);
		if (k >= ROUTE_WORD_MIN)
			tokens_put(t, TOKEN_VIA, word, k);
		if (is_id(word, k) && p < end && is_blank((unsigned char)*p))
			p = skip_word(p, end);
		else if (p < end)
			p++;
	}
}
