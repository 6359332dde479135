/*
 * A mailbox as IMAP sees it, 0x0220: numbers, UIDs, rows and files, by the
 * reader from one snapshot each.  What a session was told is a view: all
 * UIDs below a UIDNEXT, at a MODSEQ; these ops say what it holds now, what
 * it held then, and what happened since.
 *
 * Rows become visible in the order of their UIDs and UIDNEXT is the one
 * behind the last that ever was visible, so that nothing appears below it.
 */
#ifndef STORE_OP_VIEW_H
#define STORE_OP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/op.h"
#include "mailnode/base/set.h"

enum view_op {
	VIEW_BOXES = 0x0220,
	VIEW_BOX = 0x0221,
	VIEW_UIDS = 0x0222,
	VIEW_GONE = 0x0223,
	VIEW_ROWS = 0x0224,
	VIEW_OPEN = 0x0225,
	VIEW_BLOB = 0x0226,
	VIEW_OPEN_MANY = 0x0227,
	VIEW_SEARCH = 0x0228,	/* op_find.h */
	VIEW_ORDER = 0x0229,	/* op_order.h */
	VIEW_ROOM = 0x022a
};

enum {
	VIEW_WAIT_MS = 60000,
	VIEW_RANGES_MAX = 8000,		/* in one request */
	VIEW_OPEN_MAX = 16,		/* files in one request */
	VIEW_CHUNK_MAX = 96 * 1024,	/* octets of one VIEW_BLOB */
	VIEW_INLINE_MAX = 32 * 1024	/* octets of a blob inside a row */
};

/* ---- mailboxes ---- */

enum view_want {
	VIEW_SIZE = 1,		/* sum up octets */
	VIEW_DELETED = 2,	/* count \Deleted, and sum up their octets */
	VIEW_UNSEEN = 4,	/* look for the first unseen */
	VIEW_RECENT = 8,	/* count what nobody was told of */
	VIEW_KEYWORDS = 16	/* of one mailbox, its tags */
};
enum { VIEW_KEYWORDS_MAX = 500 };

struct view_box {
	uint64_t	 id;
	const char	*name;
	uint32_t	 uidvalidity, uidnext;
	uint64_t	 modseq;	/* highest given */
	uint32_t	 total, unread, deleted;
	uint64_t	 size;		/* octets, CRLF everywhere */
	uint64_t	 deleted_size;	/* octets of files */
	uint32_t	 unseen;	/* the first; which it is, from 1; 0: none */
	uint32_t	 told, recent;	/* sessions know UIDs below it; others */
	const char	*keywords;	/* of all its messages, blank between;
					   VIEW_KEYWORDS_MAX at most */
};

struct view_boxes {
	struct view_box	*box;		/* by name */
	size_t		 n;
	char		**text;		/* private: one for each page */
	size_t		 ntext;
};

uint16_t view_boxes(int ch, struct op_reply *r, uint32_t want,
	    struct view_boxes *out);
void	 view_boxes_clear(struct view_boxes *b);
/* By name, or (name NULL) by out->id; out->name and out->keywords borrow
 * from *r, are valid until its next call.  STORE_NOTFOUND. */
uint16_t view_box(int ch, struct op_reply *r, const char *name,
	    uint32_t want, struct view_box *out);

/* What all mailboxes take up on the disk, and what there is left: octets. */
uint16_t view_room(int ch, struct op_reply *r, uint64_t *used,
	    uint64_t *left);

/* ---- UIDs ---- */

/* UIDs of [from, below) that are there, or went away since that MODSEQ
 * (UINT64_MAX: only those there), behind what is in the set. */
uint16_t view_uids(int ch, struct op_reply *r, uint64_t mbox, uint32_t from,
	    uint32_t below, uint64_t since, struct set *out);

/*
 * UIDs gone with since < MODSEQ <= upto, with what is in the set already.
 * *whole: false when that goes back behind what is remembered; then there
 * may be more.
 */
uint16_t view_gone(int ch, struct op_reply *r, uint64_t mbox, uint64_t since,
	    uint64_t upto, struct set *out, bool *whole);

/* What a client was told of a mailbox. */
struct view_then {
	uint64_t	 mbox;
	uint32_t	 below;		/* it knows UIDs below that … */
	const struct set *known;	/* … and of these; NULL: all */
	uint64_t	 since, upto;	/* MODSEQ */
};
/* Which of these went in that time: as far as it is remembered, else all that
 * are not there. */
