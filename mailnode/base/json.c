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

void
json_field(struct buf *b, const char *key, const char *value)
{
	buf_addf(b, "%s\"%s\":", b->len > 0 && b->data[b->len - 1] == '{' ?
	    "" : ",", key);
	json_string(b, value);
}

void
json_words(struct buf *b, const char *key, const char *list)
{
	size_t n;

	buf_addf(b, ",\"%s\":[", key);
	for (; *list != '\0'; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		if (n == 0)
			continue;
		if (b->data[b->len - 1] != '[')
			buf_addc(b, ',');
		json_bytes(b, list, n);
	}
	buf_addc(b, ']');
}
