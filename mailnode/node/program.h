/* Which build of the program a process runs: its configuration is part of
 * it. */
#ifndef NODE_PROGRAM_H
#define NODE_PROGRAM_H

enum { PROGRAM_ID_MAX = 2 * 32 + 1 };	/* hex digits, NUL included */

/* The linker's build-id in hex, "" if it made none.  Valid for ever. */
const char	*program_id(void);

#endif
