/*
 * A letter before it is sent, and the file it is edited in:
 *
 *	From: Me <me@example.org>
 *	To: ...
 *	Cc: Bcc: Subject:		always there, also when empty
 *	In-Reply-To: References:	if any
 *	Pgp: sign encrypt		one of them, or both, if wanted
 *	Attach: /path/of/a/file		one line each
 *	X-Other: any other field the owner types is sent as it stands
 *
 *	The text, UTF-8, LF.
 *
 * The file is the journal of the letter: it stays until the letter is sent,
 * postponed or thrown away.
 */
#ifndef TUI_LETTER_H
#define TUI_LETTER_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/buf.h"

enum {
	LETTER_MAX = 16 * 1024 * 1024,	/* octets of the file edited */
	LETTER_ATTACH_MAX = 200
};

enum letter_field {
	LETTER_FROM, LETTER_TO, LETTER_CC, LETTER_BCC, LETTER_SUBJECT,
	LETTER_IRT, LETTER_REFS,
	LETTER_PGP,		/* "sign encrypt", see pgp.h */
	LETTER_FIELDS
};

struct letter {
	char	*field[LETTER_FIELDS];	/* owned; never NULL */
	char	*other;			/* other fields, LF behind each */
	char	*attach[LETTER_ATTACH_MAX];	/* paths, owned */
	size_t	 nattach;
	char	*body;			/* never NULL */
};

/* All empty.  False: no memory. */
bool	 letter_init(struct letter *l);
void	 letter_clear(struct letter *l);

/* Copies; LF and other control characters become blanks. */
void	 letter_set(struct letter *l, enum letter_field f, const char *value);
bool	 letter_attach(struct letter *l, const char *path);
/* One more field behind `other`.  False: no memory. */
bool	 letter_add_other(struct letter *l, const char *name,
	    const char *value);
void	 letter_detach(struct letter *l, size_t i);
void	 letter_set_body(struct letter *l, const char *text, size_t n);

/* l must be empty.  Folded lines are joined; "~/" in Attach is resolved
 * with `homedir` (may be NULL).  False: no memory, or NUL inside. */
bool	 letter_read(struct letter *l, const char *text, size_t n,
	    const char *homedir);
void	 letter_write(const struct letter *l, struct buf *b);

#endif
