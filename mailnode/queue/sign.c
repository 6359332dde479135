#include <string.h>
#include <unistd.h>

#include "crypto/op_vault.h"
#include "mailnode/auth/dkim_sign.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/queue/sign.h"

enum { PIECE = 64 * 1024 };	/* octets read at once */

static enum sign_result
from_vault(enum crypto_err e, const char **why)
{
	if (e == CRYPTO_OK)
		return SIGN_OK;
	if (e == CRYPTO_LOCKED)
		return SIGN_LOCKED;
	*why = crypto_err_text(e);
	return SIGN_LATER;
}

size_t
sign_choose(const struct vault_dkim *all, size_t n, struct vault_dkim *out)
{
	size_t i, found = 0;

	for (i = 0; i < n; i++)
		if (all[i].alg != SIGN_ED25519 || conf.sign_ed25519)
			out[found++] = all[i];
	return found;
}

static enum sign_result
get_keys(int vault, struct vault_dkim *keys, size_t *n, const char **why)
{
	struct vault_dkim all[DKIM_SIGN_KEYS];
	enum crypto_err e;
	size_t found;

	*n = 0;
	e = vault_dkim_keys(vault, all, DKIM_SIGN_KEYS, &found);
	if (e == CRYPTO_ABSENT)
		return SIGN_OK;
	if (e != CRYPTO_OK)
		return from_vault(e, why);
	*n = sign_choose(all, found, keys);
	return SIGN_OK;
}

/* Line ends as SMTP has them, and no NUL. */
struct check {
	bool	cr;
	bool	bad;
};

static void
check_ends(struct check *c, const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && !c->bad; i++) {
		c->bad = p[i] == '\0' || (c->cr && p[i] != '\n') ||
		    (!c->cr && p[i] == '\n');
		c->cr = p[i] == '\r';
	}
}

static enum sign_result
feed(struct dkim_sign *s, int fd, uint64_t offset, uint64_t size,
    const char **why)
{
	static uint8_t piece[PIECE];
	struct check ends = { false, false };
	enum dkim_sign_err e = DKIM_SIGN_OK;
	uint64_t at = 0;
	ssize_t n;

	while (at < size && e == DKIM_SIGN_OK && !ends.bad) {
		n = pread(fd, piece, size - at < PIECE ?
		    (size_t)(size - at) : PIECE, (off_t)(offset + at));
		if (n <= 0) {
			*why = "the letter's file cannot be read";
			return SIGN_LATER;
		}
		check_ends(&ends, piece, (size_t)n);
		e = dkim_sign_feed(s, piece, (size_t)n);
		at += (uint64_t)n;
	}
	if (ends.bad || ends.cr) {
		*why = "554 5.6.0 the letter holds a bare CR, a bare LF or "
		    "a NUL";
		return SIGN_NEVER;
	}
	if (e == DKIM_SIGN_OK)
		e = dkim_sign_end(s);
	if (e == DKIM_SIGN_OK)
		return SIGN_OK;
	*why = e == DKIM_SIGN_NOFROM ? "554 5.6.0 the letter must have one "
	    "From field" : dkim_sign_err_text(e);
	return e == DKIM_SIGN_NOFROM || e == DKIM_SIGN_HEADER ? SIGN_NEVER :
	    SIGN_LATER;
}

static enum sign_result
put_fields(int vault, struct dkim_sign *s, const struct vault_dkim *keys,
    size_t n, struct buf *head, const char **why)
{
	enum sign_result rc = SIGN_OK;
	struct buf sig;
	size_t i;

	buf_init(&sig, DKIM_SIGN_FIELD_MAX);
	for (i = 0; i < n && rc == SIGN_OK; i++) {
		buf_reset(&sig);
		rc = from_vault(vault_dkim_sign(vault, &keys[i],
		    dkim_sign_digest(s, i), &sig), why);
		if (rc == SIGN_OK && dkim_sign_put(s, i, sig.data, sig.len,
		    head) != DKIM_SIGN_OK) {
			*why = "the signature could not be written";
			rc = SIGN_LATER;
		}
	}
	buf_clear(&sig);
	return rc;
}

enum sign_result
sign_letter(int vault, int fd, uint64_t offset, uint64_t size,
    const char *domain, struct buf *head, const char **why)
{
	struct dkim_sign_key key[DKIM_SIGN_KEYS];
	struct vault_dkim keys[DKIM_SIGN_KEYS];
	struct dkim_sign *s;
	enum sign_result rc;
	size_t n, i;

	*why = "";
	rc = get_keys(vault, keys, &n, why);
	if (rc != SIGN_OK)
		return rc;
	for (i = 0; i < n; i++) {
		key[i].selector = keys[i].selector;
		key[i].alg = keys[i].alg;
	}
	s = dkim_sign_new(domain, key, n, clock_wall_s());
	if (s == NULL) {
		*why = "out of memory";
		return SIGN_LATER;
	}
	rc = feed(s, fd, offset, size, why);
	if (rc == SIGN_OK)
		rc = put_fields(vault, s, keys, n, head, why);
	dkim_sign_free(s);
	return rc;
}
