/* What gpg said of a message that is read. */
#ifndef TUI_PGP_SEEN_H
#define TUI_PGP_SEEN_H

#include <stdbool.h>

enum pgp_verdict { PGP_NOTHING, PGP_GOOD, PGP_DOUBT, PGP_BAD };

struct pgp_seen {
	enum pgp_verdict verdict;
	bool		 encrypted;
	char		 text[400];	/* for people; "" : no PGP in it */
};

#endif
