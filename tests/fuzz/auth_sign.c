/*
 * auth/dkim_sign: what is signed asks for its key and has a body that
 * verifies; only the signature (which no key made here) does not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/dkim.h"
#include "mailnode/auth/dkim_sign.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
begin(void *arg, struct message *m)
{
	return dkim_verify_begin(arg, &m->header, &m->bodies);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct dkim_sign_key key = { "s1", SIGN_ED25519 };
	static const uint8_t sig[64] = { 1 };
	struct dkim_sign *s;
	struct dkim_verify *v;
	struct message m;
	struct buf b;

	s = dkim_sign_new("example.org", &key, 1, 1);
	if (s == NULL)
		abort();
	buf_init(&b, DKIM_SIGN_FIELD_MAX);
	if (dkim_sign_feed(s, p, n) == DKIM_SIGN_OK &&
	    dkim_sign_end(s) == DKIM_SIGN_OK) {
		if (dkim_sign_put(s, 0, sig, sizeof sig, &b) != DKIM_SIGN_OK)
			abort();
		v = dkim_verify_new(1, NULL);
		if (v == NULL)
			abort();
		message_init(&m, begin, v, NULL);
		if (message_feed(&m, b.data, b.len) ||
		    message_feed(&m, p, n) || message_end(&m))
			abort();
		dkim_verify_end(v, &m.bodies);
		message_clear(&m);
		/* A body hash that differs would need no key. */
		if (dkim_verify_result(v, 0)->result == DKIM_FAIL)
			abort();
		dkim_verify_free(v);
	}
	buf_clear(&b);
	dkim_sign_free(s);
	return 0;
}
