#include <string.h>

#include "mailnode/base/quote.h"
#include "mailnode/smtp/mailbox.h"

enum { COMMENT_DEPTH_MAX = 32 };

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Section 3.2.2: blanks and nested comments.  NULL: one is not closed. */
static const char *
skip_cfws(const char *p, const char *end)
{
	unsigned int depth = 0;

	for (; p < end; p++) {
		if (depth > 0 && *p == '\\' && end - p > 1)
			p++;
		else if (*p == '(' && ++depth > COMMENT_DEPTH_MAX)
			return NULL;
		else if (*p == ')' && depth > 0)
			depth--;
		else if (depth == 0 && *p != '(' && !is_blank(*p))
			break;
	}
	return depth == 0 ? p : NULL;
}

/* NULL: it is not closed. */
static const char *
skip_quoted(const char *p, const char *end)
{
	size_t n = quote_octets(p, end);

	return n > 0 ? p + n : NULL;
}

/* Behind a run of what may stand in an atom or, with dots, an address. */
static const char *
skip_plain(const char *p, const char *end)
{
	while (p < end && !is_blank(*p) && strchr("(\"<", *p) == NULL)
		p++;
	return p;
}

/* The words before "<"; *angle is NULL when there is none. */
static enum path_err
find_angle(const char *p, const char *end, const char **angle)
{
	*angle = NULL;
	while (p != NULL && p < end && *p != '<') {
		/* Specials of section 3.2.3 make no display name. */
		if (strchr(",;:[]>)", *p) != NULL && *p != '\0')
			return PATH_SYNTAX;
		p = *p == '"' ? skip_quoted(p, end) : skip_plain(p, end);
		if (p != NULL)
			p = skip_cfws(p, end);
	}
	if (p == NULL)
		return PATH_SYNTAX;
	*angle = p < end ? p : NULL;
	return PATH_OK;
}

/* addr-spec with comments around it, none within. */
static enum path_err
bare(const char *p, const char *end, unsigned int flags, struct path *out)
{
	const char *stop = p;

	if (p < end && *p == '"') {
		stop = skip_quoted(p, end);
		if (stop == NULL)
			return PATH_SYNTAX;
	}
	while (stop < end && !is_blank(*stop) && *stop != '(')
		stop++;
	if (skip_cfws(stop, end) != end)
		return PATH_SYNTAX;
	return path_mailbox(p, stop, flags, out);
}

static enum path_err
in_angles(const char *name, const char *angle, const char *end,
    unsigned int flags, struct path *out)
{
	const char *p = angle;
	enum path_err e;

	/* A name of words: "a@b <c@d>" is two addresses, not one. */
	if (memchr(name, '@', (size_t)(angle - name)) != NULL &&
	    name[0] != '"')
		return PATH_SYNTAX;
	e = path_lex(&p, end, flags, out);
	if (e == PATH_OK && skip_cfws(p, end) != end) {
		memset(out, 0, sizeof *out);
		e = PATH_SYNTAX;
	}
	return e;
}

enum path_err
mailbox_lex(const char *p, const char *end, unsigned int flags,
    struct path *out)
{
	const char *angle;

	memset(out, 0, sizeof *out);
	if (p < end && memchr(p, '\0', (size_t)(end - p)) != NULL)
		return PATH_SYNTAX;
	p = skip_cfws(p, end);
	if (p == NULL)
		return PATH_SYNTAX;
	if (find_angle(p, end, &angle) == PATH_OK && angle != NULL)
		return in_angles(p, angle, end, flags, out);
	return bare(p, end, flags, out);
}
