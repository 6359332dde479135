/*
 * What a header says by its form: whose domains agree, how names and
 * subject are written, by which kind of host the mail was handed over.
 * No name of a host, list or day is among it: by which hosts it came is for
 * route.h, where and when it was kept says nothing of who wrote it.
 */
#ifndef FILTER_TRAITS_H
#define FILTER_TRAITS_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/filter/token.h"

enum {
	TRAITS_DOMAIN_MAX = 128,	/* octets of a domain compared */
	TRAITS_FIELD_MAX = 2000		/* octets of a Received looked at */
};

struct traits_domain {
	char	text[TRAITS_DOMAIN_MAX];	/* lower case */
	size_t	n;				/* 0: there is none */
};

/* All zero to begin with. */
struct traits {
	struct traits_domain from, reply, to, id;
	const char	*origin;	/* borrowed: the last Received */
	size_t		 norigin;
	unsigned int	 recipients;
	bool		 has_subject, has_re, answers;
};

/* What is to be made of a field. */
enum traits_use {
	TRAITS_NAME,		/* that it is there */
	TRAITS_WORDS,		/* that, and its words */
	TRAITS_NOTHING		/* written on the way, or where it was kept */
};
enum traits_use traits_use(const char *name, size_t n);

/* Each field as it comes, From, To, Cc, Reply-To and Subject decoded; p is
 * borrowed until traits_end().  Names are in lower case, here and above. */
void	traits_field(struct traits *x, struct tokens *t, const char *name,
	    size_t nname, const char *p, size_t n);
void	traits_end(const struct traits *x, struct tokens *t);

#endif
