/* What gpg said of a message that is read. */
#ifndef TUI_PGP_SEEN_H
#define TUI_PGP_SEEN_H

#include <stdbool.h>

enum pgp_verdict { PGP_NOTHING, PGP_GOOD, PGP_DOUBT, PGP_BAD };

struct pgp_seen {
	enum pgp_verdict verdict;
	bool		 encrypted;
	bool		 has_signature;	/* a part says that there is one */
	char		 text[400];	/* for people; "" : no PGP in it */
};

/* One thing more, behind what text says already. */
void	pgp_seen_add(struct pgp_seen *seen, const char *text);

#endif
