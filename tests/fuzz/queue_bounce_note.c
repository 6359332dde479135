/* queue/bounce_note: any text; addresses that are named have an "@". */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/queue/bounce_note.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char failed[200];
	struct bounce_note note = { .path = "<>", .from = "postmaster@x.test",
	    .to = "a@x.test", .subject = "", .failed = failed, .n = n };
	static struct bounce b;
	char *text = malloc(n + 1);
	size_t i, k = n < sizeof failed - 1 ? n : sizeof failed - 1;

	if (text == NULL)
		return 0;
	if (n > 0)
		memcpy(text, data, n);
	memcpy(failed, text, n > 0 ? k : 0);
	failed[n > 0 ? k : 0] = '\0';
	note.text = text;
	if (bounce_note(&b, &note) != (b.n > 0) || b.n > BOUNCE_RCPTS_MAX)
		abort();
	for (i = 0; i < b.n; i++)
		if (strchr(b.rcpt[i].final, '@') == NULL ||
		    b.rcpt[i].action == BOUNCE_UNKNOWN)
			abort();
	free(text);
	return 0;
}
