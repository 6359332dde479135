/* Logging in: RFC 9051 sections 6.2.2, 6.2.3. */
#include "crypto/secret.h"
#include "mailnode/imap/talk.h"
#include "mailnode/node/log.h"
#include "store/op_device.h"

static void
logged_in(struct session *s)
{
	const struct device *d = sasl_device(s->sasl);
	struct device_note n = { .client = s->client };

	if (d == NULL || !(d->scope & DEVICE_READ)) {
		reply_no(s, "AUTHORIZATIONFAILED",
		    "this device may not read mail");
		return;
	}
	if (reader_of(s) == -1) {
		reply_no(s, "UNAVAILABLE", "no reader, try again in a moment");
		answer_out(s);
		imap_end(s, "no-reader");
		return;
	}
	imap_enter(s, ST_OWNER);
	line_timeout(s->line, s->start->idle_ms);
	if (s->client[0] != '\0')	/* it said so before the login */
		(void)device_note(*s->start->keeper, &n);
	put_capabilities(s);
	reply_out(s, "welcome");
}

static void
judge(struct session *s, enum sasl_result r)
{
	const char *why = sasl_why(s->sasl);

	if (r == SASL_FAILED || r == SASL_BAD || r == SASL_UNKNOWN ||
	    r == SASL_TRIES)
		log_line(LOG_INFO, "refuse", "trace=%s peer=%s user=%s "
		    "mech=%s reason=%s", s->id, s->start->peer,
		    sasl_user(s->sasl), sasl_mech(s->sasl), why);
	if (r == SASL_DONE)
		logged_in(s);
	else if (r == SASL_UNAVAILABLE)
		reply_no(s, "UNAVAILABLE", why);
	else if (r == SASL_UNKNOWN)
		reply_no(s, "CANNOT", "no such mechanism");
	else if (r == SASL_OVER)
		reply_bad(s, "given up");
	else if (r == SASL_BAD || r == SASL_CODING)
		reply_bad(s, "no message of that mechanism");
	else if (r == SASL_FAILED || r == SASL_TRIES)
		reply_no(s, "AUTHENTICATIONFAILED", why);
	if (r == SASL_TRIES) {
		answer_out(s);
		reply_bye(s, "too many tries", "tries");
	}
}

static char *
response(void *arg, const char *challenge, size_t *n)
{
	struct session *s = arg;
	char *text;

	reply_go_on(s, challenge);
	return next_line(s, SASL_LINE_MAX, &text, n) ? text : NULL;
}

bool
on_authenticate(struct session *s)
{
	struct lex_str mech, ir = { NULL, 0 };
	struct buf first;

	if (!lex_atom(&s->lex, &mech) ||
	    (!lex_end(&s->lex) && !lex_atom(&s->lex, &ir)) ||
	    !lex_end(&s->lex))
		return false;
	buf_init(&first, SASL_MESSAGE_MAX);
	judge(s, ir.p != NULL && !sasl_initial(&first, ir.p, ir.n) ?
	    SASL_CODING : sasl_talk(s->sasl, mech.p,
	    ir.p != NULL ? &first : NULL, response, s));
	buf_wipe(&first);
	buf_clear(&first);
	return s->answered;
}

bool
on_login(struct session *s)
{
	struct lex_str user, password;

	if (!lex_astring(&s->lex, &user) || !lex_astring(&s->lex, &password) ||
	    !lex_end(&s->lex))
		return false;
	if (user.n == 0 || password.n == 0)
		return reply_no(s, "AUTHENTICATIONFAILED",
		    "no name, or no secret");
	judge(s, sasl_login(s->sasl, user.p, password.p));
	return s->answered;
}
