/* RFC 5322 section 3.3: "Sat, 21 Nov 2026 06:00:00 +0000". */
#ifndef QUEUE_DATE_H
#define QUEUE_DATE_H

#include <stddef.h>
#include <stdint.h>

/* In the local zone; dst holds at least 40 octets. */
void	date_text(int64_t wall_s, char *dst, size_t size);

#endif
