/* SPF records (RFC 7208 sections 4.6 and 12), read and checked whole. */
#ifndef AUTH_SPF_RECORD_H
#define AUTH_SPF_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPF_TERMS_MAX = 1024 };	/* mechanisms of a record */

enum spf_mech {
	SPF_ALL, SPF_INCLUDE, SPF_A, SPF_MX, SPF_PTR, SPF_IP4, SPF_IP6,
	SPF_EXISTS
};

/* A piece of the record's text. */
struct spf_text {
	const char	*p;
	size_t		 n;		/* 0: absent */
};

struct spf_term {
	enum spf_mech	 mech;
	char		 qualifier;	/* + - ~ ? */
	struct spf_text	 whole;		/* for the reason */
	struct spf_text	 domain;	/* domain-spec */
	uint8_t		 ip[16];	/* ip4: the first four */
	unsigned int	 cidr4, cidr6;	/* bits */
};

struct spf_record {
	size_t		nterms;
	struct spf_term	term[SPF_TERMS_MAX];
	struct spf_text	redirect, exp;
};

/* Is this TXT record meant as SPF (section 4.5)? */
bool	spf_is_record(const char *p, size_t n);

/*
 * Reads one, which it borrows.  NULL, or why it is in error: static text
 * for a permerror, found before anything is evaluated (section 4.6).
 */
const char *spf_record_parse(struct spf_record *r, const char *p, size_t n);

#endif
