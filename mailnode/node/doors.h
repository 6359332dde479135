/*
 * The parent's listeners in its loop: who comes is judged (listen.h) and
 * gets a session of its own, or a 421.
 */
#ifndef NODE_DOORS_H
#define NODE_DOORS_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/node/alarm.h"
#include "mailnode/node/child.h"
#include "mailnode/node/faults.h"

enum { DOORS_MAX = 32 };	/* conf.listeners */

struct doors;

/* Borrows all of them for the whole run.  NULL: no memory. */
struct doors	*doors_new(struct nursery *n, struct alarms *a,
		    struct faults *faults, const char *home);

/* Binds conf.listeners; takes fds[DOORS_MAX] of an earlier run unless NULL.
 * A door that does not open is an alarm: the others serve. */
void		 doors_bind(struct doors *d, const int *fds);

/* Takes who waits, and names the doors in run/listeners; once. */
void		 doors_open(struct doors *d);

/* Takes nobody any more; keep: without closing, for doors_fds. */
void		 doors_shut(struct doors *d, bool keep);
void		 doors_fds(const struct doors *d, int fds[DOORS_MAX]);

/* The vault has the key for TLS, or has none: then it is not offered, as a
 * handshake that fails may cost the sender a day. */
void		 doors_tls(struct doors *d, bool can,
		    const uint8_t *spki);

/* Connections that got a session, and those that did not. */
void		 doors_count(const struct doors *d, uint64_t *accepted,
		    uint64_t *refused);

#endif
