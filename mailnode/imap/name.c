#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/quote.h"
#include "mailnode/base/utf7.h"
#include "mailnode/imap/name.h"

static const char capital[] = "INBOX";
enum { CAPITAL = sizeof capital - 1 };

static bool
is_inbox(const char *name)
{
	return strncasecmp(name, capital, CAPITAL) == 0 &&
	    (name[CAPITAL] == '\0' || name[CAPITAL] == NAME_SEPARATOR);
}

bool
name_in(const char *p, size_t n, bool utf8, char *dst, size_t size)
{
	struct buf b;
	size_t i;
	bool ok;

	dst[0] = '\0';
	buf_init(&b, size);
	/* In UTF-8, "&" is nothing special; but those who enabled it may
	 * still send the old form of what they saw before. */
	ok = utf8 ? codec_utf8_ok(p, n) && buf_add(&b, p, n) == 0 :
	    utf7_get(&b, p, n);
	ok = ok && b.len < size;
	/* No mailbox has a control in its name (box_name_ok). */
	for (i = 0; ok && i < b.len; i++)
		ok = b.data[i] >= ' ' && b.data[i] != 0x7f;
	if (ok)
		(void)snprintf(dst, size, "%s", buf_str(&b));
	buf_clear(&b);
	if (ok && is_inbox(dst))
		memcpy(dst, capital, CAPITAL);
	return ok;
}

int
name_out(struct buf *b, const char *name, bool utf8)
{
	struct buf text;

	buf_init(&text, b->max);
	if ((utf8 ? buf_adds(&text, name) : utf7_put(&text, name)) == -1)
		b->err = text.err;
	quote_put(b, (const char *)text.data, text.len);
	buf_clear(&text);
	return b->err != 0 ? -1 : 0;
}

/* ---- patterns ---- */

/*
 * at[i]: the pattern so far can end before name[i].  One pass over the name
 * for each octet of the pattern, so that no pattern takes long.
 */
bool
name_match(const char *pattern, const char *name)
{
	bool at[NAME_PATTERN_MAX] = { true };
	size_t i, n = strlen(name), any = is_inbox(name) ? CAPITAL : 0;
	bool was, next;

	if (n >= sizeof at)
		return false;
	for (; *pattern != '\0'; pattern++) {
		was = false;
		for (i = 0; i <= n; i++) {
			next = at[i];
			if (*pattern == '*')
				at[i] = at[i] || (i > 0 && at[i - 1]);
			else if (*pattern == '%')
				at[i] = at[i] || (i > 0 && at[i - 1] &&
				    name[i - 1] != NAME_SEPARATOR);
			else
				at[i] = i > 0 && was &&
				    (name[i - 1] == *pattern || (i <= any &&
				    strncasecmp(&name[i - 1], pattern, 1) == 0));
			was = next;
		}
	}
	return at[n];
}
