/* A letter as an editor left it, out as a message; and lists of addresses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/addr.h"
#include "tui/letter.h"
#include "tui/outgoing.h"
#include "tui/reply.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
addresses(const char *s)
{
	struct addrs l = { NULL, 0 }, again = { NULL, 0 };
	struct buf b;
	size_t i;

	(void)addrs_read(&l, s, NULL);
	for (i = 0; i < l.n; i++)
		if (!addr_ok(l.a[i].addr))
			abort();
	buf_init(&b, 4 * ADDR_TEXT_MAX);
	addrs_put(&b, &l);
	if (b.err == 0 && l.n > 0)
		(void)addrs_read(&again, buf_str(&b), NULL);
	/* What was written is read as the same addresses. */
	for (i = 0; i < l.n && b.err == 0; i++)
		if (!addrs_has(&again, l.a[i].addr))
			abort();
	buf_clear(&b);
	addrs_clear(&l);
	addrs_clear(&again);
}

/* No line of the header is anything but a field or its continuation. */
static void
check(int fd)
{
	char head[65536];
	ssize_t n = read(fd, head, sizeof head - 1);
	char *s = head, *end;

	if (n < 0)
		abort();
	head[n] = '\0';
	end = strstr(head, "\r\n\r\n");
	if (end == NULL && n < (ssize_t)sizeof head - 1)
		abort();
	for (; s != NULL && s < end; s = strstr(s, "\r\n")) {
		if (s != head)
			s += 2;
		if (*s != ' ' && *s != '\t' && strchr(s, ':') == NULL)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outgoing o;
	struct letter l;
	char *text;

	text = strndup((const char *)data, size);
	if (text == NULL || !letter_init(&l))
		abort();
	addresses(text);
	(void)reply_base(text);
	if (letter_read(&l, text, strlen(text), "/nowhere") &&
	    l.nattach == 0 &&
	    outgoing_make(&o, &l, true) == OUTGOING_OK) {
		check(o.fd);
		close(o.fd);
	}
	letter_clear(&l);
	free(text);
	return 0;
}
