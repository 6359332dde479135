/*
 * Recovery words: 128 random bits and a check of 16, each 16 bits spelled
 * as consonant, vowel, consonant, vowel, consonant, which can be read aloud
 * and need no list ("proquints", arXiv:0901.4016).
 */
#include <sodium.h>
#include <string.h>

#include "crypto/vault.h"

static const char consonants[] = "bdfghjklmnprstvz";	/* 4 bits */
static const char vowels[] = "aiou";			/* 2 bits */

enum { WORDS = 9, LETTERS = 5, BITS_OCTETS = 16,
    TEXT = WORDS * (LETTERS + 1) - 1 };

static void
spell(char out[LETTERS], unsigned int v)
{
	out[0] = consonants[v >> 12 & 15];
	out[1] = vowels[v >> 10 & 3];
	out[2] = consonants[v >> 6 & 15];
	out[3] = vowels[v >> 4 & 3];
	out[4] = consonants[v & 15];
}

static unsigned int
check_of(const uint8_t *bits)
{
	uint8_t h[crypto_generichash_BYTES];

	crypto_generichash(h, sizeof h, bits, BITS_OCTETS, NULL, 0);
	return (unsigned int)h[0] << 8 | h[1];
}

static struct secret *
words_of(const uint8_t *bits)
{
	struct secret *s = secret_new(TEXT);
	char word[LETTERS];
	unsigned int v;
	size_t i;

	for (i = 0; s != NULL && i < WORDS; i++) {
		v = i < WORDS - 1 ? (unsigned int)bits[2 * i] << 8 |
		    bits[2 * i + 1] : check_of(bits);
		spell(word, v);
		if (i > 0)
			(void)secret_add(s, "-", 1);
		(void)secret_add(s, word, LETTERS);
	}
	mem_wipe(word, sizeof word);
	return s;
}

enum crypto_err
vault_words_new(struct secret **out)
{
	struct secret *bits = secret_new(BITS_OCTETS);

	*out = NULL;
	if (bits == NULL)
		return CRYPTO_NOMEM;
	random_bytes(bits->data, BITS_OCTETS);
	*out = words_of(bits->data);
	secret_free(bits);
	return *out != NULL ? CRYPTO_OK : CRYPTO_NOMEM;
}

/* The letter's value within its set, or -1. */
static int
value(size_t place, uint8_t c)
{
	const char *set = place % 2 == 0 ? consonants : vowels;
	const char *p = c != '\0' ? strchr(set, c) : NULL;

	return p != NULL ? (int)(p - set) : -1;
}

/* Letters alone, lower case, without what stands between words.  False:
 * too many or too few to be meant as recovery words. */
static bool
letters(const struct secret *typed, struct secret *out)
{
	size_t i;
	uint8_t c;

	for (i = 0; i < typed->len; i++) {
		c = typed->data[i];
		if (c == '-' || c == ' ' || c == '\t')
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c - 'A' + 'a');
		if (c < 'a' || c > 'z' || secret_add(out, &c, 1) == -1)
			return false;
	}
	return out->len == WORDS * LETTERS;
}

static bool
unspell(const struct secret *text, uint8_t *bits)
{
	static const unsigned int width[LETTERS] = { 4, 2, 4, 2, 4 };
	unsigned int v;
	size_t i, j;
	int one;

	for (i = 0; i < WORDS; i++) {
		for (v = 0, j = 0; j < LETTERS; j++) {
			one = value(j, text->data[i * LETTERS + j]);
			if (one == -1)
				return false;
			v = v << width[j] | (unsigned int)one;
		}
		if (i == WORDS - 1)
			return v == check_of(bits);
		bits[2 * i] = (uint8_t)(v >> 8);
		bits[2 * i + 1] = (uint8_t)v;
	}
	return false;
}

enum crypto_err
vault_words(const struct secret *typed, struct secret **out)
{
	struct secret *text = secret_new(WORDS * LETTERS);
	struct secret *bits = secret_new(BITS_OCTETS);
	enum crypto_err e = CRYPTO_NOMEM;

	*out = NULL;
	if (text == NULL || bits == NULL)
		goto out;
	e = CRYPTO_ABSENT;
	if (!letters(typed, text))
		goto out;
	e = CRYPTO_WORDS;
	if (!unspell(text, bits->data))
		goto out;
	*out = words_of(bits->data);
	e = *out != NULL ? CRYPTO_OK : CRYPTO_NOMEM;
out:
	secret_free(bits);
	secret_free(text);
	return e;
}
