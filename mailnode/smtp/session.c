/*
 * States of a session, and the function that takes each edge:
 *
 *	            on_ehlo           on_mail          on_rcpt
 *	ST_START ----------> ST_READY -------> ST_MAIL -------> ST_RCPT
 *	    ^                 |  ^  ^                            |   |
 *	    +-- on_starttls --+  |  +-------- on_data -----------+   | on_bdat
 *	                         |                                   v
 *	                         +--- on_bdat (LAST) ------------ ST_BDAT
 *
 * on_rset and on_ehlo lead to ST_READY (RSET before a greeting stays in
 * ST_START), session_end() from everywhere to ST_END.  A transaction is a
 * struct mail of its own, forgotten by forget_mail().
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/smtp/sasl.h"
#include "mailnode/smtp/talk.h"

static const char *
state_name(enum state st)
{
	switch (st) {
	case ST_START:
		return "start";
	case ST_READY:
		return "ready";
	case ST_MAIL:
		return "mail";
	case ST_RCPT:
		return "rcpt";
	case ST_BDAT:
		return "bdat";
	default:
		return "end";
	}
}

void
session_limits(struct session_limits *l)
{
	*l = (struct session_limits){
		.command_ms = 5 * 60 * 1000,
		.data_ms = 5 * 60 * 1000,
		.tls_ms = 60 * 1000,
		.rate = 512,
		.rate_grace_ms = 60 * 1000,
		.idle_ms = 15 * 60 * 1000,
		.login_ms = 60 * 1000,
		.errors_soft = 5,
		.errors_hard = 20,
		.pause_ms = 1000,
		.junk = 100,
		.rcpt = conf.recipients_max,
		.message = conf.message_max,
	};
}

void
enter(struct session *s, enum state st)
{
	if (s->state == st)
		return;
	log_line(LOG_DEBUG, "state", "trace=%s from=%s to=%s", s->id,
	    state_name(s->state), state_name(st));
	s->state = st;
}

void
session_end(struct session *s, const char *why)
{
	if (s->state == ST_END)
		return;
	s->why = why;
	enter(s, ST_END);
}

const char *
trace_of(const struct session *s)
{
	return s->mail.trace[0] != '\0' ? s->mail.trace : s->id;
}

void
describe_peer(const struct session *s, char *out, size_t size)
{
	(void)snprintf(out, size, "from [%s]:%u helo=%s%s%s%s%s",
	    s->start->peer, (unsigned int)s->start->peer_port,
	    s->helo[0] != '\0' ? s->helo : "-", s->tls ? " tls=" : "",
	    s->tls ? s->tls_info.version : "", s->tls ? "," : "",
	    s->tls ? s->tls_info.cipher : "");
}

/* ---- answers ---- */

void
ok(struct session *s, const struct answer *a, const char *detail)
{
	answer_put(s->line, a, detail, trace_of(s));
}

