/*
 * Large bodies on their way in: in memory while they are small enough, then
 * a file under its final name, which grows by the peer's data and vanishes
 * with the peer unless it was finished.  Used by op_spool.c and op_submit.c.
 */
#ifndef STORE_UPLOAD_H
#define STORE_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/op.h"
#include "store/err.h"

struct store;
struct upload;

enum {
	UPLOAD_PER_PEER = 2,
	UPLOAD_PER_IMAP = 129,		/* op_append.h, and one */
	UPLOAD_MEM_MAX = 256 * 1024,	/* octets of one, in memory */
	UPLOAD_MEM_ALL = 8 * 1024 * 1024	/* of all; then files */
};

uint64_t	 upload_id(const struct upload *u);

/*
 * Makes dir/ID (16 hex digits), exclusively; with `mem` only when it has
 * more than UPLOAD_MEM_MAX octets.  The id is never used again.
 */
enum store_err	 upload_begin(struct store *st, struct op_peer *p,
		    const char *dir, bool mem, uint64_t *id);

/* Appends; an error is kept and returned by upload_finish(). */
void		 upload_data(struct store *st, struct op_peer *p,
		    uint64_t id, const void *data, size_t n);
/* What we put around it ourselves, beside the limit of a message. */
void		 upload_own(struct store *st, struct op_peer *p, uint64_t id,
		    const void *data, size_t n);

/*
 * Starts the write-back; upload_sync() then makes file and folder durable.
 * Borrowed until upload_keep or upload_abort.  STORE_NOTFOUND: not this
 * peer's; STORE_STATE: not `octets` long.
 */
enum store_err	 upload_finish(struct store *st, struct op_peer *p,
		    uint64_t id, uint64_t octets, struct upload **u);
/* Borrows the bytes of one that stayed in memory; NULL: it is a file. */
const void	*upload_bytes(const struct upload *u);
/* fsync of the file, and of its folder: both before the commit. */
enum store_err	 upload_sync(struct upload *u);
enum store_err	 upload_sync_dir(struct upload *u);
/* A descriptor of its bytes, read-write, whose file has no name (any more).
 * -1 with errno.  Frees u in either case. */
int		 upload_fd(struct upload *u);
/* The commit is done: the file stays.  Frees u. */
void		 upload_keep(struct upload *u);
/* Deletes the file.  Frees u. */
void		 upload_abort(struct upload *u);
void		 upload_abort_id(struct store *st, struct op_peer *p,
		    uint64_t id);
/* All of a peer that is gone; NULL: of all peers. */
void		 upload_gone(struct store *st, struct op_peer *p);

#endif
