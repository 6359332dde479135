/* Running gpg, and what its parts of the client share. */
#ifndef TUI_PGP_RUN_H
#define TUI_PGP_RUN_H

#include <stdbool.h>

#include "tui/app.h"

enum {
	PGP_KEYS_MAX = 100,		/* recipients */
	PGP_ARGS_MAX = 2 * PGP_KEYS_MAX + 24,
	PGP_SAID_MAX = 1024 * 1024,	/* octets of gpg's status */
	PGP_MESSAGE_MAX = 256 * 1024 * 1024
};

/*
 * gpg with some arguments (NULL behind them), in[0] as its input and in[1],
 * unless -1, as descriptor 3; what it writes into out (may be NULL), its
 * status and complaints, NUL behind, into said.  Its exit status, or -1.
 */
int	 pgp_run(struct tui *t, const char *const *args, const int in[2],
	    struct buf *out, struct buf *said);

/* A memory file of these octets (NULL: none), owned, or -1. */
int	 pgp_memory(const struct buf *b);
/* All of a file, appended. */
bool	 pgp_slurp(int fd, struct buf *b);
/* The same octets with CRLF at each line's end. */
void	 pgp_put_crlf(struct buf *b, const struct buf *text);

/* Behind "[GNUPG:] KEYWORD " at the start of a line, or NULL. */
const char *pgp_status_line(const char *lines, const char *keyword);
/* What gpg complained of: its last line for people, instead of *text. */
void	 pgp_complaint(struct buf *text, const char *said);

#endif
