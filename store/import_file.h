/* One file of an import: a message, or an mbox of them. */
#ifndef STORE_IMPORT_FILE_H
#define STORE_IMPORT_FILE_H

#include "store/import.h"

/* Tells of what cannot be read. */
void	import_bad(const struct import *im, const char *path,
	    const char *why);
/* By its start, which has a field that mail has: an mbox; a message. */
bool	import_is_mbox(const char *path);
bool	import_is_letter(const char *path);
/* i->path as one message; as an mbox.  False: `item` ended it. */
bool	import_file(const struct import *im, struct import_item *i);
bool	import_mbox(const struct import *im, struct import_item *i);
/* i->path as what it is, to be looked at.  dir: it is a directory, and
 * nothing was done. */
bool	import_look(const struct import *im, struct import_item *i,
	    bool *dir);

#endif
