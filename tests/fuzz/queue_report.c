/* A message as a notice: whatever it holds, keeper can read what it is told,
 * and reads nothing else. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/queue/report.h"
#include "store/op_report.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n + 1);
	struct chan_in in;
	struct report r;
	struct buf b;

	if (copy == NULL)
		abort();
	if (n > 0)
		memcpy(copy, p, n);
	buf_init(&b, CHAN_DATA_MAX);
	if (report_message(copy, n, &b) == 0) {
		chan_in_init(&in, b.data, b.len);
		if (!report_get(&in, &r) || r.n > r.total ||
		    r.n > REPORT_RCPTS_MAX)
			abort();
		report_clear(&r);
	}
	/* Whatever comes instead. */
	chan_in_init(&in, p, n);
	if (report_get(&in, &r))
		report_clear(&r);
	buf_clear(&b);
	return 0;
}
