/*
 * One pass, no tree: text is copied with its blanks folded, tags leave line
 * breaks, marks and link targets.  Memory is the output and a few octets.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "store/html.h"

enum {
	TAG_MAX = 16,		/* octets of a tag's name that we know */
	URL_MAX = 2000,
	QUOTE_MAX = 20,		/* levels of blockquote shown */
	ENTITY_MAX = 12
};

struct html {
	struct buf	*out;
	const char	*p, *end;
	size_t		 breaks;	/* line breaks owed */
	bool		 blank;		/* a blank is owed */
	bool		 begun;		/* there is text already */
	bool		 open;		/* see html_hidden() */
	unsigned int	 unclosed;	/* of what skipped() knows, by bits */
	unsigned int	 quote, pre;
	char		 url[URL_MAX + 1];
	size_t		 link_at;	/* where the link's text began */
};

static void
line_breaks(struct html *h, size_t n)
{
	if (h->breaks < n)
		h->breaks = n;
	h->blank = false;
}

/* Pays what is owed before text. */
static void
settle(struct html *h)
{
	unsigned int i;
	size_t n;

	if (h->breaks > 0 || !h->begun) {
		for (n = 0; h->begun && n < h->breaks; n++)
			buf_addc(h->out, '\n');
		for (i = 0; i < h->quote && i < QUOTE_MAX; i++)
			buf_adds(h->out, "> ");
	} else if (h->blank)
		buf_addc(h->out, ' ');
	h->breaks = 0;
	h->blank = false;
	h->begun = true;
}

