/* What the commands of vault, keys and certificates have in common. */
#ifndef CMD_SAFE_H
#define CMD_SAFE_H

#include "mailnode/ops/args.h"
#include "mailnode/ops/safe.h"

struct cmd_safe {
	struct args	 args;
	struct safe	 safe;
	bool		 began;		/* safe is open */
};

struct cmd_sub {
	const char	*name;
	/* The exit status; 2 has the usage printed. */
	int		(*fn)(struct cmd_safe *);
	int		 most;		/* words behind it */
};

/*
 * Parses `NAME [SUB] …`, calls the sub of subs (ended by NULL) and closes
 * what it opened.  otherwise: the sub when none is named; NULL: usage.
 */
int		cmd_safe_run(int argc, char **argv, const struct cmd_sub *subs,
		    const char *otherwise);

/* The vault of this node, which must be usable; change: to be changed. */
enum crypto_err	cmd_safe_begin(struct cmd_safe *c, bool change);

/* Asks for the passphrase and opens it; Argon2 runs here, in the command. */
enum crypto_err	cmd_safe_phrase(struct cmd_safe *c);

/* 0, or says why not and returns 1. */
int		cmd_safe_why(const char *what, enum crypto_err e);

/* Prints b and clears it; the exit status. */
int		cmd_safe_flush(struct buf *b);

#endif
