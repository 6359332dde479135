/*
 * auth/dmarc: the first line is the record of every name, the rest a From
 * field.  Ends within its questions; From alone gives the same domains when
 * its own are read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/dmarc.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct text {
	const uint8_t	*p;
	size_t		 n;
};

static void
answer(void *arg, struct dns_question *q, size_t n)
{
	struct text *t = arg;
	struct dns_rr rr = { .data = t->p, .len = t->n };
	size_t i;

	for (i = 0; i < n; i++) {
		dns_answer_clear(&q[i].answer);
		q[i].answer.class = DNS_OK;
		if (dns_answer_add(&q[i].answer, &rr) == -1)
			abort();
	}
}

static void
again(const struct from *f)
{
	char text[DNS_NAME_MAX + 2] = "x@";
	struct from g;
	size_t i;

	for (i = 0; i < f->ndomains; i++) {
		if (strpbrk(f->domain[i], "\"()<>,;:[@") != NULL)
			continue;	/* visible to the DNS, not to mail */
		memcpy(text + 2, f->domain[i], strlen(f->domain[i]) + 1);
		from_init(&g);
		from_add(&g, text, strlen(text));
		if (g.ndomains != 1 || strcmp(g.domain[0], f->domain[i]) != 0)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *lf = memchr(p, '\n', n);
	struct text t = { p, lf != NULL ? (size_t)(lf - p) : n };
	struct lookup l = { .ask = answer, .arg = &t };
	static const struct dmarc_id ids[] = { { "a.test", true, false },
	    { "b.a.test", false, true } };
	struct dmarc_verdict v;
	struct from f;

	if (n > 65536)
		return 0;
	from_init(&f);
	if (lf != NULL)
		from_add(&f, (const char *)lf, n - t.n);
	again(&f);
	dmarc_check_from(&f, ids, 2, &l, &v);
	dmarc_check("x.y.a.test", ids, 2, &l, &v);
	if (l.asked > (FROM_DOMAINS_MAX + 1) * (DMARC_LABELS_MAX *
	    (DMARC_WALKS_MAX + 1) + 1))
		abort();
	return 0;
}
