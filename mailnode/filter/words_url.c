#include <ctype.h>
#include <string.h>

#include "mailnode/filter/words.h"
#include "mailnode/filter/words_url.h"

enum {
	HOST_LABELS = 4,	/* domains above a host that are tokens */
	HOST_MAX = 255		/* octets */
};

void
words_host(struct tokens *t, enum token_field f, const char *p, size_t n)
{
	char host[HOST_MAX + 8];	/* room to read eight */
	size_t i, len = 0, labels = 0;

	for (i = 0; i < n && len < HOST_MAX; i++)
		host[len++] = (char)tolower((unsigned char)p[i]);
	while (len > 0 && host[len - 1] == '.')
		len--;
	if (len == 0)
		return;
	tokens_put_room(t, f, host, len);
	for (i = len; i-- > 1 && labels < HOST_LABELS; )
		if (host[i] == '.' || host[i] == '@') {
			tokens_put_room(t, f, host + i + 1, len - i - 1);
			labels++;
		}
}

static bool
ends_url(unsigned char c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' ||
	    c == ')' || c == '`' || c == '|' || c == 0x7f;
}

/* An address of IPv4: all, and the networks it is in. */
static void
numeric(struct tokens *t, const char *p, size_t n)
{
	size_t i = n < HOST_MAX ? n : HOST_MAX, labels = 0;

	tokens_puts(t, TOKEN_URL, "#.#.#.#");
	tokens_put(t, TOKEN_URL, p, i);
	while (i-- > 1 && labels < HOST_LABELS)
		if (p[i] == '.') {
			tokens_put(t, TOKEN_URL, p, i + 1);
			labels++;
		}
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
		numeric(t, p, n);
	else
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
