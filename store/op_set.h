/*
 * What only IMAP asks of keeper, 0x0148: changes of the messages of one
 * mailbox, by ranges of UIDs, that tell what became of each.  A request
 * takes up at most SET_MAX messages, so that others get their turn; its
 * answer says where to go on.
 */
#ifndef STORE_OP_SET_H
#define STORE_OP_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/op.h"
#include "store/op_mail.h"
#include "store/op_view.h"

enum set_op {
	SET_STORE = 0x0148,
	SET_MOVE = 0x0149,
	SET_COPY = 0x014a,
	SET_EXPUNGE = 0x014b,
	/* a message, piece by piece */
	SET_BEGIN = 0x0158,
	SET_DATA = 0x0159,	/* has no answer: see SET_APPEND */
	SET_APPEND = 0x015a,
	SET_ABORT = 0x015b,	/* has no answer */
	SET_SUBSCRIBE = 0x015c,
	SET_SUBSCRIBED = 0x015d,
	SET_CLAIM = 0x015f
};

enum {
	SET_MAX = 10000,
	SET_DATA_MAX = 96 * 1024,	/* octets of one SET_DATA */
	SET_SUBSCRIBED_MAX = 8000,	/* names; twice BOX_MAX */
	SET_WAIT_MS = 120000
};

struct set_done {
	uint64_t	 modseq;	/* highest given; 0: nothing changed */
	uint64_t	 mbox;		/* the other mailbox … */
	uint32_t	 uidvalidity;	/* … and its own */
	struct set	 was, now;	/* UIDs, owned: see each op */
};
void	 set_done_clear(struct set_done *done);

/* Borrows.  page, or NULL: hears what is done after each request. */
struct set_ask {
	uint64_t	 mbox;
	const struct set *uids;
	void		(*page)(void *arg, const struct set_done *done);
	void		*arg;
};

/*
 * Each asks until all is done, and says in *done, which set_done_clear() must
 * be told about in any case, what was: also if it then failed.
 */

enum set_how { SET_ADD, SET_TAKE, SET_REPLACE };

/*
 * Flags and keywords ("a b").  was: those left alone, as they were changed
 * after `unchanged` (0: none is).
 */
struct set_flags {
	enum set_how	 how;
	uint32_t	 flags;		/* STORE_* */
	const char	*keywords;
	uint64_t	 unchanged;
};
uint16_t set_store(int ch, struct op_reply *r, const struct set_ask *a,
	    const struct set_flags *f, struct set_done *done);
/* was: those that went, or were copied; now: what they are there, one by
 * one.  A copy that fails leaves none there: RFC 9051 section 6.4.7. */
uint16_t set_move(int ch, struct op_reply *r, const struct set_ask *a,
	    const char *folder, bool copy, struct set_done *done);
/* was: those that went, of all these only what was marked \Deleted. */
uint16_t set_expunge(int ch, struct op_reply *r, const struct set_ask *a,
	    struct set_done *done);

/* A keyword that can be a tag, and a tag that can be a keyword. */
bool	 set_keyword_ok(const char *tag);
/* The tag that a keyword is: those that clients agree on have one spelling,
 * as keywords are alike in any case; "": one that stands for a flag, which a
 * keyword never does; NULL: it can be none.  Borrows. */
const char *tag_of_keyword(const char *word);

/* ---- APPEND ---- */

struct set_new {
	const char	*folder;
	uint32_t	 flags;
	const char	*keywords;
	int64_t		 received;	/* wall clock, s; 0: now */
	uint64_t	 octets;	/* what set_data() brought */
	uint64_t	 id;		/* of the upload; for append_all() */
};
struct set_appended {
	uint32_t	 uidvalidity, uid;
	bool		 known;		/* Sent had it already */
};
uint16_t set_begin(int ch, struct op_reply *r, uint64_t octets,
	    uint64_t *id);
int	 set_data(int ch, uint64_t id, const void *p, size_t n);
void	 set_abort(int ch, uint64_t id);
uint16_t set_append(int ch, struct op_reply *r, uint64_t id,
	    const struct set_new *m, struct set_appended *done);

/* ---- subscriptions: op_subscribe.c ---- */

/* STORE_TOOBIG: SET_SUBSCRIBED_MAX names are told of already. */
uint16_t set_subscribe(int ch, struct op_reply *r, const char *name,
	    bool on);
/* Names with a NUL behind each, and whether they are on ("+" or "-" in
 * front); mailboxes not named are.  Appended to out. */
uint16_t set_subscribed(int ch, struct op_reply *r, struct buf *out);

/* ---- \Recent: op_recent.c ---- */

/* Whoever asks was told of all below that UID, and is the first to be from
 * *from on; left alone when it fails. */
uint16_t set_claim(int ch, struct op_reply *r, uint64_t mbox, uint32_t below,
	    uint32_t *from);

/* ---- keeper ---- */

struct change;
/* Keywords as a row has them: in order, one where they are alike.  False: one
 * cannot be one. */
bool	 set_words(char words[MAIL_TAGS_MAX]);
void	 set_done_put(struct buf *b, const struct change *c);

/* service: store */
extern const struct op set_ops[], subscribe_ops[], recent_ops[];

#endif
