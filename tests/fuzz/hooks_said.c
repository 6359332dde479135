/* hook_said_parse(): text stays text, within its room. */
#include <stdint.h>
#include <string.h>

#include "hooks/said.h"
#include "mailnode/base/bug.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
plain(const char *s, size_t size)
{
	size_t i, n = strnlen(s, size);

	BUG_ON(n == size);
	for (i = 0; i < n; i++)
		BUG_ON((unsigned char)s[i] < ' ' || s[i] == 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct hook_said s;

	hook_said_parse((const char *)p, n, &s);
	plain(s.tags, sizeof s.tags);
	plain(s.folder, sizeof s.folder);
	plain(s.reason, sizeof s.reason);
	BUG_ON(s.reason[0] != '\0' && !s.quarantine);
	return 0;
}
