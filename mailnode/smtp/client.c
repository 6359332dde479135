#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/smtp/client_login.h"
#include "mailnode/smtp/client_parts.h"

void
client_init(struct client *c, const struct client_conf *conf_in)
{
	memset(c, 0, sizeof *c);
	c->conf = *conf_in;
	c->line = line_new(conf_in->fd, LINE_IN_DEFAULT);
	if (c->line != NULL)
		line_wake(c->line, conf_in->wake);
}

/* The connection is of no more use. */
static int
client_lost(struct client *c, enum line_err e)
{
	c->broken = true;
	if (e == LINE_TLS)
		c->error = tls_error(line_tls_of(c->line));
	else
		c->error = e == LINE_IO ? strerror(errno) : line_err_text(e);
	return -1;
}

int
client_nonsense(struct client *c, const char *what)
{
	c->broken = true;
	c->error = what;
	return -1;
}

/* What was being done when it was lost. */
enum client_fate
client_breaks(struct client *c, const char *doing)
{
	c->broken = true;
	snprintf(c->why, sizeof c->why, "%s: %s", doing, c->error);
	return CLIENT_DEFERRED;
}

/* A reply that is not the one we wanted. */
static enum client_fate
client_refused(struct client *c, const char *doing)
{
	snprintf(c->why, sizeof c->why, "%s: %.300s", doing, c->reply.text);
	return c->reply.code >= 500 ? CLIENT_REFUSED : CLIENT_DEFERRED;
}

int
client_flush(struct client *c, int64_t timeout_ms)
{
	enum line_err e;

	line_timeout(c->line, timeout_ms);
	e = line_flush(c->line);
	return e == LINE_OK ? 0 : client_lost(c, e);
}

/* One whole reply within that time, however many lines it has; those of
 * EHLO's go to the offer, if that is asked. */
static int
client_read(struct client *c, int64_t timeout_ms, struct offer *offer)
{
	int64_t until = clock_mono_ms() + timeout_ms, left;
	enum line_err e;
	char *text;
	size_t n;

	reply_init(&c->reply);
	while (!c->reply.done) {
		left = until - clock_mono_ms();
		line_timeout(c->line, left > 0 ? left : 0);
		e = line_get(c->line, REPLY_LINE_MAX, &text, &n);
		if (e != LINE_OK)
			return client_lost(c, e);
		if (reply_line(&c->reply, text, n) == -1) {
			reply_odd(text, n, c->odd, sizeof c->odd);
			return client_nonsense(c, c->odd);
		}
		if (offer != NULL && c->reply.code == 250 &&
		    c->reply.lines > 1 && n > 4)
			offer_line(offer, text + 4, n - 4);
	}
	/* RFC 5321 section 3.8: 421 to anything, the server closes. */
	if (c->reply.code == 421)
		c->broken = true;
	return 0;
}

int
client_answer(struct client *c, int64_t timeout_ms)
{
	return client_read(c, timeout_ms, NULL);
}

int
client_ask(struct client *c, int64_t timeout_ms, const char *verb,
    const char *arg)
{
	line_puts(c->line, verb);
	if (arg != NULL) {
		line_puts(c->line, " ");
		line_puts(c->line, arg);
	}
	line_puts(c->line, "\r\n");
	return client_answer(c, timeout_ms);
}

/* ---- opening ---- */

/*
 * OpenSMTPD takes DSN's ENVID and puts it into none of its notices (RFC 3461
 * section 6.3 wants it), so that they would not be known for its own.
 */
static bool
forgets(const char *greeting)
{
	return strstr(greeting, "OpenSMTPD") != NULL;
}