uint16_t view_vanished(int ch, struct op_reply *r, const struct view_then *t,
	    struct set *out);

/* ---- rows ---- */

enum view_col {
	VIEW_TAG = 1,		/* tags */
	VIEW_META = 2,		/* wire, received, saved */
	VIEW_ENV = 4,
	VIEW_BODY = 8,
	VIEW_TEXT = 16,		/* snippet, thread */
	VIEW_IDS = 32		/* hash, root */
};

enum { VIEW_HASH = 32, VIEW_ROOT = 16 /* octets */ };

struct view_row {
	uint32_t	 uid, flags;
	uint64_t	 id, modseq;
	const char	*tags;		/* blank between; "" */
	uint64_t	 wire;		/* octets with CRLF everywhere */
	int64_t		 received;
	int64_t		 saved;		/* came into the mailbox; 0: unknown */
	const uint8_t	*env, *body;	/* NULL and n: ask by view_blob */
	size_t		 nenv, nbody;
	const char	*snippet;
	uint64_t	 thread;
	uint8_t		 hash[VIEW_HASH];	/* of the content */
	uint8_t		 root[VIEW_ROOT];	/* of the letter that it,
						   through others, answers */
};

/*
 * The rows of ranges in the order of UIDs; or, with `since`, all changed
 * later (and at most at upto) in the order of MODSEQ, whatever the ranges.
 */
struct view_ask {
	uint64_t	 mbox;
	uint32_t	 cols;		/* VIEW_* */
	uint64_t	 since, upto;	/* 0: all */
	const struct set_range *range;
	size_t		 n;
	/* private: where the next page starts */
	uint64_t	 at_modseq;
	uint32_t	 at_uid;
	size_t		 skip, sent;	/* ranges */
	bool		 done;
};

/*
 * The next page: its rows by view_row_next() until it says no, borrowing
 * from *r until the next call on it.  OP_OK with ask->done set before any
 * row: that was all.
 */
uint16_t view_rows(int ch, struct op_reply *r, struct view_ask *ask);
bool	 view_row_next(struct op_reply *r, struct view_ask *ask,
	    struct view_row *row);

/* The highest MODSEQ of these. */
uint16_t view_modseq(int ch, struct op_reply *r, uint64_t mbox,
	    const struct set *uids, uint64_t *modseq);

enum view_blob { VIEW_BLOB_ENV, VIEW_BLOB_BODY, VIEW_BLOB_PARTS };

/* Appends to out, whose max is the limit. */
uint16_t view_blob(int ch, struct op_reply *r, uint64_t mbox, uint32_t uid,
	    enum view_blob which, struct buf *out);

enum view_text { VIEW_ENVELOPE, VIEW_STRUCTURE, VIEW_STRUCTURE_SHORT };

/* Appends what IMAP calls ENVELOPE, BODYSTRUCTURE and BODY, out of the row or
 * (what is too large for one) asked for; "NIL" when there is none. */
void	 view_text(int ch, struct op_reply *r, uint64_t mbox,
	    const struct view_row *row, enum view_text which,
	    struct buf *out);

/* The file of a message, opened when it is first needed. */
struct view_file {
	uint32_t	 uid;
	bool		 tried;		/* fd and all below is as it stays */
	int		 fd;		/* read-only, owned; -1: not open */
	uint64_t	 size, wire;	/* octets: of the file, with CRLF */
	uint32_t	 pflags;	/* PARSE_* */
	struct buf	 parts;		/* the table of parts (mime_imap.h) */
};

void	 view_file_init(struct view_file *f, uint32_t uid);
void	 view_file_clear(struct view_file *f);
/* False: it is not there (any more).  A row is ahead of its file for as long
 * as the filer needs: this waits. */
bool	 view_open(int ch, struct op_reply *r, uint64_t mbox,
	    struct view_file *f);
/* Opens what can be opened at once of up to VIEW_OPEN_MAX; the others are
 * left to view_open().  OP_OK: all were answered. */
uint16_t view_open_many(int ch, struct op_reply *r, uint64_t mbox,
	    struct view_file *files, size_t n);

/* Service: struct reader. */
extern const struct op view_ops[], view_row_ops[], view_file_ops[];

#endif
