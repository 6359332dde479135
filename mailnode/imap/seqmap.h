/*
 * Message sequence numbers: which UID stands at which place, as runs of
 * UIDs that follow each other, so that a mailbox of half a million costs a
 * few kilobytes.
 */
#ifndef IMAP_SEQMAP_H
#define IMAP_SEQMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/imap/set.h"

struct seqmap_run {
	uint32_t	 uid, seq;	/* of its first; ends before the next */
	uint32_t	 n;
};

struct seqmap {
	struct seqmap_run *run;		/* owned */
	size_t		 n, cap;
};

void	 seqmap_init(struct seqmap *m);
void	 seqmap_clear(struct seqmap *m);

/* lo must be above all that is there.  False: no memory. */
bool	 seqmap_add(struct seqmap *m, uint32_t lo, uint32_t hi);
uint32_t seqmap_count(const struct seqmap *m);
/* 0: there is none. */
uint32_t seqmap_uid(const struct seqmap *m, uint32_t seq);
uint32_t seqmap_seq(const struct seqmap *m, uint32_t uid);
/* The sequence number it had, 0 for none; UINT32_MAX: no memory. */
uint32_t seqmap_remove(struct seqmap *m, uint32_t uid);

/* Sequence numbers as UIDs; false: one of them is not there, or no memory. */
bool	 seqmap_uids(const struct seqmap *m, const struct set *seqs,
	    struct set *uids);
/* Of these UIDs those that are there.  False: no memory. */
bool	 seqmap_here(const struct seqmap *m, const struct set *uids,
	    struct set *out);

#endif
