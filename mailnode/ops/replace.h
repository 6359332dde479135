/* Small files of the node, read whole and replaced whole. */
#ifndef OPS_REPLACE_H
#define OPS_REPLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "mailnode/base/buf.h"

/* The file's octets into b.  0, or -1 with errno: EFBIG over b->max. */
int	file_read(int dir, const char *name, struct buf *b);

/*
 * Old or new, never between, whatever happens: written aside, synced,
 * renamed, and the directory synced.  name has no slash: it is dir that is
 * synced.  One caller at a time for each name.
 * 0, or -1 with errno.
 */
int	file_replace(int dir, const char *name, mode_t mode, const void *p,
	    size_t n);

/* A directory and those above it.  0 (also when it exists), -1 with errno;
 * *made tells whether the last one is new. */
int	dir_make(const char *path, mode_t mode, bool *made);

#endif
