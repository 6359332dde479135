/* base/date: a date that is taken is one of the years it can have. */
#include <stdint.h>
#include <stdlib.h>

#include "mailnode/base/date.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { DAYS = 10000 * 366 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	int64_t t, day;

	if (date_time(p, n, &t) && (t > DAYS * INT64_C(86400) ||
	    t < -DAYS * INT64_C(86400)))
		abort();
	if (date_mail(p, n, &t) && (t > DAYS * INT64_C(86400) ||
	    t < -DAYS * INT64_C(86400)))
		abort();
	if (date_day(p, n, &day) && (day > DAYS || day < -DAYS))
		abort();
	if (date_mail_day(p, n, &day) && (day > DAYS || day < -DAYS))
		abort();
	return 0;
}
