/* A program in its jail (hooks/run.h), while the client goes on. */
#ifndef TUI_PROGRAM_H
#define TUI_PROGRAM_H

#include "hooks/run.h"
#include "tui/app.h"

struct program;

/* How it ended and what it said; both borrowed for the call. */
typedef void	program_fn(void *arg, enum hook_err rc, int status,
		    const struct buf *out);

/*
 * Takes h, which was just started.  fn is called once, later, unless
 * program_stop comes first.  NULL: it cannot be waited for, and is killed.
 */
struct program	*program_watch(struct tui *t, struct hook *h, program_fn *fn,
		    void *arg);
/* Kills it; accepts NULL. */
void		 program_stop(struct program *p);

#endif
