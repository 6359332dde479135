/* Where messages of an mbox begin and end; see import.h for the calls. */
#ifndef STORE_IMPORT_MBOX_H
#define STORE_IMPORT_MBOX_H

#include <stdbool.h>
#include <stddef.h>

/* A "From " line of an mbox: it ends in a date, as asctime writes it. */
bool	import_is_from(const char *p, size_t n);

#endif
