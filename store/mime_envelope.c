#define _GNU_SOURCE	/* memmem */
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/quote.h"
#include "store/mime_envelope.h"
#include "store/mime_imap.h"

enum {
	GROUP_DEPTH_MAX = 100,
	ADDRESSES_MAX = 2000,
	LOOKED_AT = 1000	/* octets, for the end of a word or a comment */
};

/* ---- strings ---- */

void
mime_put(struct buf *out, const char *s)
{
	if (s == NULL)
		buf_adds(out, "NIL");
	else
		quote_or_literal(out, s, strlen(s));
}

/* ---- envelope ---- */

/*
 * ENVELOPE has encoded words as they stand in the field.  The library would
 * decode them, so their "=?" is another pair of octets while it parses: one
 * that the field does not have.
 */
static char
hide_words(char *field)
{
	static const char other[] = "!#$%&'*+-/^_`{|}~";
	const char *c = other;
	char pair[3] = "=", *p;

	for (; *c != '\0'; c++) {
		pair[1] = *c;
		if (strstr(field, pair) == NULL)
			break;
	}
	for (p = field; *c != '\0' && (p = strstr(p, "=?")) != NULL; p += 2)
		p[1] = *c;
	return *c;
}

/* Returns owned, or NULL. */
static char *
shown(const char *text, char hidden)
{
	char *copy = text != NULL ? strdup(text) : NULL, *p = copy;

	while (copy != NULL && hidden != '\0' && (p = strchr(p, '=')) != NULL)
		if (*++p == hidden)
			*p = '?';
	return copy;
}

static bool
ascii(const char *s)
{
	while (*s != '\0' && (unsigned char)*s < 0x80)
		s++;
	return *s == '\0';
}

/* The text of a word in Q coding at p, and where that ends; NULL: there is
 * none. */
static const char *
q_text(const char *p, const char **stop)
{
	const char *end = p + strnlen(p, LOOKED_AT), *how, *last;

	if (p[0] != '=' || p[1] != '?' ||
	    (how = memchr(p + 2, '?', (size_t)(end - p - 2))) == NULL ||
	    end - how < 4 || (how[1] | 0x20) != 'q' || how[2] != '?' ||
	    (last = memmem(how + 3, (size_t)(end - how - 3), "?=", 2)) == NULL)
		return NULL;
	*stop = last;
	return how + 3;
}

/* Raw octets in a word, which would be encoded twice else: they are what the
 * sender forgot.  Takes the field; returns owned, or NULL. */
static char *
mend_words(char *field)
{
	const char *p, *text = NULL, *stop = field;
	struct buf b;
	char *mended;

	if (ascii(field))
		return field;
	buf_init(&b, 4 * strlen(field));
	for (p = field; *p != '\0'; p++) {
		if (p >= stop)
			text = q_text(p, &stop);
		if (text != NULL && p >= text && (*p & 0x80) != 0)
			(void)buf_addf(&b, "=%02X", (unsigned char)*p);
		else
			(void)buf_addc(&b, *p);
	}
	mended = buf_take(&b, NULL);
	free(field);
	return mended;
}

/* A display name; what is no US-ASCII is encoded here. */
static void
put_name(const struct mime *m, struct buf *out, const char *decoded,
    char hidden)
{
	char *name = shown(decoded, hidden), *coded = NULL;

	if (name != NULL && !ascii(name))
		coded = m->gm->g_mime_utils_header_encode_text(NULL, name,
		    "utf-8");
	if (name == NULL || *name == '\0')
		mime_put(out, NULL);
	else
		mime_put(out, coded != NULL ? coded : name);
	m->gm->g_free(coded);
	free(name);
}

struct addresses {
	int	 depth, budget;
	char	 hidden;
	const char *raw;	/* the field, with words hidden */
};

/* RFC 9051 section 7.5.2, addr-adl: "@a,@b" of "<@a,@b:ADDR>". */
static void
put_route(struct buf *out, const char *raw, const char *addr)
{
	const char *p = raw, *end;
	size_t n = strlen(addr);

	for (; n > 0 && (p = strstr(p, "<@")) != NULL; p++) {
		end = p + strcspn(p, ":>\"");
		if (*end == ':' && strncmp(end + 1, addr, n) == 0 &&
		    end[n + 1] == '>') {
			quote_or_literal(out, p + 1, (size_t)(end - p - 1));
			return;
		}
	}
	mime_put(out, NULL);
}

