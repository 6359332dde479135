/* Handing a letter to the queue, piece by piece, while the client goes on. */
#ifndef TUI_SEND_H
#define TUI_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "store/op_queue.h"
#include "tui/addr.h"
#include "tui/app.h"

/* id: of the letter, when status is OP_OK. */
typedef void	send_fn(void *arg, uint16_t status, const char *id);

/*
 * Takes fd, whose content is the letter.  Borrows e for the call.  fn is
 * called once, later; there is no way to stop it: a letter half handed in
 * is none.
 */
void	 send_letter(struct tui *t, const struct queue_envelope *e, int fd,
	    send_fn *fn, void *arg);

/*
 * Sets to (room for QUEUE_RCPTS_MAX) and what goes with it, and when it may
 * leave.  Borrows the addresses until it was sent; there are no more of them.
 */
void	 send_rcpts(struct queue_envelope *e, struct queue_to *to,
	    const struct addrs *rcpts);

enum { SEND_WHEN_MAX = 80 };
/* "leaves in 10 seconds (u recalls it)", in dst; false: it will not leave
 * before something is done for that, and dst says what. */
bool	 send_when(struct tui *t, char *dst, size_t size);

/* Takes a letter back; else says why not. */
bool	 send_recall(struct tui *t, const char *id);
/* u does that. */
void	 send_remember(struct tui *t, const char *what, const char *id);

#endif
