/* Programs that take the terminal while the client waits: editor, shell. */
#ifndef TUI_RUN_H
#define TUI_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "tui/app.h"

/* $VISUAL, $EDITOR or vi on a file.  True: it ended with status 0. */
bool	run_editor(struct tui *t, const char *path);

/*
 * A command of the owner's, by $SHELL; in (-1: the terminal) is its input.
 * Waits for Enter afterwards, so that its output can be read.
 */
void	run_shell(struct tui *t, const char *command, int in);

/*
 * $BROWSER or xdg-open on one argument: beside the client where there are
 * windows, else with the screen until it ends.  False: it could not be tried.
 */
bool	run_open(struct tui *t, const char *what);
/* The same for a file of that type: without either it is run-mailcap(1) that
 * knows a program. */
bool	run_view(struct tui *t, const char *path, const char *type);

/*
 * A program found by PATH: fds[0..2] become its standard ones (-1: nothing),
 * fds[3] its descriptor 3 if it is not -1.  Waits for its end, with the
 * screen given up; SIGALRM ends it after limit_s seconds.  Its exit status,
 * or -1.
 */
int	run_filter(struct tui *t, const char *const *argv, const int fds[4],
	    unsigned int limit_s);
/* The same beside the client, off the terminal, in a process group of its
 * own, which is the caller's to wait for; -1: no process. */
pid_t	run_filter_start(const char *const *argv, const int fds[4]);

/* Stops like any program does; comes back with the screen redrawn. */
void	run_suspend(struct tui *t);

#endif
