/*
 * Large bodies on their way in: a file under its final name that grows by
 * the peer's data and vanishes with the peer unless it was finished.  Used
 * by op_spool.c and op_queue.c.
 */
#ifndef STORE_UPLOAD_H
#define STORE_UPLOAD_H

#include <stdint.h>

#include "mailnode/base/op.h"
#include "store/err.h"

struct store;
struct upload;

enum { UPLOAD_PER_PEER = 2 };

uint64_t	 upload_id(const struct upload *u);

/* Makes dir/ID (16 hex digits), exclusively.  The id is never used again. */
enum store_err	 upload_begin(struct store *st, struct op_peer *p,
		    const char *dir, uint64_t *id);

/* Appends; an error is kept and returned by upload_finish(). */
void		 upload_data(struct store *st, struct op_peer *p,
		    uint64_t id, const void *data, size_t n);

/*
 * Starts the write-back; upload_sync() then makes file and folder durable.
 * Borrowed until upload_keep or upload_abort.  STORE_NOTFOUND: not this
 * peer's; STORE_STATE: not `octets` long.
 */
enum store_err	 upload_finish(struct store *st, struct op_peer *p,
		    uint64_t id, uint64_t octets, struct upload **u);
/* fsync of the file and its folder: call before the commit (store_sync). */
enum store_err	 upload_sync(struct upload *u);
/* The commit is done: the file stays.  Frees u. */
void		 upload_keep(struct upload *u);
/* Deletes the file.  Frees u. */
void		 upload_abort(struct upload *u);
void		 upload_abort_id(struct store *st, struct op_peer *p,
		    uint64_t id);
/* All of a peer that is gone; NULL: of all peers. */
void		 upload_gone(struct store *st, struct op_peer *p);

#endif
