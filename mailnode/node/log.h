/*
 * Log lines: key=value on stderr, one record a line, in one write.  Every
 * value is escaped here, so that nothing a peer sends can forge a line.
 * Only roles, sessions and commands log.
 */
#ifndef NODE_LOG_H
#define NODE_LOG_H

#include <stdint.h>

enum log_level { LOG_NOTHING = -1, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Named in every line from now on; borrows role.  most: LOG_NOTHING for what
 * answers a command, which has its own words for a failure. */
void	log_init(const char *role, enum log_level most);

/*
 * log_line(LOG_INFO, "accept", "peer=%s size=%u", addr, n): the format
 * holds the keys; each %s value is quoted and escaped as needed.  Formats
 * known: %s %d %u %lld %llu %zu.
 */
void	log_line(enum log_level level, const char *event, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

#endif
