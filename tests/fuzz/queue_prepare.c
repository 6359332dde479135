/* A letter of a program: it comes out with CRLF, or not at all, and coming
 * in again it stays as it is. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/queue/prepare.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static enum prepare_err
make(struct prepare *p, const void *data, size_t n)
{
	prepare_init(p, 1024 * 1024);
	p->rcpts_wanted = true;
	p->from = "me@example.org";
	p->domain = "example.org";
	p->unique = "u";
	p->now = 1700000000;
	return prepare_letter(p, data, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prepare p, again;
	size_t i, line = 0;

	if (make(&p, data, size) != PREPARE_OK)
		goto out;
	for (i = 0; i < p.text.len; i++) {
		uint8_t c = p.text.data[i];

		if (c == '\0' || (c == '\r') != (i + 1 < p.text.len &&
		    p.text.data[i + 1] == '\n'))
			abort();
		line = c == '\n' ? 0 : line + (c != '\r');
		if (line > PREPARE_LINE_MAX + 20)
			abort();
	}
	if (make(&again, p.text.data, p.text.len) == PREPARE_OK &&
	    (again.text.len != p.text.len || memcmp(again.text.data,
	    p.text.data, p.text.len) != 0))
		abort();
	prepare_clear(&again);
out:
	prepare_clear(&p);
	return 0;
}
