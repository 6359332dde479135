#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "crypto/tls.h"
#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"

enum { TURNS = 1000, DAY_S = 24 * 3600 };

static const char *const names[] = { "mail.example.org", "alt.example.org" };

struct side {
	struct sign_key		*key;
	struct buf		 spki, pem;
	struct cert_subject	 subject;
	bool			 refuse;
};

static enum crypto_err
local_sign(void *arg, enum tls_sign how, const uint8_t *in, size_t n,
    struct buf *sig)
{
	struct side *s = arg;

	return s->refuse ? CRYPTO_LOCKED : sign_tls(s->key, how, in, n, sig);
}

static void
side_init(struct side *s, enum sign_alg alg, unsigned int days)
{
	struct secret *sec;

	memset(s, 0, sizeof *s);
	buf_init(&s->spki, SIGN_PUB_MAX);
	buf_init(&s->pem, TLS_PEM_MAX);
	assert_int_equal(sign_generate(alg, &sec), CRYPTO_OK);
	assert_int_equal(sign_private(alg, sec, &s->key), CRYPTO_OK);
	secret_free(sec);
	assert_int_equal(sign_key_public(s->key, &s->spki), CRYPTO_OK);
	s->subject = (struct cert_subject){ s->spki.data, s->spki.len, names,
	    2 };
	assert_int_equal(cert_self_signed(&s->subject, days, local_sign, s,
	    &s->pem), CRYPTO_OK);
}

static void
side_clear(struct side *s)
{
	sign_key_free(s->key);
	buf_clear(&s->spki);
	buf_clear(&s->pem);
}

struct pair {
	int			 fd[2];
	struct tls_server	*server;
	struct tls_client	*client;
	struct tls		*a, *c;
};

static void
pair_init(struct pair *p, struct side *s, const struct tls_trust *trust,
    const char *name)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, p->fd), 0);
	assert_int_equal(tls_server_new(s->pem.data, s->pem.len, &p->server),
	    CRYPTO_OK);
	assert_int_equal(tls_client_new(trust, &p->client), CRYPTO_OK);
	p->a = tls_accept(p->server, p->fd[0], local_sign, s);
	p->c = tls_connect(p->client, p->fd[1], name);
	assert_non_null(p->a);
	assert_non_null(p->c);
}

/* 0 when both sides are through, else -1. */
static int
shake(struct pair *p)
{
	int i, ra = TLS_WANT_READ, rc = TLS_WANT_READ;

	for (i = 0; i < TURNS; i++) {
		if (rc != 0 && rc != TLS_ERROR)
			rc = tls_handshake(p->c);
		if (ra != 0 && ra != TLS_ERROR)
			ra = tls_handshake(p->a);
		if (rc == TLS_ERROR || ra == TLS_ERROR)
			return -1;
		if (rc == 0 && ra == 0)
			return 0;
	}
	return -1;
}

static void
pair_clear(struct pair *p)
{
	tls_free(p->a);
	tls_free(p->c);
	tls_server_free(p->server);
	tls_client_free(p->client);
	close(p->fd[0]);
	close(p->fd[1]);
}

static struct tls_trust
pin_of(const struct side *s)
{
	struct tls_trust t = { .how = TLS_VERIFY_PIN };

	sha256_of(s->spki.data, s->spki.len, t.pin);
	return t;
}

