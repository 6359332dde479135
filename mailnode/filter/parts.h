/*
 * The leaves of a message whose MIME is written as nearly all is, found in
 * one pass over its lines, without a tree.  What is not (parameters in
 * pieces or with comments, messages within messages, unknown encodings,
 * fields that stand there twice) is for GMime.
 */
#ifndef FILTER_PARTS_H
#define FILTER_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/decode.h"

enum {
	PARTS_MAX = 32,		/* leaves; of more knows GMime */
	PARTS_DEPTH_MAX = 8,	/* of multiparts */
	PARTS_BOUNDARY_MAX = 200	/* octets; RFC 2046: 70 */
};

struct parts_text {
	const char	*p;	/* borrowed from the message */
	size_t		 n;	/* 0: none */
};

struct parts_leaf {
	struct parts_text	type, subtype, charset, file;
	enum cte		cte;
	struct parts_text	body;	/* still encoded */
};

struct parts {
	struct parts_leaf	leaf[PARTS_MAX];
	size_t			n;
};

/*
 * head: the MIME fields of the message, nhead octets; body: what is behind
 * its header.  False: not that simple, out is of no use.
 */
bool	parts_find(struct parts *out, const char *head, size_t nhead,
	    const char *body, size_t n);

/* Whether t is word, in any case. */
bool	parts_is(const struct parts_text *, const char *word);

#endif
