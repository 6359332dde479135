#include <string.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/json.h"

void
json_bytes(struct buf *b, const void *data, size_t n)
{
	const uint8_t *p = data, *end = p + n;
	uint32_t c;

	buf_addc(b, '"');
	while (p < end) {
		c = codec_utf8_next(&p, end);
		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", (int)c);
		else if (c < ' ' || c == 127)
			buf_addf(b, "\\u%04x", (unsigned int)c);
		else
			codec_utf8_put(b, c);
	}
	buf_addc(b, '"');
}

void
json_string(struct buf *b, const char *s)
{
	json_bytes(b, s, strlen(s));
}
