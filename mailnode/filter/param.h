/*
 * Parameters of MIME fields, as senders write them and as programs read
 * them: more is taken for a name than RFC 2045 allows.  Octets, no charsets.
 */
#ifndef FILTER_PARAM_H
#define FILTER_PARAM_H

#include <stddef.h>

enum param_form {
	PARAM_PLAIN,		/* name="a" */
	PARAM_EXTENDED,		/* name*=utf-8''a: RFC 2231 section 4 */
	PARAM_SECTIONS,		/* name*0=a; name*1*=b: section 3 */
	PARAM_FORMS
};

enum { PARAM_SECTIONS_MAX = 64 };

/* The field's value before its first parameter; "" when it has no room. */
void	param_value(const char *p, const char *end, char *dst, size_t size);

/* The parameter in that form, decoded, cut to size - 1, and a NUL; its
 * octets, 0: there is none.  *p: the field's value; it moves on to where the
 * next of that name may stand, NULL: there is none behind. */
size_t	param_get(const char **p, const char *end, const char *name,
	    enum param_form form, char *dst, size_t size);

/* The same text with its encoded words (RFC 2047) decoded. */
size_t	param_words(const char *p, size_t n, char *dst, size_t size);

#endif