static void
talks(enum sign_alg alg)
{
	struct side s;
	struct pair p;
	struct tls_trust t;
	struct tls_info info;
	uint8_t ba[TLS_BINDING], bc[TLS_BINDING];
	char got[16];

	side_init(&s, alg, 30);
	t = pin_of(&s);
	pair_init(&p, &s, &t, "whatever.example");
	assert_int_equal(shake(&p), 0);
	tls_info(p.c, &info);
	assert_string_equal(info.version, "TLSv1.3");
	assert_true(info.verified);
	assert_memory_equal(info.spki, t.pin, sizeof t.pin);
	assert_int_equal(tls_read(p.a, got, sizeof got), TLS_WANT_READ);
	assert_int_equal(tls_write(p.c, "hello", 5), 5);
	assert_int_equal(tls_read(p.a, got, 2), 2);
	assert_int_equal(tls_read(p.a, got + 2, sizeof got - 2), 3);
	assert_memory_equal(got, "hello", 5);
	assert_int_equal(tls_binding(p.a, ba), 0);
	assert_int_equal(tls_binding(p.c, bc), 0);
	assert_memory_equal(ba, bc, sizeof ba);
	tls_close(p.c);
	assert_int_equal(tls_read(p.a, got, sizeof got), 0);
	pair_clear(&p);
	side_clear(&s);
}

static void
p256_key_elsewhere(void **state)
{
	(void)state;
	talks(SIGN_P256);
}

static void
rsa_key_elsewhere(void **state)
{
	(void)state;
	talks(SIGN_RSA);
}

static void
fails_when_the_key_is_refused(void **state)
{
	struct side s;
	struct pair p;
	struct tls_trust t = { .how = TLS_VERIFY_NONE };

	(void)state;
	side_init(&s, SIGN_P256, 30);
	s.refuse = true;
	pair_init(&p, &s, &t, "x.example");
	assert_int_equal(shake(&p), -1);
	pair_clear(&p);
	side_clear(&s);
}

/* Each way of verifying, against the right and the wrong server. */
static void
verifies_as_told(void **state)
{
	char path[] = "/tmp/crypto_tls.XXXXXX";
	struct side s, other;
	struct tls_trust pin, file = { .how = TLS_VERIFY_FILE, .file = path },
	    wrong, any = { .how = TLS_VERIFY_NONE }, sys = {
	    .how = TLS_VERIFY_SYSTEM };
	const struct {
		const struct tls_trust	*trust;
		const char		*name;
		const char		*error;	/* part of it; NULL: works */
		bool			 verified;
	} cases[] = {
		{ &pin, "any.example", NULL, true },
		{ &wrong, "mail.example.org", "pinned", false },
		{ &file, "mail.example.org", NULL, true },
		{ &file, "alt.example.org", NULL, true },
		{ &file, "other.example.org", "ostname mismatch", false },
		{ &file, "127.0.0.1", "IP address mismatch", false },
		{ &any, "other.example.org", NULL, false },
		{ &sys, "mail.example.org", "self-signed", false },
	};
	struct pair p;
	struct tls_info info;
	size_t i;
	int fd = mkstemp(path);

	(void)state;
	side_init(&s, SIGN_P256, 30);
	side_init(&other, SIGN_P256, 30);
	pin = pin_of(&s);
	wrong = pin_of(&other);
	assert_int_equal(write(fd, s.pem.data, s.pem.len), s.pem.len);
	close(fd);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		pair_init(&p, &s, cases[i].trust, cases[i].name);
		assert_int_equal(shake(&p), cases[i].error ? -1 : 0);
		if (cases[i].error != NULL)
			assert_non_null(strstr(tls_error(p.c),
			    cases[i].error));
		tls_info(p.c, &info);
		assert_int_equal(info.verified, cases[i].verified);
		pair_clear(&p);
	}
	unlink(path);
	side_clear(&s);
	side_clear(&other);
}

