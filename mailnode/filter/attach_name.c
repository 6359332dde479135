#define _DEFAULT_SOURCE	/* strncasecmp */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/codec.h"
#include "mailnode/filter/attach.h"
#include "mailnode/filter/attach_name.h"
#include "mailnode/node/conf.h"

void
attach_met(struct attach_table *t, const struct conf_attachment *c)
{
	if (t->found == NULL || (t->found->verdict == CONF_JUNK &&
	    c->verdict == CONF_REFUSE))
		t->found = c;
}

/* What a desktop passes over when it asks what to do with a name. */
static size_t
trimmed(const char *name, size_t n)
{
	while (n > 0 && ((unsigned char)name[n - 1] <= ' ' ||
	    strchr(".\"'", name[n - 1]) != NULL))
		n--;
	return n;
}

static void
ends(struct attach_table *t, const char *name, size_t len)
{
	size_t i, k, n = trimmed(name, len);
	const char *what;

	for (i = 0; i < t->n && t->table[i].what != NULL; i++) {
		what = t->table[i].what;
		k = strlen(what);
		if (what[0] == '.' && n > k && strncasecmp(name + n - k,
		    what, k) == 0)
			attach_met(t, &t->table[i]);
	}
}

/* NUL (so that UTF-16 of plain letters is those letters), and what has no
 * width or turns the direction. */
static bool
unseen(uint32_t c)
{
	return c == 0 || c == 0xad || c == 0x034f || c == 0x061c ||
	    c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	    (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff;
}

/* "a.exe:b", "a.exe::$DATA": to a Windows disk streams of a.exe. */
static size_t
without_stream(const char *name, size_t n)
{
	size_t k = n;

	while (k > 0 && name[k - 1] > ' ' && strchr("./\\\"", name[k - 1]) ==
	    NULL && name[k - 1] != ':')
		k--;
	while (k > 0 && name[k - 1] == ':')
		n = --k;
	return n;
}

/*
 * Programs differ in what they make of a name before they open the file:
 * some leave out what cannot be seen, some stop at a NUL.
 */
void
attach_name(struct attach_table *t, const char *name, size_t n)
{
	const uint8_t *p = (const uint8_t *)name, *end = p + n;
	struct buf seen;
	uint32_t c;

	ends(t, name, strnlen(name, n));
	ends(t, name, without_stream(name, n));
	/* A bad octet becomes three. */
	buf_init(&seen, 3 * ATTACH_FIELD_MAX);
	while (p < end) {
		c = codec_utf8_next(&p, end);
		if (!unseen(c))
			(void)codec_utf8_put(&seen, c);
	}
	if (seen.len > 0)
		ends(t, (const char *)seen.data, seen.len);
	buf_clear(&seen);
}

void
attach_type(struct attach_table *t, const char *type)
{
	size_t i, k;
	const char *what;

	for (i = 0; i < t->n && t->table[i].what != NULL; i++) {
		what = t->table[i].what;
		k = strlen(what);
		if (what[0] != '.' && (strcasecmp(type, what) == 0 ||
		    (k > 1 && what[k - 1] == '*' && strncasecmp(type, what,
		    k - 1) == 0)))
			attach_met(t, &t->table[i]);
	}
}
