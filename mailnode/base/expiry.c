#define _GNU_SOURCE	/* strptime */
#include <string.h>
#include <time.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/expiry.h"
#include "mailnode/base/num.h"

enum {
	DAYS_MAX = 36500,
	DAY_S = 86400
};

int
expiry_read(const char *text, int64_t *at)
{
	const char *end = text + strlen(text);
	struct tm tm = { .tm_isdst = -1 };
	uint32_t days;
	char *rest;

	*at = 0;
	if (end > text && end[-1] == 'd' && num_u32(text, end - 1, 1,
	    DAYS_MAX, &days) == 0) {
		*at = clock_wall_s() + (int64_t)days * DAY_S;
		return 0;
	}
	rest = strptime(text, "%Y-%m-%d", &tm);
	if (rest == NULL || *rest != '\0')
		return -1;
	tm.tm_mday++;
	*at = mktime(&tm);
	return *at > clock_wall_s() ? 0 : -1;
}
