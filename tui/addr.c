#define _DEFAULT_SOURCE	/* reallocarray, strcasecmp */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/node/conf.h"
#include "tui/addr.h"

void
addrs_clear(struct addrs *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->a[i].name);
		free(l->a[i].addr);
	}
	free(l->a);
	l->a = NULL;
	l->n = 0;
}

bool
addr_equal(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

bool
addrs_has(const struct addrs *l, const char *addr)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (addr_equal(l->a[i].addr, addr))
			return true;
	return false;
}

bool
addrs_add(struct addrs *l, const char *name, const char *addr)
{
	struct addr *p;

	if (addrs_has(l, addr) || l->n == ADDR_LIST_MAX)
		return false;
	p = reallocarray(l->a, l->n + 1, sizeof *p);
	if (p == NULL)
		return false;
	l->a = p;
	p += l->n;
	p->name = strdup(name);
	p->addr = strdup(addr);
	if (p->name == NULL || p->addr == NULL) {
		free(p->name);
		free(p->addr);
		return false;
	}
	l->n++;
	return true;
}

bool
addr_is_own(const char *addr)
{
	const char *at = strrchr(addr, '@');
	size_t i;

	for (i = 0; at != NULL && i < conf.ndomains; i++)
		if (strcasecmp(at + 1, conf.domains[i]) == 0)
			return true;
	return false;
}

/* A quoted string fills [p, at). */
static bool
quoted_local(const char *p, const char *at)
{
	if (at - p < 3 || at[-1] != '"')
		return false;
	for (p++; p < at - 1; p++) {
		if (*p == '"')
			return false;
		if (*p == '\\' && ++p == at - 1)
			return false;
	}
	return true;
}

