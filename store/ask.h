/*
 * Requests that nobody waits for: sent on a channel, answered by a call
 * back from the loop.  What the channel has no room for is kept.
 */
#ifndef STORE_ASK_H
#define STORE_ASK_H

#include <stdint.h>

#include "mailnode/base/chan.h"
#include "mailnode/base/loop.h"

struct ask;

/* The answer: a status of the service, or OP_GONE.  *fd (-1: none) is the
 * service's descriptor: set it to -1 to keep it. */
typedef void (*ask_fn)(void *arg, uint16_t status, struct chan_in *in,
    int *fd);

/*
 * Takes fd.  told: for records with id 0.  gone: the channel ended, after
 * every request was answered with OP_GONE; ask_free() is then yours to call
 * (also inside).  Returns owned, or NULL with errno.
 */
struct ask	*ask_new(struct loop *l, int fd,
		    void (*told)(void *, uint16_t type, struct chan_in *),
		    void (*gone)(void *), void *arg);
/* Ends the channel as if the service had: everybody is told. */
void		 ask_hang_up(struct ask *a);
/* Nobody is called any more. */
void		 ask_free(struct ask *a);

/*
 * Borrows payload and fd (kept as a duplicate if need be).  0, or -1 with
 * errno: nothing was sent then and fn is not called.
 */
int		 ask_send(struct ask *a, uint16_t type,
		    const struct buf *payload, int fd, ask_fn fn, void *arg);

#endif