/* RFC 9051 section 7.5.2: addr-mailbox is the local part after quoting is
 * removed.  In place; how much is left. */
static size_t
unquote(char *p, size_t n)
{
	size_t i, k = 0;

	if (n < 2 || *p != '"' || quote_octets(p, p + n) != n)
		return n;
	for (i = 1; i + 1 < n; i++) {
		if (p[i] == '\\' && i + 2 < n)
			i++;
		p[k++] = p[i];
	}
	return k;
}

static void
put_mailbox(const struct mime *m, struct buf *out, InternetAddress *a,
    const struct addresses *c)
{
	char *own = shown(m->gm->internet_address_mailbox_get_addr(
	    (InternetAddressMailbox *)a), c->hidden);
	const char *addr = own != NULL ? own : "", *at = strrchr(addr, '@');
	size_t n = at != NULL ? (size_t)(at - addr) : strlen(addr);

	buf_addc(out, '(');
	put_name(m, out, m->gm->internet_address_get_name(a), c->hidden);
	buf_addc(out, ' ');
	put_route(out, c->raw, addr);
	buf_addc(out, ' ');
	quote_or_literal(out, addr, own != NULL ? unquote(own, n) : n);
	buf_addc(out, ' ');
	mime_put(out, at != NULL ? at + 1 : "");
	buf_addc(out, ')');
	free(own);
}

static void
put_group(const struct mime *m, struct buf *out, InternetAddress *a,
    const struct addresses *c)
{
	const char *name = m->gm->internet_address_get_name(a);

	buf_adds(out, "(NIL NIL ");
	if (name != NULL && *name != '\0')
		put_name(m, out, name, c->hidden);
	else
		mime_put(out, "");	/* NIL would end a group */
	buf_adds(out, " NIL)");
}

static void
put_list(const struct mime *m, struct buf *out, InternetAddressList *l,
    struct addresses *c)
{
	int i, n = m->gm->internet_address_list_length(l);
	InternetAddressList *members;
	InternetAddress *a;

	for (i = 0; i < n && --c->budget > 0; i++) {
		a = m->gm->internet_address_list_get_address(l, i);
		if (mime_is_a(m, a,
		    m->gm->internet_address_mailbox_get_type())) {
			put_mailbox(m, out, a, c);
			continue;
		}
		if (c->depth >= GROUP_DEPTH_MAX ||
		    !mime_is_a(m, a, m->gm->internet_address_group_get_type()))
			continue;
		/* A group within one is not told: RFC 5322 has none. */
		if (c->depth == 0)
			put_group(m, out, a, c);
		members = m->gm->internet_address_group_get_members(
		    (InternetAddressGroup *)a);
		c->depth++;
		if (members != NULL)
			put_list(m, out, members, c);
		c->depth--;
		if (c->depth == 0)
			buf_adds(out, "(NIL NIL NIL NIL)");
	}
}

/* ---- one address after the other ---- */

/* [p, end) without the blanks and quotes around it. */
static char *
bare(char *p, char *end)
{
	while (end > p && strchr(" \t\r\n\"", end[-1]) != NULL)
		end--;
	*end = '\0';
	return p + strspn(p, " \t\r\n\"");
}

/*
 * What is no address, as it stands, so that there is something to see: of
 * "Name <>", and without an "@", the name is all that there is to tell.
 */
static void
put_unreadable(const struct mime *m, struct buf *out, char *text, char hidden)
{
	char *end = text + strlen(text), *name = text, *addr = end, *own, *at;
	char *angle = strchr(text, '<');

	if (!codec_utf8_ok(text, (size_t)(end - text)))
		*text = '\0';
	else if (angle != NULL) {
		addr = bare(angle + 1, angle + 1 + strcspn(angle + 1, ">"));
		end = angle;
	} else if (strchr(text, '@') != NULL) {
		addr = bare(text, end);
		name = end;
	} else if (text[strspn(text, " \t")] == '(')
		return;
	own = shown(addr, hidden);
	addr = own != NULL ? own : addr;
	at = strrchr(addr, '@');
	buf_addc(out, '(');
	put_name(m, out, bare(name, end), hidden);
	buf_adds(out, " NIL ");
	quote_or_literal(out, addr, at != NULL ? (size_t)(at - addr) : strlen(addr));
	buf_addc(out, ' ');
	mime_put(out, at != NULL ? at + 1 : "");
	buf_addc(out, ')');
	free(own);
}

