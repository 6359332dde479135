/*
 * auth/arc: any message gives the same verdict however it is cut, and a
 * chain never passes whose key is none.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/arc.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
begin(void *arg, struct message *m)
{
	return arc_verify_begin(arg, &m->header, &m->bodies);
}

static struct arc_verdict
run(const uint8_t *p, size_t n, size_t step)
{
	struct arc_verify *v = arc_verify_new(1700000000, NULL);
	struct dns_answer a;
	struct arc_verdict out;
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
	arc_verify_end(v, &m.bodies);
	message_clear(&m);
	dns_answer_init(&a);
	a.class = DNS_NXDOMAIN;
	for (i = 0; arc_verify_ask(v, i) != NULL; i++)
		arc_verify_answer(v, i, &a);
	arc_verify_result(v, &out);
	for (i = 0; i <= ARC_SETS_MAX + 1; i++)
		if (arc_sealer(v, i) != NULL && strlen(arc_sealer(v, i)) >=
		    DNS_NAME_MAX)
			abort();
	arc_verify_free(v);
	return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arc_verdict whole, cut;

	if (n < 2 || n > 262144)
		return 0;
	whole = run(p + 1, n - 1, n);
	cut = run(p + 1, n - 1, 1 + p[0]);
	if (whole.result != cut.result || whole.result == ARC_PASS ||
	    strcmp(whole.reason, cut.reason) != 0)
		abort();
	return 0;
}
