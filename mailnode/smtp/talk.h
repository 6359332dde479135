/* Private to the session's files: session.c, verb.c, content.c. */
#ifndef SMTP_TALK_H
#define SMTP_TALK_H

#include "mailnode/node/line.h"
#include "mailnode/node/trace.h"
#include "mailnode/smtp/cmd.h"
#include "mailnode/smtp/mail.h"
#include "mailnode/smtp/answer.h"
#include "mailnode/smtp/session.h"

/* Bits, so that the table of verbs can name sets of them. */
enum state {
	ST_START = 1,		/* no greeting yet, or TLS just began */
	ST_READY = 2,		/* greeted, no transaction */
	ST_MAIL = 4,		/* a sender, no recipient */
	ST_RCPT = 8,		/* at least one recipient */
	ST_BDAT = 16,		/* chunks have come, not the last one */
	ST_END = 32,		/* nothing more will be read */
	ST_ANY = ST_START | ST_READY | ST_MAIL | ST_RCPT | ST_BDAT
};

enum {
	SESSION_EVENTS_MAX = 50,	/* refusals told and logged */
	SESSION_PEER_MAX = 512		/* octets of describe_peer */
};

struct session {
	const struct session_start *start;
	const struct session_limits *limits;
	const struct smtp_backend *be;
	struct line	*line;
	enum state	 state;
	const char	*why;		/* it ended; for the log */
	char		 id[TRACE_SIZE];
	bool		 esmtp;		/* greeted with EHLO */
	char		 helo[CMD_HELO_MAX + 1];	/* "" before */
	bool		 tls;
	struct tls_info	 tls_info;
	struct sasl	*sasl;		/* submission; NULL before TLS */
	bool		 logged_in;
	bool		 pauses; /* before the answer to a failed login */
	struct device	 device;	/* … as which */
	struct mail	 mail;
	bool		 asked_ahead;		/* the DNS, and … */
	char		 ahead[DNS_NAME_MAX];	/* for this domain; "" of <> */
	unsigned int	 transactions;	/* numbers the trace ids */
	unsigned int	 accepted;
	unsigned int	 errors;
	unsigned int	 junk;
	unsigned int	 told;		/* refusals, to log and keeper */
	int64_t		 fresh_ms;	/* when idle time began, monotonic */
};

/*
 * session_run() in three: begin (false: no memory, and nothing to close),
 * talk from the banner to the end, close as session_run() answers.  Who has
 * TLS or a login by other means, as the fuzzer, says so in between.
 */
bool	 session_begin(struct session *s, const struct session_start *start);
void	 session_talk(struct session *s);
bool	 session_close(struct session *s);

/* The only place that changes the state. */
void	 enter(struct session *s, enum state st);

/* A line, or the end of the session; as line_get. */
enum line_err	 session_line(struct session *s, size_t max, char **text,
		    size_t *len);

/* No more reading: `why` for the log. */
void	 session_end(struct session *s, const char *why);
/* The handshake; what fails there for the peer's sake is a fault of his. */
bool	 session_tls(struct session *s, struct tls *t);

/* Answers.  ok: 2xx and 3xx.  refuse: logged, told, counted if 5xx; addr:
 * whom it is about, or "". */
void	 ok(struct session *s, const struct answer *a, const char *detail);
void	 refuse(struct session *s, const struct answer *a, const char *addr,
	    const char *detail);
/* The same, of an address that is not ours: counted as a guess. */
void	 refuse_rcpt(struct session *s, const struct answer *a,
	    const char *addr);
/* The same, of what a good sender meets, too: not counted by the parent. */
void	 refuse_mildly(struct session *s, const struct answer *a);
/* refuse, then the end. */
void	 refuse_end(struct session *s, const struct answer *a,
	    const char *why);

/* A read failed: says so to the peer where that helps, and ends. */
void	 broken(struct session *s, enum line_err err);

/* An event for `why`. */
void	 tell(struct session *s, const char *trace, const char *addr,
	    const char *kind, const char *fmt, ...)
	    __attribute__((format(printf, 5, 6)));

/* The transaction is over: RSET, EHLO, a message done, TLS. */
void	 forget_mail(struct session *s);

/* Of the transaction, or of the session when there is none. */
const char *trace_of(const struct session *s);

/* One line about who is there. */
void	 describe_peer(const struct session *s, char *out, size_t size);

/* verb.c: one command line. */
void	 verb_run(struct session *s, const char *text, size_t len);

/* content.c; for a message that was not taken: what to say. */
const struct answer	*mail_answer(const struct mail *m);
void	 on_data(struct session *s, const struct cmd *c);
void	 on_bdat(struct session *s, const struct cmd *c);
/* A chunk that is not wanted must be read over: RFC 3030 section 2. */
void	 skip_bdat(struct session *s, const struct cmd *c);

#endif
