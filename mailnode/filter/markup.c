#define _GNU_SOURCE
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/codec.h"
#include "mailnode/filter/markup.h"
#include "mailnode/filter/words.h"
#include "mailnode/filter/words_url.h"
#include "store/html.h"

enum {
	NAME_MAX_ = 16,		/* octets of a tag's name */
	STYLE_MAX = 400		/* of a style that is looked at */
};

struct markup {
	struct tokens	*t;
	struct words	 shown, hidden;
	const char	*p, *end;
	char		 hide[NAME_MAX_];	/* within an element of this
						   name; "": shown */
	unsigned int	 depth;		/* of elements of that name */
	bool		 comments;	/* may be ended further on */
};

struct slice {
	const char	*p;
	size_t		 n;
};

static bool
is_one(const char *name, const char *const *list)
{
	for (; *list != NULL; list++)
		if (**list == *name && strcmp(name, *list) == 0)
			return true;
	return false;
}

static bool
slice_is(const struct slice *s, const char *word)
{
	return s->n == strlen(word) && strncasecmp(s->p, word, s->n) == 0;
}

static struct words *
words_of(struct markup *m)
{
	return m->hide[0] != '\0' ? &m->hidden : &m->shown;
}

/* ---- attributes ---- */

static bool
has(const char *style, const char *what, const char *not_before)
{
	const char *hit = style;
	size_t n = strlen(what);

	while ((hit = strstr(hit, what)) != NULL) {
		hit += n;
		if (*hit == '\0' || strchr(not_before, *hit) == NULL)
			return true;
	}
	return false;
}

/* Text nobody sees, or sees as dust. */
static bool
style_hides(const struct slice *v)
{
	char s[STYLE_MAX];
	size_t i, n = 0;

	for (i = 0; i < v->n && n + 1 < sizeof s; i++)
		if (!isspace((unsigned char)v->p[i]) && v->p[i] != '\0')
			s[n++] = (char)tolower((unsigned char)v->p[i]);
	s[n] = '\0';
	return has(s, "display:none", "") ||
	    has(s, "visibility:hidden", "") ||
	    has(s, "font-size:0", ".") || has(s, "font-size:1px", "") ||
	    has(s, "opacity:0", ".") || has(s, "max-height:0", ".");
}

static void
put_link(struct markup *m, const struct slice *v)
{
	size_t i = 0;

	while (i < v->n && isspace((unsigned char)v->p[i]))
		i++;
	if (v->n - i > 7 && (strncasecmp(v->p + i, "http", 4) == 0 ||
	    strncasecmp(v->p + i, "ftp:", 4) == 0))
		(void)words_url(m->t, v->p + i, v->n - i);
	else if (v->n - i > 7 && strncasecmp(v->p + i, "mailto:", 7) == 0)
		words_text(m->t, TOKEN_URL, v->p + i + 7, v->n - i - 7);
	else if (v->n - i > 4 && strncasecmp(v->p + i, "cid:", 4) == 0)
		tokens_puts(m->t, TOKEN_URL, "cid:");
	else if (v->n - i > 5 && strncasecmp(v->p + i, "data:", 5) == 0)
		tokens_puts(m->t, TOKEN_URL, "data:");
}

/* True: what is inside is hidden. */
static bool
attribute(struct markup *m, const struct slice *name, const struct slice *v)
{
	static const char *const links[] = { "href", "src", "action",
	    "background" };
	size_t i;

	if (slice_is(name, "style"))
		return style_hides(v);
	if (slice_is(name, "hidden"))
		return true;
	for (i = 0; i < sizeof links / sizeof links[0]; i++)
		if (slice_is(name, links[i]))
			put_link(m, v);
	return false;
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (isspace((unsigned char)*p) || *p == '/'))
		p++;
	return p;
}

/* One attribute at p; returns what is behind it, at least one octet on. */
static const char *
take_attribute(const char *p, const char *end, struct slice *name,
    struct slice *v)
{
	char q = 0;

	name->p = p;
	while (p < end && !isspace((unsigned char)*p) && *p != '=' &&
	    *p != '>' && *p != '/')
		p++;
	name->n = (size_t)(p - name->p);
	v->p = p;
	v->n = 0;
	while (p < end && isspace((unsigned char)*p))
		p++;
	if (p == end || *p != '=')
		return name->n > 0 ? p : p < end ? p + 1 : end;
	for (p++; p < end && isspace((unsigned char)*p); )
		p++;
	if (p < end && (*p == '"' || *p == '\''))
		q = *p++;
	v->p = p;
	while (p < end && (q != 0 ? *p != q :
	    !isspace((unsigned char)*p) && *p != '>'))
		p++;
	v->n = (size_t)(p - v->p);
	return p < end && q != 0 ? p + 1 : p;
}

static bool
attributes(struct markup *m, const char *p, const char *end)
{
	struct slice name, v;
	bool hides = false;

	while ((p = skip_space(p, end)) < end && *p != '>') {
		p = take_attribute(p, end, &name, &v);
		if (name.n > 0 && attribute(m, &name, &v))
			hides = true;
	}
	return hides;
}

