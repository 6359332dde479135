/* store: an mbox cut into messages leaves nothing out and overlaps not. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/import.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	size_t at, next, body, len;
	char name[BOX_NAME_MAX];
	uint32_t flags;
	int64_t when = 0;
	int fd;

	for (at = 0; at < n; at = next) {
		next = import_mbox_next(p, n, at, &body, &len);
		if (next <= at || next > n || body < at || body > next ||
		    len > next - body)
			abort();
		import_mbox_meta(p + at, next - at, &flags, &when);
		fd = import_crlf(p + body, len, true);
		if (fd != -1)
			close(fd);
	}
	if (n > 0 && n < 200) {
		char *s = calloc(1, n + 1);

		if (s == NULL)
			return 0;
		for (at = 0; at < n; at++)
			s[at] = p[at];
		if (import_name(name, NULL, s) && !box_name_ok(name))
			abort();
		free(s);
	}
	return 0;
}
