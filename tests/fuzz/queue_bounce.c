/* queue/bounce: what is read is bounded, terminated and printable. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/queue/bounce.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
printable(const char *s, size_t size)
{
	size_t i;

	if (memchr(s, '\0', size) == NULL)
		abort();
	for (i = 0; s[i] != '\0'; i++)
		if ((uint8_t)s[i] < ' ' || s[i] == 0x7f)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct bounce b;
	const struct bounce_rcpt *r;
	size_t i;

	bounce_parse(&b, (const char *)p, n);
	if (b.n > BOUNCE_RCPTS_MAX || b.n > b.total)
		abort();
	printable(b.reporting_mta, sizeof b.reporting_mta);
	printable(b.envid, sizeof b.envid);
	for (i = 0; i < b.n; i++) {
		r = &b.rcpt[i];
		printable(r->final, sizeof r->final);
		printable(r->original, sizeof r->original);
		printable(r->status, sizeof r->status);
		printable(r->diagnostic, sizeof r->diagnostic);
		printable(r->mta, sizeof r->mta);
	}
	return 0;
}
