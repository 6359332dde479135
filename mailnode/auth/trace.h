/*
 * What was done to come to a verdict, a JSON object a line: which record
 * was read, which lookup was the tenth, which octets were hashed.  For
 * `mailnode verify -j`; sessions have none, and everything here takes NULL.
 *
 *	trace_begin(t, "spf-term");
 *	trace_str(t, "term", "include:example.org");
 *	trace_end(t);
 */
#ifndef AUTH_TRACE_H
#define AUTH_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

enum {
	TRACE_MAX = 32 * 1024 * 1024,	/* octets of all lines */
	TRACE_BYTES_MAX = 256 * 1024	/* octets shown of what was hashed */
};

struct trace {
	struct buf	 out;		/* lines; err is sticky */
};

/* Caller's memory. */
void	trace_init(struct trace *t);
void	trace_clear(struct trace *t);

void	trace_begin(struct trace *t, const char *step);
void	trace_str(struct trace *t, const char *key, const char *value);
void	trace_num(struct trace *t, const char *key, uint64_t value);
void	trace_bool(struct trace *t, const char *key, bool value);
/* Octets: as text if they are UTF-8, else in base64 under KEY-base64. */
void	trace_bytes(struct trace *t, const char *key, const void *p,
	    size_t n);
void	trace_hex(struct trace *t, const char *key, const void *p, size_t n);
void	trace_end(struct trace *t);

#endif