/* What does not fit is cut: it is for reading. */
void
tell(struct session *s, const char *trace, const char *addr,
    const char *kind, const char *fmt, ...)
{
	char text[EVENT_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	s->be->event(s->be->arg, trace, addr, kind, text);
}

/* RFC 5321 section 4.2.2: what is no command, or not that, or not then. */
static bool
is_protocol(const struct answer *a)
{
	return (a->code >= 500 && a->code <= 504) || a->code == 521 ||
	    a->code == 555;
}

static void
fault(struct session *s, enum ban_kind kind, const char *what)
{
	if (s->be->fault != NULL && !s->logged_in)
		s->be->fault(s->be->arg, kind, what);
}

static void
refuse_as(struct session *s, const struct answer *a, const char *addr,
    const char *said)
{
	char peer[SESSION_PEER_MAX];

	if (a->code >= 500)
		s->errors++;
	if (s->told >= SESSION_EVENTS_MAX)
		return;
	s->told++;
	describe_peer(s, peer, sizeof peer);
	if (s->mail.env.from.address[0] != '\0' && !s->mail.told) {
		s->mail.told = true;
		tell(s, trace_of(s), s->mail.env.from.address, "from", "%s",
		    peer);
	}
	log_line(LOG_INFO, "refuse", "trace=%s peer=%s addr=%s answer=%s",
	    trace_of(s), s->start->peer, addr, said);
	/* What a program of ours did wrong is no mail from outside. */
	tell(s, trace_of(s), addr, s->be->submit != NULL ? "denied" :
	    "refuse", "%s; sender=<%s> %s", said, s->mail.env.from.address,
	    peer);
}

void
refuse(struct session *s, const struct answer *a, const char *addr,
    const char *detail)
{
	char said[ANSWER_TEXT_MAX];

	answer_put(s->line, a, detail, trace_of(s));
	answer_text(said, sizeof said, a, detail);
	refuse_as(s, a, addr, said);
	if (is_protocol(a))
		fault(s, BAN_ERRORS, said);
}

void
refuse_rcpt(struct session *s, const struct answer *a, const char *addr)
{
	char said[ANSWER_TEXT_MAX];

	answer_put(s->line, a, NULL, trace_of(s));
	answer_text(said, sizeof said, a, NULL);
	refuse_as(s, a, addr, said);
	if (a->code == 550)
		fault(s, BAN_RECIPIENTS, addr);
}

void
refuse_mildly(struct session *s, const struct answer *a)
{
	char said[ANSWER_TEXT_MAX];

	answer_put(s->line, a, NULL, trace_of(s));
	answer_text(said, sizeof said, a, NULL);
	refuse_as(s, a, "", said);
}

void
refuse_end(struct session *s, const struct answer *a, const char *why)
{
	refuse(s, a, "", NULL);
	session_end(s, why);
}

void
broken(struct session *s, enum line_err err)
{
	static const struct answer late = { 421, "4.4.2",
	    "timed out waiting for you" };
	static const struct answer slow = { 421, "4.4.2", "too slow" };
	static const struct answer stop = { 421, "4.3.2",
	    "this end closes the connection, try again later" };
	static const struct answer bare = { 521, "5.5.2",
	    "CR and LF come only in pairs" };
	static const struct answer flood = { 500, "5.5.2",
	    "a line without an end" };

	switch (err) {
	case LINE_TIMEOUT:
		refuse_end(s, &late, "timeout");
		break;
	case LINE_SLOW:
		refuse_end(s, &slow, "slow");
		break;
	case LINE_WAKE:
		refuse_end(s, &stop, "stop");
		break;
	case LINE_BARE:
		refuse_end(s, &bare, "bare-newline");
		break;
	case LINE_FLOOD:
		refuse_end(s, &flood, "flood");
		break;
	case LINE_END:
		session_end(s, "closed");
		break;
	default:
		session_end(s, line_err_text(err));
	}
}

void
forget_mail(struct session *s)
{
	mail_clear(&s->mail);
	s->mail.max = s->limits->message;
}

/* ---- the loop ---- */

static void
greet(struct session *s)
{
	static const struct answer hello = { 220, NULL, "ESMTP mailnode" };
	char text[ANSWER_TEXT_MAX];
	struct answer a = hello;

	(void)snprintf(text, sizeof text, "%s %s", conf.hostname, hello.text);
	a.text = text;
	ok(s, &a, NULL);
}

/* Who does not log in may not stay, however much it says meanwhile. */
static int64_t
patience(const struct session *s)
{
	int64_t left = s->fresh_ms + s->limits->login_ms - clock_mono_ms();

	if (s->be->submit == NULL || s->logged_in ||
	    left > s->limits->command_ms)
		return s->limits->command_ms;
	return left > 0 ? left : 0;
}

/* A line, or the end of the session.  A wake that is no stop is passed
 * over: the other side only had something to tell. */
enum line_err
session_line(struct session *s, size_t max, char **text, size_t *len)
{
	enum line_err err;

	line_timeout(s->line, patience(s));
	do {
		err = line_get(s->line, max, text, len);
	} while (err == LINE_WAKE && !s->be->woken(s->be->arg));
	return err;
}

static void
one_command(struct session *s)
{
	static const struct answer too_long = { 500, "5.5.2",
	    "line too long" };
	static const struct answer nul = { 500, "5.5.2", "NUL in a command" };
	enum line_err err;
	size_t len;
	char *text;

	err = session_line(s, s->be->submit != NULL ? SASL_LINE_MAX :
	    CMD_LINE_MAX, &text, &len);
	if (err == LINE_OK)
		verb_run(s, text, len);
	else if (err == LINE_LONG)
		refuse(s, &too_long, "", NULL);
	else if (err == LINE_NUL)
		refuse(s, &nul, "", NULL);
	else
		broken(s, err);
}

/* What a peer may not go on doing for ever. */
static void
check_limits(struct session *s)
{
	static const struct answer errors = { 421, "4.7.0",
	    "too many errors" };
	static const struct answer junk = { 421, "4.7.0",
	    "too many commands without mail" };
	static const struct answer idle = { 421, "4.4.2",
	    "no mail came for too long" };

	if (s->errors >= s->limits->errors_hard)
		refuse_end(s, &errors, "errors");
	else if (s->junk >= s->limits->junk)
		refuse_end(s, &junk, "junk");
	else if (clock_mono_ms() - s->fresh_ms > s->limits->idle_ms)
		refuse_end(s, &idle, "idle");
}

/* From errors_soft on, each error costs a pause before its answer leaves. */
static void
pause_for(struct session *s, unsigned int errors_before)
{
	enum line_err err;

	if (!s->pauses && (s->errors == errors_before ||
	    s->errors < s->limits->errors_soft))
		return;
	s->pauses = false;
	do {
		err = line_pause(s->line, s->limits->pause_ms);
	} while (err == LINE_WAKE && !s->be->woken(s->be->arg));
	if (err != LINE_OK)
		broken(s, err);
}

static void
log_end(struct session *s)
{
	char peer[SESSION_PEER_MAX];

	log_line(LOG_INFO, "session", "trace=%s peer=%s helo=%s tls=%s "
	    "accepted=%u errors=%u octets=%llu end=%s", s->id,
	    s->start->peer, s->helo, s->tls ? s->tls_info.version : NULL,
	    s->accepted, s->errors,
	    (unsigned long long)line_received(s->line), s->why);
	/* `why` has use for it only where something was refused or cut. */
	if (s->told == 0 && strcmp(s->why, "quit") == 0)
		return;
	describe_peer(s, peer, sizeof peer);
	tell(s, s->id, "", "session", "%s accepted=%u errors=%u end=%s",
	    peer, s->accepted, s->errors, s->why);
}

bool
session_tls(struct session *s, struct tls *t)
{
	if (line_tls(s->line, t) == LINE_OK)
		return true;
	log_line(LOG_INFO, "tls", "trace=%s peer=%s error=%s", s->id,
	    s->start->peer, tls_error(t));
	if (tls_peer_failed(t))
		fault(s, BAN_ERRORS, tls_error(t));
	session_end(s, "tls");
	return false;
}

/* Port 465: TLS before anything is said. */
static void
begin_tls(struct session *s)
{
	struct tls *t = s->be->has_tls(s->be->arg) ?
	    s->be->tls(s->be->arg, s->start->fd) : NULL;

	if (t == NULL) {
		log_line(LOG_WARN, "tls", "trace=%s peer=%s error=%s", s->id,
		    s->start->peer, "no certificate or no key");
		session_end(s, "tls");
		return;
	}
	line_timeout(s->line, s->limits->tls_ms);
	if (!session_tls(s, t))
		return;
	s->tls = true;
	tls_info(t, &s->tls_info);
}

bool
session_begin(struct session *s, const struct session_start *start)
{
	memset(s, 0, sizeof *s);
	s->start = start;
	s->limits = &start->limits;
	s->be = start->backend;
	s->state = ST_START;
	s->fresh_ms = clock_mono_ms();
	trace_new(s->id, start->number);
	mail_init(&s->mail, s->be);
	s->mail.max = s->limits->message;
	s->line = line_new(start->fd, LINE_IN_DEFAULT);
	if (s->line == NULL) {
		log_line(LOG_ERROR, "session", "error=%s", "out of memory");
		return false;
	}
	line_wake(s->line, start->wake);
	return true;
}

void
session_talk(struct session *s)
{
	unsigned int errors;

	greet(s);
	while (s->state != ST_END) {
		errors = s->errors;
		one_command(s);
		if (s->state != ST_END)
			pause_for(s, errors);
		if (s->state != ST_END)
			check_limits(s);
	}
}

bool
session_close(struct session *s)
{
	forget_mail(s);
	line_bye(s->line);
	if (strcmp(s->why, "quit") != 0 && strcmp(s->why, "closed") != 0)
		line_linger(s->line);
	log_end(s);
	/* Scanners look at the banner and go, or wait for us to tire. */
	if (line_received(s->line) == 0 && (strcmp(s->why, "closed") == 0 ||
	    strcmp(s->why, "timeout") == 0))
		fault(s, BAN_ERRORS, "said nothing");
	sasl_free(s->sasl);
	line_free(s->line);
	return s->accepted > 0 && s->told == 0 && s->errors == 0 &&
	    strcmp(s->why, "quit") == 0;
}

bool
session_run(const struct session_start *start)
{
	struct session s;

	if (!session_begin(&s, start))
		return false;
	if (s.be->submit != NULL && s.be->submit->tls_first)
		begin_tls(&s);
	if (s.state != ST_END)
		session_talk(&s);
	return session_close(&s);
}
