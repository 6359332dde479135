/* What a server says, line by line, and what it offers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/smtp/client_reply.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *lf;
	struct offer o = { 0 };
	struct reply r;
	char status[12];

	reply_init(&r);
	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			break;
		offer_line(&o, p, (size_t)(lf - p));
		if (r.done)
			reply_init(&r);
		if (reply_line(&r, p, (size_t)(lf - p)) == -1)
			reply_init(&r);
		else
			reply_status(&r, status, sizeof status);
		if (strlen(r.text) >= sizeof r.text ||
		    (r.lines > 0 && (r.code < 200 || r.code > 599)))
			abort();
	}
	return 0;
}
