#include "mailnode/base/quote.h"

size_t
quote_octets(const char *p, const char *end)
{
	const char *q;

	for (q = p + 1; q < end; q++) {
		if (*q == '\\' && end - q > 1)
			q++;
		else if (*q == '"')
			return (size_t)(q + 1 - p);
	}
	return 0;
}

size_t
comment_octets(const char *p, const char *end)
{
	size_t depth = 0;
	const char *q;

	for (q = p; q < end; q++) {
		if (*q == '\\' && end - q > 1)
			q++;
		else if (*q == '(')
			depth++;
		else if (*q == ')' && --depth == 0)
			return (size_t)(q + 1 - p);
	}
	return 0;
}

void
quote_put(struct buf *b, const char *p, size_t n)
{
	size_t i;

	(void)buf_addc(b, '"');
	for (i = 0; i < n; i++) {
		if (p[i] == '"' || p[i] == '\\')
			(void)buf_addc(b, '\\');
		(void)buf_addc(b, p[i] == '\r' || p[i] == '\n' ? '?' : p[i]);
	}
	(void)buf_addc(b, '"');
}

void
quote_or_literal(struct buf *b, const char *p, size_t n)
{
	enum { QUOTED_MAX = 1023 };	/* octets */
	size_t i = 0;

	while (i < n && p[i] >= ' ' && p[i] < 0x7f)
		i++;
	if (i == n && n <= QUOTED_MAX) {
		quote_put(b, p, n);
		return;
	}
	(void)buf_addf(b, "{%zu}\r\n", n);
	(void)buf_add(b, p, n);
}
