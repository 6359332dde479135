#include <stdlib.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "store/mime_envelope.h"
#include "store/mime_imap.h"

enum { GROUP_DEPTH_MAX = 2, ADDRESSES_MAX = 2000 };

/* ---- strings ---- */

void
mime_put_n(struct buf *out, const char *s, size_t n)
{
	bool quoted = n < 1024;
	size_t i;

	for (i = 0; i < n; i++)
		if ((uint8_t)s[i] < ' ' || (uint8_t)s[i] > 126)
			quoted = false;
	if (!quoted) {
		buf_addf(out, "{%zu}\r\n", n);
		buf_add(out, s, n);
		return;
	}
	buf_addc(out, '"');
	for (i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, s[i]);
	}
	buf_addc(out, '"');
}

void
mime_put(struct buf *out, const char *s)
{
	if (s == NULL)
		buf_adds(out, "NIL");
	else
		mime_put_n(out, s, strlen(s));
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
			mime_put_n(out, p + 1, (size_t)(end - p - 1));
			return;
		}
	}
	mime_put(out, NULL);
}

static void
put_mailbox(const struct mime *m, struct buf *out, InternetAddress *a,
    const struct addresses *c)
{
	char *own = shown(m->gm->internet_address_mailbox_get_addr(
	    (InternetAddressMailbox *)a), c->hidden);
	const char *addr = own != NULL ? own : "", *at = strrchr(addr, '@');

	buf_addc(out, '(');
	put_name(m, out, m->gm->internet_address_get_name(a), c->hidden);
	buf_addc(out, ' ');
	put_route(out, c->raw, addr);
	buf_addc(out, ' ');
	mime_put_n(out, addr, at != NULL ? (size_t)(at - addr) : strlen(addr));
	buf_addc(out, ' ');
	mime_put(out, at != NULL ? at + 1 : "");
	buf_addc(out, ')');
	free(own);
}


static void
put_list(const struct mime *m, struct buf *out, InternetAddressList *l,
    struct addresses *c)
{
	int i, n = m->gm->internet_address_list_length(l);
	InternetAddressList *members;
	InternetAddress *a;
	const char *name;

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
		buf_adds(out, "(NIL NIL ");
		name = m->gm->internet_address_get_name(a);
		if (name != NULL && *name != '\0')
			put_name(m, out, name, c->hidden);
		else
			mime_put(out, "");	/* NIL would end a group */
		buf_adds(out, " NIL)");
		members = m->gm->internet_address_group_get_members(
		    (InternetAddressGroup *)a);
		c->depth++;
		if (members != NULL)
			put_list(m, out, members, c);
		c->depth--;
		buf_adds(out, "(NIL NIL NIL NIL)");
	}
}

/* "Name <>", or what is no address: the name is all that there is to tell. */
static void
put_nameless(const struct mime *m, struct buf *out, const char *raw,
    char hidden)
{
	char *name, *p;

	raw += strspn(raw, " \t\r\n\"");
	name = *raw != '\0' && *raw != '(' ? strdup(raw) : NULL;
	if (name == NULL)
		return;
	for (p = name + strcspn(name, "<\"\r\n"); p > name && p[-1] == ' '; )
		p--;
	*p = '\0';
	buf_addc(out, '(');
	put_name(m, out, codec_utf8_ok(name, strlen(name)) ? name : NULL,
	    hidden);
	buf_adds(out, " NIL \"\" \"\")");
	free(name);
}

static bool
put_addresses(const struct mime *m, struct buf *out, GMimeHeaderList *hl,
    const char *field)
{
	char *raw = mime_field_of(m, hl, field);
	InternetAddressList *l = NULL;
	size_t start = out->len;
	struct addresses c = { .budget = ADDRESSES_MAX };

	if (raw != NULL)
		c.hidden = hide_words(raw);
	if (raw != NULL)
		l = m->gm->internet_address_list_parse(NULL, raw);
	c.raw = raw;
	buf_addc(out, '(');
	if (l != NULL) {
		put_list(m, out, l, &c);
		m->gm->g_object_unref(l);
	}
	if (raw != NULL && out->len == start + 1)
		put_nameless(m, out, raw, c.hidden);
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
