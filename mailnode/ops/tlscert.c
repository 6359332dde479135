#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/ops/replace.h"
#include "mailnode/ops/tlscert.h"

enum crypto_err
tlscert_subject(const struct safe *s, struct cert_subject *out)
{
	const struct vault_entry *e;

	if (s->v == NULL)
		return s->trouble;
	e = vault_find(s->v, "tls/key");
	if (e == NULL)
		return CRYPTO_ABSENT;
	*out = (struct cert_subject){ e->pub, e->pub_len, &conf.hostname, 1 };
	return CRYPTO_OK;
}

enum crypto_err
tlscert_read(const struct safe *s, struct buf *pem)
{
	if (file_read(s->dir, "tls/chain.pem", pem) == 0)
		return CRYPTO_OK;
	return errno == ENOENT ? CRYPTO_ABSENT :
	    errno == EFBIG ? CRYPTO_CERT : CRYPTO_SYSTEM;
}

/* Sessions read the file when they begin, so a rename is all it takes for
 * the next connection to have it. */
static enum crypto_err
put_chain(const struct safe *s, const struct buf *pem)
{
	enum crypto_err e = CRYPTO_SYSTEM;
	int fd;

	if (mkdirat(s->dir, "tls", 0700) == 0 ? fsync(s->dir) == -1 :
	    errno != EEXIST)
		return e;
	fd = openat(s->dir, "tls", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return e;
	if (file_replace(fd, "chain.pem", 0600, pem->data, pem->len) == 0)
		e = CRYPTO_OK;
	(void)close(fd);
	return e;
}

enum crypto_err
tlscert_self_sign(struct safe *s)
{
	struct cert_subject subject;
	struct buf pem;
	enum crypto_err e = tlscert_subject(s, &subject);

	buf_init(&pem, TLS_PEM_MAX);
	if (e == CRYPTO_OK)
		e = cert_self_signed(&subject, TLSCERT_SELF_DAYS,
		    safe_tls_sign, s, &pem);
	if (e == CRYPTO_OK)
		e = put_chain(s, &pem);
	buf_clear(&pem);
	return e;
}

enum crypto_err
tlscert_install(struct safe *s, const struct buf *pem)
{
	struct cert_subject subject;
	struct tls_server *server;
	enum crypto_err e = tlscert_subject(s, &subject);

	if (e == CRYPTO_OK)
		e = cert_check(pem->data, pem->len, &subject, clock_wall_s());
	/* what cannot serve must not replace what does */
	if (e == CRYPTO_OK)
		e = tls_server_new(pem->data, pem->len, &server);
	if (e != CRYPTO_OK)
		return e;
	tls_server_free(server);
	return put_chain(s, pem);
}

bool
tlscert_believed(const struct buf *pem)
{
	static const struct tls_trust all = { .how = TLS_VERIFY_SYSTEM };

	return cert_believed(pem->data, pem->len, &all);
}