static bool
no_controls(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

bool
addr_ok(const char *addr)
{
	static const char special[] = " \"(),:;<>@[]\\";
	const char *at = strrchr(addr, '@');
	size_t local = at != NULL ? (size_t)(at - addr) : 0;

	if (local == 0 || at[1] == '\0' || at[1] == '.' ||
	    strlen(addr) >= 320 || !no_controls(addr))
		return false;
	if (addr[0] == '"' ? !quoted_local(addr, at) :
	    strcspn(addr, special) < local)
		return false;
	if (at[1] == '[')		/* an address literal */
		return at[strlen(at) - 1] == ']' &&
		    strcspn(at + 2, " \"(),;<>@[\\") == strlen(at + 2);
	return strpbrk(at + 1, special) == NULL && strstr(at, "..") == NULL &&
	    at[strlen(at) - 1] != '.';
}

/* ---- reading ---- */

/* One address while it is read. */
struct piece {
	struct buf	text;		/* outside of < > and comments */
	struct buf	angle;		/* inside of < > */
	struct buf	comment;
	bool		has_angle;
	const char	*start;
};

static void
piece_reset(struct piece *p)
{
	buf_reset(&p->text);
	buf_reset(&p->angle);
	buf_reset(&p->comment);
	p->has_angle = false;
	p->start = NULL;
}

/* A quoted string, from its quote on; without the quotes if `strip`. */
static const char *
quoted(const char *s, struct buf *b, bool strip)
{
	if (!strip)
		buf_addc(b, '"');
	for (s++; *s != '\0' && *s != '"'; s++) {
		if (*s == '\\' && s[1] != '\0') {
			if (!strip)
				buf_addc(b, '\\');
			s++;
		}
		buf_addc(b, *s);
	}
	if (!strip)
		buf_addc(b, '"');
	return *s == '"' ? s + 1 : s;
}

static const char *
comment(const char *s, struct buf *b)
{
	int depth = 0;

	for (; *s != '\0'; s++) {
		if (*s == '(' && depth++ == 0)
			continue;
		if (*s == ')' && --depth == 0)
			return s + 1;
		if (*s == '\\' && s[1] != '\0')
			s++;
		buf_addc(b, *s);
	}
	return s;
}

static const char *
angle(const char *s, struct buf *b)
{
	for (s++; *s != '\0' && *s != '>'; )
		if (*s == '"')
			s = quoted(s, b, false);
		else
			buf_addc(b, *s++);
	return *s == '>' ? s + 1 : s;
}

static char *
trimmed(struct buf *b)
{
	char *s = buf_str(b), *end;

	if (s == NULL)
		return b->data != NULL ? (char *)b->data : NULL;
	s += strspn(s, " \t");
	for (end = s + strlen(s); end > s && (end[-1] == ' ' ||
	    end[-1] == '\t'); )
		*--end = '\0';
	return s;
}

/* Does the text so far hold an address of its own: local@domain? */
static bool
bare_address(struct piece *p)
{
	const char *s = trimmed(&p->text);

	return s != NULL && addr_ok(s);
}

/* False: it was no address. */
static bool
take(struct addrs *l, struct piece *p)
{
	char *text = trimmed(&p->text), *at, *note;
	bool ok = false;

	if (text == NULL)
		return false;
	if (p->has_angle) {
		at = trimmed(&p->angle);
		ok = at != NULL && addr_ok(at);
		if (ok)
			(void)addrs_add(l, text, at);
	} else if (addr_ok(text)) {
		note = trimmed(&p->comment);
		(void)addrs_add(l, note != NULL ? note : "", text);
		ok = true;
	}
	return ok;
}

static bool
empty(struct piece *p)
{
	const char *s = trimmed(&p->text);

	return !p->has_angle && (s == NULL || *s == '\0');
}

/* A comma ends a piece, unless what stands there is but half a name. */
static bool
ends(struct piece *p, const char *rest)
{
	const char *lt = strchr(rest, '<'), *comma = strchr(rest, ',');

	if (*rest == '\0' || *rest == ';' || p->has_angle || bare_address(p))
		return true;
	return lt == NULL || (comma != NULL && comma < lt &&
	    memchr(rest + 1, '@', (size_t)(lt - rest - 1)) != NULL);
}

size_t
addrs_read(struct addrs *l, const char *s, const char **bad)
{
	struct piece p;
	size_t wrong = 0;

	buf_init(&p.text, ADDR_TEXT_MAX);
	buf_init(&p.angle, ADDR_TEXT_MAX);
	buf_init(&p.comment, ADDR_TEXT_MAX);
	piece_reset(&p);
	for (;; ) {
		if (p.start == NULL && *s != ' ' && *s != ',')
			p.start = s;
		if (*s == '"') {
			/* A quoted local part keeps its quotes. */
			const char *close = strchr(s + 1, '"');
			s = quoted(s, &p.text, close == NULL || close[1] != '@');
		} else if (*s == '(') {
			s = comment(s, &p.comment);
		} else if (*s == '<') {
			p.has_angle = true;
			s = angle(s, &p.angle);
		} else if (*s == ':' && !p.has_angle &&
		    memchr(p.text.data != NULL ? (char *)p.text.data : "", '@',
		    p.text.len) == NULL) {
			piece_reset(&p);	/* the name of a group */
			s++;
		} else if (*s == ',' && !empty(&p) && !ends(&p, s)) {
			buf_addc(&p.text, *s++);
		} else if (*s == ',' || *s == ';' || *s == '\0') {
			if (!empty(&p) && !take(l, &p) && wrong++ == 0 &&
			    bad != NULL)
				*bad = p.start;
			piece_reset(&p);
			if (*s++ == '\0')
				break;
		} else {
			buf_addc(&p.text, *s++);
		}
	}
	buf_clear(&p.text);
	buf_clear(&p.angle);
	buf_clear(&p.comment);
	return wrong;
}

/* ---- writing ---- */

void
addr_put(struct buf *b, const struct addr *a)
{
	const char *p;

	if (a->name[0] == '\0') {
		buf_adds(b, a->addr);
		return;
	}
	if (strpbrk(a->name, "()<>[]:;@\\,.\"") == NULL) {
		buf_adds(b, a->name);
	} else {
		buf_addc(b, '"');
		for (p = a->name; *p != '\0'; p++) {
			if (*p == '"' || *p == '\\')
				buf_addc(b, '\\');
			buf_addc(b, *p);
		}
		buf_addc(b, '"');
	}
	buf_addf(b, " <%s>", a->addr);
}

void
addrs_put(struct buf *b, const struct addrs *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (i > 0)
			buf_adds(b, ", ");
		addr_put(b, &l->a[i]);
	}
}
