#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/smtp/policy.h"
#include "mailnode/smtp/sasl.h"
#include "mailnode/smtp/talk.h"

enum { MECH_MAX = 32 };		/* octets, NUL included */

/* ---- login: RFC 4954 ---- */

const struct answer *
submit_not_yet(const struct session *s)
{
	static const struct answer no_tls = { 530, "5.7.0",
	    "say STARTTLS first" };
	static const struct answer no_login = { 530, "5.7.0",
	    "log in first" };
	static const struct answer no_sending = { 550, "5.7.1",
	    "this device may not send" };

	if (!s->tls)
		return &no_tls;
	if (!s->logged_in)
		return &no_login;
	return s->device.scope & DEVICE_SEND ? NULL : &no_sending;
}

static bool
have_sasl(struct session *s)
{
	struct sasl_binding b;
	struct tls *t = line_tls_of(s->line);

	if (s->sasl == NULL && t != NULL) {
		sasl_bind(t, &b);
		s->sasl = sasl_new(s->be->submit->vault, &b);
	}
	return s->sasl != NULL;
}

const char *
submit_offer(struct session *s, char *text, size_t size)
{
	if (!s->tls || s->logged_in || !have_sasl(s))
		return NULL;
	(void)snprintf(text, size, "AUTH %s", sasl_mechs(s->sasl));
	return text;
}

static void
welcome(struct session *s)
{
	static const struct answer in = { 235, "2.7.0", "welcome" };
	char peer[SESSION_PEER_MAX];

	s->device = *sasl_device(s->sasl);
	s->logged_in = true;
	s->junk = 0;
	s->fresh_ms = clock_mono_ms();
	describe_peer(s, peer, sizeof peer);
	log_line(LOG_INFO, "login", "trace=%s peer=%s device=%s mech=%s",
	    s->id, s->start->peer, s->device.name, sasl_mech(s->sasl));
	tell(s, s->id, "", "login", "device=%s mech=%s %s", s->device.name,
	    sasl_mech(s->sasl), peer);
	s->be->submit->seen(s->be->arg, s->helo);
	ok(s, &in, s->device.name);
}

static void
judge(struct session *s, enum sasl_result r)
{
	static const struct answer failed = { 535, "5.7.8",
	    "the login failed" };
	static const struct answer bad = { 501, "5.5.2",
	    "the login failed" };
	static const struct answer unknown = { 504, "5.5.4",
	    "the login failed" };
	static const struct answer later = { 454, "4.7.0",
	    "no login for now" };
	static const struct answer enough = { 421, "4.7.0",
	    "too many tries" };
	static const struct answer given_up = { 501, "5.7.0",
	    "the login was given up" };
	static const struct answer coding = { 501, "5.5.2",
	    "not base64" };

	switch (r) {
	case SASL_LOST:
		return;
	case SASL_OVER:
		refuse(s, &given_up, "", NULL);
		return;
	case SASL_CODING:
		refuse(s, &coding, "", NULL);
		return;
	case SASL_DONE:
		welcome(s);
		return;
	case SASL_FAILED:
		refuse(s, &failed, "", sasl_why(s->sasl));
		s->pauses = true;
		return;
	case SASL_BAD:
		refuse(s, &bad, "", sasl_why(s->sasl));
		return;
	case SASL_UNKNOWN:
		refuse(s, &unknown, "", sasl_why(s->sasl));
		return;
	case SASL_TRIES:
		refuse_end(s, &enough, "tries");
		return;
	default:
		refuse(s, &later, "", sasl_why(s->sasl));
	}
}

/* One answer of the client; NULL: the dialogue is over, and what was to be
 * said about it is said. */
static char *
response(void *arg, const char *challenge, size_t *n)
{
	static const struct answer too_long = { 500, "5.5.6",
	    "line too long" };
	struct session *s = arg;
	enum line_err err;
	char *text;

	line_putf(s->line, "334 %s\r\n", challenge);
	err = session_line(s, SASL_LINE_MAX, &text, n);
	if (err == LINE_LONG || err == LINE_NUL)
		refuse(s, &too_long, "", NULL);
	else if (err != LINE_OK)
		broken(s, err);
	return err == LINE_OK ? text : NULL;
}

