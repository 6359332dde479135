/* Messages: DATA, BDAT, and what becomes of them. */
#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/smtp/policy.h"
#include "mailnode/smtp/talk.h"

/*
 * Over the size limit reading goes on, so that the peer hears why; beyond
 * this many times the limit it is cut off.
 */
enum { OVERRUN = 4 };

static const struct answer no_memory = { 451, "4.3.0",
    "trouble here, try again later" };
static const struct answer too_big = { 552, "5.3.4", "message too big" };

static bool
open_mail(struct session *s, bool dots)
{
	const struct auth_conn conn = {
		.memo = s->be->memo,
		.authserv_id = conf.hostname,
		.ip = s->start->peer,
		.helo = s->helo,
		.mail_from = s->mail.env.from.address,
		.now_s = clock_wall_s(),
		.trust = {
			.forwarders = conf.forwarders,
			.nforwarders = conf.nforwarders,
			.sealers = conf.arc_trusted,
			.nsealers = conf.narc_trusted,
		},
	};

	return mail_open(&s->mail, &conn, dots);
}

/* ---- the end of a message ---- */

const struct answer *
mail_answer(const struct mail *m)
{
	static const struct answer header = { 552, "5.3.4",
	    "header too big" };
	static const struct answer line = { 554, "5.6.0",
	    "a line of the message is too long" };
	static const struct answer nul = { 554, "5.6.0",
	    "NUL in the message" };
	/* RFC 7372 section 3.3, RFC 9989 section 8. */
	static const struct answer policy = { 550, "5.7.26",
	    "refused for its author's domain" };
	static const struct answer attached = { 550, "5.7.1",
	    "an attachment of that kind is not taken here" };
	static const struct answer refused = { 550, "5.7.1",
	    "not wanted here" };
	static const struct answer deferred = { 451, "4.7.1",
	    "not now, try again later" };
	/* RFC 3463: 4.4.3, directory server failure. */
	static const struct answer no_dns = { 451, "4.4.3",
	    "nothing can be checked at present, try again later" };
	static const struct answer again = { 554, "5.4.6",
	    "it was sent on from this address before: a loop" };
	static const struct answer loop = { 554, "5.4.6",
	    "too many Received fields: a loop" };

	switch (m->err) {
	case MAIL_OK:
		return policy_store(STORE_OK);
	case MAIL_TOO_BIG:
		return &too_big;
	case MAIL_HEADER_BIG:
		return &header;
	case MAIL_LINE_LONG:
		return &line;
	case MAIL_NUL:
		return &nul;
	case MAIL_LOOP:
		return &loop;
	case MAIL_AGAIN:
		return &again;
	case MAIL_ATTACHED:
		return &attached;
	case MAIL_POLICY:
		return &policy;
	case MAIL_REFUSED:
		return &refused;
	case MAIL_DEFERRED:
		return &deferred;
	case MAIL_NO_DNS:
		return &no_dns;
	case MAIL_STORE:
		return policy_store(m->status);
	default:
		return &no_memory;
	}
}

/* Keeper tells `why` itself, from what it was handed. */
static void
log_accepted(const struct session *s)
{
	const struct mail *m = &s->mail;

	log_line(LOG_INFO, "accept", "trace=%s peer=%s sender=%s rcpts=%zu "
	    "rcpt=%s size=%llu verdict=%s", m->trace, s->start->peer,
	    m->env.from.address, m->nrcpt, m->rcpt[0],
	    (unsigned long long)m->kept, m->verdict);
}

/* It is asked for by whom its header names, too. */
static void
tell_author(struct session *s)
{
	const struct mail *m = &s->mail;

	if (m->claimed[0] != '\0' && strcmp(m->claimed, m->folded) != 0 &&
	    s->told < SESSION_EVENTS_MAX)
		tell(s, m->trace, m->claimed, "author", "sender=<%s>",
		    m->env.from.address);
}

/* The peer hears that it is refused, the owner all that led to it. */
static void
tell_refused(struct session *s)
{
	const struct mail *m = &s->mail;

	refuse(s, mail_answer(m), m->rcpt[0], m->err == MAIL_POLICY ||
	    m->err == MAIL_ATTACHED ||
	    m->err == MAIL_DEFERRED ? m->why : NULL);
	if (m->verdict[0] == '\0' || s->told >= SESSION_EVENTS_MAX)
		return;
	log_line(LOG_INFO, "verdict", "trace=%s verdict=%s", m->trace,
	    m->verdict);
	tell(s, m->trace, m->rcpt[0], "verdict", "%s", m->verdict);
}

static void
describe_mail(const struct session *s, char *out, size_t size)
{
	static const char *const rets[] = { "", " ret=full", " ret=hdrs" };
	const struct mail *m = &s->mail;
	size_t n;

	describe_peer(s, out, size);
	n = strlen(out);
	(void)snprintf(out + n, size - n, "%s%s%s%.*s", rets[m->env.ret],
	    m->env.envid[0] != '\0' ? " envid=" : "", m->env.envid,
	    (int)m->dsn.len, m->dsn.len > 0 ? (const char *)m->dsn.data : "");
}