static void
put_char(struct html *h, uint32_t c)
{
	if (c == 0xa0)
		c = ' ';
	if (c == '\n' && h->pre > 0) {
		h->breaks++;
		return;
	}
	if ((c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') &&
	    h->pre == 0) {
		h->blank = h->breaks == 0;
		return;
	}
	/* Zero-width padding of newsletters. */
	if (c == 0x200b || c == 0x200c || c == 0xad || c == 0x34f ||
	    c == 0xfeff || c == '\r')
		return;
	settle(h);
	codec_utf8_put(h->out, c);
}

static const struct {
	const char	*name;
	uint32_t	 c;
} entities[] = {
	{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
	{ "apos", '\'' }, { "nbsp", 0xa0 }, { "copy", 0xa9 },
	{ "reg", 0xae }, { "trade", 0x2122 }, { "hellip", 0x2026 },
	{ "mdash", 0x2014 }, { "ndash", 0x2013 }, { "lsquo", 0x2018 },
	{ "rsquo", 0x2019 }, { "ldquo", 0x201c }, { "rdquo", 0x201d },
	{ "bull", 0x2022 }, { "middot", 0xb7 }, { "euro", 0x20ac },
	{ "pound", 0xa3 }, { "laquo", 0xab }, { "raquo", 0xbb },
	{ "auml", 0xe4 }, { "ouml", 0xf6 }, { "uuml", 0xfc },
	{ "Auml", 0xc4 }, { "Ouml", 0xd6 }, { "Uuml", 0xdc },
	{ "szlig", 0xdf }, { "eacute", 0xe9 }, { "egrave", 0xe8 },
	{ "agrave", 0xe0 }, { "ccedil", 0xe7 }, { "ntilde", 0xf1 },
	{ "aring", 0xe5 }, { "aelig", 0xe6 }, { "oslash", 0xf8 },
	{ "zwnj", 0x200c }, { "zwj", 0x200d }, { "shy", 0xad },
	{ "times", 0xd7 }, { "deg", 0xb0 }, { "larr", 0x2190 },
	{ "rarr", 0x2192 }, { "ensp", ' ' }, { "emsp", ' ' },
	{ "thinsp", ' ' }, { "sect", 0xa7 }, { "para", 0xb6 },
};

static uint32_t
number(const char *s, size_t n)
{
	uint32_t v = 0, base = 10;
	size_t i = 1;

	if (n > 1 && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		i = 2;
	}
	for (; i < n && v <= 0x10ffff; i++) {
		if (!isxdigit((unsigned char)s[i]) ||
		    (base == 10 && !isdigit((unsigned char)s[i])))
			return 0;
		v = v * base + (uint32_t)(isdigit((unsigned char)s[i]) ?
		    s[i] - '0' : tolower((unsigned char)s[i]) - 'a' + 10);
	}
	return v;
}

uint32_t
html_entity(const char *s, const char *end, size_t *len)
{
	size_t n, i, max = (size_t)(end - s);

	max = max < ENTITY_MAX ? max : ENTITY_MAX;
	for (n = 1; n < max && (isalnum((unsigned char)s[n]) ||
	    s[n] == '#'); )
		n++;
	*len = n + (n < max && s[n] == ';');
	s++;
	n--;
	if (n > 1 && s[0] == '#')
		return number(s, n);
	for (i = 0; i < sizeof entities / sizeof entities[0]; i++)
		if (n == strlen(entities[i].name) &&
		    memcmp(s, entities[i].name, n) == 0)
			return entities[i].c;
	return 0;
}

static void
text(struct html *h)
{
	const uint8_t *p = (const uint8_t *)h->p;
	uint32_t c;
	size_t len;

	if (*h->p == '&' && (c = html_entity(h->p, h->end, &len)) != 0) {
		h->p += len;
		put_char(h, c);
		return;
	}
	c = codec_utf8_next(&p, (const uint8_t *)h->end);
	h->p = (const char *)p;
	put_char(h, c);
}

const char *
html_tag_end(const char *p, const char *end)
{
	char q = 0;

	for (; p < end; p++) {
		if (q != 0)
			q = *p == q ? 0 : q;
		else if (*p == '>')
			return p + 1;
		else if ((*p == '"' || *p == '\'') && p[-1] == '=')
			q = *p;
	}
	return end;
}

const char *
html_comment_end(const char *p, const char *end)
{
	if ((size_t)(end - p) < 4 || memcmp(p, "<!--", 4) != 0)
		return NULL;
	for (p += 4; (size_t)(end - p) >= 3; p++)
		if (memcmp(p, "-->", 3) == 0)
			return p + 3;
	return end;
}

void
html_attribute(const char *p, const char *end, const char *name, char *dst,
    size_t size)
{
	size_t n = strlen(name), len = 0, skip;
	uint32_t c;
	char q = 0;

	dst[0] = '\0';
	for (;; p++) {
		if ((size_t)(end - p) < n + 2)
			return;
		if (isspace((unsigned char)p[-1]) && p[n] == '=' &&
		    strncasecmp(p, name, n) == 0)
			break;
	}
	p += n + 1;
	if (*p == '"' || *p == '\'')
		q = *p++;
	while (p < end && len + 1 < size && (q != 0 ? *p != q :
	    !isspace((unsigned char)*p) && *p != '>')) {
		c = 0;
		if (*p == '&')
			c = html_entity(p, end, &skip);
		if (c > 0 && c < 127) {
			dst[len++] = (char)c;
			p += skip;
		} else
			dst[len++] = *p++;
	}
	dst[len] = '\0';
}

/* Contents that are not shown: up to the closing tag of the same name. */
static bool
skipped(struct html *h, const char *name)
{
	static const char *const hide[] = { "script", "style", "head",
	    "title", "noscript", "template", "object", "svg" };
	size_t i, n = strlen(name);
	const char *p;

	for (i = 0; i < sizeof hide / sizeof hide[0]; i++)
		if (strcmp(name, hide[i]) == 0)
			break;
	if (i == sizeof hide / sizeof hide[0])
		return false;
	/* Nor is it behind a later one: looked for once, not for each. */
	if (h->unclosed & 1U << i)
		return true;
	for (p = h->p; p < h->end; p++) {
		p = memchr(p, '<', (size_t)(h->end - p));
		if (p == NULL)
			break;
		if ((size_t)(h->end - p) > n + 2 && p[1] == '/' &&
		    strncasecmp(p + 2, name, n) == 0) {
			h->p = html_tag_end(p + 1, h->end);
			return true;
		}
	}
	/* Never closed: an unclosed head hides nothing. */
	h->unclosed |= 1U << i;
	if (strcmp(name, "script") == 0 || strcmp(name, "style") == 0)
		h->p = h->end;
	return true;
}

/* A link's target goes behind its text, unless the text says it. */
static void
link_end(struct html *h)
{
	size_t n = strlen(h->url);
	const char *shown;
	size_t len;

	if (n == 0)
		return;
	shown = h->link_at < h->out->len ?
	    (const char *)h->out->data + h->link_at : "";
	len = h->link_at < h->out->len ? h->out->len - h->link_at : 0;
	while (len > 0 && (*shown == ' ' || *shown == '\n')) {
		shown++;
		len--;
	}
	if (len > 0 && !(len <= n && memcmp(h->url + n - len, shown, len)
	    == 0)) {
		settle(h);
		buf_addf(h->out, " <%s>", h->url);
	}
	h->url[0] = '\0';
}

static void
link_begin(struct html *h, const char *tag, const char *end)
{
	link_end(h);
	html_attribute(tag, end, "href", h->url, sizeof h->url);
	if (strncasecmp(h->url, "http://", 7) != 0 &&
	    strncasecmp(h->url, "https://", 8) != 0)
		h->url[0] = '\0';
	h->link_at = h->out->len;
}

static void
image(struct html *h, const char *tag, const char *end)
{
	char alt[200];
	const char *s;

	html_attribute(tag, end, "alt", alt, sizeof alt);
	if (alt[strspn(alt, " \t\r\n")] == '\0')
		return;
	put_char(h, '[');
	for (s = alt; *s != '\0'; s++)
		if ((unsigned char)*s >= ' ')
			buf_addc(h->out, *s);
	put_char(h, ']');
}

enum act { BREAK1, BREAK2, BR, ITEM, CELL, PRE, QUOTE, LINK, IMAGE, RULE };

static const struct {
	const char	*name;
	enum act	 act;
} tags[] = {
	{ "a", LINK }, { "address", BREAK1 }, { "article", BREAK1 },
	{ "blockquote", QUOTE }, { "br", BR }, { "center", BREAK1 },
	{ "dd", BREAK1 }, { "div", BREAK1 }, { "dl", BREAK2 },
	{ "dt", BREAK1 }, { "footer", BREAK1 }, { "form", BREAK1 },
	{ "h1", BREAK2 }, { "h2", BREAK2 }, { "h3", BREAK2 },
	{ "h4", BREAK2 }, { "h5", BREAK2 }, { "h6", BREAK2 },
	{ "header", BREAK1 }, { "hr", RULE }, { "img", IMAGE },
	{ "li", ITEM }, { "ol", BREAK1 }, { "p", BREAK2 }, { "pre", PRE },
	{ "section", BREAK1 }, { "table", BREAK1 }, { "td", CELL },
	{ "th", CELL }, { "tr", BREAK1 }, { "ul", BREAK1 },
};

static void
act(struct html *h, enum act a, bool closing, const char *tag,
    const char *end)
{
	switch (a) {
	case BREAK1:
		line_breaks(h, 1);
		break;
	case BREAK2:
		line_breaks(h, 2);
		break;
	case BR:
		h->breaks += h->breaks < 2;
		h->blank = false;
		break;
	case ITEM:
		line_breaks(h, 1);
		if (!closing) {
			settle(h);
			buf_adds(h->out, "* ");
		}
		break;
	case CELL:
		h->blank = h->breaks == 0;
		break;
	case PRE:
		line_breaks(h, 1);
		h->pre = closing ? h->pre - (h->pre > 0) : h->pre + 1;
		break;
	case QUOTE:
		line_breaks(h, 1);
		h->quote = closing ? h->quote - (h->quote > 0) : h->quote + 1;
		break;
	case LINK:
		if (closing)
			link_end(h);
		else
			link_begin(h, tag, end);
		break;
	case IMAGE:
		image(h, tag, end);
		break;
	case RULE:
		line_breaks(h, 1);
		settle(h);
		buf_adds(h->out, "----");
		line_breaks(h, 1);
		break;
	}
}

/* h->p stands on '<'. */
static void
markup(struct html *h)
{
	const char *tag = h->p + 1, *end, *hidden;
	char name[TAG_MAX];
	bool closing;
	size_t n = 0, i;

	end = html_comment_end(h->p, h->end);
	if (end != NULL) {
		h->p = end;
		return;
	}
	closing = tag < h->end && *tag == '/';
	tag += closing;
	if (tag == h->end || !(isalpha((unsigned char)*tag) ||
	    *tag == '!' || *tag == '?')) {
		h->p++;
		put_char(h, '<');
		return;
	}
	end = html_tag_end(tag, h->end);
	for (; tag + n < end && isalnum((unsigned char)tag[n]) &&
	    n + 1 < sizeof name; n++)
		name[n] = (char)tolower((unsigned char)tag[n]);
	name[n] = '\0';
	h->p = end;
	if (!closing && skipped(h, name))
		return;
	hidden = closing ? NULL : html_hidden(tag, end, h->end, &h->open);
	if (hidden != NULL) {
		h->p = hidden;
		return;
	}
	for (i = 0; i < sizeof tags / sizeof tags[0]; i++)
		if (strcmp(name, tags[i].name) == 0) {
			act(h, tags[i].act, closing, tag, end);
			return;
		}
}

int
html_plain(struct buf *out, const char *p, size_t n)
{
	struct html h = { .out = out, .p = p };

	if (n == 0)
		return out->err ? -1 : 0;
	h.end = p + n;
	while (h.p < h.end && !out->err) {
		if (*h.p == '<')
			markup(&h);
		else
			text(&h);
	}
	link_end(&h);
	if (h.begun)
		buf_addc(out, '\n');
	return out->err ? -1 : 0;
}
