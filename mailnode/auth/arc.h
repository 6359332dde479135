/*
 * ARC chains (RFC 8617), verified and never made: what hands before us say
 * a message was when it reached them.  Of worth only as far as the sealers
 * are trusted; see judge.h.  Used like dkim.h, of the same message.
 */
#ifndef AUTH_ARC_H
#define AUTH_ARC_H

#include "mailnode/auth/message.h"
#include "mailnode/node/ask_dns.h"

enum {
	ARC_SETS_MAX = 50,		/* section 4.2.1 */
	ARC_FIELD_MAX = 64 * 1024,	/* octets of one of its fields */
	ARC_REASON_MAX = 96		/* octets, NUL included */
};

enum arc_result { ARC_NONE, ARC_PASS, ARC_FAIL, ARC_TEMPERROR };

struct arc_verdict {
	enum arc_result	 result;
	size_t		 sets;		/* instances, if they can be counted */
	char		 reason[ARC_REASON_MAX];
};

struct arc_verify;

/* Returns owned, or NULL when memory is out. */
struct arc_verify *arc_verify_new(int64_t now_s, struct trace *trace);
void	 arc_verify_free(struct arc_verify *v);

/* As dkim_verify_begin, after it, and the rest likewise. */
int	 arc_verify_begin(struct arc_verify *v, const struct header *h,
	    struct bodies *b);
void	 arc_verify_end(struct arc_verify *v, const struct bodies *b);
const char *arc_verify_ask(const struct arc_verify *v, size_t i);
void	 arc_verify_answer(struct arc_verify *v, size_t i,
	    const struct dns_answer *a);

/* After the answers; what was not answered is a temporary error. */
void	 arc_verify_result(struct arc_verify *v, struct arc_verdict *out);

/*
 * Who sealed instance i (from 1), and what it found, as results_parse
 * reads it.  NULL where there is none.  Borrowed.
 */
const char *arc_sealer(const struct arc_verify *v, size_t i);
const char *arc_results(const struct arc_verify *v, size_t i);

const char *arc_result_text(enum arc_result r);

#endif
