/* What a program of the event `deliver` says of a message: its output. */
#ifndef HOOKS_SAID_H
#define HOOKS_SAID_H

#include <stdbool.h>
#include <stddef.h>

enum {
	HOOK_SAID_TAGS = 256,		/* octets, NUL included */
	HOOK_SAID_FOLDER = 128,
	HOOK_SAID_REASON = 256
};

struct hook_said {
	char	tags[HOOK_SAID_TAGS];	/* "+a -b", as far as they have room */
	char	folder[HOOK_SAID_FOLDER];	/* the last that was said */
	char	reason[HOOK_SAID_REASON];	/* of a quarantine */
	bool	quarantine;
};

/*
 * Lines of
 *	tag +a -b
 *	folder NAME
 *	quarantine [REASON]
 * with LF or CRLF; every other line, and one that is cut off or has no
 * room, is passed over.  Controls become "?".
 */
void	hook_said_parse(const char *p, size_t n, struct hook_said *out);

#endif