/* Octets of a quoted string, a comment or a literal at p; 0: of none. */
static size_t
whole_octets(const char *p, const char *end)
{
	const char *stop;

	if (end - p > LOOKED_AT)
		end = p + LOOKED_AT;
	if (*p == '"')
		return quote_octets(p, end);
	if (*p == '(')
		return comment_octets(p, end);
	stop = *p == '[' ? memchr(p, ']', (size_t)(end - p)) : NULL;
	return stop != NULL ? (size_t)(stop + 1 - p) : 0;
}

/* Octets of the address at p, up to a comma or, as some programs write, a
 * semicolon, which else ends a group and belongs to it. */
static size_t
address_octets(const char *p, const char *end)
{
	bool angle = false, group = false;
	const char *from = p;
	size_t n;

	for (; p < end; p += n > 0 ? n : 1) {
		n = whole_octets(p, end);
		if (n > 0)
			continue;
		if (!angle && *p == ';')
			return (size_t)(p - from) + group;
		if (!angle && *p == ',' && !group)
			break;
		group = group || (*p == ':' && !angle);
		angle = *p == '<' || (angle && *p != '>');
	}
	return (size_t)(p - from);
}

static void
put_address(const struct mime *m, struct buf *out, char *text,
    struct addresses *c)
{
	InternetAddressList *l = m->gm->internet_address_list_parse(NULL,
	    text);
	size_t start = out->len;

	c->raw = text;
	if (l != NULL) {
		put_list(m, out, l, c);
		m->gm->g_object_unref(l);
	}
	if (out->len == start && --c->budget > 0)
		put_unreadable(m, out, text, c->hidden);
}

static bool
put_addresses(const struct mime *m, struct buf *out, GMimeHeaderList *hl,
    const char *field)
{
	struct addresses c = { .budget = ADDRESSES_MAX };
	char *raw = mime_field_of(m, hl, field), *p, *end, behind;
	size_t start = out->len, n;

	if (raw == NULL || (raw = mend_words(raw)) == NULL)
		return false;
	c.hidden = hide_words(raw);
	buf_addc(out, '(');
	p = raw;
	end = raw + strlen(raw);
	while (*(p += strspn(p, " \t\r\n,;")) != '\0' && c.budget > 0) {
		n = address_octets(p, end);
		behind = p[n];
		p[n] = '\0';
		put_address(m, out, p, &c);
		*(p += n) = behind;
	}
	free(raw);
	if (out->len > start + 1) {
		buf_addc(out, ')');
		return true;
	}
	out->len = start;
	return false;
}

void
mime_put_field(const struct mime *m, struct buf *out, GMimeHeaderList *hl,
    const char *field)
{
	char *raw = mime_field_of(m, hl, field), *s = raw;

	if (s != NULL)
		s += strspn(s, " \t");
	mime_put(out, s);
	free(raw);
}

/* RFC 9051: Sender and Reply-To default to From. */
void
mime_put_envelope(const struct mime *m, struct buf *out, GMimeHeaderList *hl)
{
	static const char *const field[] = { "From", "Sender", "Reply-To",
	    "To", "Cc", "Bcc" };
	size_t i;

	buf_addc(out, '(');
	mime_put_field(m, out, hl, "Date");
	buf_addc(out, ' ');
	mime_put_field(m, out, hl, "Subject");
	for (i = 0; i < sizeof field / sizeof field[0]; i++) {
		buf_addc(out, ' ');
		if (!put_addresses(m, out, hl, field[i]) &&
		    !((i == 1 || i == 2) &&
		    put_addresses(m, out, hl, "From")))
			buf_adds(out, "NIL");
	}
	buf_addc(out, ' ');
	mime_put_field(m, out, hl, "In-Reply-To");
	buf_addc(out, ' ');
	mime_put_field(m, out, hl, "Message-ID");
	buf_addc(out, ')');
}

GMimeHeaderList *
mime_headers(const struct mime *m, void *obj)
{
	return obj != NULL ? m->gm->g_mime_object_get_header_list(obj) : NULL;
}

int
mime_envelope(const struct mime *m, struct buf *out)
{
	mime_put_envelope(m, out, mime_headers(m, m->msg));
	return out->err ? -1 : 0;
}
