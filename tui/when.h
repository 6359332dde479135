/* "tomorrow", "2h", "mon 9:30": a time to come, as people type it. */
#ifndef TUI_WHEN_H
#define TUI_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WHEN_HOUR = 8, WHEN_EVENING = 18 };	/* where none is typed */

/*
 * 30m, 2h, 3d, 1w; tonight, tomorrow, a day of the week (the next one),
 * "next week" (its Monday), 2026-12-24, or 9:30, each but the first with a
 * time of day behind it if wanted.  Local time; now and *at are Unix time.
 * False: none of these, or over already.
 */
bool	 when_read(const char *text, int64_t now, int64_t *at);

/* "Mon 30 Nov 08:00" */
void	 when_text(int64_t at, char *dst, size_t size);

#endif
