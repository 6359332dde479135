/* A session of a device before its login; logins with a real vault are in
 * smtp_sasl.c and tests/8101-submission.t. */
#include <time.h>

#include "tests/unit/smtp_fake.h"

static int no_vault = -1;
static unsigned int letters;

static const struct answer *
fake_letter(void *arg, const struct mail *m, const struct device *d,
    char detail[SUBMIT_DETAIL_MAX])
{
	static const struct answer taken = { 250, "2.0.0", "queued as" };

	(void)arg, (void)m, (void)d;
	detail[0] = '\0';
	letters++;
	return &taken;
}

static void
fake_seen(void *arg, const char *client)
{
	(void)arg, (void)client;
}

static const struct smtp_submit submit = { &no_vault, false, fake_letter,
    fake_seen };

static void
before(const char *name, const char *in, const char *want)
{
	struct run r;
	char got[4096];

	run_init(&r);
	r.fake.be.submit = &submit;
	codes(talk(&r, in), got, sizeof got);
	if (strcmp(got, want) != 0)
		fail_msg("%s: %s; want %s", name, got, want);
	assert_int_equal(r.fake.stored, 0);
	assert_int_equal(letters, 0);
	run_clear(&r);
}

static void
nothing_in_clear(void **state)
{
	(void)state;
	before("mail", HI "MAIL FROM:<me@node.test>\r\n" BYE,
	    "220 250 530 221");
	before("all verbs", HI "RCPT TO:<a@b.test>\r\nDATA\r\nVRFY a\r\n"
	    "EXPN a\r\n" BYE, "220 250 530 530 530 530 221");
	before("open ones", HI "NOOP\r\nRSET\r\nHELP\r\n" BYE,
	    "220 250 250 250 214 221");
	before("a chunk is read over", HI "BDAT 6\r\nQUIT\r\n" BYE,
	    "220 250 530 221");
	before("AUTH", HI "AUTH PLAIN AGEAYg==\r\n" BYE, "220 250 538 221");
	before("AUTH first", "AUTH LOGIN\r\n" BYE, "220 538 221");
	before("of no kind", HI "FOO\r\n" BYE, "220 250 500 221");
}

static void
port_25_has_no_login(void **state)
{
	(void)state;
	expect("AUTH", HI "AUTH PLAIN AGEAYg==\r\n" BYE,
	    strlen(HI "AUTH PLAIN AGEAYg==\r\n" BYE), "220 250 503 221", 0);
}

/* Whatever it says meanwhile, who does not log in has to go. */
static void
talking_is_no_login(void **state)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000000L };
	struct run r;
	int said = 0;

	(void)state;
	run_init(&r);
	r.fake.be.submit = &submit;
	r.start.limits.login_ms = 1000;
	run_start(&r);
	while (said < 100 && say(&r, "NOOP\r\n", 6) && !hear(&r, 0)) {
		said++;
		(void)nanosleep(&pause, NULL);
	}
	assert_true(said >= 2 && said < 60);
	assert_non_null(strstr(finish(&r), "421 4.4.2"));
	run_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_in_clear),
		cmocka_unit_test(port_25_has_no_login),
		cmocka_unit_test(talking_is_no_login),
	};

	return fake_main("smtp_submit", tests, sizeof tests /
	    sizeof tests[0]);
}
