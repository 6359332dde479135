#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/tls_ctx.h"
#include "mailnode/base/clock.h"

struct tls {
	SSL		*ssl;
	int		 fd;
	enum tls_verify	 how;
	bool		 client;
	bool		 closed;	/* close_notify was sent */
	bool		 ours;		/* it was we who failed */
	char		 error[TLS_TEXT_MAX];
};

static struct tls *
tls_new(SSL_CTX *ctx, int fd)
{
	struct tls *t = calloc(1, sizeof *t);
	int flags = fcntl(fd, F_GETFL);

	if (t == NULL)
		return NULL;
	t->fd = fd;
	t->ssl = SSL_new(ctx);
	if (t->ssl == NULL || SSL_set_fd(t->ssl, fd) != 1 || flags == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1) {
		tls_free(t);
		return NULL;
	}
	return t;
}

struct tls *
tls_accept(struct tls_server *s, int fd, tls_sign_fn *fn, void *arg)
{
	struct tls *t = tls_new(s->ctx, fd);

	if (t == NULL)
		return NULL;
	s->key.fn = fn;
	s->key.arg = arg;
	SSL_set_accept_state(t->ssl);
	return t;
}

/* RFC 6125: the name the owner configured, never one that DNS gave.  An
 * address literal is checked as such and not sent as SNI (RFC 6066). */
