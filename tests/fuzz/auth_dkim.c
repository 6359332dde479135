/*
 * auth/dkim: any message, cut where its first octet says, gives the same
 * results as in one piece, and one for each signature.  The key record that
 * answers is the message's own first line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/dkim.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { RESULTS = 64 };

static int
begin(void *arg, struct message *m)
{
	return dkim_verify_begin(arg, &m->header, &m->bodies);
}

static size_t
run(const uint8_t *p, size_t n, size_t step, enum dkim_result *out)
{
	const uint8_t *lf = memchr(p, '\n', n);
	struct dns_rr rr = { .data = p,
	    .len = lf != NULL ? (size_t)(lf - p) : n };
	const struct dkim_signature *s;
	struct dkim_verify *v = dkim_verify_new(1700000000, NULL);
	struct dns_answer a;
	struct message m;
	size_t i;

	if (v == NULL)
		abort();
	message_init(&m, begin, v, NULL);
	for (i = 0; i < n; i += step)
		if (message_feed(&m, p + i, step < n - i ? step : n - i))
			abort();
	if (message_end(&m))
		abort();
	dkim_verify_end(v, &m.bodies);
	message_clear(&m);
	dns_answer_init(&a);
	a.class = DNS_OK;
	if (dns_answer_add(&a, &rr) == -1)
		abort();
	for (i = 0; dkim_verify_ask(v, i) != NULL; i++)
		if (i % 2 == 0)
			dkim_verify_answer(v, i, &a);
	dns_answer_clear(&a);
	for (i = 0; (s = dkim_verify_result(v, i)) != NULL; i++) {
		if (i < RESULTS)
			out[i] = s->result;
		if (s->result == DKIM_NONE || strlen(s->b) > 8)
			abort();
	}
	dkim_verify_free(v);
	return i;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	enum dkim_result whole[RESULTS] = { 0 }, cut[RESULTS] = { 0 };

	if (n < 2)
		return 0;
	if (run(p + 1, n - 1, n, whole) != run(p + 1, n - 1, 1 + p[0], cut) ||
	    memcmp(whole, cut, sizeof whole) != 0)
		abort();
	return 0;
}
