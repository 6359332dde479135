#include "mailnode/queue/retry.h"

int64_t
retry_delay_s(uint32_t attempts, uint32_t random)
{
	int64_t delay = RETRY_FIRST_S, spread;

	while (attempts > 1 && delay < RETRY_CAP_S) {
		delay *= 2;
		attempts--;
	}
	if (delay > RETRY_CAP_S)
		delay = RETRY_CAP_S;
	spread = delay * RETRY_JITTER_PERCENT / 100;
	return delay - spread + (int64_t)(random % (uint32_t)(2 * spread + 1));
}
