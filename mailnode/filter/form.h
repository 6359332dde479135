/*
 * By which program a header seems to be written: how the names of its
 * fields are spelt, in which order they stand, and how From is put
 * together.  Who sends junk changes words and addresses more often than
 * programs.
 */
#ifndef FILTER_FORM_H
#define FILTER_FORM_H

#include <stddef.h>

#include "mailnode/filter/token.h"

enum {
	FORM_NAME_MAX = 40,	/* octets of a field's name */
	FORM_SHAPE_MAX = 80	/* of a shape */
};

/* All zero to begin with. */
struct form {
	char	before[FORM_NAME_MAX];	/* the field before, lower case */
	size_t	nbefore;
};

/* Each field that the author's program wrote, as it is in the message. */
void	form_field(struct form *f, struct tokens *t, const char *name,
	    size_t nname, const char *p, size_t n);

#endif
