#include <time.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"

static struct timespec
ask(clockid_t id)
{
	struct timespec ts;

	BUG_ON(clock_gettime(id, &ts) == -1);
	return ts;
}

int64_t
clock_mono_ms(void)
{
	struct timespec ts = ask(CLOCK_MONOTONIC);

	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_wall_s(void)
{
	return (int64_t)ask(CLOCK_REALTIME).tv_sec;
}

int64_t
clock_wall_us(void)
{
	struct timespec ts = ask(CLOCK_REALTIME);

	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
