/*
 * Leaving a list: what a message offers (RFC 2369, RFC 8058), and whether
 * one click is to be trusted.
 */
#ifndef TUI_UNSUB_H
#define TUI_UNSUB_H

#include "store/op_parse.h"
#include "tui/app.h"
#include "tui/fetch.h"

enum unsub_kind {
	UNSUB_NONE,		/* why says so */
	UNSUB_POST,		/* url, by one click */
	UNSUB_MAIL,		/* a letter to addr */
	UNSUB_OPEN		/* url, in a browser */
};

enum {
	UNSUB_URL_MAX = 4096,	/* octets, NUL included */
	UNSUB_TEXT_MAX = 1000	/* of subject and body */
};

struct unsub {
	enum unsub_kind	 kind;
	char		 url[UNSUB_URL_MAX];	/* also beside a letter */
	char		 addr[512];
	char		 subject[UNSUB_TEXT_MAX], body[UNSUB_TEXT_MAX];
	const char	*why;		/* not by one click; static text */
};

/*
 * One click only for a message that has List-Unsubscribe-Post and one https
 * URI, both fields once, covered by a DKIM signature that our own
 * Authentication-Results (id) says has passed (RFC 8058 section 4); else a
 * letter, else the URL.
 */
void	 unsub_find(struct unsub *u, const struct parse_show *s,
	    const char *id);

/* What stands behind "mailto:", as "leave@example.org?subject=leave": into
 * addr, subject and body of u.  False: not one address. */
bool	 unsub_mailto(struct unsub *u, const char *s, size_t n);

/* Asks, does it, says what came of it; borrows f. */
void	 unsub_ask(struct tui *t, const struct fetched *f);

#endif
