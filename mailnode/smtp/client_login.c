#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "crypto/op_vault.h"
#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"
#include "mailnode/smtp/client_login.h"

enum { LOGIN_STEPS_MAX = 6 };

struct mech {
	unsigned int	 offer;
	enum vault_mech	 mech;
	const char	*name;
	bool		 initial;	/* the first message goes with AUTH */
};

/* Best first. */
static const struct mech mechs[] = {
	{ OFFER_SCRAM_PLUS, VAULT_SCRAM_PLUS, "SCRAM-SHA-256-PLUS", true },
	{ OFFER_SCRAM, VAULT_SCRAM, "SCRAM-SHA-256", true },
	{ OFFER_PLAIN, VAULT_PLAIN, "PLAIN", true },
	{ OFFER_LOGIN, VAULT_LOGIN, "LOGIN", false },
};

static enum client_fate
fails(struct client *c, const char *why)
{
	c->broken = true;
	snprintf(c->why, sizeof c->why, "AUTH: %.300s", why);
	return CLIENT_DEFERRED;
}

static enum client_fate
vault_fails(struct client *c, enum crypto_err e)
{
	if (e == CRYPTO_LOCKED) {
		snprintf(c->why, sizeof c->why, "the vault is locked");
		return CLIENT_LOCKED;
	}
	return fails(c, crypto_err_text(e));
}

/* SCRAM: first what the password is hashed with, then the server's proof. */
static enum client_fate
step_fails(struct client *c, enum crypto_err e, int step)
{
	if (e != CRYPTO_PEER)
		return vault_fails(c, e);
	return fails(c, step == 0 ? "the server's challenge is none that we "
	    "take" : "the server does not know the password itself");
}

static const struct mech *
choose(const struct client *c, bool binding)
{
	size_t i;

	for (i = 0; i < sizeof mechs / sizeof mechs[0]; i++)
		if ((c->offer.bits & mechs[i].offer) &&
		    (binding || mechs[i].mech != VAULT_SCRAM_PLUS))
			return &mechs[i];
	return NULL;
}

/* Past the line's own buffer, where the password would stay. */
static int
send_wiped(struct client *c, struct buf *b)
{
	struct tls *t = line_tls_of(c->line);
	int64_t until = clock_mono_ms() + CLIENT_COMMAND_MS;
	struct pollfd p = { .fd = c->conf.fd };
	size_t done = 0;
	ssize_t n = 0;

	while (b->err == 0 && done < b->len) {
		n = tls_write(t, b->data + done, b->len - done);
		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		if (n == TLS_ERROR || clock_mono_ms() > until)
			break;
		p.events = n == TLS_WANT_READ ? POLLIN : POLLOUT;
		(void)poll(&p, 1, 1000);
	}
	n = b->err == 0 && done == b->len ? 0 : -1;
	buf_wipe(b);
	if (n == -1) {
		c->broken = true;
		c->error = "the login could not be sent";
	}
	return (int)n;
}

/* Sends `lead` and the base64 of raw, both wiped; reads the answer. */
static int
say(struct client *c, const char *lead, struct buf *raw)
{
	struct buf out;
	int rc;

	buf_init(&out, 2 * VAULT_SASL_MAX);
	/* All at once, so that growing leaves no copies behind. */
	buf_reserve(&out, 2 * VAULT_SASL_MAX);
	buf_adds(&out, lead);
	if (raw->len > 0)
		codec_base64_put(&out, raw->data, raw->len);
	else if (lead[0] != '\0')
		buf_addc(&out, '=');	/* RFC 4954: an empty first message */
	buf_adds(&out, "\r\n");
	buf_wipe(raw);
	rc = send_wiped(c, &out);
	buf_clear(&out);
	return rc == -1 ? -1 : client_answer(c, CLIENT_COMMAND_MS);
}

/* "334 BASE64" → its octets. */
static int
challenge(const struct client *c, struct buf *raw)
{
	const char *p = c->reply.text + 3;

	buf_reset(raw);
	if (*p == ' ')
		p++;
	return codec_base64_get(raw, p, strlen(p), false);
}

static enum client_fate
dialogue(struct client *c, bool must_prove, struct buf *raw, struct buf *in)
{
	enum crypto_err e;
	bool done = false;
	int i;

	for (i = 0; i < LOGIN_STEPS_MAX && c->reply.code == 334; i++) {
		if (challenge(c, in) == -1)
			return fails(c, "the server's challenge is no base64");
		buf_reset(raw);
		e = vault_login_step(c->conf.vault, in->data, in->len, raw,
		    &done);
		if (e != CRYPTO_OK)
			return step_fails(c, e, i);
		if (say(c, "", raw) == -1)
			return fails(c, c->error);
	}
	if (c->reply.code != 235)
		return fails(c, c->reply.text);
	/* Whoever says 235 without having shown that he knows the password
	 * as well is not our server (RFC 5802 section 3). */
	if (must_prove && !done)
		return fails(c, "the server did not prove itself");
	return CLIENT_TAKEN;
}

enum client_fate
client_login(struct client *c)
{
	uint8_t binding[TLS_BINDING];
	struct buf raw, in;
	char lead[64];
	bool bound = tls_binding(line_tls_of(c->line), binding) == 0;
	const struct mech *m = choose(c, bound);
	enum client_fate f;
	enum crypto_err e;

	if (m == NULL)
		return fails(c, "the server offers no mechanism that we know");
	buf_init(&raw, VAULT_SASL_MAX);
	buf_init(&in, VAULT_SASL_MAX);
	buf_reserve(&raw, VAULT_SASL_MAX);
	e = vault_login(c->conf.vault, m->mech, bound ? binding : NULL, &raw);
	if (e != CRYPTO_OK) {
		f = vault_fails(c, e);
		goto out;
	}
	snprintf(lead, sizeof lead, "AUTH %s ", m->name);
	if (m->initial) {
		if (say(c, lead, &raw) == -1) {
			f = fails(c, c->error);
			goto out;
		}
	} else if (client_ask(c, CLIENT_COMMAND_MS, "AUTH", m->name) == -1) {
		f = fails(c, c->error);
		goto out;
	}
	f = dialogue(c, m->mech == VAULT_SCRAM ||
	    m->mech == VAULT_SCRAM_PLUS, &raw, &in);
out:
	buf_wipe(&raw);
	buf_clear(&raw);
	buf_wipe(&in);
	buf_clear(&in);
	return f;
}
