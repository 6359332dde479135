/* Line ends of what is imported. */
#include <errno.h>
#include <string.h>

#include "store/import.h"
#include "store/wire.h"

/* ">From ", ">>From ": one mark was put there by the mbox. */
static bool
is_quoted_from(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] == '>')
		i++;
	return i > 0 && n - i >= 5 && memcmp(p + i, "From ", 5) == 0;
}

int
import_crlf_put(struct buf *out, const char *p, size_t n, bool mbox)
{
	const char *end = p + n, *nl;
	uint8_t *to;
	size_t len;

	while (p < end) {
		nl = memchr(p, '\n', (size_t)(end - p));
		len = nl != NULL ? (size_t)(nl - p) : (size_t)(end - p);
		if (mbox && is_quoted_from(p, len)) {
			p++;
			len--;
		}
		if (buf_reserve(out, len + 2) == -1)
			return -1;
		to = out->data + out->len;
		memcpy(to, p, len);
		if (nl == NULL || len == 0 || p[len - 1] != '\r')
			to[len++] = '\r';
		to[len] = '\n';
		out->len += len + 1;
		p = nl != NULL ? nl + 1 : end;
	}
	return out->err ? -1 : 0;
}

int
import_crlf(const char *p, size_t n, bool mbox)
{
	struct buf b;
	int fd = -1;

	buf_init(&b, SIZE_MAX / 4);
	if (import_crlf_put(&b, p, n, mbox) == 0)
		fd = wire_seal(&b);
	else
		errno = b.err;
	buf_clear(&b);
	return fd;
}
