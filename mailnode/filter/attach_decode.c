#include "mailnode/filter/attach_decode.h"

void
attach_decode_init(struct attach_decode *d, enum attach_code code)
{
	d->code = code;
	d->loose = (struct codec_loose){ 0, 0 };
}

static size_t
base64(struct codec_loose *d, char *line, size_t n)
{
	size_t i, to = 0;
	int c;

	for (i = 0; i < n; i++)
		if ((c = codec_base64_next(d, line[i])) != -1)
			line[to++] = (char)c;
	return to;
}

/* RFC 2045 section 6.7. */
static size_t
quoted(char *line, size_t n)
{
	size_t i, to = 0;
	int x;

	while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	line[n] = '\0';		/* codec_hex_octet() stops there */
	for (i = 0; i < n; i++) {
		if (line[i] != '=') {
			line[to++] = line[i];
			continue;
		}
		if (i + 1 == n)
			return to;	/* it goes on */
		x = codec_hex_octet(line + i + 1);
		line[to++] = x != -1 ? (char)x : '=';
		i += x != -1 ? 2 : 0;
	}
	line[to++] = '\n';
	return to;
}

size_t
attach_decode(struct attach_decode *d, char *line, size_t n)
{
	return d->code == ATTACH_BASE64 ? base64(&d->loose, line, n) :
	    quoted(line, n);
}