static void
hand_in(struct session *s)
{
	struct mail *m = &s->mail;
	const struct received trace = {
		.helo = s->helo,
		.peer = s->start->peer,
		.hostname = conf.hostname,
		.trace = m->trace,
		.rcpt = m->nrcpt == 1 ? m->rcpt[0] : NULL,
		.tls_version = s->tls ? s->tls_info.version : NULL,
		.tls_cipher = s->tls_info.cipher,
		.esmtp = s->esmtp,
		.utf8 = m->env.utf8,
		.now_s = clock_wall_s(),
	};
	char peer[SPOOL_TEXT_MAX];

	if (s->be->submit != NULL) {
		submit_hand_in(s);
		return;
	}
	describe_mail(s, peer, sizeof peer);
	m->tls = s->tls;
	if (mail_hand_in(m, &trace, peer) != MAIL_OK) {
		tell_refused(s);
		tell_author(s);
		return;
	}
	ok(s, mail_answer(m), m->trace);
	log_accepted(s);
	tell_author(s);
	s->accepted++;
	s->junk = 0;
	s->fresh_ms = clock_mono_ms();
}

/* ---- reading ---- */

/* More octets; a wake that is no stop is passed over. */
static enum line_err
peek(struct session *s, const uint8_t **p, size_t *n)
{
	enum line_err err;

	do {
		err = line_peek(s->line, p, n);
	} while (err == LINE_WAKE && !s->be->woken(s->be->arg));
	return err;
}

/* A message's octets are timed otherwise than commands. */
static void
start_clock(struct session *s)
{
	line_timeout(s->line, s->limits->data_ms);
	line_rate(s->line, s->limits->rate, s->limits->rate_grace_ms);
}

static void
stop_clock(struct session *s)
{
	line_timeout(s->line, s->limits->command_ms);
	line_rate(s->line, 0, 0);
}

static bool
overrun(const struct session *s)
{
	return s->mail.data.octets / OVERRUN > s->limits->message;
}

/* Up to the final dot; false: the session has ended. */
static bool
read_dotted(struct session *s)
{
	enum data_err got = DATA_MORE;
	enum line_err err;
	const uint8_t *p;
	size_t n, used;

	while (got == DATA_MORE) {
		err = peek(s, &p, &n);
		if (err != LINE_OK) {
			broken(s, err);
			return false;
		}
		got = mail_push(&s->mail, p, n, &used);
		line_drop(s->line, used);
		if (got == DATA_BARE)
			broken(s, LINE_BARE);
		else if (overrun(s))
			refuse_end(s, &too_big, "too-big");
		if (s->state == ST_END)
			return false;
	}
	return true;
}

void
on_data(struct session *s, const struct cmd *c)
{
	static const struct answer go = { 354, NULL, "end with a dot" };

	(void)c;
	if (!open_mail(s, true)) {
		refuse(s, &no_memory, "", NULL);
		forget_mail(s);
		enter(s, ST_READY);
		return;
	}
	ok(s, &go, NULL);
	start_clock(s);
	if (!read_dotted(s))
		return;
	stop_clock(s);
	hand_in(s);
	forget_mail(s);
	enter(s, ST_READY);
}

/* ---- BDAT ---- */

/* The octets of one chunk; keep: they belong to the message. */
static bool
read_chunk(struct session *s, uint64_t left, bool keep)
{
	enum line_err err;
	const uint8_t *p;
	size_t n, used;

	start_clock(s);
	while (left > 0) {
		err = peek(s, &p, &n);
		if (err != LINE_OK) {
			broken(s, err);
			return false;
		}
		if (n > left)
			n = (size_t)left;
		if (keep && mail_push(&s->mail, p, n, &used) == DATA_BARE) {
			broken(s, LINE_BARE);
			return false;
		}
		line_drop(s->line, n);
		left -= n;
	}
	stop_clock(s);
	return true;
}

/* Whoever does not say how long a chunk is cannot be followed any more. */
static bool
lex_chunk(struct session *s, const struct cmd *c, struct cmd_bdat *b)
{
	static const struct answer bad = { 501, "5.5.4",
	    "BDAT size [LAST]" };

	if (cmd_bdat(c, b) != CMD_OK) {
		refuse_end(s, &bad, "bad-chunk");
		return false;
	}
	if (b->size / OVERRUN > s->limits->message) {
		refuse_end(s, &too_big, "too-big");
		return false;
	}
	return true;
}

void
skip_bdat(struct session *s, const struct cmd *c)
{
	struct cmd_bdat b;

	if (lex_chunk(s, c, &b))
		(void)read_chunk(s, b.size, false);
}

void
on_bdat(struct session *s, const struct cmd *c)
{
	static const struct answer more = { 250, "2.0.0", "chunk taken" };
	struct cmd_bdat b;

	if (!lex_chunk(s, c, &b))
		return;
	if (!s->mail.open && !open_mail(s, false))
		s->mail.err = MAIL_NOMEM;
	if (!read_chunk(s, b.size, s->mail.err == MAIL_OK))
		return;
	enter(s, ST_BDAT);
	if (!b.last && s->mail.err == MAIL_OK) {
		ok(s, &more, NULL);
		return;
	}
	if (s->mail.err == MAIL_OK && data_last(&s->mail.data) == DATA_BARE) {
		broken(s, LINE_BARE);
		return;
	}
	hand_in(s);
	forget_mail(s);
	enter(s, ST_READY);
}
