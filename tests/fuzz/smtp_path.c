/* smtp/path: what is taken has one spelling, which reads as itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/smtp/path.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
again(const struct path *a, unsigned int flags)
{
	const char *s = a->address, *end = s + strlen(s);
	struct path b;

	if (path_mailbox(s, end, flags | PATH_UTF8 | PATH_LENIENT, &b) !=
	    PATH_OK)
		abort();
	if (strcmp(a->address, b.address) != 0 ||
	    strcmp(a->local, b.local) != 0 ||
	    strcmp(a->domain, b.domain) != 0 || a->literal != b.literal)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p, *start, *end;
	unsigned int flags;
	enum path_err err;
	struct path path;

	if (n < 1)
		return 0;
	flags = data[0] & 15;
	start = p = (const char *)data + 1;
	end = (const char *)data + n;
	err = path_lex(&p, end, flags, &path);
	if (err != PATH_OK && (p != start || path.address[0] != '\0'))
		abort();
	if (err == PATH_OK && (p <= start || p > end || p[-1] != '>'))
		abort();
	/* Quotes may be added to what had none, past the limit; no more. */
	if (err == PATH_OK && !path.null)
		again(&path, flags);
	err = path_mailbox(start, end, flags, &path);
	if (err == PATH_OK)
		again(&path, flags);
	(void)path_domain_ok(start, end, flags & 1);
	(void)path_literal_ok(start, end);
	return 0;
}
