/*
 * gpg, run beside the client: its end comes through the loop, Esc leaves it,
 * a limit ends it.  Only a passphrase that its agent has to ask for takes the
 * screen, and the client waits then as for an editor.
 */
#ifndef TUI_PGP_RUN_H
#define TUI_PGP_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "tui/app.h"

enum {
	PGP_KEYS_MAX = 100,		/* recipients */
	PGP_ARGS_MAX = 2 * PGP_KEYS_MAX + 24,
	PGP_SAID_MAX = 1024 * 1024,	/* octets of gpg's status */
	PGP_MESSAGE_MAX = 256 * 1024 * 1024,
	PGP_LIMIT_MS = 60 * 1000,	/* of a run that asks nothing */
	PGP_ASK_LIMIT_S = 300		/* of one that does */
};

struct pgp_run;

/*
 * Its exit status (-1: none), what it wrote, its status and complaints.  Both
 * borrowed and with a NUL behind, which their length does not count.
 */
typedef void	pgp_run_fn(void *arg, int rc, const struct buf *out,
		    const struct buf *said);

/*
 * gpg with some arguments (NULL behind them; copied), in[0] as its input and
 * in[1], unless -1, as descriptor 3 (both duplicated).  fn is called once,
 * never before this has returned.  Returns owned until then, or NULL.
 */
struct pgp_run	*pgp_run_start(struct tui *t, const char *const *args,
		    const int in[2], int64_t limit_ms, pgp_run_fn *fn,
		    void *arg);
/* Ends it; fn is not called. */
void		 pgp_run_stop(struct pgp_run *r);

/* Ends all there are: their fn is told that.  False: there are none. */
bool		 pgp_run_leave(void);
/* How many there are, and for how long the oldest runs. */
unsigned int	 pgp_run_waiting(int64_t *oldest_ms);

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
