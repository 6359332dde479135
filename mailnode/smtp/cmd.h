/*
 * Commands of RFC 5321 section 4.1.1 and their parameters: a line in,
 * arguments out.  No I/O and no state.  Extensions: SIZE (1870), BODY
 * (6152), SMTPUTF8 (6531), RET ENVID NOTIFY ORCPT (3461), BDAT (3030).
 */
#ifndef SMTP_CMD_H
#define SMTP_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/smtp/path.h"

enum {
	CMD_LINE_MAX = 2048,	/* octets without CRLF.  Section 4.5.3.1.4 has
				   512; the extensions add up to this */
	CMD_HELO_MAX = 255,	/* octets */
	CMD_ENVID_MAX = 100,	/* octets, RFC 3461 section 4.4 */
	CMD_ORCPT_MAX = 500	/* octets, section 4.2 */
};

enum cmd_err {
	CMD_OK,
	CMD_SYNTAX,		/* not this command's form */
	CMD_PATH,		/* the address is wrong: see path_err */
	CMD_PARAM_UNKNOWN,
	CMD_PARAM_VALUE,	/* a value that cannot be, or twice the same */
	CMD_HELO_NAME		/* no name and no address in a greeting */
};

/* The pieces of a command line; all borrowed from it. */
struct cmd {
	const char	*verb;
	size_t		 nverb;
	const char	*arg;		/* behind the blanks that follow */
	const char	*end;
};

enum cmd_body { CMD_BODY_NONE, CMD_BODY_7BIT, CMD_BODY_8BITMIME };
enum cmd_ret { CMD_RET_NONE, CMD_RET_FULL, CMD_RET_HDRS };
enum cmd_notify {	/* bits */
	CMD_NOTIFY_SUCCESS = 1,
	CMD_NOTIFY_FAILURE = 2,
	CMD_NOTIFY_DELAY = 4,
	CMD_NOTIFY_NEVER = 8
};

struct cmd_mail {
	struct path	 from;
	enum path_err	 path_err;	/* with CMD_PATH */
	uint64_t	 size;		/* octets as announced; 0: not */
	enum cmd_body	 body;
	bool		 utf8;		/* SMTPUTF8 */
	enum cmd_ret	 ret;
	char		 envid[CMD_ENVID_MAX + 1];	/* xtext as it came */
};

struct cmd_rcpt {
	struct path	 to;
	enum path_err	 path_err;
	unsigned int	 notify;	/* enum cmd_notify; 0: not given */
	char		 orcpt[CMD_ORCPT_MAX + 1];	/* as it came */
};

struct cmd_bdat {
	uint64_t	 size;		/* octets that follow the line */
	bool		 last;
};

/* Verb and the rest; trailing blanks of the line are dropped. */
void		 cmd_split(const char *line, size_t len, struct cmd *c);

/*
 * Each reads all of [c->arg, c->end).  *out is empty unless CMD_OK, but for
 * path_err.  esmtp: parameters are allowed.
 */
enum cmd_err	 cmd_mail(const struct cmd *c, bool esmtp,
		    struct cmd_mail *out);
enum cmd_err	 cmd_rcpt(const struct cmd *c, bool esmtp, bool utf8,
		    struct cmd_rcpt *out);
enum cmd_err	 cmd_bdat(const struct cmd *c, struct cmd_bdat *out);

/*
 * The name in EHLO and HELO.  Beyond the grammar's domains and literals any
 * word of letters, digits and . - _ : [ ] is taken, as many greet so.
 */
enum cmd_err	 cmd_helo(const struct cmd *c, char out[CMD_HELO_MAX + 1]);

#endif
