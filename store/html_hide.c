/*
 * What HTML mail hides: the preview line that newsletters put first, and what
 * they keep for other screens.  Of CSS only what stands in the element itself
 * is looked at.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "store/html.h"

enum {
	NAME_MAX_OCTETS = 16,	/* of an element that can be hidden */
	STYLE_MAX = 1000	/* octets of a style that are looked at */
};

/* "name:value" at the start of a declaration; blanks are gone. */
static bool
declares(const char *style, const char *what)
{
	size_t n = strlen(what);
	const char *p = style;

	while ((p = strstr(p, what)) != NULL) {
		if ((p == style || p[-1] == ';') && (p[n] == '\0' ||
		    p[n] == ';' || p[n] == '!' || (what[n - 1] == '0' &&
		    p[n] == 'p')))
			return true;
		p += n;
	}
	return false;
}

static bool
style_hides(const char *style)
{
	char s[STYLE_MAX + 1];
	size_t n = 0;

	for (; *style != '\0' && n + 1 < sizeof s; style++)
		if (!isspace((unsigned char)*style))
			s[n++] = (char)tolower((unsigned char)*style);
	s[n] = '\0';
	return declares(s, "display:none") || declares(s, "max-height:0") ||
	    declares(s, "visibility:hidden");
}

/* The attribute "hidden", with a value or without. */
static bool
says_hidden(const char *tag, const char *end)
{
	static const char word[] = "hidden";
	size_t n = sizeof word - 1;
	const char *p;
	char q = 0;

	for (p = tag + 1; (size_t)(end - p) > n; p++) {
		if (q != 0)
			q = *p == q ? 0 : q;
		else if ((*p == '"' || *p == '\'') && p[-1] == '=')
			q = *p;
		else if (isspace((unsigned char)p[-1]) &&
		    strncasecmp(p, word, n) == 0 && (p[n] == '>' ||
		    p[n] == '=' || p[n] == '/' || isspace((unsigned char)p[n])))
			return true;
	}
	return false;
}

static size_t
name_of(const char *tag, const char *end, char *name)
{
	size_t n = 0;

	while (tag + n < end && n + 1 < NAME_MAX_OCTETS &&
	    isalnum((unsigned char)tag[n])) {
		name[n] = (char)tolower((unsigned char)tag[n]);
		n++;
	}
	name[n] = '\0';
	return n;
}

/* Those that have no end, and those that hold the whole letter. */
static bool
can_hide(const char *name)
{
	static const char *const not[] = { "", "img", "br", "hr", "input",
	    "meta", "link", "col", "area", "wbr", "html", "body", "head" };
	size_t i;

	for (i = 0; i < sizeof not / sizeof not[0]; i++)
		if (strcmp(name, not[i]) == 0)
			return false;
	return true;
}

/* Behind the tag that closes what was opened before p; NULL: none does. */
static const char *
closing(const char *p, const char *end, const char *name, size_t n)
{
	const char *comment;
	size_t depth = 1;
	bool ends;

	while ((p = memchr(p, '<', (size_t)(end - p))) != NULL) {
		comment = html_comment_end(p, end);
		if (comment != NULL) {
			p = comment;
			continue;
		}
		p++;
		ends = p < end && *p == '/';
		p += ends;
		if ((size_t)(end - p) <= n)
			return NULL;
		if (strncasecmp(p, name, n) != 0 ||
		    isalnum((unsigned char)p[n]))
			continue;
		if (ends && --depth == 0)
			return html_tag_end(p, end);
		depth += !ends;
	}
	return NULL;
}

const char *
html_hidden(const char *tag, const char *tag_end, const char *end, bool *open)
{
	char name[NAME_MAX_OCTETS], style[STYLE_MAX];
	size_t n = name_of(tag, tag_end, name);
	const char *behind;

	if (*open || !can_hide(name))
		return NULL;
	html_attribute(tag + 1, tag_end, "style", style, sizeof style);
	if (!style_hides(style) && !says_hidden(tag, tag_end))
		return NULL;
	behind = closing(tag_end, end, name, n);
	*open = behind == NULL;
	return behind;
}

int
html_shown(struct buf *out, const char *p, size_t n)
{
	const char *end = p + n, *lt, *tag_end, *behind;
	bool open = false;	/* one is never closed */

	while (n > 0 && p < end && !out->err) {
		lt = memchr(p, '<', (size_t)(end - p));
		if (lt == NULL)
			lt = end;
		buf_add(out, p, (size_t)(lt - p));
		if (lt == end)
			break;
		p = lt + 1;
		tag_end = html_comment_end(lt, end);
		behind = NULL;
		if (tag_end == NULL && (p == end ||
		    !isalpha((unsigned char)*p))) {
			buf_addc(out, '<');
			continue;
		}
		if (tag_end == NULL) {
			tag_end = html_tag_end(p, end);
			behind = html_hidden(p, tag_end, end, &open);
		}
		if (behind == NULL)
			buf_add(out, lt, (size_t)(tag_end - lt));
		p = behind != NULL ? behind : tag_end;
	}
	return out->err ? -1 : 0;
}
