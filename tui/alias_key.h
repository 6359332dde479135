/* A new address of ours for one correspondent, with one key. */
#ifndef TUI_ALIAS_KEY_H
#define TUI_ALIAS_KEY_H

#include "tui/app.h"

enum { ALIAS_PART_MAX = 24 };	/* octets of the name in front, NUL included */

/*
 * Proposes NAME.xxxx@domain for `who` ("Name <address>", an address, any
 * word, or "") and makes what is then typed: an address of ours as it
 * stands, anything else as the name of a correspondent to make one from.
 * The note of the alias says whom it was given to.  `arg` is typed already;
 * or NULL.
 */
void	 alias_propose(struct tui *t, const char *who, const char *arg);

/* The same from a letter: for whom it goes to; then it comes from there. */
view_act alias_for_letter;
/* From any other view: for nobody in particular. */
view_act alias_for_nobody;

/*
 * "shop" of "Ada <ada@mail.shop.example>", "ada" where everybody has that
 * domain, "bigshop" of "Big Shop!"; "" when nothing is left.
 */
void	 alias_part(const char *who, char part[ALIAS_PART_MAX]);

#endif
