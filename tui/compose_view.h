/* The letter in hand, between editor and queue. */
#ifndef TUI_COMPOSE_VIEW_H
#define TUI_COMPOSE_VIEW_H

#include "tui/app.h"
#include "tui/journal.h"
#include "tui/letter.h"
#include "tui/outgoing.h"

struct pgp_find;
struct pgp_wrap;

struct compose_from {
	uint64_t	draft;		/* row that this letter replaces, or 0 */
	uint64_t	answers;	/* row that is answered then, or 0 */
	uint64_t	forwards;	/* likewise */
};

struct compose_view {
	struct view	 v;
	char		 path[JOURNAL_PATH_MAX];
	struct letter	 l;
	struct compose_from from;
	size_t		 cur;		/* attachment in hand */
	bool		 busy;		/* being sent or postponed */
	bool		 sure;		/* asked already, send it so */
	enum letter_field editing;
	char		 pgp[1000];	/* what is done with which keys, or "" */
	bool		 pgp_ok;	/* all of them are there */
	struct pgp_find	*find;		/* they are looked for, or NULL */
	struct pgp_wrap	*wrap;		/* signing, encrypting, or NULL */
	struct outgoing	 out;		/* meanwhile; its fd is with wrap */
};

/*
 * Opens the view on a letter's file, in $EDITOR first if `edit`.  Takes what
 * *l owns.  path is copied.
 */
void	compose_open(struct tui *t, const char *path, struct letter *l,
	    const struct compose_from *from, bool edit);

/* Writes the letter's file; looks at its keys again. */
void	compose_keep(struct compose_view *c);

/* ---- compose_pgp.c ---- */

view_act compose_sign, compose_encrypt;
void	compose_pgp_look(struct compose_view *c);
/* The rows it takes, from y. */
int	compose_pgp_draw(const struct compose_view *c, int y,
	    const struct area *a);
/* Ends what gpg is doing for it. */
void	compose_pgp_stop(struct compose_view *c);

/* Who deletes the From line means the usual one. */
void	compose_default_from(struct letter *l);

/* v is a letter: it comes from there now. */
void	compose_set_from(struct view *v, const char *value);

/* ---- compose_send.c: what ends a letter ---- */

view_act compose_send, compose_postpone;
/* The letter is elsewhere now: closes its view. */
void	compose_close(struct compose_view *c);

#endif
