/*
 * What becomes of a message by the words in it.  The border depends on what
 * speaks for its sender otherwise: who comes without TLS, from a host whose
 * name does not lead back to it, or writes to nobody here by name, is
 * believed less.
 */
#ifndef FILTER_VERDICT_H
#define FILTER_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/filter/bayes.h"

/* Over this probability a message is called junk; with doubts over that. */
#define VERDICT_JUNK	0.5
#define VERDICT_DOUBT	0.2

enum verdict_doubt {
	VERDICT_NO_TLS = 1,
	VERDICT_NO_NAME = 2,	/* iprev did not pass */
	VERDICT_NOT_TO_ME = 4	/* no recipient in To or Cc */
};

enum { VERDICT_TOKENS = 4 /* named in a reason */ };

bool	verdict_bayes_junk(const struct bayes_score *r, unsigned int doubts);
/* "junk", "good", or "unknown" while too little was learnt. */
const char *verdict_bayes_text(const struct bayes_score *r);

/* Is one of the addresses in a To or Cc field of the message?  Case does not
 * matter. */
bool	verdict_addressed(const uint8_t *p, size_t n,
	    const char *const *rcpt, size_t nrcpt);

/* ---- for a session ---- */

/* For whom forks sessions: what verdict_open() would load in each of them,
 * once, as soon as there is a table. */
void	verdict_preload(const char *home);

struct verdict_filter {
	struct table	 table;		/* not mapped: there is no filter */
	struct tokens	 tokens;
};

/*
 * Opens what a session needs, before its sandbox; parses nothing.  Where
 * nothing was learnt it costs one open().  Caller's memory.
 */
void	verdict_open(struct verdict_filter *f, const char *home);
void	verdict_close(struct verdict_filter *f);

/*
 * Parses the start of a message: junk?  Appends "bayes=0.991(free money,
 * url:x.test)" to line when there is a verdict; what a token holds is not
 * cleaned.
 */
bool	verdict_words(struct verdict_filter *f, const uint8_t *p, size_t n,
	    unsigned int doubts, struct buf *line);

#endif
