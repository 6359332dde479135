/* Logging in: RFC 9051 sections 6.2.2, 6.2.3. */
#include <string.h>

#include "crypto/secret.h"
#include "mailnode/base/codec.h"
#include "mailnode/imap/talk.h"
#include "mailnode/node/log.h"
#include "store/op_device.h"

static void
logged_in(struct session *s)
{
	const struct device *d = sasl_device(s->sasl);
	struct device_note n = { .client = s->client };
	struct buf b;

	if (d == NULL || !(d->scope & DEVICE_READ)) {
		reply_no(s, "AUTHORIZATIONFAILED", "this device may not read mail");
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
	s->errors = 0;
	if (s->client[0] != '\0')	/* it said so before the login */
		(void)device_note(*s->start->keeper, &n);
	buf_init(&b, TEXT_MAX * 3);
	(void)buf_adds(&b, "CAPABILITY ");
	put_capabilities(s, &b);
	reply_ok(s, buf_str(&b), "welcome");
	buf_clear(&b);
}

static void
refused(struct session *s, enum sasl_result r)
{
	const char *why = sasl_why(s->sasl);

	if (r != SASL_UNAVAILABLE)
		log_line(LOG_INFO, "refuse", "trace=%s peer=%s user=%s "
		    "mech=%s reason=%s", s->id, s->start->peer,
		    sasl_user(s->sasl), sasl_mech(s->sasl), why);
	switch (r) {
	case SASL_UNAVAILABLE:
		reply_no(s, "UNAVAILABLE", why);
		break;
	case SASL_UNKNOWN:
		reply_no(s, "CANNOT", "no such mechanism");
		break;
	case SASL_BAD:
		reply_bad(s, "no message of that mechanism");
		break;
	case SASL_TRIES:
		reply_no(s, "AUTHENTICATIONFAILED", why);
		answer_out(s);
		reply_bye(s, "too many tries", "tries");
		break;
	default:
		reply_no(s, "AUTHENTICATIONFAILED", why);
	}
}

/* One line of base64; false: the client gave up, or the session is over. */
static bool
next_message(struct session *s, struct buf *msg, bool *bad_text)
{
	char *text;
	size_t n;

	*bad_text = false;
	if (!next_line(s, SASL_LINE_MAX, &text, &n) || s->answered)
		return false;
	if (n == 1 && text[0] == '*') {
		sasl_abort(s->sasl);
		reply_bad(s, "given up");
		return false;
	}
	buf_wipe(msg);
	*bad_text = codec_base64_get(msg, text, n, false) == -1;
	mem_wipe(text, n);
	return true;
}

/* Messages to and fro. */
static enum sasl_result
converse(struct session *s, enum sasl_result r, struct buf *out)
{
	struct buf line, msg;
	bool bad_text;

	buf_init(&line, SASL_LINE_MAX);
	buf_init(&msg, SASL_MESSAGE_MAX);
	while (r == SASL_MORE) {
		buf_reset(&line);
		(void)codec_base64_put(&line, out->data, out->len);
		reply_go_on(s, line.len > 0 ? buf_str(&line) : "");
		buf_reset(out);
		if (!next_message(s, &msg, &bad_text))
			break;
		r = bad_text ? SASL_BAD :
		    sasl_step(s->sasl, msg.data, msg.len, out);
	}
	buf_wipe(&msg);
	buf_clear(&msg);
	buf_clear(&line);
	return r;
}

void
on_authenticate(struct session *s, struct lex_at *at)
{
	struct lex_str mech, ir = { NULL, 0 };
	enum sasl_result r = SASL_BAD;
	struct buf out, first;

	if (!lex_atom(at, &mech) || (!lex_end(at) && !lex_atom(at, &ir)) ||
	    !lex_end(at))
		return;
	buf_init(&out, SASL_MESSAGE_MAX);
	buf_init(&first, SASL_MESSAGE_MAX);
	/* "=" is an empty one: RFC 4959. */
	if (ir.p == NULL)
		r = sasl_start(s->sasl, mech.p, NULL, 0, &out);
	else if ((ir.n == 1 && ir.p[0] == '=') ||
	    codec_base64_get(&first, ir.p, ir.n, false) == 0)
		r = sasl_start(s->sasl, mech.p, first.data != NULL ?
		    first.data : (const uint8_t *)"", first.len, &out);
	if (r == SASL_MORE)
		r = converse(s, r, &out);
	buf_wipe(&first);
	buf_wipe(&s->lex.text);		/* the command held it, too */
	buf_clear(&first);
	buf_clear(&out);
	if (r == SASL_DONE)
		logged_in(s);
	else if (r != SASL_MORE && s->state != ST_END)
		refused(s, r);
}

void
on_login(struct session *s, struct lex_at *at)
{
	struct lex_str user, password;
	enum sasl_result r;
	struct buf msg, out;

	if (!lex_astring(at, &user) || !lex_astring(at, &password) ||
	    !lex_end(at))
		return;
	if (user.n == 0 || password.n == 0) {
		reply_no(s, "AUTHENTICATIONFAILED", "no name, or no secret");
		return;
	}
	buf_init(&msg, SASL_MESSAGE_MAX);
	buf_init(&out, SASL_MESSAGE_MAX);
	(void)buf_addc(&msg, 0);
	(void)buf_add(&msg, user.p, user.n);
	(void)buf_addc(&msg, 0);
	(void)buf_add(&msg, password.p, password.n);
	r = msg.err != 0 ? SASL_BAD : sasl_start(s->sasl, "PLAIN", msg.data,
	    msg.len, &out);
	buf_wipe(&msg);
	buf_wipe(&s->lex.text);
	buf_clear(&msg);
	buf_clear(&out);
	if (r == SASL_DONE)
		logged_in(s);
	else
		refused(s, r);
}