static void
what_is_no_tls_is_an_error(void **state)
{
	struct side s;
	struct pair p;
	struct tls_trust t = { .how = TLS_VERIFY_NONE };

	(void)state;
	side_init(&s, SIGN_P256, 30);
	pair_init(&p, &s, &t, "x.example");
	assert_int_equal(write(p.fd[1], "EHLO x\r\n", 8), 8);
	assert_int_equal(tls_handshake_until(p.a, clock_mono_ms() + 5000),
	    TLS_ERROR);
	assert_string_not_equal(tls_error(p.a), "");
	pair_clear(&p);
	/* a server that wants STARTTLS first */
	pair_init(&p, &s, &t, "x.example");
	assert_int_equal(write(p.fd[0], "220 x ESMTP\r\n", 13), 13);
	assert_int_equal(tls_handshake_until(p.c, clock_mono_ms() + 5000),
	    TLS_ERROR);
	assert_non_null(strstr(tls_error(p.c), "what came is no TLS"));
	pair_clear(&p);
	/* a peer that is gone, and one that says nothing */
	pair_init(&p, &s, &t, "x.example");
	close(p.fd[1]);
	assert_int_equal(tls_handshake(p.a), TLS_ERROR);
	p.fd[1] = -1;
	pair_clear(&p);
	pair_init(&p, &s, &t, "x.example");
	assert_int_equal(tls_handshake_until(p.a, clock_mono_ms() + 20),
	    TLS_ERROR);
	assert_non_null(strstr(tls_error(p.a), "timed out"));
	pair_clear(&p);
	side_clear(&s);
}

static void
cut_without_close_notify_is_an_end(void **state)
{
	struct side s;
	struct pair p;
	struct tls_trust t = { .how = TLS_VERIFY_NONE };
	char got[8];

	(void)state;
	side_init(&s, SIGN_P256, 30);
	pair_init(&p, &s, &t, "x.example");
	assert_int_equal(shake(&p), 0);
	close(p.fd[1]);
	p.fd[1] = -1;
	assert_int_equal(tls_read(p.a, got, sizeof got), 0);
	pair_clear(&p);
	side_clear(&s);
}

static void
trust_is_spelled(void **state)
{
	static const char pin[] = "sha256:000102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f";
	struct tls_trust t;

	(void)state;
	assert_int_equal(tls_trust_parse(NULL, &t), 0);
	assert_int_equal(t.how, TLS_VERIFY_SYSTEM);
	assert_int_equal(tls_trust_parse("/etc/ca.pem", &t), 0);
	assert_int_equal(t.how, TLS_VERIFY_FILE);
	assert_string_equal(t.file, "/etc/ca.pem");
	assert_int_equal(tls_trust_parse(pin, &t), 0);
	assert_int_equal(t.how, TLS_VERIFY_PIN);
	assert_int_equal(t.pin[31], 31);
	assert_int_equal(tls_trust_parse("sha256:00", &t), -1);
	assert_int_equal(tls_trust_parse("sha256:zz", &t), -1);
	assert_int_equal(tls_trust_parse("ca.pem", &t), -1);
	assert_int_equal(tls_trust_parse("", &t), -1);
	t.how = TLS_VERIFY_FILE;
	t.file = "/nonexistent/ca.pem";
	{
		struct tls_client *c;

		assert_int_equal(tls_client_new(&t, &c), CRYPTO_CERT);
		assert_null(c);
	}
}

static void
chains_that_are_none(void **state)
{
	static const char *const bad[] = { "x",
	    "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
	    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	};
	struct tls_server *srv;
	struct side s;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(tls_server_new(bad[i], strlen(bad[i]), &srv),
		    CRYPTO_CERT);
	assert_int_equal(tls_server_new("", 0, &srv), CRYPTO_CERT);
	/* a good leaf, then rubbish */
	side_init(&s, SIGN_P256, 1);
	buf_adds(&s.pem, bad[2]);
	assert_int_equal(tls_server_new(s.pem.data, s.pem.len, &srv),
	    CRYPTO_CERT);
	assert_null(srv);
	side_clear(&s);
}

