/* The terminal client. */
#ifndef TUI_TUI_H
#define TUI_TUI_H

/* Runs until the owner quits; the exit status: 0 ok, 1 failed. */
int	tui_main(void);

#endif
