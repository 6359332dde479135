#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/node/idna.h"
#include "mailnode/smtp/path.h"

static const char *const texts[] = {
	[PATH_OK] = "ok",
	[PATH_SYNTAX] = "not an address",
	[PATH_LOCAL_LONG] = "local part too long",
	[PATH_DOMAIN_LONG] = "domain too long",
	[PATH_LONG] = "path too long",
	[PATH_NOT_ASCII] = "an address like that needs SMTPUTF8",
	[PATH_BAD_UTF8] = "not UTF-8",
};

const char *
path_err_text(enum path_err e)
{
	if ((size_t)e >= sizeof texts / sizeof texts[0])
		return "unknown error";
	return texts[e];
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static bool
is_high(char c)
{
	return (unsigned char)c >= 0x80;
}

/* RFC 5322 section 3.2.3 atext, and UTF8-non-ascii of RFC 6531. */
static bool
is_atext(char c)
{
	return is_alnum(c) || is_high(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static size_t
count_atext(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && is_atext(*p))
		p++;
	return (size_t)(p - start);
}

/* Atoms with single dots between; the length, 0 for none. */
static size_t
dot_string(const char *p, const char *end)
{
	const char *start = p;
	size_t n;

	for (;;) {
		n = count_atext(p, end);
		if (n == 0)
			return 0;
		p += n;
		if (p == end || *p != '.')
			return (size_t)(p - start);
		p++;
	}
}

/* Appends to a string in PATH_SIZE octets; false: no room. */
static bool
append(char *s, size_t *n, char c)
{
	if (*n + 1 >= PATH_SIZE)
		return false;
	s[(*n)++] = c;
	s[*n] = '\0';
	return true;
}

/* Quoted-string from its first quote on: into local without the quoting. */
static enum path_err
quoted(const char **p, const char *end, char *local)
{
	const char *at = *p + 1;
	size_t n = 0;

	for (; at < end && *at != '"'; at++) {
		if (*at == '\\' && ++at == end)
			return PATH_SYNTAX;
		if (!is_high(*at) && (*at < ' ' || *at > '~'))
			return PATH_SYNTAX;
		if (!append(local, &n, *at))
			return PATH_LONG;
	}
	if (at == end)
		return PATH_SYNTAX;
	*p = at + 1;
	return PATH_OK;
}

static enum path_err
local_part(const char **p, const char *end, unsigned int flags,
    struct path *out)
{
	const char *start = *p;
	enum path_err err;
	size_t n;

	if (start < end && *start == '"') {
		err = quoted(p, end, out->local);
		if (err != PATH_OK)
			return err;
	} else {
		n = dot_string(start, end);
		if (n == 0)
			return PATH_SYNTAX;
		if (n >= PATH_SIZE)
			return PATH_LONG;
		memcpy(out->local, start, n);
		out->local[n] = '\0';
		*p += n;
	}
	if (*p - start > PATH_LOCAL_MAX && !(flags & PATH_LENIENT))
		return PATH_LOCAL_LONG;
	return PATH_OK;
}

static bool
is_label(char c)
{
	return is_alnum(c) || is_high(c) || c == '-' || c == '_';
}

/* One label; the length, 0 for none. */
static size_t
label(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && is_label(*p))
		p++;
	if (p == start || *start == '-' || p[-1] == '-')
		return 0;
	return (size_t)(p - start);
}

static bool
any_high(const char *p, size_t n)
{
	while (n > 0 && !is_high(*p)) {
		p++;
		n--;
	}
	return n > 0;
}

static enum path_err	name(const char **, const char *);

/* Do n octets with U-labels (RFC 6531 section 3.3) name what the DNS may
 * have? */
static bool
is_international(const char *p, size_t n)
{
	char ascii[DNS_NAME_MAX];
	const char *at = ascii;

	return idna_ascii(p, n, ascii) == 0 &&
	    name(&at, ascii + strlen(ascii)) == PATH_OK && *at == '\0';
}

/* Labels with single dots between, from *p on.  The length of a U-label is
 * that of its A-label. */
static enum path_err
name(const char **p, const char *end)
{
	const char *at = *p;
	bool labels_long = false;
	size_t n;

	for (;;) {
		n = label(at, end);
		if (n == 0)
			return PATH_SYNTAX;
		labels_long |= n > PATH_LABEL_MAX && !any_high(at, n);
		at += n;
		if (at == end || *at != '.')
			break;
		at++;
	}
	if (labels_long || at - *p > PATH_DOMAIN_MAX)
		return PATH_DOMAIN_LONG;
	n = (size_t)(at - *p);
	if (any_high(*p, n) && !is_international(*p, n))
		return PATH_SYNTAX;
	*p = at;
	return PATH_OK;
}

/* U+0080 to U+009F are controls that a terminal may act on: never taken. */
static bool
has_c1(const char *p, const char *end)
{
	for (; p + 1 < end; p++)
		if ((unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0)
			return true;
	return false;
}

/* RFC 5321 section 4.1.3; literals of other kinds do not exist. */
bool
path_literal_ok(const char *p, const char *end)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char addr[sizeof(struct in6_addr)];
	int family = AF_INET;
	size_t n;

	if (end - p < 2 || p[0] != '[' || end[-1] != ']')
		return false;
	p++;
	end--;
	if (end - p > 5 && strncasecmp(p, "IPv6:", 5) == 0) {
		family = AF_INET6;
		p += 5;
	}
	n = (size_t)(end - p);
	if (n >= sizeof text || memchr(p, '\0', n) != NULL)
		return false;
	memcpy(text, p, n);
	text[n] = '\0';
	return inet_pton(family, text, addr) == 1;
}

bool
path_domain_ok(const char *p, const char *end, bool utf8)
{
	const char *at;

	for (at = p; at < end; at++)
		if (is_high(*at) && !utf8)
			return false;
	if (utf8 && (!codec_utf8_ok(p, (size_t)(end - p)) || has_c1(p, end)))
		return false;
	return name(&p, end) == PATH_OK && p == end;
}

static enum path_err
domain(const char **p, const char *end, struct path *out)
{
	const char *start = *p, *close;
	enum path_err err;

	if (start < end && *start == '[') {
		close = memchr(start, ']', (size_t)(end - start));
		if (close == NULL || !path_literal_ok(start, close + 1))
			return PATH_SYNTAX;
		out->literal = true;
		*p = close + 1;
	} else {
		err = name(p, end);
		if (err != PATH_OK)
			return err;
	}
	memcpy(out->domain, start, (size_t)(*p - start));
	out->domain[*p - start] = '\0';
	return PATH_OK;
}

/* "@one,@two:" before a mailbox: RFC 5321 section 4.1.1.3 has it ignored. */
static enum path_err
route(const char **p, const char *end, struct path *out)
{
	enum path_err err;

	if (*p == end || **p != '@')
		return PATH_OK;
	out->route = true;
	for (;;) {
		if (*p == end || **p != '@')
			return PATH_SYNTAX;
		(*p)++;
		err = name(p, end);
		if (err != PATH_OK)
			return err;
		if (*p == end)
			return PATH_SYNTAX;
		if (*(*p)++ == ':')
			return PATH_OK;
		if ((*p)[-1] != ',')
			return PATH_SYNTAX;
	}
}

/* The one spelling of an address: quoted only where it must be. */
static enum path_err
spell(struct path *out)
{
	const char *s, *end = out->local + strlen(out->local);
	bool quote = out->local[0] == '\0' ||
	    dot_string(out->local, end) != strlen(out->local);
	size_t n = 0;
	bool ok = true;

	if (quote)
		ok = append(out->address, &n, '"');
	for (s = out->local; *s != '\0'; s++) {
		if (quote && (*s == '"' || *s == '\\'))
			ok &= append(out->address, &n, '\\');
		ok &= append(out->address, &n, *s);
	}
	if (quote)
		ok &= append(out->address, &n, '"');
	if (out->bare)
		return ok ? PATH_OK : PATH_LONG;
	ok &= append(out->address, &n, '@');
	for (s = out->domain; *s != '\0'; s++)
		ok &= append(out->address, &n, *s);
	return ok ? PATH_OK : PATH_LONG;
}

static enum path_err
charset(const char *p, const char *end, unsigned int flags, struct path *out)
{
	const char *at;

	for (at = p; at < end && !is_high(*at); at++)
		;
	if (at == end)
		return PATH_OK;
	if (!codec_utf8_ok(p, (size_t)(end - p)) || has_c1(p, end))
		return PATH_BAD_UTF8;
	out->utf8 = true;
	return flags & PATH_UTF8 ? PATH_OK : PATH_NOT_ASCII;
}

static enum path_err
mailbox(const char **p, const char *end, unsigned int flags, struct path *out)
{
	enum path_err err;

	err = local_part(p, end, flags, out);
	if (err != PATH_OK)
		return err;
	if ((*p == end || **p != '@') && flags & PATH_BARE &&
	    strcasecmp(out->local, "postmaster") == 0) {
		out->bare = true;
		return spell(out);
	}
	if (*p == end || *(*p)++ != '@')
		return PATH_SYNTAX;
	err = domain(p, end, out);
	return err == PATH_OK ? spell(out) : err;
}

enum path_err
path_mailbox(const char *p, const char *end, unsigned int flags,
    struct path *out)
{
	const char *at = p;
	enum path_err err;

	memset(out, 0, sizeof *out);
	err = mailbox(&at, end, flags, out);
	if (err == PATH_OK && at != end)
		err = PATH_SYNTAX;
	if (err == PATH_OK && end - p > PATH_MAX_OCTETS - 2)
		err = PATH_LONG;
	if (err == PATH_OK)
		err = charset(p, end, flags, out);
	if (err != PATH_OK)
		memset(out, 0, sizeof *out);
	return err;
}

enum path_err
path_lex(const char **p, const char *end, unsigned int flags,
    struct path *out)
{
	const char *at = *p, *start;
	enum path_err err = PATH_SYNTAX;

	memset(out, 0, sizeof *out);
	if (at == end || *at++ != '<')
		return PATH_SYNTAX;
	if (at < end && *at == '>' && flags & PATH_NULL) {
		out->null = true;
		*p = at + 1;
		return PATH_OK;
	}
	err = route(&at, end, out);
	start = at;
	if (err == PATH_OK)
		err = mailbox(&at, end, flags, out);
	if (err == PATH_OK && (at == end || *at++ != '>'))
		err = PATH_SYNTAX;
	/* A route does not count, but what is behind it: that we keep. */
	if (err == PATH_OK && at - 1 - start > PATH_MAX_OCTETS - 2)
		err = PATH_LONG;
	if (err == PATH_OK)
		err = charset(*p, at, flags, out);
	if (err == PATH_OK)
		*p = at;
	else
		memset(out, 0, sizeof *out);
	return err;
}
