#include <string.h>
#include <strings.h>

#include "mailnode/smtp/msgkey.h"

/* Behind the field at p, its continuations included. */
static const uint8_t *
field_end(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *nl;

	do {
		nl = memchr(p, '\n', (size_t)(end - p));
		p = nl != NULL ? nl + 1 : end;
	} while (p < end && (*p == ' ' || *p == '\t'));
	return p;
}

/* The visible octets of the value, as far as there is room. */
static size_t
put_value(char out[LETIN_KEY_MAX], size_t at, const uint8_t *p,
    const uint8_t *end)
{
	for (; p < end && at < LETIN_KEY_MAX - 1; p++)
		if (*p > ' ' && *p < 0x7f)
			out[at++] = (char)*p;
	out[at] = '\0';
	return at;
}

/* The first field of that name; NULL: there is none.  *value: behind its
 * colon. */
static const uint8_t *
find(const uint8_t *p, const uint8_t *end, const char *name,
    const uint8_t **value)
{
	size_t n = strlen(name);
	const uint8_t *next;

	for (; p < end && *p != '\r' && *p != '\n'; p = next) {
		next = field_end(p, end);
		if ((size_t)(next - p) > n && p[n] == ':' &&
		    strncasecmp((const char *)p, name, n) == 0) {
			*value = p + n + 1;
			return next;
		}
	}
	return NULL;
}

void
msgkey_text(const uint8_t *p, size_t n, const char *name, char out[PHRASE_MAX])
{
	const uint8_t *value, *stop;

	out[0] = '\0';
	if (n > 0 && (stop = find(p, p + n, name, &value)) != NULL)
		phrase_decode((const char *)value, (size_t)(stop - value),
		    out);
}

void
msgkey_of(const uint8_t *p, size_t n, char out[LETIN_KEY_MAX])
{
	static const char *const fields[] = { "Date", "From", "Subject" };
	const uint8_t *end, *value, *stop;
	size_t at = 0, i;

	out[0] = '\0';
	if (n == 0)
		return;
	end = p + n;
	stop = find(p, end, "Message-ID", &value);
	if (stop != NULL && put_value(out, 0, value, stop) > 0)
		return;
	for (i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if ((stop = find(p, end, fields[i], &value)) != NULL)
			at = put_value(out, at, value, stop);
}
