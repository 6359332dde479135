/*
 * Messages of others: Maildirs (nested by folders, or by dots as Dovecot
 * and Courier do), mboxes, single files; whole trees of them.
 */
#ifndef STORE_IMPORT_H
#define STORE_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "store/err.h"
#include "store/op_box.h"

struct import_item {
	char		 folder[BOX_NAME_MAX];	/* where it is to go */
	const char	*path;		/* for people */
	uint64_t	 size;		/* octets at the source */
	uint32_t	 flags;		/* STORE_* */
	int64_t		 received;	/* Unix time */
	int		 fd;		/* whole, CRLF, offset 0; -1 when only
					   counting; the callee may take it by
					   setting -1 */
	/* With `bytes` instead of fd, folder, flags and received: */
	const char	*data;		/* size octets, as they are; borrowed,
					   valid during the call */
	bool		 mbox;		/* of one: import_crlf_put() makes it
					   what it was */
};

struct import {
	const char	*into;		/* folder to go below; NULL */
	bool		 count;		/* sizes only: fd stays -1 */
	bool		 bytes;		/* to be looked at, not filed */
	bool		 loose;		/* any file of a directory is a
					   message, not only *.eml */
	/* False ends the walk. */
	bool		(*item)(void *arg, struct import_item *i);
	/* What cannot be read; the walk goes on. */
	void		(*bad)(void *arg, const char *path, const char *why);
	void		*arg;
};

/* False when `item` ended it. */
bool	import_walk(const struct import *im, const char *path);

/* ---- the pieces, for tests ---- */

/*
 * The message that begins at `at`, on its "From " line, of an mbox: where
 * its content begins and how long it is.  Returns where the next begins.
 */
size_t	import_mbox_next(const char *p, size_t n, size_t at, size_t *body,
	    size_t *len);

/* Flags and date out of "From " line and Status fields. */
void	import_mbox_meta(const char *p, size_t n, uint32_t *flags,
	    int64_t *received);

/* A sealed memory file of n octets with CRLF ends, ">From " unquoted if
 * it is of an mbox; -1 with errno. */
int	import_crlf(const char *p, size_t n, bool mbox);

/* The same into a buffer.  0, or -1: out->err. */
int	import_crlf_put(struct buf *out, const char *p, size_t n, bool mbox);

/* A mailbox name out of folder names; false: nothing is left of it. */
bool	import_name(char dst[BOX_NAME_MAX], const char *into,
	    const char *rel);

#endif
