/*
 * Changing messages, 0x0140.  A change is committed as an intent and shown
 * in the rows at once, then answered; the files follow, also after a crash.
 *
 * Each op has three client forms: NAME() asks and waits; NAME_put() writes
 * the arguments and mail_done_get() reads the reply of any of them, for a
 * client that goes on meanwhile.
 */
#ifndef STORE_OP_MAIL_H
#define STORE_OP_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/op.h"
#include "store/flag.h"

enum mail_op {
	MAIL_FLAGS = 0x0140,
	MAIL_TAGS = 0x0141,
	MAIL_MOVE = 0x0142,
	MAIL_COPY = 0x0143,
	MAIL_EXPUNGE = 0x0144,
	MAIL_APPEND = 0x0145
};

enum {
	MAIL_SET_MAX = 10000,		/* messages in one request */
	MAIL_TAGS_MAX = 1000,		/* octets of tags of a message */
	MAIL_WAIT_MS = 60000
};

/* Messages by row id (mbox 0), or by UID in one mailbox. */
struct mail_set {
	uint64_t	 mbox;
	const uint64_t	*id;
	size_t		 n;
};

/*
 * What became of it.  Messages that are not there (any more) are passed
 * over: n counts those that are.  move, copy and append: where the last
 * of them stands now; UIDs were given in the order of the set.
 */
struct mail_done {
	uint32_t	 n;
	uint64_t	 mbox;
	uint32_t	 uidvalidity, first_uid, last_uid;
	uint64_t	 modseq;	/* highest given */
	uint64_t	 id;		/* row of an appended message, else 0 */
};

/* STORE_* to set and to take away. */
uint16_t mail_flags(int ch, struct op_reply *r, const struct mail_set *set,
	    uint32_t add, uint32_t del, struct mail_done *done);
void	 mail_flags_put(struct buf *b, const struct mail_set *set,
	    uint32_t add, uint32_t del);

/*
 * "+later -inbox", blank between.  unread, flagged, replied, passed, draft
 * and deleted are no tags of their own but the flags of the file.
 */
uint16_t mail_tags(int ch, struct op_reply *r, const struct mail_set *set,
	    const char *change, struct mail_done *done);
void	 mail_tags_put(struct buf *b, const struct mail_set *set,
	    const char *change);
/* Letters, digits and !#$&'()*+,-./:;<=>?@[]^_`{|}~, at most 100 octets, no
 * "-" or "+" in front; UTF-8 too. */
bool	 mail_tag_ok(const char *tag);
/* Is that one among tags with a blank between? */
bool	 tag_in(const char *tags, const char *one);
/* The next of such a list, which *p is moved behind; false at its end, or at
 * one that is longer. */
bool	 tag_next(const char **p, char *dst, size_t size);

uint16_t mail_move(int ch, struct op_reply *r, const struct mail_set *set,
	    const char *folder, struct mail_done *done);
/* Both. */
void	 mail_move_put(struct buf *b, const struct mail_set *set,
	    const char *folder);
uint16_t mail_copy(int ch, struct op_reply *r, const struct mail_set *set,
	    const char *folder, struct mail_done *done);

/* The files are deleted, whatever their flags. */
uint16_t mail_expunge(int ch, struct op_reply *r,
	    const struct mail_set *set, struct mail_done *done);
void	 mail_expunge_put(struct buf *b, const struct mail_set *set);

/*
 * A message from a file or memory file, whole, CRLF; answered when it is
 * filed to stay and listed.  Drafts, Sent copies, imports (many under way
 * at once are filed together).
 */
struct mail_new {
	const char	*folder;	/* must exist */
	uint32_t	 flags;		/* STORE_* */
	const char	*tags;		/* blank between; "" for none */
	int64_t		 received;	/* wall clock, s; 0: now */
	const char	*trace;		/* "" for none */
	uint64_t	 replaces;	/* row id expunged afterwards (a draft
					   saved again), or 0 */
	/* not on the wire: */
	bool		 known;		/* STORE_EXISTS if it has this
					   Message-ID already */
	bool		 early;		/* its file may come behind */
	bool		 exact;		/* no tags mean none, whatever the
					   content had before */
	bool		 once;		/* STORE_EXISTS if the folder has this
					   content already: import */
};
uint16_t mail_append(int ch, struct op_reply *r, const struct mail_new *m,
	    int fd, struct mail_done *done);
void	 mail_append_put(struct buf *b, const struct mail_new *m);

bool	 mail_done_get(struct chan_in *in, struct mail_done *done);

extern const struct op mail_ops[];	/* service: struct store */

#endif
