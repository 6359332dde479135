/*
 * A letter's file, home/queue/ID (16 hexadecimal digits):
 *
 *	mailnode-letter 1
 *	id 0123456789abcdef
 *	created 1700000000
 *	flags 5
 *	role owner
 *	from me@example.org		empty for the null sender
 *	msgid 1.2@example.org
 *	envid …				each of these four may be empty
 *	subject …
 *	to NOTIFY ORCPT|- ADDRESS	once for each recipient
 *	(empty line)
 *	the letter, CRLF
 *	(LF) mailnode-end OCTETS	of the letter, 16 hexadecimal digits, LF
 *
 * The head repeats what node.db knows, so that a letter outlives its row;
 * the end shows that the file is whole.
 */
#ifndef STORE_QUEUE_FILE_H
#define STORE_QUEUE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "store/err.h"
#include "store/op_submit.h"

enum {
	QUEUE_HEAD_MAX = 256 * 1024,	/* octets */
	QUEUE_TRAILER = 31		/* octets, exactly */
};

struct queue_head {
	uint64_t	 id;
	int64_t		 created;	/* wall seconds */
	uint32_t	 role;		/* who submitted it */
	struct queue_envelope env;	/* due_s is 0 */
	/* what queue_head_read found: */
	uint32_t	 offset;	/* octets of the head */
	uint64_t	 size;		/* octets of the letter */
	char		*text;		/* private: the strings */
	struct queue_to	*to;		/* private */
};

/* Appends the head; values hold no control octets. */
void		 queue_head_put(struct buf *b, const struct queue_head *h);
/* The end of a file whose letter has that many octets. */
void		 queue_trailer_put(struct buf *b, uint64_t size);

/*
 * Reads the head and checks the end of the file.  STORE_CORRUPT: no file of
 * ours; STORE_NEWER: another version's; STORE_STATE: not whole.  Strings are
 * valid until queue_head_clear().
 */
enum store_err	 queue_head_read(int fd, struct queue_head *h);
void		 queue_head_clear(struct queue_head *h);

/* "%016x" and back.  0, or -1: not such a name. */
void		 queue_id_text(uint64_t id, char dst[QUEUE_ID_MAX]);
int		 queue_id_parse(const char *s, uint64_t *id);

#endif
