/*
 * A program of the user's (or a stock one) at an event: started without a
 * shell, with a small environment, limits, and a jail that it cannot leave;
 * its verdict is its exit status.  The only place outside the parent and
 * the client's editor that forks.
 */
#ifndef HOOKS_RUN_H
#define HOOKS_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

enum {
	HOOK_OUTPUT_MAX = 8 * 1024 * 1024,	/* octets a program may say */
	HOOK_FILE_MAX = 64 * 1024 * 1024,	/* octets of a file it writes */
	HOOK_FILES_MAX = 64,			/* descriptors */
	HOOK_VARS_MAX = 32			/* variables given to it */
};

enum hook_err {
	HOOK_OK,	/* it ended by itself: see status */
	HOOK_NOMEM,
	HOOK_SYSTEM,	/* errno says what the system refused */
	HOOK_ABSENT,	/* no such program, or not executable */
	HOOK_LATE,	/* killed: its seconds were over */
	HOOK_LOUD,	/* killed: over HOOK_OUTPUT_MAX */
	HOOK_CRASHED,	/* ended by a signal of its own making, or a limit */
	HOOK_KILLED	/* somebody else ended it, or a program that it ran:
			   it would not end so another time */
};

/* The node's trouble, not the program's: worth another try. */
bool		 hook_again(enum hook_err e);

/* A sentence without its full stop, lower case; never NULL. */
const char	*hook_err_text(enum hook_err e);

enum hook_jail {
	HOOK_STOCK,	/* reads programs and libraries; no more, no socket
			   unless `net`: then what names and TLS need */
	HOOK_USER	/* files of the user, but none under `hidden` */
};

struct hook_spec {
	const char	*const *argv;	/* NULL-ended; [0]: path, or a name
					   in /usr/local/bin:/usr/bin:/bin */
	const char	*const *vars;	/* "NAME=value", NULL-ended; or NULL */
	const char	*const *hidden;	/* absolute, NULL-ended; or NULL */
	const char	*readable; /* one path more for HOOK_STOCK; or NULL */
	unsigned int	 seconds;	/* of wall time; also its CPU limit */
	unsigned int	 mib;		/* of address space; 0: no limit */
	enum hook_jail	 jail;
	bool		 net;		/* may make sockets */
	bool		 keep_stderr;	/* goes where output goes */
};

struct hook;

/*
 * Starts it with `in` (borrowed; -1: nothing to read) as its input.
 * Borrows the spec for the call.  *h is owned by the caller; NULL on error.
 */
enum hook_err	 hook_start(struct hook **h, const struct hook_spec *spec,
		    int in);

/* What to wait for: readable when hook_step has something to do. */
int		 hook_out_fd(const struct hook *h);	/* -1: at its end */
int		 hook_end_fd(const struct hook *h);	/* -1: has ended */
int64_t		 hook_due_ms(const struct hook *h);	/* monotonic */

/* Reads, reaps, kills when late.  True once all is over. */
bool		 hook_step(struct hook *h);

/* After that: how it ended, and what it said (borrowed). */
enum hook_err	 hook_result(const struct hook *h, int *status);
const struct buf *hook_output(const struct hook *h);

/* Kills what still runs; accepts NULL. */
void		 hook_free(struct hook *h);

/* Is it a program that could be run? */
bool		 hook_there(const char *name);

/*
 * All of that at once: waits for the end.  Appends its output to out (may
 * be NULL) when HOOK_OK.
 */
enum hook_err	 hook_run(const struct hook_spec *spec, int in,
		    struct buf *out, int *status);

/* Octets as a file to read: a descriptor, owned, or -1 with errno. */
int		 hook_input(const void *p, size_t n);

#endif
