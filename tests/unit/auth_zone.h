/*
 * A DNS of a few lines for the units of auth: a table of names, and a
 * struct lookup that asks it.
 */
#ifndef UNIT_AUTH_ZONE_H
#define UNIT_AUTH_ZONE_H

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/lookup.h"

/* "!" as a value is a server failure, for every type. */
struct zone_rr {
	const char	*name;
	enum dns_type	 type;
	const char	*value;
};

static void
zone_answer(const struct zone_rr *z, struct dns_question *q)
{
	struct dns_answer *a = &q->answer;
	uint8_t ip[16];
	struct dns_rr rr;

	dns_answer_clear(a);
	a->class = DNS_NXDOMAIN;
	for (; z->name != NULL; z++) {
		if (strcasecmp(z->name, q->name) != 0)
			continue;
		if (z->value[0] == '!') {
			dns_answer_clear(a);
			return;
		}
		if (z->type != q->type) {
			a->class = a->nrr > 0 ? DNS_OK : DNS_NODATA;
			continue;
		}
		rr = (struct dns_rr){ .preference = 10,
		    .data = (const uint8_t *)z->value,
		    .len = strlen(z->value) };
		if (q->type == DNS_A || q->type == DNS_AAAA) {
			inet_pton(q->type == DNS_A ? AF_INET : AF_INET6,
			    z->value, ip);
			rr.data = ip;
			rr.len = q->type == DNS_A ? 4 : 16;
		}
		assert_int_equal(dns_answer_add(a, &rr), 0);
		a->class = DNS_OK;
	}
}

static void
zone_ask(void *arg, struct dns_question *q, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		zone_answer(arg, &q[i]);
}

/* z ends with a NULL name. */
static inline struct lookup
zone_lookup(const struct zone_rr *z)
{
	return (struct lookup){ .ask = zone_ask,
	    .arg = (void *)(uintptr_t)z };
}

#endif
