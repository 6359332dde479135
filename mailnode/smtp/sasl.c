/*
 *	          sasl_start              sasl_step
 *	(idle) ----------------> step 1 -------------> step 2, 3 …
 *	   ^                        |                      |
 *	   +--- failed, aborted ----+----------------------+--> done
 *
 * PLAIN has one message, LOGIN two, SCRAM two and an empty one, in which the
 * client agrees to what the server proved (RFC 4954 section 4: success has
 * no room for it).
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/secret.h"
#include "mailnode/base/codec.h"
#include "mailnode/smtp/sasl_parts.h"

static const struct {
	const char	*name;
	enum sasl_kind	 kind;
} mechs[] = {
	{ "SCRAM-SHA-256-PLUS",	SASL_SCRAM_PLUS },
	{ "SCRAM-SHA-256",	SASL_SCRAM },
	{ "PLAIN",		SASL_PLAIN },
	{ "LOGIN",		SASL_LOGIN },
};

void
sasl_bind(const struct tls *t, struct sasl_binding *b)
{
	memset(b, 0, sizeof *b);
	b->exporter = tls_binding(t, b->exported);
	b->end_point = tls_end_point(t, b->digest, &b->ndigest);
}

struct sasl *
sasl_new(const int *vault, const struct sasl_binding *b)
{
	struct sasl *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->vault = vault;
	s->binding.exporter = s->binding.end_point = -1;
	if (b != NULL)
		s->binding = *b;
	s->why = "";
	buf_init(&s->gs2, SASL_MESSAGE_MAX);
	buf_init(&s->nonce, SASL_MESSAGE_MAX);
	return s;
}

void
sasl_free(struct sasl *s)
{
	if (s == NULL)
		return;
	buf_clear(&s->gs2);
	buf_clear(&s->nonce);
	mem_wipe(s, sizeof *s);
	free(s);
}

static bool
binds(const struct sasl *s)
{
	return s->binding.exporter == 0 || s->binding.end_point == 0;
}

const char *
sasl_mechs(const struct sasl *s)
{
	return binds(s) ? "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN" :
	    "SCRAM-SHA-256 PLAIN LOGIN";
}

const struct device *
sasl_device(const struct sasl *s)
{
	return s->done ? &s->device : NULL;
}

const char *
sasl_user(const struct sasl *s)
{
	return s->user;
}

const char *
sasl_mech(const struct sasl *s)
{
	size_t i;

	for (i = 0; i < sizeof mechs / sizeof mechs[0]; i++)
		if (s->kind == mechs[i].kind)
			return mechs[i].name;
	return "";
}

const char *
sasl_why(const struct sasl *s)
{
	return s->why;
}

void
sasl_abort(struct sasl *s)
{
	s->step = 0;
	s->right = false;
	s->why = "given up";
}

enum sasl_result
sasl_judge(struct sasl *s, enum crypto_err e)
{
	s->err = e;
	if (e == CRYPTO_OK)
		return SASL_DONE;
	s->step = 0;
	switch (e) {
	case CRYPTO_PEER:
		s->why = "the name or the secret is wrong";
		return SASL_FAILED;
	case CRYPTO_EXPIRED:
	case CRYPTO_NETWORK:
		s->why = crypto_err_text(e);
		return SASL_FAILED;
	case CRYPTO_TRIES:
	case CRYPTO_STATE:
		s->why = crypto_err_text(CRYPTO_TRIES);
		return SASL_TRIES;
	case CRYPTO_LOCKED:
		s->why = "logins have to wait until the owner unlocks the "
		    "vault";
		return SASL_UNAVAILABLE;
	default:
		s->why = "nobody can check logins just now";
		return SASL_UNAVAILABLE;
	}
}

static enum sasl_result
bad(struct sasl *s)
{
	s->step = 0;
	s->why = "not a message of this mechanism";
	return SASL_BAD;
}

/* ---- PLAIN and LOGIN ---- */

/* A name that a log line and the vault can take. */
static bool
keep_user(struct sasl *s, const char *p, size_t n)
{
	size_t i;

	s->user[0] = '\0';
	if (n == 0 || n >= sizeof s->user || !codec_utf8_ok(p, n))
		return false;
	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] < ' ' || p[i] == 127)
			return false;
	memcpy(s->user, p, n);
	s->user[n] = '\0';
	return true;
}

static enum sasl_result
check(struct sasl *s, const char *secret, size_t n)
{
	enum sasl_result r;

	if (n > SECRET_LINE_MAX)
		return bad(s);
	r = sasl_judge(s, vault_device_plain(*s->vault, s->user, secret, n,
	    &s->device));
	s->done = r == SASL_DONE;
	return r;
}

