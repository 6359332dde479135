/*
 * The only writer of mail files.  What keeper asks in one burst is a batch:
 * new files are written to tmp/; at the end of the burst all are synced at
 * once, or each by itself, and renamed into place, each folder that changed
 * is fsynced once, and only then everything is answered.  By the first fsync
 * the journal has committed all of them, yet each other one still has the
 * disk write its cache out.
 *
 * It parses nothing of what it writes.
 */
#ifndef STORE_FILER_H
#define STORE_FILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "mailnode/base/loop.h"
#include "mailnode/base/op.h"
#include "store/op_file.h"

enum {
	FILER_DIRS_MAX = 256,	/* folders changed in one batch */
	FILER_OPS_MAX = 512	/* answers held back by it */
};

/* An answer that waits for the batch; fd is the new file in tmp/. */
struct filer_done {
	struct op_peer	*peer;
	uint16_t	 type;
	uint32_t	 id;
	enum store_err	 rc;
	int		 fd;
	char		 folder[BOX_NAME_MAX];
	char		 rel[MAILDIR_REL_MAX];
};

struct filer {
	struct loop		*loop;
	struct op_server	 server;
	int			 root;		/* the Maildir */
	int			 meminfo;	/* -1: files are synced singly, */
	int64_t			 alone_ms;	/* as until then, monotonic */
	dev_t			 dev;		/* that root is on */
	const char		*maildir;
	bool			 moved;		/* root is not there any more */
	struct filer_done	*done;		/* FILER_OPS_MAX */
	size_t			 ndone, nopen;
	char			 dirs[FILER_DIRS_MAX][BOX_NAME_MAX + 4];
	size_t			 ndirs;
	bool			 fresh;		/* asked in this turn */
	struct loop_timer	 again;
	struct filer_scan	*scan;
	struct filer_watch	*watch;
	void			(*log)(const char *what, const char *why);
};

/* Opens the Maildir and the watches; borrows maildir. */
enum store_err	filer_open(struct filer *f, struct loop *l,
		    const char *maildir);
void		filer_close(struct filer *f);

/* Each answers by filer_later(): the batch's end. */
enum store_err	filer_put(struct filer *f, struct op_call *c,
		    const struct file_put *p);
enum store_err	filer_move(struct filer *f, struct op_call *c,
		    const struct file_move *m, bool copy);
enum store_err	filer_drop(struct filer *f, struct op_call *c,
		    const char *folder, const char *rel);

/* filer_batch.c: loop_at_turn of filer, ends it when nothing more comes. */
void		filer_turn(void *f);
/* op_server.may of filer: a keeper that starts may find another directory of
 * that name than this one, where a disk was mounted meanwhile.  Nothing is
 * done then; the role is to end. */
uint16_t	filer_may(void *f, const struct op_call *c);
/* op_server.gone of filer. */
void		filer_gone(void *f, struct op_peer *p, const char *why);
enum store_err	filer_later(struct filer *f, struct op_call *c,
		    const char *folder, const char *rel, int fd);
/* The folder (and its cur or new) changed; fsynced with the batch. */
enum store_err	filer_dirty(struct filer *f, const char *folder,
		    const char *sub);
/* Writes, renames, fsyncs and answers all that waits. */
void		filer_flush(struct filer *f);
/* Its timer: for the turn that it makes. */
void		filer_again(void *f);
/*
 * filer_sync.c: one syncfs() for that many files, where it is no more than
 * that and there are enough.  False: each wants its fsync().
 */
void		filer_sync_open(struct filer *f);
void		filer_sync_close(struct filer *f);
bool		filer_sync_all(struct filer *f, size_t files);
/* "folder/rel", and "folder/tmp/NAME" of a rel in new or cur. */
enum { FILER_PATH = 1024 };		/* octets, with NUL */
enum store_err	filer_path(char dst[FILER_PATH], const char *folder,
		    const char *rel);
enum store_err	filer_tmp(char dst[FILER_PATH], const char *folder,
		    const char *rel);

#define FILER_LEASE	"mailnode-uid"
enum { FILER_LEASE_MAX = 256 };		/* octets of that file */

/* filer_box.c: folders; at once. */
enum store_err	filer_lease(struct filer *f, const char *folder,
		    uint32_t uidvalidity, uint32_t uid, uint64_t modseq);
enum store_err	filer_mkbox(struct filer *f, const char *folder);
enum store_err	filer_rmbox(struct filer *f, const char *folder);
enum store_err	filer_mvbox(struct filer *f, const char *from,
		    const char *to);
/* filer_walk.c: pages of folders, and of what is in one. */
enum store_err	filer_folders(struct filer *f, uint32_t skip,
		    struct buf *out);
enum store_err	filer_scan(struct filer *f, const char *folder, bool start,
		    struct buf *out);
void		filer_scan_close(struct filer *f);
/* Calls fn for each mail folder, for plain ones on the way,
 * and for what cannot be looked at, perhaps as its second word of that
 * folder.  False: for want of descriptors some could not be seen. */
typedef void filer_each_fn(void *arg, const char *folder, enum file_kind);
bool		filer_each(struct filer *f, filer_each_fn *fn, void *arg);

/*
 * filer_look.c: for each of n paths of rows, where that file stands now, or
 * that it does not; into out as FILE_SEEN.  What moves meanwhile is left
 * out: it is told of by itself.
 */
enum store_err	filer_look(struct filer *f, const char *folder,
		    char (*rel)[MAILDIR_REL_MAX], size_t n, struct buf *out);

/* filer_reject.c: at once, without a sync.  p->rel is a name alone. */
enum store_err	filer_reject(struct filer *f, const struct file_put *p,
		    int body);
enum store_err	filer_unreject(struct filer *f, const char *name);
/* Files in Rejects that are older go. */
void		filer_sweep(struct filer *f, int64_t before);
/* Writes p to fd. */
enum store_err	filer_fill(int fd, const struct file_put *p, int body);

/* filer_watch.c: what others do. */
enum store_err	filer_watch_open(struct filer *f);
void		filer_watch_close(struct filer *f);
/* Folders came or went: watch those that are there now. */
void		filer_watch_again(struct filer *f);
/* At once, where some of it was denied. */
void		filer_watch_denied(struct filer *f);
/* Is it being written where it stands?  Then it is told of later. */
bool		filer_watch_grows(struct filer *f, const char *folder,
		    const char *rel);
/*
 * Has that file, by whatever name, come, gone or been renamed there since
 * the mark?  Says yes where it cannot be known.
 */
size_t		filer_watch_mark(struct filer *f);
bool		filer_watch_named(struct filer *f, const char *folder,
		    const char *rel, size_t mark);

#endif
