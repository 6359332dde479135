#define _DEFAULT_SOURCE	/* strcasecmp, strncasecmp */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/results.h"
#include "mailnode/auth/tags.h"
#include "mailnode/base/codec.h"
#include "tui/addr.h"
#include "tui/reply.h"
#include "tui/unsub.h"

static size_t
count(const struct parse_show *s, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < s->nheader; i++)
		n += strcasecmp(s->header[i].name, name) == 0;
	return n;
}

/* ---- is it signed? ---- */

static const char *
prop(const struct results_item *it, const char *name)
{
	size_t i;

	for (i = 0; i < it->nprops; i++)
		if (strcasecmp(it->props[i].ptype, "header") == 0 &&
		    strcasecmp(it->props[i].name, name) == 0)
			return it->props[i].value;
	return "";
}

/* A signature as our field names it: its domain, and how b= begins. */
static bool
is_signature(const struct tags *t, const struct results_item *it)
{
	const char *d = prop(it, "d"), *b = prop(it, "b");
	char text[8192];

	if (d[0] == '\0' || b[0] == '\0' || tags_find(t, "d") == NULL ||
	    tags_find(t, "b") == NULL)
		return false;
	return tag_is(tags_find(t, "d"), d, true) &&
	    tag_copy(tags_find(t, "b"), text, sizeof text) == 0 &&
	    strncmp(text, b, strlen(b)) == 0;
}

static bool
covers(const struct parse_show *s, const struct results_item *it)
{
	struct tags t;
	const char *v;
	size_t i;

	for (i = 0; i < s->nheader; i++) {
		v = s->header[i].value;
		if (strcasecmp(s->header[i].name, "DKIM-Signature") == 0 &&
		    tags_parse(&t, v, strlen(v)) == 0 &&
		    is_signature(&t, it) && tags_find(&t, "h") != NULL &&
		    tag_has(tags_find(&t, "h"), "List-Unsubscribe") &&
		    tag_has(tags_find(&t, "h"), "List-Unsubscribe-Post"))
			return true;
	}
	return false;
}

/* Our field stands above any that came with the message. */
static bool
signed_well(const struct parse_show *s, const char *id)
{
	const char *v = reply_header(s, "Authentication-Results");
	struct results r;
	bool ok = false;
	size_t i;

	if (results_parse(&r, v, strlen(v)) == -1)
		return false;
	for (i = 0; strcasecmp(r.id, id) == 0 && i < r.nitems && !ok; i++)
		ok = strcasecmp(r.items[i].method, "dkim") == 0 &&
		    strcasecmp(r.items[i].result, "pass") == 0 &&
		    covers(s, &r.items[i]);
	results_clear(&r);
	return ok;
}

/* ---- what is offered ---- */

/* RFC 6068: percent signs undone; controls become blanks.  False: too long,
 * or no URI. */
static bool
unescape(char *dst, size_t size, const char *s, size_t n)
{
	size_t i, k = 0;
	int c;

	for (i = 0; i < n && k + 1 < size; i++) {
		c = (unsigned char)s[i];
		if (c == '%') {
			c = i + 2 < n ? codec_hex_octet(s + i + 1) : -1;
			i += 2;
		}
		if (c <= 0)
			return false;
		if (c == '\n' || c == '\r' || c < ' ' || c == 0x7f)
			c = ' ';
		dst[k++] = (char)c;
	}
	dst[k] = '\0';
	return i == n;
}

bool
unsub_mailto(struct unsub *u, const char *s, size_t n)
{
	const char *end = s + n, *q = memchr(s, '?', n), *p, *amp;
	size_t k;

	if (!unescape(u->addr, sizeof u->addr, s, q != NULL ?
	    (size_t)(q - s) : n) || !addr_ok(u->addr) ||
	    strchr(u->addr, ',') != NULL) {
		u->addr[0] = '\0';
		return false;
	}
	for (p = q != NULL ? q + 1 : end; p < end; p = amp + (amp < end)) {
		amp = memchr(p, '&', (size_t)(end - p));
		if (amp == NULL)
			amp = end;
		k = (size_t)(amp - p);
		if (k > 8 && strncasecmp(p, "subject=", 8) == 0)
			(void)unescape(u->subject, sizeof u->subject, p + 8,
			    k - 8);
		else if (k > 5 && strncasecmp(p, "body=", 5) == 0)
			(void)unescape(u->body, sizeof u->body, p + 5, k - 5);
	}
	return true;
}

/* Blanks inside <> are from folding and no part of it (RFC 2369 section 2). */
static size_t
tidy(char *dst, size_t size, const char *s, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n && k + 1 < size; i++)
		if ((unsigned char)s[i] > ' ' && (unsigned char)s[i] < 0x7f)
			dst[k++] = s[i];
	dst[k] = '\0';
	return i == n ? k : 0;
}

/* The first of each kind; how many https there were. */
static size_t
offers(struct unsub *u, const char *value)
{
	const char *p = value, *end;
	char uri[UNSUB_URL_MAX];
	size_t n, https = 0;

	for (; (p = strchr(p, '<')) != NULL; p = end) {
		end = strchr(p, '>');
		if (end == NULL)
			break;
		n = tidy(uri, sizeof uri, p + 1, (size_t)(end - p - 1));
		if (strncasecmp(uri, "mailto:", 7) == 0) {
			if (u->addr[0] == '\0')
				(void)unsub_mailto(u, uri + 7, n - 7);
		} else if (strncasecmp(uri, "https://", 8) == 0) {
			if (https++ == 0)
				memcpy(u->url, uri, n + 1);
		} else if (strncasecmp(uri, "http://", 7) == 0 &&
		    u->url[0] == '\0') {
			memcpy(u->url, uri, n + 1);
		}
	}
	return https;
}

static bool
one_click_value(const char *v)
{
	static const char want[] = "List-Unsubscribe=One-Click";

	v += strspn(v, " \t");
	return strncasecmp(v, want, sizeof want - 1) == 0 &&
	    v[sizeof want - 1 + strspn(v + sizeof want - 1, " \t")] == '\0';
}

void
unsub_find(struct unsub *u, const struct parse_show *s, const char *id)
{
	size_t https, n = count(s, "List-Unsubscribe");
	size_t posts = count(s, "List-Unsubscribe-Post");

	memset(u, 0, sizeof *u);
	https = offers(u, reply_header(s, "List-Unsubscribe"));
	if (posts == 0 || https == 0)
		u->why = "it offers none";
	else if (n != 1 || posts != 1 || https != 1 || !one_click_value(
	    reply_header(s, "List-Unsubscribe-Post")))
		u->why = "what it offers is not well formed";
	else if (!signed_well(s, id))
		u->why = "the offer is not signed";
	if (u->why == NULL)
		u->kind = UNSUB_POST;
	else if (u->addr[0] != '\0')
		u->kind = UNSUB_MAIL;
	else if (u->url[0] != '\0')
		u->kind = UNSUB_OPEN;
}
