/* The only place that asks the system for the time. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t	clock_mono_ms(void);	/* for deadlines: never goes back */
int64_t	clock_wall_s(void);	/* for stored dates: may go back */
int64_t	clock_wall_us(void);

#endif