static enum client_fate
hello(struct client *c)
{
	memset(&c->offer, 0, sizeof c->offer);
	line_putf(c->line, "EHLO %s\r\n", c->conf.hostname);
	if (client_read(c, CLIENT_COMMAND_MS, &c->offer) == -1)
		return client_breaks(c, "EHLO");
	if ((c->offer.bits & OFFER_DSN) != 0 && !c->forgets)
		c->offer.bits |= OFFER_ENVID;
	if (c->reply.code == 250)
		return CLIENT_TAKEN;
	/* RFC 5321 section 3.2: an old server; good enough where neither
	 * TLS nor a login is demanded. */
	if (c->reply.code >= 500 && c->conf.tls == CONF_PLAIN &&
	    c->conf.vault == -1) {
		if (client_ask(c, CLIENT_COMMAND_MS, "HELO",
		    c->conf.hostname) == -1)
			return client_breaks(c, "HELO");
		if (c->reply.code == 250)
			return CLIENT_TAKEN;
	}
	return client_refused(c, "EHLO");
}

static enum client_fate
secure(struct client *c)
{
	struct tls *t = tls_connect(c->conf.trust, c->conf.fd,
	    c->conf.server);
	enum line_err e;

	if (t == NULL) {
		(void)client_nonsense(c, "out of memory");
		return client_breaks(c, "TLS");
	}
	line_timeout(c->line, CLIENT_GREETING_MS);
	e = line_tls(c->line, t);
	if (e != LINE_OK) {
		(void)client_lost(c, e);
		return client_breaks(c, "TLS");
	}
	tls_info(t, &c->tls);
	if (c->conf.verified && !c->tls.verified) {
		(void)client_nonsense(c, c->tls.why);
		return client_breaks(c, "TLS");
	}
	return CLIENT_TAKEN;
}

static enum client_fate
starttls(struct client *c)
{
	bool offered = (c->offer.bits & OFFER_STARTTLS) != 0;
	enum client_fate f;

	if (!offered && c->conf.tls != CONF_STARTTLS)
		return CLIENT_TAKEN;
	if (!offered) {
		(void)client_nonsense(c, "the server does not offer it");
		return client_breaks(c, "STARTTLS");
	}
	if (client_ask(c, CLIENT_COMMAND_MS, "STARTTLS", NULL) == -1) {
		c->tls_failed = true;
		return client_breaks(c, "STARTTLS");
	}
	if (c->reply.code != 220) {
		if (c->conf.tls != CONF_STARTTLS && !c->broken)
			return CLIENT_TAKEN;	/* it was only a try */
		return client_refused(c, "STARTTLS");
	}
	f = secure(c);
	c->tls_failed = f != CLIENT_TAKEN;
	return f == CLIENT_TAKEN ? hello(c) : f;
}

static enum client_fate
log_in(struct client *c)
{
	if (c->conf.vault == -1)
		return CLIENT_TAKEN;
	if (line_tls_of(c->line) == NULL || !c->tls.verified) {
		(void)client_nonsense(c, "no password over a connection that is "
		    "not verified TLS");
		return client_breaks(c, "AUTH");
	}
	return client_login(c);
}

enum client_fate
client_open(struct client *c)
{
	enum client_fate f = CLIENT_TAKEN;

	if (c->line == NULL) {
		(void)client_nonsense(c, "out of memory");
		return client_breaks(c, "connection");
	}
	if (c->conf.tls == CONF_TLS)
		f = secure(c);
	if (f != CLIENT_TAKEN)
		return f;
	if (client_answer(c, CLIENT_GREETING_MS) == -1)
		return client_breaks(c, "greeting");
	if (c->reply.code != 220)
		return client_refused(c, "greeting");
	c->forgets = forgets(c->reply.text);
	f = hello(c);
	if (f == CLIENT_TAKEN && line_tls_of(c->line) == NULL &&
	    (c->conf.tls == CONF_STARTTLS || c->conf.opportunistic))
		f = starttls(c);
	return f == CLIENT_TAKEN ? log_in(c) : f;
}

void
client_close(struct client *c)
{
	if (c->line == NULL)
		return;
	if (!c->broken)
		(void)client_ask(c, CLIENT_QUIT_MS, "QUIT", NULL);
	line_bye(c->line);
	line_free(c->line);
	c->line = NULL;
}
