#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/auth/iprev.h"

/* The first name of the answer that leads back to the address. */
static void
confirm(struct lookup *l, const struct dns_answer *ptr, const uint8_t *addr,
    size_t octets, struct iprev *out)
{
	struct dns_question q[IPREV_NAMES_MAX];
	size_t i, k, n = 0;

	for (i = 0; i < ptr->nrr && n < IPREV_NAMES_MAX; i++) {
		q[n] = (struct dns_question){ .type = octets == 4 ? DNS_A :
		    DNS_AAAA, .name = (const char *)ptr->rr[i].data };
		dns_answer_init(&q[n++].answer);
	}
	lookup_many(l, "iprev", q, n);
	for (i = 0; i < n; i++) {
		if (q[i].answer.class == DNS_TEMPFAIL &&
		    out->result == IPREV_FAIL)
			out->result = IPREV_TEMPERROR;
		for (k = 0; k < q[i].answer.nrr && out->name[0] == '\0'; k++)
			if (q[i].answer.rr[k].len == octets && memcmp(
			    q[i].answer.rr[k].data, addr, octets) == 0) {
				out->result = IPREV_PASS;
				(void)snprintf(out->name, sizeof out->name,
				    "%s", q[i].name);
			}
		dns_answer_clear(&q[i].answer);
	}
}

void
iprev_check(const char *ip, struct lookup *l, struct iprev *out)
{
	char reverse[DNS_NAME_MAX];
	struct dns_answer ptr;
	uint8_t addr[16];
	size_t octets;

	*out = (struct iprev){ .result = IPREV_PERMERROR };
	octets = inet_pton(AF_INET, ip, addr) == 1 ? 4 : 16;
	if ((octets == 16 && inet_pton(AF_INET6, ip, addr) != 1) ||
	    dns_reverse_name(ip, reverse, sizeof reverse) == -1)
		return;
	dns_answer_init(&ptr);
	out->result = lookup_one(l, "iprev", DNS_PTR, reverse, &ptr) ==
	    DNS_TEMPFAIL ? IPREV_TEMPERROR : IPREV_FAIL;
	if (ptr.nrr > 0)
		confirm(l, &ptr, addr, octets, out);
	dns_answer_clear(&ptr);
}

const char *
iprev_result_text(enum iprev_result r)
{
	static const char *const text[] = {
		[IPREV_PASS] = "pass", [IPREV_FAIL] = "fail",
		[IPREV_TEMPERROR] = "temperror",
		[IPREV_PERMERROR] = "permerror"
	};

	return text[r];
}
