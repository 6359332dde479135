#include <string.h>

#include "mailnode/auth/message.h"

void
message_init(struct message *m, int (*begin)(void *, struct message *),
    void *arg, struct trace *trace)
{
	memset(m, 0, sizeof *m);
	header_init(&m->header, MESSAGE_HEADER_MAX);
	bodies_init(&m->bodies, trace);
	m->begin = begin;
	m->arg = arg;
}

void
message_clear(struct message *m)
{
	header_clear(&m->header);
	bodies_clear(&m->bodies);
}

static void
body_begins(struct message *m)
{
	m->failed = m->header.nomem || m->begin(m->arg, m) == -1;
	header_clear(&m->header);
}

int
message_feed(struct message *m, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t used;

	if (!m->header.done && !m->failed) {
		used = header_feed(&m->header, p, n);
		p += used;
		n -= used;
		if (m->header.done)
			body_begins(m);
	}
	if (n > 0 && !m->failed)
		bodies_feed(&m->bodies, p, n);
	return m->failed ? -1 : 0;
}

int
message_end(struct message *m)
{
	if (m->failed || m->ended)
		return m->failed ? -1 : 0;
	m->ended = true;
	if (!m->header.done) {
		header_end(&m->header);
		body_begins(m);
	}
	if (!m->failed)
		bodies_end(&m->bodies);
	return m->failed ? -1 : 0;
}
