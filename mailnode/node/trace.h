/*
 * Trace ids name a session, a letter or one of their transactions, in log
 * lines, header fields, replies and events: ten characters that sort by
 * time, then ".N".  They contain nothing that any of these must escape.
 */
#ifndef NODE_TRACE_H
#define NODE_TRACE_H

#include <stdint.h>

enum {
	TRACE_ID = 10,		/* characters before the dot */
	TRACE_SIZE = 32		/* octets, NUL included */
};

/*
 * Writes an id into out.  Two differ when made in different milliseconds,
 * or with counters that differ in their low ten bits.
 */
void	trace_new(char out[TRACE_SIZE], uint32_t counter);

/* "ID.N" of an id without a number. */
void	trace_part(char out[TRACE_SIZE], const char *id, uint32_t n);

#endif
