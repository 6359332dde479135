/* filter/dnsbl: hosts of links, and what answers of a list count. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/filter/dnsbl.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t error[4] = { 127, 255, 255, 254 };
	struct dnsbl_subject s;
	char text[256];
	size_t n = size < sizeof text ? size : sizeof text - 1, i, k;

	dnsbl_subject_init(&s, NULL);
	dnsbl_subject_add(&s, (const char *)data, n);
	dnsbl_subject_links(&s, data, size);
	if (s.n > DNSBL_NAMES)
		abort();
	for (i = 0; i < s.n; i++) {
		if (!dns_name_ok(s.name[i]))
			abort();
		for (k = 0; k < i; k++)
			if (strcmp(s.name[i], s.name[k]) == 0)
				abort();
	}
	memcpy(text, data, n);
	text[n] = '\0';
	if (n >= 4)
		(void)dnsbl_counts(text, data);
	if (dnsbl_counts(text, error))
		abort();
	return 0;
}
