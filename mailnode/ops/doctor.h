/*
 * Whether all around the node is as it should be: findings, each with its
 * remedy, and those of the DNS, where what is published is held against our
 * keys and names.
 */
#ifndef OPS_DOCTOR_H
#define OPS_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "crypto/vault.h"

enum {
	DOCTOR_TEXT_MAX = 400,	/* octets of a finding */
	DOCTOR_DNS_MS = 8000	/* for each question */
};

enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_NOTE,		/* works, but not as well as it could */
	DOCTOR_BAD		/* mail is lost, refused or not believed */
};

struct doctor {
	/* what: "MX node.test"; text is printable ASCII; remedy or "". */
	void		(*found)(void *arg, enum doctor_verdict v,
			    const char *what, const char *text,
			    const char *remedy);
	void		*arg;
	int		 dns;	/* channel to a resolver; borrowed */
};

/* A finding; what of it comes from outside is cleaned here. */
void	doctor_found(const struct doctor *d, enum doctor_verdict v,
	    const char *what, const char *remedy, const char *fmt, ...)
	    __attribute__((format(printf, 5, 6)));

/* systemd keeps what the user runs while he is logged out; also where
 * nobody can say. */
bool	doctor_lingers(void);

/* The DNS answers, and not with that DKIM key: what it signs fails. */
bool	doctor_lacks_key(int dns, const struct vault_entry *e,
	    const char *domain);

/* All that others look up.  v: its public parts are used; NULL: none. */
void	doctor_dns(const struct doctor *d, const struct vault *v);

#endif
