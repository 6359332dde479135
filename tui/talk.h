/*
 * Questions to one service that are answered later: sent at once or when
 * the channel takes them, answered through the loop that also has the
 * keyboard.  Nothing here waits.
 */
#ifndef TUI_TALK_H
#define TUI_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/chan.h"
#include "mailnode/base/loop.h"

struct talk;

/*
 * The answer: status is the service's, or OP_GONE.  in borrows; *fd is -1
 * or to be kept by setting it to -1, else it is closed afterwards.
 */
typedef void	talk_fn(void *arg, uint16_t status, struct chan_in *in,
		    int *fd);

struct talk_how {
	/* A new channel to the service, or -1; called when there is none. */
	int	(*link)(void *arg);
	/* What the service tells unasked; or NULL. */
	void	(*told)(void *arg, const struct chan_msg *m);
	/* The channel was lost; or NULL. */
	void	(*down)(void *arg);
	void	*arg;
};

/* Returns owned, or NULL.  Borrows l; the channel is made by first use. */
struct talk	*talk_new(struct loop *l, const struct talk_how *how);
/* Nothing that was asked is answered any more. */
void		 talk_free(struct talk *a);

/*
 * Copies args, duplicates fd (-1: none).  fn is called exactly once, never
 * before talk_send has returned, unless talk_forget comes first.  fn NULL:
 * nobody cares.
 */
void	 talk_send(struct talk *a, uint16_t type, const struct buf *args, int fd,
	    talk_fn *fn, void *arg);

/* What was asked with this arg is not answered any more. */
void	 talk_forget(struct talk *a, const void *arg);

/* Questions without an answer, and for how long the oldest waits. */
unsigned int	 talk_waiting(const struct talk *a, int64_t *oldest_ms);

#endif
