#include <stdint.h>
#include <string.h>

#include "mailnode/smtp/client_data.h"

void
stuff_init(struct stuff *s)
{
	s->at = STUFF_BOL;
}

/* The stretch up to the next octet that matters, in one piece. */
static const uint8_t *
plain(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p != '\r' && *p != '\n' && *p != '\0')
		p++;
	return p;
}

int
stuff_put(struct stuff *s, const void *data, size_t n, struct buf *out)
{
	const uint8_t *p = data, *end = p + n, *q;

	while (p < end) {
		if (*p == '\n') {
			buf_add(out, "\r\n", 2);
			s->at = STUFF_BOL;
			p++;
		} else if (s->at == STUFF_CR || *p == '\0') {
			return -1;
		} else if (*p == '\r') {
			s->at = STUFF_CR;
			p++;
		} else {
			if (s->at == STUFF_BOL && *p == '.')
				buf_addc(out, '.');
			q = plain(p, end);
			buf_add(out, p, (size_t)(q - p));
			s->at = STUFF_TEXT;
			p = q;
		}
	}
	return out->err != 0 ? -1 : 0;
}

int
stuff_end(struct stuff *s, struct buf *out)
{
	if (s->at == STUFF_CR)
		return -1;
	if (s->at == STUFF_TEXT)
		buf_add(out, "\r\n", 2);
	s->at = STUFF_BOL;
	return out->err != 0 ? -1 : 0;
}
