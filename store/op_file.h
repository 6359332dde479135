/*
 * What keeper asks of filer, the only writer of mail files.  0x0300.
 * Folders are mailbox names, files are paths below them (maildir.h).  All
 * that was asked in one burst is made durable together, then answered.
 */
#ifndef STORE_OP_FILE_H
#define STORE_OP_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/op.h"
#include "store/ask.h"
#include "store/maildir.h"
#include "store/op_box.h"

enum file_op {
	FILE_FOLDERS = 0x0300,	/* a page of the folders there are */
	FILE_LEASE = 0x0301,	/* writes mailnode-uid */
	FILE_MKBOX = 0x0302,
	FILE_RMBOX = 0x0303,
	FILE_MVBOX = 0x0304,
	FILE_PUT = 0x0305,	/* makes a file */
	FILE_MOVE = 0x0306,	/* other name, other folder */
	FILE_LINK = 0x0307,	/* the same content once more */
	FILE_DROP = 0x0308,
	FILE_SCAN = 0x0309,	/* a page of the files of a folder */
	FILE_SEEN = 0x030a,	/* told: another program's doing */
	FILE_RESCAN = 0x030b,	/* told: look at it all again */
	FILE_LOOK = 0x030c,	/* are those files really gone? */
	FILE_REJECT = 0x030d,	/* a copy into Rejects: reject.h */
	FILE_UNREJECT = 0x030e,	/* a name there */
	FILE_SWEEP = 0x030f	/* those there that are older */
};

enum {
	FILE_PAGE_MAX = 96 * 1024,	/* octets of names in one answer */
	FILE_OPEN_MAX = 128,		/* files made in one batch */
	FILE_LOOK_MAX = 256		/* paths looked for at once */
};

/* A folder as it was found, and what its mailnode-uid says (0: nothing). */
enum file_kind {
	FILE_PLAIN,		/* no mail in it itself */
	FILE_MAIL,
	FILE_DENIED		/* it, or what is below, cannot be looked at */
};

struct file_folder {
	enum file_kind	 kind;
	char		 name[BOX_NAME_MAX];
	uint32_t	 uidvalidity, uid;
	uint64_t	 modseq;
	int64_t		 cur_ns, new_ns;	/* mtimes */
};

/* A file to be made, from the bytes here or from the descriptor. */
struct file_put {
	const char	*folder;
	const char	*rel;
	bool		 redo;		/* it may be there already */
	int64_t		 received;	/* becomes its mtime */
	const void	*head, *body;
	size_t		 nhead;
	uint64_t	 nbody;		/* octets; of fd when body is NULL */
};

/* A file, and where else it shall stand. */
struct file_move {
	const char	*folder, *rel, *dfolder, *drel;
	bool		 redo;		/* it may have been done before */
};

/* Arguments, by op. */
void	file_folders_put(struct buf *b, uint32_t skip);
void	file_lease_put(struct buf *b, const char *folder,
	    uint32_t uidvalidity, uint32_t uid, uint64_t modseq);
void	file_box_put(struct buf *b, const char *folder, const char *to);
void	file_put_put(struct buf *b, const struct file_put *p);
/* REJECT: p->rel is a name, p->folder is not read. */
void	file_reject_put(struct buf *b, const struct file_put *p);
/* MOVE and LINK: from, to; DROP: dfolder is NULL. */
void	file_move_put(struct buf *b, const struct file_move *m);
void	file_scan_put(struct buf *b, const char *folder, bool start);
/* LOOK: the folder, then paths of rows, FILE_LOOK_MAX at most. */
void	file_look_put(struct buf *b, const char *folder);
void	file_look_add(struct buf *b, const char *rel);

/* Answers.  Pages: get until false, then *more. */
bool	file_folder_get(struct chan_in *in, struct file_folder *f);
/* PUT, MOVE, LINK: the path it has now. */
bool	file_rel_get(struct chan_in *in, char rel[MAILDIR_REL_MAX]);
/* SCAN: u8 more first, then paths; mtimes as they were at its start. */
bool	file_scan_get(struct chan_in *in, bool *more, int64_t *cur_ns,
	    int64_t *new_ns);
/* SEEN, and the answer to LOOK: folder first, then (how, path)... */
enum file_how {
	FILE_GONE,
	FILE_HERE,
	FILE_WRITTEN	/* here, and closed after writing */
};
bool	file_seen_get(struct chan_in *in, enum file_how *how,
	    char rel[MAILDIR_REL_MAX]);

/* ---- filer's side ---- */

struct filer;

extern const struct op file_ops[];	/* service: struct filer */

#endif
