/* node/dns_msg: any reply gives an answer that survives a channel. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/node/dns_msg.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX,
	    DNS_TXT, DNS_PTR, DNS_TLSA, DNS_CNAME, DNS_NS };
	struct dns_answer a, b;
	struct chan_in in;
	struct dns_msg m;
	struct buf wire;
	size_t i;

	dns_answer_init(&a);
	dns_answer_init(&b);
	buf_init(&wire, CHAN_DATA_MAX);
	for (i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (dns_msg_parse(&m, &a, p, n, types[i], "a.test") == -1 &&
		    a.class != DNS_TEMPFAIL)
			abort();
		buf_reset(&wire);
		dns_answer_put(&wire, &a);
		chan_in_init(&in, wire.data, wire.len);
		if (wire.err != 0 || dns_answer_get(&in, &b) == -1 ||
		    a.class != b.class || a.nrr != b.nrr)
			abort();
	}
	/* The same octets as an answer from a channel. */
	chan_in_init(&in, p, n);
	(void)dns_answer_get(&in, &b);
	dns_answer_clear(&a);
	dns_answer_clear(&b);
	buf_clear(&wire);
	return 0;
}