/* ---- tags ---- */

/* Up to the closing tag of that name, or to the end. */
static void
skip_element(struct markup *m, const char *name)
{
	size_t n = strlen(name);
	const char *p = m->p;

	while (p < m->end && (p = memchr(p, '<', (size_t)(m->end - p))) !=
	    NULL) {
		if ((size_t)(m->end - p) > n + 2 && p[1] == '/' &&
		    strncasecmp(p + 2, name, n) == 0) {
			m->p = html_tag_end(p + 1, m->end);
			return;
		}
		p++;
	}
	m->p = m->end;
}

/* One that nothing ends is passed over as a tag: some programs show what is
 * behind it, and it may be all there is. */
static void
comment(struct markup *m)
{
	const char *hit = NULL;

	if (m->comments)
		hit = memmem(m->p, (size_t)(m->end - m->p), "-->", 3);
	m->comments = hit != NULL;
	m->p = hit != NULL ? hit + 3 : html_tag_end(m->p + 1, m->end);
}

static void
hides_from_here(struct markup *m, const char *name)
{
	static const char *const empty[] = { "img", "br", "hr", "input",
	    "meta", "link", "area", "base", "col", "wbr", NULL };

	if (is_one(name, empty))
		return;
	words_break(&m->shown);
	memcpy(m->hide, name, sizeof m->hide);
	m->depth = 1;
}

static void
nested(struct markup *m, const char *name, bool closing)
{
	if (strcmp(name, m->hide) != 0)
		return;
	m->depth += closing ? -1U : 1U;
	if (m->depth > 0)
		return;
	words_break(&m->hidden);
	m->hide[0] = '\0';
}

static void
element(struct markup *m, const char *name, const char *tag,
    const char *end, bool closing)
{
	static const char *const within[] = { "b", "i", "u", "em", "strong",
	    "font", "span", "a", "small", "big", "s", "sub", "sup", "wbr",
	    NULL };
	static const char *const unread[] = { "style", "script", NULL };
	/* What a page does and letters rarely do; how it is laid out tells
	 * of the program and the year alone. */
	static const char *const acts[] = { "form", "input", "select",
	    "textarea", "button", "iframe", "script", "object", "embed",
	    "img", NULL };

	if (!is_one(name, within))
		words_gap(words_of(m));
	if (m->hide[0] != '\0')
		nested(m, name, closing);
	if (closing)
		return;
	if (is_one(name, acts))
		tokens_puts(m->t, TOKEN_HTML, name);
	if (attributes(m, tag, end) && m->hide[0] == '\0')
		hides_from_here(m, name);
	if (is_one(name, unread))
		skip_element(m, name);
}

/* m->p stands on '<'. */
static void
tag(struct markup *m)
{
	const char *p = m->p + 1, *end;
	char name[NAME_MAX_];
	bool closing;
	size_t n = 0;

	if (m->end - m->p >= 4 && memcmp(m->p, "<!--", 4) == 0) {
		comment(m);
		return;
	}
	closing = p < m->end && *p == '/';
	p += closing;
	if (p == m->end || !(isalpha((unsigned char)*p) || *p == '!' ||
	    *p == '?')) {
		words_gap(words_of(m));
		m->p++;
		return;
	}
	end = html_tag_end(p, m->end);
	m->p = end;
	for (; p < end && isalnum((unsigned char)*p); p++)
		if (n + 1 < sizeof name)
			name[n++] = (char)tolower((unsigned char)*p);
	memset(name + n, 0, sizeof name - n);
	if (n > 0)
		element(m, name, p, end, closing);
}

static void
character(struct markup *m)
{
	uint8_t room[8];
	struct buf b = { .data = room, .cap = sizeof room,
	    .max = sizeof room };
	size_t len;
	uint32_t c = html_entity(m->p, m->end, &len);

	if (c == 0) {
		words_gap(words_of(m));
		m->p++;
		return;
	}
	m->p += len;
	(void)codec_utf8_put(&b, c);
	words_feed(words_of(m), (char *)room, b.len);
}

void
markup_tokens(struct tokens *t, const char *p, size_t n)
{
	struct markup m = { .t = t, .p = p, .comments = true };
	const char *q;

	if (n == 0)
		return;
	m.end = p + n;
	words_begin(&m.shown, t, TOKEN_BODY, true);
	words_begin(&m.hidden, t, TOKEN_HIDDEN, false);
	while (m.p < m.end) {
		for (q = m.p; q < m.end && *q != '<' && *q != '&'; )
			q++;
		words_feed(words_of(&m), m.p, (size_t)(q - m.p));
		m.p = q;
		if (q < m.end && *q == '<')
			tag(&m);
		else if (q < m.end)
			character(&m);
	}
	words_break(&m.shown);
	words_break(&m.hidden);
}
