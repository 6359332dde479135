/*
 * What a notice that came says of a letter, asked of a parser by keeper,
 * 0x0409.  Keeper's side and what lies between is here, the parser's in
 * mailnode/queue/report.h, beside what reads such notices.
 */
#ifndef STORE_OP_REPORT_H
#define STORE_OP_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/chan.h"

enum report_op {
	REPORT_READ = 0x0409	/* fd → struct report; of a parser */
};

enum {
	REPORT_RCPTS_MAX = 200,		/* recipients of one notice */
	REPORT_IDS_MAX = 16,		/* domains that vouch for it */
	REPORT_TEXT_MAX = 300		/* octets of a diagnosis */
};

/* RFC 3464 section 2.3.3, and RFC 8098. */
enum report_action {
	REPORT_UNKNOWN, REPORT_FAILED, REPORT_DELAYED, REPORT_DELIVERED,
	REPORT_RELAYED, REPORT_EXPANDED, REPORT_READ_BY, REPORT_ACTIONS
};

/* Strings without control characters, "" for what is not said. */
struct report_rcpt {
	enum report_action action;
	const char	*original, *final;	/* addresses */
	const char	*status;		/* "5.1.1" */
	const char	*said;			/* the diagnosis */
	const char	*mta;			/* who said it */
};

struct report {
	const char	*envid;		/* of the letter's envelope */
	const char	*msgid;		/* of the letter, without < > */
	const char	*by;		/* who reports, as it says itself */
	/* Domains that vouched for the notice when it came (DKIM, SPF). */
	const char	*id[REPORT_IDS_MAX];
	size_t		 nids;
	const char	*author;	/* the domain of its From, if one of
					   these proves that; "" */
	uint32_t	 total;		/* recipients there were */
	struct report_rcpt *rcpt;
	size_t		 n;		/* kept */
	char		*text;		/* private */
};

/* Rows that fit no record are left out. */
void	report_put(struct buf *out, const struct report *r);
/* False: malformed.  report_clear() frees. */
bool	report_get(struct chan_in *in, struct report *r);
void	report_clear(struct report *r);

#endif