/* "mechanism [initial-response]"; "=" is an empty one. */
static bool
lex_auth(const struct cmd *c, char mech[MECH_MAX], struct buf *initial,
    bool *has)
{
	const char *p = c->arg, *stop;

	stop = memchr(p, ' ', (size_t)(c->end - p));
	if (stop == NULL)
		stop = c->end;
	*has = stop < c->end;
	if (stop == p || stop - p >= MECH_MAX)
		return false;
	memcpy(mech, p, (size_t)(stop - p));
	mech[stop - p] = '\0';
	if (!*has)
		return true;
	p = stop + 1;
	return sasl_initial(initial, p, (size_t)(c->end - p));
}

void
submit_auth(struct session *s, const struct cmd *c)
{
	static const struct answer no_tls = { 538, "5.7.11",
	    "say STARTTLS first" };
	static const struct answer again = { 503, "5.5.1",
	    "you are logged in" };
	static const struct answer when = { 503, "5.5.1",
	    "say EHLO first, and nothing of a message" };
	static const struct answer syntax = { 501, "5.5.4",
	    "AUTH mechanism [base64]" };
	char mech[MECH_MAX];
	struct buf initial;
	bool has;

	buf_init(&initial, SASL_MESSAGE_MAX);
	if (!s->tls)
		refuse(s, &no_tls, "", NULL);
	else if (s->logged_in)
		refuse(s, &again, "", NULL);
	else if (s->state != ST_READY || !s->esmtp || !have_sasl(s))
		refuse(s, &when, "", NULL);
	else if (!lex_auth(c, mech, &initial, &has))
		refuse(s, &syntax, "", NULL);
	else
		judge(s, sasl_talk(s->sasl, mech, has ? &initial : NULL,
		    response, s));
	buf_wipe(&initial);
	buf_clear(&initial);
}

/* ---- a letter ---- */

/* RFC 6409 section 6.1: keeper looks again when it is handed in. */
const struct answer *
submit_sender(struct session *s)
{
	static const struct answer not_yours = { 553, "5.7.1",
	    "the sender is none of your addresses" };
	struct rcpt found;
	uint16_t status;

	if (s->mail.env.from.address[0] == '\0')
		return &not_yours;
	status = s->be->rcpt(s->be->arg, s->mail.env.from.address, &found);
	if (status != STORE_OK)
		return policy_store(status);
	return rcpt_ok(found.class) ? NULL : &not_yours;
}

const struct answer *
submit_rcpt(struct session *s, const struct cmd_rcpt *r)
{
	static const struct answer taken = { 250, "2.1.5", "ok" };
	static const struct answer literal = { 550, "5.1.2",
	    "no mail to address literals" };
	static const struct answer nobody = { 550, "5.1.1",
	    "no such address here" };
	static const struct answer too_many = { 452, "4.5.3",
	    "too many recipients" };
	struct rcpt found;
	uint16_t status;

	if (r->to.literal)
		return &literal;
	if (s->mail.nrcpt >= s->limits->rcpt)
		return &too_many;
	status = s->be->rcpt(s->be->arg, r->to.address, &found);
	if (status != STORE_OK)
		return policy_store(status);
	if (found.class != RCPT_FOREIGN && !rcpt_ok(found.class))
		return &nobody;
	return mail_add_rcpt(&s->mail, strchr(r->to.address, '@') != NULL ?
	    r->to.address : found.address, r) ? &taken : &too_many;
}

void
submit_hand_in(struct session *s)
{
	struct mail *m = &s->mail;
	char detail[SUBMIT_DETAIL_MAX] = "";
	const struct answer *a;

	a = mail_whole(m) == MAIL_OK ? s->be->submit->letter(s->be->arg, m,
	    &s->device, detail) : mail_answer(m);
	if (a->code != 250) {
		refuse(s, a, m->rcpt[0], detail[0] != '\0' ? detail : NULL);
		return;
	}
	log_line(LOG_INFO, "submit", "trace=%s peer=%s device=%s sender=%s "
	    "rcpts=%zu id=%s", m->trace, s->start->peer, s->device.name,
	    m->env.from.address, m->nrcpt, detail);
	ok(s, a, detail);
	s->accepted++;
	s->junk = 0;
	s->fresh_ms = clock_mono_ms();
}
