/*
 * Object identifiers, RFC 8474: of a mailbox its UIDVALIDITY, which no other
 * has and a new name leaves as it is; of a message the hash of its content;
 * of a thread the hash of the Message-ID that all of it answers.  None of
 * them changes, be it that all indexes are made anew.
 */
#include <stdio.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "mailnode/imap/objectid.h"

void
put_mailboxid(struct buf *b, uint32_t uidvalidity)
{
	(void)buf_addf(b, "(F%u)", (unsigned int)uidvalidity);
}

void
put_objectid(struct buf *b, char kind, const uint8_t *p, size_t n)
{
	(void)buf_addc(b, '(');
	(void)buf_addc(b, kind);
	(void)codec_hex_put(b, p, n);
	(void)buf_addc(b, ')');
}

static bool
digit(char c, uint8_t *v)
{
	static const char hex[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(hex, c) : NULL;

	*v = at != NULL ? (uint8_t)(at - hex) : 0;
	return at != NULL;
}

bool
objectid_parse(const struct lex_str *s, char kind, uint8_t *dst, size_t n)
{
	uint8_t hi, lo;
	size_t i;

	if (s->n != 1 + 2 * n || s->p[0] != kind)
		return false;
	for (i = 0; i < n; i++) {
		if (!digit(s->p[1 + 2 * i], &hi) ||
		    !digit(s->p[2 + 2 * i], &lo))
			return false;
		dst[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

bool
objectid_ok(const struct lex_str *s)
{
	return s->n > 0 && s->n <= 255 && strspn(s->p, "0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-") == s->n;
}
