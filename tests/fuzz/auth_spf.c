/*
 * auth/spf: a record, and whatever it asks for, answered with itself; ends,
 * within the limits, and explains in ASCII.  Macros alone, too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/spf.h"
#include "mailnode/auth/spf_macro.h"
#include "mailnode/auth/spf_record.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct text {
	const uint8_t	*p;
	size_t		 n;
};

static void
answer(void *arg, struct dns_question *q, size_t n)
{
	static const uint8_t ip[16] = { 192, 0, 2, 1 };
	struct text *t = arg;
	struct dns_rr rr = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		dns_answer_clear(&q[i].answer);
		q[i].answer.class = DNS_OK;
		rr.data = q[i].type == DNS_TXT ? t->p : q[i].type == DNS_A ||
		    q[i].type == DNS_AAAA ? ip :
		    (const uint8_t *)"x.test";
		rr.len = q[i].type == DNS_TXT ? t->n : q[i].type == DNS_A ?
		    4 : q[i].type == DNS_AAAA ? 16 : 6;
		/* Records of some lengths find nothing but themselves. */
		if (t->n % 7 == 3 && q[i].type != DNS_TXT)
			q[i].answer.class = DNS_NXDOMAIN;
		else if (dns_answer_add(&q[i].answer, &rr) == -1)
			abort();
	}
}

static void
check(struct text *t, const char *ip)
{
	struct spf_ask q = { .ip = ip, .helo = "h.test",
	    .mail_from = "a.b@c.test", .receiver = "me.test",
	    .now_s = 1700000000 };
	struct lookup l = { .ask = answer, .arg = t };
	struct spf_verdict v;
	const char *c;

	spf_check(&q, &l, &v);
	if (v.lookups > SPF_LOOKUPS_MAX + 1 || v.voids > SPF_VOIDS_MAX + 1)
		abort();
	for (c = v.explanation; *c != '\0'; c++)
		if ((uint8_t)*c < ' ' || (uint8_t)*c >= 0x7f)
			abort();
}

static const char *
validated(void *arg)
{
	(void)arg;
	return "p.test";
}

static void
macros(struct text *t)
{
	const struct spf_names names = { .sender = "a.b@c.test",
	    .local = "a.b", .sender_domain = "c.test", .domain = "d.test",
	    .ip = "192.0.2.1", .ip_dotted = "192.0.2.1", .helo = "h.test",
	    .receiver = "me.test", .validated = validated };
	struct buf b;
	int exp;

	for (exp = 0; exp < 2; exp++) {
		buf_init(&b, 65536);
		if (spf_macro_expand(&names, (const char *)t->p, t->n,
		    exp == 1, &b) == 0 && !spf_macro_ok((const char *)t->p,
		    t->n, exp == 1))
			abort();
		buf_clear(&b);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct text t = { p, n };

	if (n > 4096)
		return 0;
	macros(&t);
	check(&t, "192.0.2.1");
	check(&t, "2001:db8::1");
	return 0;
}
