/*
 * The only place that formats what the server answers: RFC 5321 section
 * 4.2, with enhanced codes (RFC 2034, 3463).  Text is escaped here.
 */
#ifndef SMTP_ANSWER_H
#define SMTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/node/line.h"

enum { ANSWER_TEXT_MAX = 400 };	/* octets; RFC 5321 4.5.3.1.5 has 512 */

struct answer {
	unsigned int	 code;		/* 250 */
	const char	*status;	/* "2.1.0"; NULL: none */
	const char	*text;
};

/*
 * One line; detail (may be NULL) follows the text after ": ".  Every 4xx
 * and 5xx ends with the trace id in brackets.
 */
void	answer_put(struct line *l, const struct answer *a, const char *detail,
	    const char *trace);

/* The same text without code and CRLF, for logs: what a refusal said. */
void	answer_text(char *out, size_t size, const struct answer *a,
	    const char *detail);

/* One line of a 250 answer without enhanced codes: EHLO. */
void	answer_list(struct line *l, const char *text, bool last);

#endif
