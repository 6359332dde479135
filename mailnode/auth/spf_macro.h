/* Macros of SPF (RFC 7208 section 7). */
#ifndef AUTH_SPF_MACRO_H
#define AUTH_SPF_MACRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

/* What the letters stand for; borrowed. */
struct spf_names {
	const char	*sender;	/* s: local@domain */
	const char	*local;		/* l */
	const char	*sender_domain;	/* o */
	const char	*domain;	/* d: the one being evaluated */
	const char	*ip;		/* c: readable */
	const char	*ip_dotted;	/* i: of v6 the nibbles */
	bool		 six;		/* v */
	const char	*helo;		/* h */
	const char	*receiver;	/* r */
	int64_t		 now_s;		/* t */
	/* p, asked for only where it stands: borrowed until the next. */
	const char	*(*validated)(void *arg);
	void		*arg;
};

/* Is that a macro-string?  `exp`: of an explanation (c, r, t; blanks). */
bool	spf_macro_ok(const char *p, size_t n, bool exp);

/* Appends it expanded.  0; -1: malformed, or b->err. */
int	spf_macro_expand(const struct spf_names *v, const char *p, size_t n,
	    bool exp, struct buf *b);

#endif