static void
certificates_are_checked_before_use(void **state)
{
	static const char *const others[] = { "other.example.net" };
	struct side s, o;
	struct cert_subject wrong;
	struct cert_info info;
	int64_t now = clock_wall_s();

	(void)state;
	side_init(&s, SIGN_P256, 30);
	side_init(&o, SIGN_RSA, 30);
	assert_int_equal(cert_info(s.pem.data, s.pem.len, &info), CRYPTO_OK);
	assert_string_equal(info.subject, "CN=mail.example.org");
	assert_string_equal(info.names, "mail.example.org alt.example.org");
	assert_true(info.self_signed);
	assert_in_range(info.not_after, now + 30 * DAY_S - 60,
	    now + 30 * DAY_S + 60);
	assert_int_equal(cert_check(s.pem.data, s.pem.len, &s.subject, now),
	    CRYPTO_OK);
	assert_int_equal(cert_check(s.pem.data, s.pem.len, &o.subject, now),
	    CRYPTO_MISMATCH);
	wrong = s.subject;
	wrong.names = others;
	wrong.nnames = 1;
	assert_int_equal(cert_check(s.pem.data, s.pem.len, &wrong, now),
	    CRYPTO_CERTNAME);
	assert_int_equal(cert_check(s.pem.data, s.pem.len, &s.subject,
	    now + 31 * DAY_S), CRYPTO_CERTDATE);
	assert_int_equal(cert_check(s.pem.data, s.pem.len, &s.subject,
	    now - DAY_S), CRYPTO_CERTDATE);
	/* another's certificate behind ours did not sign it */
	buf_add(&s.pem, o.pem.data, o.pem.len);
	assert_int_equal(cert_check(s.pem.data, s.pem.len, &s.subject, now),
	    CRYPTO_CHAIN);
	assert_int_equal(cert_check("x", 1, &s.subject, now), CRYPTO_CERT);
	side_clear(&s);
	side_clear(&o);
}

/* Its own authority, here: whoever trusts another does not believe it. */
static void
an_authority_stands_behind_a_chain_or_none(void **state)
{
	char path[] = "/tmp/mailnode-cert.XXXXXX";
	struct tls_trust file = { .how = TLS_VERIFY_FILE, .file = path },
	    all = { .how = TLS_VERIFY_SYSTEM };
	int fd = mkstemp(path);
	struct side s, o;

	(void)state;
	assert_int_not_equal(fd, -1);
	side_init(&s, SIGN_P256, 30);
	side_init(&o, SIGN_P256, 30);
	assert_int_equal(write(fd, s.pem.data, s.pem.len),
	    (ssize_t)s.pem.len);
	assert_true(cert_believed(s.pem.data, s.pem.len, &file));
	assert_false(cert_believed(o.pem.data, o.pem.len, &file));
	assert_false(cert_believed(s.pem.data, s.pem.len, &all));
	assert_false(cert_believed("x", 1, &file));
	close(fd);
	unlink(path);
	assert_false(cert_believed(s.pem.data, s.pem.len, &file));
	side_clear(&s);
	side_clear(&o);
}

static void
requests_are_signed(void **state)
{
	struct side s;
	struct buf pem;

	(void)state;
	side_init(&s, SIGN_P256, 30);
	buf_init(&pem, TLS_PEM_MAX);
	assert_int_equal(cert_request(&s.subject, local_sign, &s, &pem),
	    CRYPTO_OK);
	assert_non_null(strstr(buf_str(&pem), "BEGIN CERTIFICATE REQUEST"));
	buf_reset(&pem);
	s.refuse = true;
	assert_int_equal(cert_request(&s.subject, local_sign, &s, &pem),
	    CRYPTO_INTERNAL);
	assert_int_equal(pem.len, 0);
	buf_clear(&pem);
	side_clear(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p256_key_elsewhere),
		cmocka_unit_test(rsa_key_elsewhere),
		cmocka_unit_test(fails_when_the_key_is_refused),
		cmocka_unit_test(verifies_as_told),
		cmocka_unit_test(what_is_no_tls_is_an_error),
		cmocka_unit_test(cut_without_close_notify_is_an_end),
		cmocka_unit_test(trust_is_spelled),
		cmocka_unit_test(chains_that_are_none),
		cmocka_unit_test(certificates_are_checked_before_use),
		cmocka_unit_test(an_authority_stands_behind_a_chain_or_none),
		cmocka_unit_test(requests_are_signed),
	};

	signal(SIGPIPE, SIG_IGN);
	if (crypto_init() == -1 || tls_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
