/*
 * Where letters live while they are written: $MAILNODE_HOME/compose, one
 * file each (letter.h), ID.eml, and ID.d/ for attachments that came with a
 * message.  ID.sent is one that was handed in and may still be recalled.
 */
#ifndef TUI_JOURNAL_H
#define TUI_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/letter.h"

enum { JOURNAL_PATH_MAX = 4096 };

/* A new name; makes the folder.  False with errno. */
bool	journal_new(const char *home, char path[JOURNAL_PATH_MAX]);
/* Whole and durable, or as it was.  False with errno. */
bool	journal_write(const char *path, const struct letter *l);
/* l must be initialised and empty.  False with errno. */
bool	journal_read(const char *path, struct letter *l);
/* The letter is somewhere else for good, or not wanted. */
void	journal_remove(const char *path);
/* ID.eml becomes ID.sent; the new name into to. */
bool	journal_sent(const char *path, char to[JOURNAL_PATH_MAX]);
/* And back. */
bool	journal_unsent(const char *path, char to[JOURNAL_PATH_MAX]);
/* "ID.d/NAME" for a letter's file, made so that it is free. */
bool	journal_attachment(const char *path, const char *name,
	    char to[JOURNAL_PATH_MAX]);

/*
 * The newest letter left over into path ("" if none); how many there are.
 * Forgets the sent ones.
 */
size_t	journal_left(const char *home, char path[JOURNAL_PATH_MAX]);

/* Attachments that were opened over a day ago go ($MAILNODE_HOME/open-*). */
void	journal_sweep(const char *home);

#endif
