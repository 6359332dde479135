/* STARTTLS. */
#include "tests/unit/smtp_fake.h"

/* Reads over t until `what` has come. */
static void
hear_tls(struct run *r, struct tls *t, const char *what)
{
	struct pollfd p = { .fd = r->fd[0], .events = POLLIN };
	char part[4096];
	ssize_t n;

	while (strstr(buf_str(&r->out), what) == NULL) {
		n = tls_read(t, part, sizeof part);
		if (n > 0)
			buf_add(&r->out, part, (size_t)n);
		else if (n == TLS_WANT_READ)
			assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		else
			fail_msg("TLS ended before %s", what);
	}
}

static void
hear_plain(struct run *r, const char *what)
{
	while (strstr(buf_str(&r->out), what) == NULL)
		assert_false(hear(r, 10));
}

static void
starttls(void **state)
{
	struct tls_trust none = { .how = TLS_VERIFY_NONE };
	struct tls_client *client;
	struct tls *t;
	struct run r;

	(void)state;
	run_init(&r);
	tls_self_init(&r.fake.tls);
	assert_int_equal(tls_client_new(&none, &client), CRYPTO_OK);
	run_start(&r);
	assert_true(say(&r, HI ENV, strlen(HI ENV)));
	hear_plain(&r, "2.1.5");
	assert_non_null(strstr(buf_str(&r.out), "250-STARTTLS\r\n"));
	/* Whatever follows STARTTLS in the clear is forgotten, and so is the
	 * transaction. */
	assert_true(say(&r, "RSET\r\nSTARTTLS\r\nNOOP\r\nVRFY injected\r\n",
	    37));
	hear_plain(&r, "220 2.0.0");
	t = tls_connect(client, r.fd[0], "mail.example.org");
	assert_int_equal(tls_handshake_until(t, clock_mono_ms() + WAIT_MS), 0);
	buf_reset(&r.out);
	assert_true(tls_write(t, "MAIL FROM:<a@b>\r\n", 17) == 17);
	hear_tls(&r, t, "\r\n");
	assert_memory_equal(buf_str(&r.out), "503 5.5.1 say EHLO", 18);
	buf_reset(&r.out);
	assert_true(tls_write(t, HI "STARTTLS\r\n" ENV DATA BYE,
	    strlen(HI ENV DATA BYE) + 10) > 0);
	hear_tls(&r, t, "221 ");
	assert_null(strstr(buf_str(&r.out), "250-STARTTLS"));
	assert_null(strstr(buf_str(&r.out), "252 "));
	assert_non_null(strstr(buf_str(&r.out), "\r\n503 5.5.1 TLS is on"));
	tls_close(t);
	(void)finish(&r);
	assert_int_equal(r.fake.stored, 1);
	assert_non_null(strstr(buf_str(&r.fake.head), "with ESMTPS\r\n"
	    "\t(TLSv1.3 TLS_"));
	assert_non_null(strstr(r.fake.peer, "tls=TLSv1.3,TLS_"));
	tls_free(t);
	tls_client_free(client);
	tls_self_clear(&r.fake.tls);
	run_clear(&r);
}

static void
starttls_fails(void **state)
{
	struct run r;
	const char *out;

	(void)state;
	/* none to be had */
	run_init(&r);
	out = talk(&r, HI "STARTTLS\r\nSTARTTLS x\r\n" BYE);
	assert_non_null(strstr(out, "\r\n454 4.7.0"));
	assert_non_null(strstr(out, "\r\n501 5.5.4"));
	assert_non_null(strstr(out, "\r\n221"));
	run_clear(&r);
	/* no TLS comes: the plain words behind it are not obeyed */
	run_init(&r);
	tls_self_init(&r.fake.tls);
	out = talk(&r, HI "STARTTLS\r\n" HI ENV DATA BYE);
	assert_int_equal(r.fake.stored, 0);
	tls_self_clear(&r.fake.tls);
	run_clear(&r);
	run_init(&r);
	tls_self_init(&r.fake.tls);
	run_start(&r);
	assert_true(say(&r, HI "STARTTLS\r\n", strlen(HI) + 10));
	hear_plain(&r, "220 2.0.0");
	assert_true(say(&r, ENV DATA BYE, strlen(ENV DATA BYE)));
	(void)finish(&r);
	assert_int_equal(r.fake.stored, 0);
	assert_null(strstr(buf_str(&r.out), "250 2.1.0"));
	tls_self_clear(&r.fake.tls);
	run_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starttls),
		cmocka_unit_test(starttls_fails),
	};

	return fake_main("smtp_tls", tests, sizeof tests / sizeof tests[0]);
}