/* RFC 4616: [authzid] NUL authcid NUL passwd; nobody acts for another. */
static enum sasl_result
plain(struct sasl *s, const char *p, size_t n)
{
	const char *end = p + n, *user, *secret;

	user = n > 0 ? memchr(p, '\0', n) : NULL;
	if (user == NULL)
		return bad(s);
	user++;
	secret = memchr(user, '\0', (size_t)(end - user));
	if (secret == NULL)
		return bad(s);
	secret++;
	if (memchr(secret, '\0', (size_t)(end - secret)) != NULL ||
	    secret == end ||
	    !keep_user(s, user, (size_t)(secret - user) - 1))
		return bad(s);
	if (*p != '\0' && strcasecmp(p, s->user) != 0) {
		s->step = 0;
		s->why = "nobody here acts for somebody else";
		return SASL_FAILED;
	}
	return check(s, secret, (size_t)(end - secret));
}

static enum sasl_result
login(struct sasl *s, const char *p, size_t n, struct buf *out)
{
	if (s->step == 1) {
		if (!keep_user(s, p, n))
			return bad(s);
		s->step = 2;
		return buf_adds(out, "Password:") == -1 ?
		    sasl_judge(s, CRYPTO_NOMEM) : SASL_MORE;
	}
	if (n == 0)
		return bad(s);
	return check(s, p, n);
}

/* ---- any ---- */

static const char *
find(const char *name, enum sasl_kind *kind)
{
	size_t i;

	for (i = 0; i < sizeof mechs / sizeof mechs[0]; i++)
		if (strcasecmp(name, mechs[i].name) == 0) {
			*kind = mechs[i].kind;
			return mechs[i].name;
		}
	return NULL;
}

enum sasl_result
sasl_start(struct sasl *s, const char *mech, const void *initial, size_t n,
    struct buf *out)
{
	sasl_abort(s);
	s->done = false;
	s->user[0] = '\0';
	buf_reset(&s->gs2);
	buf_reset(&s->nonce);
	if (find(mech, &s->kind) == NULL ||
	    (s->kind == SASL_SCRAM_PLUS && !binds(s))) {
		s->why = "no such mechanism here";
		return SASL_UNKNOWN;
	}
	s->step = 1;
	if (initial != NULL)
		return sasl_step(s, initial, n, out);
	if (s->kind == SASL_LOGIN && buf_adds(out, "Username:") == -1)
		return sasl_judge(s, CRYPTO_NOMEM);
	return SASL_MORE;
}

enum sasl_result
sasl_step(struct sasl *s, const void *p, size_t n, struct buf *out)
{
	const char *text = n > 0 ? p : "";
	enum sasl_result r;

	if (s->step == 0 || n > SASL_MESSAGE_MAX)
		return bad(s);
	if (s->kind == SASL_PLAIN)
		r = plain(s, text, n);
	else if (s->kind == SASL_LOGIN)
		r = login(s, text, n, out);
	else if (s->step == 1)
		r = sasl_scram_first(s, text, n, out);
	else if (s->step == 2)
		r = sasl_scram_final(s, text, n, out);
	else
		r = n == 0 && s->right ? SASL_DONE : SASL_BAD;
	if (r == SASL_BAD)
		return bad(s);
	if (r != SASL_MORE)
		s->step = 0;
	s->done = r == SASL_DONE;
	return r;
}

/* One answer of the client, decoded into msg. */
static enum sasl_result
hear(char *text, size_t n, struct buf *msg)
{
	enum sasl_result r = SASL_MORE;

	if (text == NULL)
		return SASL_LOST;
	if (n == 1 && *text == '*')
		return SASL_OVER;
	buf_wipe(msg);
	if (codec_base64_get(msg, text, n, false) == -1)
		r = SASL_CODING;
	mem_wipe(text, n);
	return r;
}

bool
sasl_initial(struct buf *out, const char *p, size_t n)
{
	return (n == 1 && *p == '=') ||
	    codec_base64_get(out, p, n, false) == 0;
}

enum sasl_result
sasl_login(struct sasl *s, const char *user, const char *password)
{
	(void)sasl_start(s, "PLAIN", NULL, 0, NULL);
	if (!keep_user(s, user, strlen(user)))
		return bad(s);
	s->step = 0;
	return check(s, password, strlen(password));
}

enum sasl_result
sasl_talk(struct sasl *s, const char *mech, const struct buf *initial,
    char *(*ask)(void *, const char *, size_t *), void *arg)
{
	struct buf out, line, msg;
	enum sasl_result r;
	size_t n = 0;
	char *text;

	buf_init(&out, SASL_MESSAGE_MAX);
	buf_init(&line, SASL_LINE_MAX);
	buf_init(&msg, SASL_MESSAGE_MAX);
	r = sasl_start(s, mech, initial == NULL ? NULL : initial->len > 0 ?
	    (const void *)initial->data : "", initial != NULL ?
	    initial->len : 0, &out);
	while (r == SASL_MORE) {
		buf_reset(&line);
		(void)codec_base64_put(&line, out.data, out.len);
		buf_reset(&out);
		text = ask(arg, line.len > 0 ? buf_str(&line) : "", &n);
		r = hear(text, n, &msg);
		if (r == SASL_MORE)
			r = sasl_step(s, msg.data, msg.len, &out);
		else
			sasl_abort(s);
	}
	buf_wipe(&msg);
	buf_clear(&msg);
	buf_clear(&line);
	buf_clear(&out);
	return r;
}
