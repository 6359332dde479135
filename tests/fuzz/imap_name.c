/* imap/name: UTF-7 comes back as it was, patterns end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "mailnode/imap/name.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
there_and_back(const char *name)
{
	char again[BOX_NAME_MAX * 4];
	struct buf b;

	if (strpbrk(name, "\"\\") != NULL)
		return;
	buf_init(&b, 10000);
	if (name_out(&b, name, false) == -1 ||
	    !name_in((char *)b.data + 1, b.len - 2, false, again,
	    sizeof again) || strcmp(again, name) != 0)
		abort();
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	char name[BOX_NAME_MAX], pattern[NAME_PATTERN_MAX];
	const char *c;

	if (name_in(p, n, false, name, sizeof name)) {
		if (!codec_utf8_ok(name, strlen(name)))
			abort();
		there_and_back(name);
	}
	if (name_in(p, n, true, name, sizeof name) &&
	    !codec_utf8_ok(name, strlen(name)))
		abort();
	for (c = name; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return 0;
	if (name[0] != '\0')
		there_and_back(name);
	if (name_in(p, n / 2, true, pattern, sizeof pattern))
		(void)name_match(pattern, name);
	return 0;
}
