/* PGP/MIME (RFC 3156), or a block of text, in a message that was fetched. */
#ifndef TUI_FETCH_PGP_H
#define TUI_FETCH_PGP_H

#include "tui/fetch.h"

struct fetch_pgp;

/* Something of it is signed or encrypted. */
bool			 fetch_pgp_is_in(const struct parse_show *s);

/*
 * Decrypts what is encrypted, which then stands in f's place, and verifies
 * what is signed, also inside of that.  Of a block in the text only what is
 * inside becomes the text.  Borrows f until done is called, once
 * and later, or it is stopped.  NULL: there is nothing of that.
 */
struct fetch_pgp	*fetch_pgp_start(struct tui *t, struct fetched *f,
			    enum parse_want want, void (*done)(void *arg),
			    void *arg);
void			 fetch_pgp_stop(struct fetch_pgp *p);

#endif
