/* Handing a letter to the queue, piece by piece, while the client goes on. */
#ifndef TUI_SEND_H
#define TUI_SEND_H

#include <stdint.h>

#include "store/op_queue.h"
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

/* u came too late, or could not be done: says so. */
void	 send_not_recalled(struct tui *t, uint16_t status);

#endif
