/*
 * SEARCH in one mailbox, by the reader: VIEW_SEARCH.  A program is a tree
 * in prefix order of u8 keys and their arguments.
 */
#ifndef STORE_OP_FIND_H
#define STORE_OP_FIND_H

#include "store/op_view.h"

enum find_key {
	FIND_AND,	/* u32 n, then n of them; n = 0: all */
	FIND_OR,	/* two of them */
	FIND_NOT,	/* one */
	FIND_FLAGS,	/* u32: has all of these STORE_* */
	FIND_KEYWORD,	/* str */
	FIND_UIDS,	/* u32 n, then n times u32 lo, u32 hi */
	FIND_LARGER,	/* u64 octets, CRLF everywhere */
	FIND_SMALLER,
	FIND_RECEIVED,	/* i64 from, i64 to: from <= INTERNALDATE < to, in s */
	FIND_SENT,	/* the same in days since 1970 of the Date field, as it
			   was written */
	FIND_MODSEQ,	/* u64: at least that */
	FIND_HEADER,	/* str name, str substring */
	FIND_TEXT,	/* str: words anywhere, by the index */
	FIND_BODY,	/* str: words in bodies */
	FIND_ROW,	/* u64: the id of its content's row */
	FIND_THREAD,	/* u64 */
	FIND_SAVED,	/* as FIND_RECEIVED: when it came into the mailbox */
	FIND_HASH,	/* VIEW_HASH octets: of its content */
	FIND_ROOT,	/* VIEW_ROOT octets, see struct view_row */
	FIND_KEYS
};

enum {
	FIND_NODES_MAX = 1000,
	FIND_DEPTH_MAX = 60,
	FIND_STRING_MAX = 4096,		/* octets, NUL included */
	FIND_INDEX_MAX = 16		/* FIND_TEXT, FIND_BODY: each asks the
					   index */
};

/*
 * A program in the making, key by key.  Each of these appends one and says
 * false when it is over a limit; no memory is told by text.err.
 */
struct find_prog {
	struct buf	 text;
	unsigned int	 nodes, depth;
	bool		 index;		/* it asks the index … */
	bool		 modseq;	/* … or for a MODSEQ */
};

void	 find_prog_init(struct find_prog *p);
void	 find_prog_clear(struct find_prog *p);

/* All messages, FIND_NOT and FIND_OR; their arguments are added next. */
bool	 find_put(struct find_prog *p, enum find_key key);
/* Flags, octets or a MODSEQ. */
bool	 find_number(struct find_prog *p, enum find_key key, int64_t v);
bool	 find_span(struct find_prog *p, enum find_key key, int64_t from,
	    int64_t to);
/* name: of the field, with FIND_HEADER. */
bool	 find_string(struct find_prog *p, enum find_key key,
	    const char *name, const char *text);
bool	 find_octets(struct find_prog *p, enum find_key key, const void *v,
	    size_t n);
bool	 find_uids(struct find_prog *p, const struct set *uids);
/* FIND_AND around all that is added until find_end(), which gets how many
 * those are and *at, the place for that. */
bool	 find_begin(struct find_prog *p, size_t *at);
void	 find_end(struct find_prog *p, size_t at, uint32_t n);

struct find_done {
	uint32_t	 n;		/* found */
	uint64_t	 modseq;	/* highest of them */
};

/* UIDs below `below` for which prog holds, into an empty set.  STORE_QUERY:
 * the index did not understand.  No NUL in strings. */
uint16_t view_search(int ch, struct op_reply *r, uint64_t mbox,
	    uint32_t below, const struct find_prog *prog, struct set *out,
	    struct find_done *done);

extern const struct op find_ops[];	/* service: struct reader */

#endif
