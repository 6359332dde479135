/* The parts of a message: to look at, open, save, pipe. */
#ifndef TUI_ATTACH_H
#define TUI_ATTACH_H

#include "tui/fetch.h"

/* Takes what *f owns. */
void	attach_open(struct tui *t, struct fetched *f);

/* "NAME" as a file name alone: no slash, no leading dot, no controls. */
void	attach_safe_name(char *dst, size_t size, const char *name);

/* The same of a part; one without a name gets one by its type. */
void	attach_part_name(char *dst, size_t size, const struct parse_part *p);

/*
 * Copies a file from its start into a new one (mode 0600); 0, or -1 with
 * errno.  Never over an existing file.
 */
int	attach_save(int from, const char *path);

#endif
