/* One message: its row, its file, and what the parser says of it. */
#ifndef TUI_FETCH_H
#define TUI_FETCH_H

#include "store/op_msg.h"
#include "store/op_parse.h"
#include "tui/app.h"
#include "tui/pgp_seen.h"

struct fetched {
	struct msg_info	  info;
	int		  fd;		/* read-only; -1 */
	struct parse_show show;
	bool		  parsed;
	struct parse_show outer;	/* private: what show has borrowed from */
	bool		  has_outer;
	struct pgp_seen	  pgp;
};

enum fetch_how {
	FETCH_FILE, FETCH_PLAIN, FETCH_HTML,
	FETCH_START = 4		/* of the last two: PARSE_START will do */
};

/* fn borrows f and may empty it with fetched_take; NULL: told already. */
typedef void	fetch_fn(void *arg, struct fetched *f);

void	 fetch_msg(struct tui *t, uint64_t id, enum fetch_how how,
	    fetch_fn *fn, void *arg);
/* What was asked with this arg is not answered any more. */
void	 fetch_forget(struct tui *t, const void *arg);

void	 fetched_take(struct fetched *to, struct fetched *from);
void	 fetched_clear(struct fetched *f);

/*
 * What a start left out: PARSE_SHAPE of the message whose fd that is.  fn
 * is given parse_show alone.  Borrows fd, as do the next two.
 */
void	 fetch_shape(struct tui *t, int fd, enum fetch_how how, fetch_fn *fn,
	    void *arg);

/*
 * One part, as a memory file of its own; fn owns fd (-1: told already).
 */
typedef void	fetch_part_fn(void *arg, int fd, uint64_t size);
void	 fetch_part(struct tui *t, int fd, const char *path,
	    enum parse_form form, fetch_part_fn *fn, void *arg);
/* All of the text that is to be read. */
void	 fetch_text(struct tui *t, int fd, enum fetch_how how,
	    fetch_part_fn *fn, void *arg);

#endif
