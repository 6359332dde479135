/* queue/job: what sender and relay tell each other, as lies. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "mailnode/queue/job.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct job_result r;
	struct chan_in in;
	struct job j;
	uint32_t marks[JOB_CHUNK];
	size_t i, count;

	chan_in_init(&in, data, n);
	if (job_get(&in, 1, dup(STDERR_FILENO), &j)) {
		if (j.nrcpt > JOB_CHUNK)
			abort();
		job_clear(&j);
	}
	chan_in_init(&in, data, n);
	if (job_result_get(&in, &r)) {
		for (i = 0; i < r.nrcpt; i++)
			if (r.rcpt[i].fate >= JOB_FATES)
				abort();
		job_result_clear(&r);
	}
	chan_in_init(&in, data, n);
	(void)job_mark_get(&in, marks, &count);
	return 0;
}
