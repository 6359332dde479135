#define _GNU_SOURCE	/* memmem, reallocarray, strncasecmp */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/num.h"
#include "tui/doc.h"

static const char www[] = "www.";
static const char https[] = "https://";

/* ---- where one ends ---- */

static bool
url_octet(unsigned char c)
{
	return c > 0x20 && c != '<' && c != '>' && c != '"' && c != 0x7f &&
	    c != '`' && c != '\\' && c != '|' && c != '^';
}

/*
 * Typographic quotes and dashes, no-break blanks, and the full stops and
 * brackets of Chinese and Japanese stand beside a URL; letters of any script
 * may be in it.
 */
static bool
is_punctuation(const char *p, const char *end)
{
	static const char *const start[] = { "\xe2\x80", "\xe3\x80",
	    "\xef\xbc", "\xef\xbd", "\xc2\xa0", "\xc2\xab", "\xc2\xbb" };
	size_t i;

	for (i = 0; end - p > 1 && i < sizeof start / sizeof start[0]; i++)
		if (memcmp(p, start[i], 2) == 0)
			return true;
	return false;
}

/* What stands before the name: "https://"; 0: nothing that begins a URL. */
static size_t
url_start(const char *p, size_t n)
{
	static const char *const starts[] = { https, "http://", "mailto:",
	    www };
	size_t i, k;

	for (i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		k = strlen(starts[i]);
		if (n > k && strncasecmp(p, starts[i], k) == 0)
			return k;
	}
	return 0;
}

bool
doc_url_bare(const char *url, size_t n)
{
	return n >= sizeof www - 1 &&
	    strncasecmp(url, www, sizeof www - 1) == 0;
}

/* A bracket belongs to what it was opened in. */
static bool
closes_what_is_outside(const char *p, size_t len)
{
	return (p[len - 1] == ')' && memchr(p, '(', len) == NULL) ||
	    (p[len - 1] == ']' && memchr(p, '[', len) == NULL);
}

static bool
goes_on_before(const char *line, const char *p)
{
	return p > line && ((unsigned char)p[-1] >= 0x80 ||
	    isalnum((unsigned char)p[-1]) || strchr("./-@_", p[-1]) != NULL);
}

size_t
doc_url(const char *line, const char *p, const char *end)
{
	size_t k = url_start(p, (size_t)(end - p)), len = k;

	if (len == 0)
		return 0;
	while (p + len < end && url_octet((unsigned char)p[len]) &&
	    !is_punctuation(p + len, end))
		len++;
	while (len > k && (strchr(".,;:!?'*_", p[len - 1]) != NULL ||
	    closes_what_is_outside(p, len)))
		len--;
	if (len == k)
		return 0;
	if (doc_url_bare(p, len) && (goes_on_before(line, p) ||
	    !isalnum((unsigned char)p[k]) ||
	    memchr(p + k, '.', len - k) == NULL))
		return 0;
	return len;
}

/* ---- their numbers ---- */

/* Its number, from 1; 0 when there are too many. */
static size_t
add_link(struct doc *d, const char *url, size_t n)
{
	const char *before = doc_url_bare(url, n) ? https : "";
	struct doc_link *p;
	struct buf b;

	if (d->nlinks == DOC_LINKS_MAX)		/* who counts that far? */
		return 0;
	p = reallocarray(d->link, d->nlinks + 1, sizeof *p);
	if (p == NULL)
		return 0;
	d->link = p;
	buf_init(&b, DOC_MAX);
	buf_adds(&b, before);
	buf_add(&b, url, n);
	p[d->nlinks].url = b.err == 0 ? strdup(buf_str(&b)) : NULL;
	buf_clear(&b);
	return p[d->nlinks].url != NULL ? ++d->nlinks : 0;
}

static size_t
link_number(struct doc *d, const char *url, size_t n)
{
	size_t i, k = doc_url_bare(url, n) ? sizeof https - 1 : 0;

	for (i = 0; i < d->nlinks; i++)
		if (strlen(d->link[i].url) == n + k &&
		    memcmp(d->link[i].url + k, url, n) == 0 &&
		    memcmp(d->link[i].url, https, k) == 0)
			return i + 1;
	return add_link(d, url, n);
}

/* The URL that has the colon or dot behind its first letters: where it
 * starts, or NULL. */
static const char *
url_around(const char *line, const char *from, const char *sign,
    const char *end, size_t *len)
{
	ptrdiff_t least = *sign == '.' ? 3 : 4, k;	/* www; http */

	for (k = *sign == '.' ? 3 : 6; k >= least; k--)	/* mailto https */
		if (sign - from >= k &&
		    (*len = doc_url(line, sign - k, end)) != 0)
			return sign - k;
	return NULL;
}

/* The next colon, or dot of "www.", from there on; NULL. */
static const char *
next_sign(const char *p, const char *end)
{
	for (; p < end; p++)
		if (*p == ':' || (*p == '.' && (p[-1] | 0x20) == 'w'))
			return p;
	return NULL;
}

void
doc_links(struct doc *d, const char *s, size_t n, bool numbers, struct buf *b)
{
	const char *line = s, *end = s + n, *from = s, *at = s, *p;
	size_t len, number;

	buf_reset(b);
	while (at < end && (at = next_sign(at == line ? at + 1 : at, end)) !=
	    NULL) {
		p = url_around(line, from, at, end, &len);
		if (p == NULL) {
			at++;
			continue;
		}
		at = from = p + len;
		number = link_number(d, p, len);
		if (!numbers || number == 0)
			continue;
		buf_add(b, s, (size_t)(from - s));
		buf_addf(b, "[%zu]", number);
		s = from;
	}
	if (numbers)
		buf_add(b, s, (size_t)(end - s));
}

/* ---- the list of a browser ---- */

/* "[7] URL" as w3m has it, "7. URL" of lynx: the URL; NULL: neither. */
static const char *
listed(const char *p, const char *end, size_t want, size_t *len)
{
	const char *digits;
	uint32_t number;

	p += strspn(p, " [");
	digits = p;
	while (p < end && isdigit((unsigned char)*p))
		p++;
	if (num_u32(digits, p, 1, DOC_LINKS_MAX, &number) == -1 ||
	    number != want || (*p != ']' && *p != '.') || p[1] != ' ')
		return NULL;
	p += 2;
	while (end > p && (end[-1] == '\r' || end[-1] == ' '))
		end--;
	*len = (size_t)(end - p);
	return *len > 0 ? p : NULL;
}

void
doc_references(struct doc *d, const char *s, size_t n)
{
	static const char title[] = "\nReferences";
	const char *end = s + n, *p = s, *at, *lf, *url;
	size_t len;

	for (at = s; (at = memmem(at, (size_t)(end - at), title,
	    sizeof title - 1)) != NULL; at++)
		p = at;
	if (p == s)
		return;
	for (p++; (lf = memchr(p, '\n', (size_t)(end - p))) != NULL;
	    p = lf + 1) {
		url = listed(p, lf, d->nlinks + 1, &len);
		if (url != NULL)
			(void)add_link(d, url, len);
	}
}
