/*
 * From bytes to a row: everything that becomes a message of a mailbox comes
 * through here as a job.
 *
 *	spool	file -> parse -> row -> struck out of the spool
 *	append	parse -> (there already?) -> UID -> file -> row -> answer
 *		small ones: … -> UID -> row and INTENT_PUT -> answer, file
 *	found	(new UID: rename) -> parse -> row
 *	changed	parse -> (the same content?) -> UID -> rename -> parse -> row
 *
 * Rows of a mailbox become visible in the order of their UIDs: a job that is
 * ready waits for those before it.
 */
#ifndef STORE_INTAKE_H
#define STORE_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/box.h"
#include "store/op_mail.h"
#include "store/store.h"

enum { INTAKE_FOUND_MAX = 256, INTAKE_APPEND_MAX = 256 };

enum store_err	 intake_open(struct store *st);
void		 intake_close(struct store *st);

/* A file that stands in a folder and has no row. */
struct found {
	struct box	*box;
	const char	*rel;
	uint32_t	 uid;		/* as the name says; 0: give one */
	const char	*tags;		/* "": what the content had before */
	int64_t		 received;	/* 0: as name or file say */
};
enum store_err	 intake_found(struct store *st, const struct found *f);
/* A listed file was written: when its content has another hash, it is given
 * a new UID and a new row; the tags stay. */
enum store_err	 intake_changed(struct store *st, struct box *b,
		    const char *rel, const uint8_t hash[32],
		    const char *tags);
/* A job for that UID, or for that path, is under way. */
bool		 intake_has(const struct store *st, const struct box *b,
		    uint32_t uid, const char *rel);
/* No more found files for now: those under way first. */
bool		 intake_full(const struct store *st);

/* A job of an append, which takes c->fd, and is not begun. */
struct job;
uint16_t	 intake_job(struct store *st, struct op_call *c,
		    const struct mail_new *m, struct box *b,
		    struct job **out);
/* Takes c->fd, if it is a file.  Answers by itself: OP_LATER. */
uint16_t	 intake_append(struct store *st, struct op_call *c,
		    const struct mail_new *m, struct box *b);

/* Whatever was given a UID there has its row, so that the next UID given
 * may be seen at once. */
bool		 intake_settled(const struct store *st, const struct box *b);

/* The last spool entry that was taken. */
uint64_t	 intake_cursor(const struct store *st);
/* All has its row that was found, or waited in the spool at the start, but for
 * what cannot be filed. */
bool		 intake_caught_up(const struct store *st);
/* No job is under way. */
bool		 intake_idle_now(const struct store *st);

/* The mailbox is about to go: its jobs with it. */
void		 intake_forget(struct store *st, const struct box *b);

/* Filer, parser came or went. */
void		 intake_filer(struct store *st);
void		 intake_parser(struct store *st);
/* Directory of the Maildir, to read from. */
int		 intake_root(const struct store *st);

#endif