static int
expect_name(struct tls *t, const char *hostname)
{
	X509_VERIFY_PARAM *vp = SSL_get0_param(t->ssl);
	uint8_t addr[sizeof(struct in6_addr)];

	X509_VERIFY_PARAM_set_hostflags(vp,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (inet_pton(AF_INET, hostname, addr) == 1 ||
	    inet_pton(AF_INET6, hostname, addr) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(vp, hostname);
	if (SSL_set_tlsext_host_name(t->ssl, hostname) != 1)
		return 0;
	return X509_VERIFY_PARAM_set1_host(vp, hostname, 0);
}

struct tls *
tls_connect(struct tls_client *c, int fd, const char *hostname)
{
	struct tls *t = tls_new(c->ctx, fd);

	if (t == NULL)
		return NULL;
	t->client = true;
	t->how = c->trust.how;
	SSL_set_connect_state(t->ssl);
	if (hostname[0] == '\0' || expect_name(t, hostname) != 1) {
		tls_free(t);
		return NULL;
	}
	return t;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	free(t);
}

static void
set_error(struct tls *t, const char *what, const char *why)
{
	char *p;

	snprintf(t->error, sizeof t->error, "%s: %s", what, why);
	for (p = t->error; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

/* The oldest entry of the queue is the cause, the later ones its echoes. */
static void
explain(struct tls *t, const char *what, int code)
{
	int saved = errno;
	unsigned long e = ERR_get_error();
	long verify = t->client ? SSL_get_verify_result(t->ssl) : X509_V_OK;
	const char *why = e != 0 ? ERR_reason_error_string(e) : NULL;

	if (ERR_GET_REASON(e) == SSL_R_CERTIFICATE_VERIFY_FAILED &&
	    t->how == TLS_VERIFY_PIN)
		why = "the key is not the pinned one";
	else if (ERR_GET_REASON(e) == SSL_R_CERTIFICATE_VERIFY_FAILED &&
	    verify != X509_V_OK)
		why = X509_verify_cert_error_string(verify);
	else if (ERR_GET_REASON(e) == SSL_R_WRONG_VERSION_NUMBER)
		why = "what came is no TLS";	/* STARTTLS was wanted */
	else if (why == NULL && code == SSL_ERROR_SYSCALL && saved != 0)
		why = strerror(saved);
	set_error(t, what, why != NULL ? why : "connection closed");
	t->ours = e != 0 && (ERR_GET_LIB(e) != ERR_LIB_SSL ||
	    ERR_GET_REASON(e) == ERR_R_INTERNAL_ERROR ||
	    ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE);
}

static int
outcome(struct tls *t, const char *what, int rc)
{
	int code = SSL_get_error(t->ssl, rc);

	switch (code) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	}
	explain(t, what, code);
	ERR_clear_error();
	return TLS_ERROR;
}

int
tls_handshake(struct tls *t)
{
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_do_handshake(t->ssl);
	if (rc == 1)
		return 0;
	rc = outcome(t, "TLS handshake", rc);
	if (rc == 0) {
		set_error(t, "TLS handshake", "closed by the peer");
		rc = TLS_ERROR;
	}
	return rc;
}

int
tls_handshake_until(struct tls *t, int64_t until_ms)
{
	struct pollfd p = { .fd = t->fd };
	int64_t left;
	int rc;

	while ((rc = tls_handshake(t)) != 0 && rc != TLS_ERROR) {
		p.events = rc == TLS_WANT_READ ? POLLIN : POLLOUT;
		left = until_ms - clock_mono_ms();
		if (left > INT32_MAX)
			left = INT32_MAX;
		if (left <= 0) {
			set_error(t, "TLS handshake", "timed out");
			return TLS_ERROR;
		}
		if (poll(&p, 1, (int)left) == -1 && errno != EINTR) {
			set_error(t, "TLS handshake", strerror(errno));
			return TLS_ERROR;
		}
	}
	return rc;
}

/* Many peers drop the connection without close_notify.  That is an end
 * too: mail protocols say themselves when something is complete. */
static bool
unclean_end(const SSL *ssl, int rc)
{
	int code = SSL_get_error(ssl, rc);

	return (code == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) ==
	    SSL_R_UNEXPECTED_EOF_WHILE_READING) ||
	    (code == SSL_ERROR_SYSCALL && ERR_peek_error() == 0 &&
	    errno == 0);
}

ssize_t
tls_read(struct tls *t, void *p, size_t n)
{
	size_t got = 0;
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_read_ex(t->ssl, p, n, &got);
	if (rc == 1)
		return (ssize_t)got;
	if (unclean_end(t->ssl, rc)) {
		ERR_clear_error();
		return 0;
	}
	return outcome(t, "TLS read", rc);
}

ssize_t
tls_write(struct tls *t, const void *p, size_t n)
{
	size_t put = 0;
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_write_ex(t->ssl, p, n, &put);
	if (rc == 1)
		return (ssize_t)put;
	rc = outcome(t, "TLS write", rc);
	if (rc == 0) {
		set_error(t, "TLS write", "closed by the peer");
		rc = TLS_ERROR;
	}
	return rc;
}

void
tls_close(struct tls *t)
{
	if (t->closed || !SSL_is_init_finished(t->ssl))
		return;
	t->closed = true;
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

void
tls_info(const struct tls *t, struct tls_info *out)
{
	X509 *leaf = SSL_get0_peer_certificate(t->ssl);

	memset(out, 0, sizeof *out);
	snprintf(out->version, sizeof out->version, "%s",
	    SSL_get_version(t->ssl));
	snprintf(out->cipher, sizeof out->cipher, "%s",
	    SSL_get_cipher_name(t->ssl));
	if (leaf != NULL)
		(void)tls_spki(leaf, out->spki);
	out->verified = t->client && t->how != TLS_VERIFY_NONE &&
	    SSL_is_init_finished(t->ssl) && leaf != NULL;
	if (!out->verified)
		snprintf(out->why, sizeof out->why, "%s",
		    t->error[0] != '\0' ? t->error :
		    t->client && t->how == TLS_VERIFY_NONE ?
		    "not asked for" : "no certificate");
}

/* Only with TLS 1.3: before it tls-exporter is not the default binding,
 * and is safe only with an extended master secret (RFC 9266 section 4.2). */
int
tls_binding(const struct tls *t, uint8_t out[TLS_BINDING])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (!SSL_is_init_finished(t->ssl) ||
	    SSL_version(t->ssl) != TLS1_3_VERSION)
		return -1;
	return SSL_export_keying_material(t->ssl, out, TLS_BINDING, label,
	    sizeof label - 1, NULL, 0, 1) == 1 ? 0 : -1;
}

int
tls_end_point(const struct tls *t, uint8_t out[TLS_END_POINT_MAX], size_t *n)
{
	X509 *cert = SSL_get_certificate(t->ssl);
	const EVP_MD *md;
	unsigned int len = 0;
	int hash = NID_undef;

	*n = 0;
	if (cert == NULL || OBJ_find_sigid_algs(X509_get_signature_nid(cert),
	    &hash, NULL) != 1)
		return -1;
	/* weaker ones are lifted to SHA-256 */
	if (hash == NID_md5 || hash == NID_sha1)
		hash = NID_sha256;
	md = EVP_get_digestbynid(hash);
	if (md == NULL || EVP_MD_get_size(md) > TLS_END_POINT_MAX ||
	    X509_digest(cert, md, out, &len) != 1)
		return -1;
	*n = len;
	return 0;
}

bool
tls_peer_failed(const struct tls *t)
{
	return t->error[0] != '\0' && !t->ours;
}

const char *
tls_error(const struct tls *t)
{
	return t->error;
}
