#include <string.h>

#include "store/mime_head.h"

static bool
is_blank_line(const uint8_t *p, const uint8_t *nl)
{
	return p == nl || (p + 1 == nl && *p == '\r');
}

bool
mime_head_ends(const uint8_t *p, const uint8_t *nl, const uint8_t *end)
{
	if (p == nl || (*p != ' ' && *p != '\t') || end - nl < 4 ||
	    nl[1] != '-' || nl[2] != '-')
		return false;
	while (p < nl && (*p == ' ' || *p == '\t'))
		p++;
	return is_blank_line(p, nl);
}

size_t
mime_head_end(const uint8_t *data, size_t from, size_t end)
{
	const uint8_t *p = data + from, *stop = data + end, *nl;

	while (p < stop) {
		nl = memchr(p, '\n', (size_t)(stop - p));
		if (nl == NULL)
			return end;
		if (is_blank_line(p, nl) || mime_head_ends(p, nl, stop))
			return (size_t)(nl + 1 - data);
		p = nl + 1;
	}
	return end;
}

/* A field, or what continues one (RFC 5322 section 2.2)? */
static bool
is_head_line(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *q = p;

	if (*p == ' ' || *p == '\t')
		return true;
	while (q < end && *q > ' ' && *q != ':' && *q != 127)
		q++;
	if (q == p)
		return false;
	while (q < end && (*q == ' ' || *q == '\t'))
		q++;
	return q < end && *q == ':';
}

size_t
mime_head_text(const uint8_t *data, size_t from, size_t end)
{
	const uint8_t *p = data + from, *stop = data + end, *nl;
	bool first = from == 0;

	while (p < stop) {
		nl = memchr(p, '\n', (size_t)(stop - p));
		if (nl != NULL && is_blank_line(p, nl))
			return end;
		/* Of an mbox, what was before the first field. */
		if (!is_head_line(p, stop) && !(first && stop - p > 5 &&
		    (memcmp(p, "From ", 5) == 0 || *p == '>')))
			return (size_t)(p - data);
		first = false;
		p = nl != NULL ? nl + 1 : stop;
	}
	return end;
}

size_t
mime_head_text_last(const uint8_t *data, size_t from, size_t end)
{
	const uint8_t *stop = data + end, *p, *nl;
	size_t at = mime_head_text(data, from, end);

	for (p = data + at; p < stop; p = nl != NULL ? nl + 1 : stop) {
		nl = memchr(p, '\n', (size_t)(stop - p));
		if (*p != ' ' && *p != '\t' && is_head_line(p, stop))
			return end;
	}
	return at;
}
