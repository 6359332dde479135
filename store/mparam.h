/*
 * Content-Type and Content-Disposition: a value and its parameters (RFC 2045
 * section 5.1, RFC 2183), in sections and charsets (RFC 2231), and as senders
 * write them: with encoded words, comments, blanks without quotes.
 */
#ifndef STORE_MPARAM_H
#define STORE_MPARAM_H

#include <stdbool.h>
#include <stddef.h>

enum {
	MPARAM_MAX = 100,	/* parameters, sections counted one by one */
	MPARAM_NAME_MAX = 80,	/* octets, NUL included */
	MPARAM_VALUE_MAX = 64 * 1024	/* octets of one, decoded */
};

struct mparam {
	char		 name[MPARAM_NAME_MAX];	/* as it is written */
	char		*value;			/* owned; UTF-8 */
	char		*words;			/* owned; the value as it
						   stands, with encoded words,
						   or NULL */
};

struct mparams {
	bool		 there;		/* it was read */
	bool		 good;		/* type "/" subtype, both tokens */
	struct mparam	*v;		/* owned; in their order */
	size_t		 n;
};

/* Reads a field's value, folded or not.  0, or -1: no memory.  What cannot be
 * read is passed over; mparams_clear() frees, also after -1. */
int	 mparams_read(struct mparams *m, const char *p, size_t n);
void	 mparams_clear(struct mparams *m);

/* Borrows, or NULL. */
const char *mparams_get(const struct mparams *m, const char *name);

#endif
