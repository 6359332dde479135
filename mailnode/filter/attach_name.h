/*
 * Names and types that may not be attached: attachments_refused[] asked
 * about one of either.
 */
#ifndef FILTER_ATTACH_NAME_H
#define FILTER_ATTACH_NAME_H

#include <stddef.h>

struct conf_attachment;

/* found: the worst that was met; NULL: nothing.  Borrows the table. */
struct attach_table {
	const struct conf_attachment *table, *found;
	size_t	 n;
};

/* n octets, decoded, NULs in it or not. */
void	attach_name(struct attach_table *t, const char *name, size_t n);
void	attach_met(struct attach_table *t, const struct conf_attachment *c);
void	attach_type(struct attach_table *t, const char *type);

#endif
