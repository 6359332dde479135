#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "mailnode/node/chain.h"

static const char *const names[] = { "mail.example.org" };

static enum crypto_err
sign(void *arg, enum tls_sign how, const uint8_t *in, size_t n,
    struct buf *sig)
{
	return sign_tls(arg, how, in, n, sig);
}

static void
make(struct buf *pem, unsigned int days)
{
	struct cert_subject subject;
	struct secret *sec;
	struct sign_key *k;
	struct buf spki;

	buf_init(&spki, SIGN_PUB_MAX);
	assert_int_equal(sign_generate(SIGN_P256, &sec), CRYPTO_OK);
	assert_int_equal(sign_private(SIGN_P256, sec, &k), CRYPTO_OK);
	assert_int_equal(sign_key_public(k, &spki), CRYPTO_OK);
	subject = (struct cert_subject){ spki.data, spki.len, names, 1 };
	buf_init(pem, TLS_PEM_MAX);
	assert_int_equal(cert_self_signed(&subject, days, sign, k, pem),
	    CRYPTO_OK);
	buf_clear(&spki);
	sign_key_free(k);
	secret_free(sec);
}

static void
put(const char *dir, const void *p, size_t n)
{
	char path[256], aside[256];
	int fd;

	snprintf(path, sizeof path, "%s/tls/chain.pem", dir);
	snprintf(aside, sizeof aside, "%s/tls/new", dir);
	fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, p, n), n);
	close(fd);
	assert_int_equal(rename(aside, path), 0);
}

static void
follows_the_file(void **state)
{
	char dir[] = "/tmp/node_chain.XXXXXX", path[256];
	const char *why;
	struct tls_server *a, *b;
	static struct alarms alarms;
	struct buf pem;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/tls", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_null(chain_load(dir, &why));
	assert_null(why);
	make(&pem, 30);
	put(dir, pem.data, pem.len);
	a = chain_load(dir, &why);
	assert_non_null(a);
	assert_ptr_equal(chain_load(dir, &why), a);
	assert_ptr_equal(chain_loaded(), a);
	buf_clear(&pem);
	make(&pem, 30);
	put(dir, pem.data, pem.len);
	b = chain_load(dir, &why);
	assert_non_null(b);
	/* what cannot serve is named, and nothing is served */
	put(dir, "x", 1);
	assert_null(chain_load(dir, &why));
	assert_non_null(why);
	assert_null(chain_load(dir, &why));
	assert_non_null(why);
	chain_watch(dir, &alarms);
	assert_int_not_equal(alarms.at[0].since, 0);
	assert_non_null(strstr(alarms.at[0].text, "chain.pem"));
	put(dir, pem.data, pem.len);
	assert_non_null(chain_load(dir, &why));
	assert_null(why);
	chain_watch(dir, &alarms);
	assert_int_equal(alarms.at[0].since, 0);
	buf_clear(&pem);
	/* an end that is near is told, too */
	make(&pem, 13);
	put(dir, pem.data, pem.len);
	assert_true(chain_watch(dir, &alarms));
	assert_non_null(strstr(alarms.at[0].text, "the certificate ends on"));
	assert_false(chain_watch(dir, &alarms));
	assert_int_equal(alarms.at[0].times, 1);
	buf_clear(&pem);
	make(&pem, 15);
	put(dir, pem.data, pem.len);
	chain_watch(dir, &alarms);
	assert_int_equal(alarms.at[0].since, 0);
	snprintf(path, sizeof path, "%s/tls/chain.pem", dir);
	unlink(path);
	assert_null(chain_load(dir, &why));
	assert_null(why);
	snprintf(path, sizeof path, "%s/tls", dir);
	rmdir(path);
	rmdir(dir);
	buf_clear(&pem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_file),
	};

	if (crypto_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
