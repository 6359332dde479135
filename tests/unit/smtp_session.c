/* What sessions answer and keep; no relay. */
#include "tests/unit/smtp_fake.h"

/* ---- dialogues ---- */

static const struct {
	const char	*name, *in, *codes;
	unsigned int	 stored;
} dialogues[] = {
	{ "nothing", "", "220", 0 },
	{ "quit", BYE, "220 221", 0 },
	{ "one", HI ENV DATA BYE, "220 250 250 250 354 250 221", 1 },
	{ "HELO", "HELO x\r\n" ENV DATA BYE, "220 250 250 250 354 250 221",
	    1 },
	{ "two in a session", HI ENV DATA ENV DATA BYE,
	    "220 250 250 250 354 250 250 250 354 250 221", 2 },
	{ "small letters", "ehlo x\r\nmail from:<>\r\n"
	    "rcpt to:<ME@example.org>\r\nrcpt to:<me@EXAMPLE.org>\r\n"
	    "data\r\n.\r\nquit\r\n", "220 250 250 550 250 354 250 221", 1 },
	{ "order", "MAIL FROM:<a@b>\r\nRCPT TO:<me@example.org>\r\nDATA\r\n"
	    "STARTTLS\r\n" HI "RCPT TO:<me@example.org>\r\nDATA\r\n"
	    "MAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nDATA\r\nQUIT\r\n",
	    "220 503 503 503 503 250 503 503 250 503 503 221", 0 },
	{ "any time", "NOOP\r\nRSET\r\nVRFY me\r\nHELP\r\nEXPN x\r\n"
	    "AUTH PLAIN\r\nFOO\r\n\r\n" BYE,
	    "220 250 250 252 214 502 503 500 500 221", 0 },
	{ "arguments", HI "DATA x\r\nRSET x\r\nNOOP x\r\nVRFY\r\n"
	    "QUIT x\r\n" ENV "DATA x\r\n" BYE,
	    "220 250 503 501 250 501 501 250 250 501 221", 0 },
	{ "greetings", "EHLO\r\nHELO\r\nEHLO a b\r\nEHLO <x>\r\n"
	    "MAIL FROM:<a@b>\r\nEHLO [192.0.2.1]\r\n" BYE,
	    "220 501 501 501 501 503 250 221", 0 },
	{ "RSET forgets", HI ENV "RSET\r\nDATA\r\n" BYE,
	    "220 250 250 250 250 503 221", 0 },
	{ "EHLO forgets", HI ENV HI "DATA\r\n" BYE,
	    "220 250 250 250 250 503 221", 0 },
	{ "RSET before a greeting", "RSET\r\nMAIL FROM:<a@b>\r\n" BYE,
	    "220 250 503 221", 0 },
	{ "no such protocol", "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	    "220 502", 0 },
	{ "POST", "POST / HTTP/1.1\r\n" HI ENV DATA, "220 502", 0 },
	/* MAIL */
	{ "senders", HI "MAIL FROM:<>\r\nRSET\r\nMAIL FROM: <a@b>\r\nRSET\r\n"
	    "MAIL FROM:a@b\r\nMAIL FROM:<a>\r\nMAIL FROM:\r\nMAIL\r\n"
	    "MAIL FROM:<a@b>x\r\n" BYE,
	    "220 250 250 250 250 250 501 501 501 501 501 221", 0 },
	{ "parameters", HI "MAIL FROM:<a@b> SIZE=1000 BODY=8BITMIME "
	    "SMTPUTF8 RET=HDRS ENVID=x\r\nRSET\r\nMAIL FROM:<a@b> FOO=1\r\n"
	    "MAIL FROM:<a@b> BODY=X\r\nMAIL FROM:<a@b> SIZE=52428800\r\n"
	    "RSET\r\nMAIL FROM:<a@b> SIZE=52428801\r\n" BYE,
	    "220 250 250 250 555 501 250 250 552 221", 0 },
	{ "none after HELO", "HELO x\r\nMAIL FROM:<a@b> SIZE=1\r\n" BYE,
	    "220 250 555 221", 0 },
	{ "UTF-8 asks for SMTPUTF8", HI "MAIL FROM:<\xc3\xb6@b>\r\n"
	    "MAIL FROM:<\xc3\xb6@b> SMTPUTF8\r\n"
	    "RCPT TO:<me+\xc3\xb6@example.org>\r\nRSET\r\nMAIL FROM:<>\r\n"
	    "RCPT TO:<me+\xc3\xb6@example.org>\r\n" BYE,
	    "220 250 553 250 250 250 250 553 221", 0 },
	/* RCPT */
	{ "ours", HI "MAIL FROM:<a@b>\r\nRCPT TO:<me@example.org>\r\n"
	    "RCPT TO:<me+x@example.org>\r\nRCPT TO:<\"me\"@example.org>\r\n"
	    "RCPT TO:<postmaster@example.org>\r\nRCPT TO:<postmaster>\r\n"
	    "RCPT TO:<POSTMASTER>\r\nRCPT TO:<shop@example.org>\r\n"
	    "RCPT TO:<@x.test,@y.test:me@example.org>\r\n"
	    "RCPT TO:<me@example.org> NOTIFY=NEVER ORCPT=rfc822;x@y\r\n" BYE,
	    "220 250 250 250 250 250 250 250 250 250 250 250 221", 0 },
	{ "nobody", HI "MAIL FROM:<a@b>\r\nRCPT TO:<you@example.org>\r\n"
	    "RCPT TO:<burned@example.org>\r\nDATA\r\n" BYE,
	    "220 250 250 550 550 503 221", 0 },
	{ "senders that we rewrote", HI "MAIL FROM:<>\r\n"
	    "RCPT TO:<SRS0=good=aa=x=y@example.org>\r\n"
	    "RCPT TO:<SRS0=lock=aa=x=y@example.org>\r\n"
	    "RCPT TO:<SRS0=late=aa=x=y@example.org>\r\n"
	    "RCPT TO:<SRS0=bad=aa=x=y@example.org>\r\n" DATA BYE,
	    "220 250 250 250 451 550 550 354 250 221", 1 },
	{ "are for notices", HI "MAIL FROM:<a@b>\r\n"
	    "RCPT TO:<SRS0=good=aa=x=y@example.org>\r\nDATA\r\n" BYE,
	    "220 250 250 550 503 221", 0 },
	{ "sent on before", HI "MAIL FROM:<a@b>\r\n"
	    "RCPT TO:<board@example.org>\r\nDATA\r\n"
	    "Delivered-To: Board@Example.org\r\n\r\n.\r\n" BYE,
	    "220 250 250 250 354 554 221", 0 },
	{ "to another address", HI "MAIL FROM:<a@b>\r\n"
	    "RCPT TO:<board@example.org>\r\nDATA\r\n"
	    "Delivered-To: oboard@example.org\r\nX-Delivered-To: "
	    "board@example.org\r\n\r\nDelivered-To: board@example.org"
	    "\r\n.\r\n" BYE, "220 250 250 250 354 250 221", 1 },
	{ "to one that sends nothing on", HI ENV "DATA\r\n"
	    "Delivered-To: me@example.org\r\n\r\n.\r\n" BYE,
	    "220 250 250 250 354 250 221", 1 },
	{ "recipients' syntax", HI "MAIL FROM:<a@b>\r\nRCPT TO:<>\r\n"
	    "RCPT TO:<me>\r\nRCPT TO:me@example.org\r\n"
	    "RCPT TO:<me@example.org> SIZE=1\r\nRCPT\r\n" BYE,
	    "220 250 250 501 501 501 555 501 221", 0 },
	{ "one of two", HI "MAIL FROM:<a@b>\r\nRCPT TO:<you@example.org>\r\n"
	    "RCPT TO:<me@example.org>\r\n" DATA BYE,
	    "220 250 250 550 250 354 250 221", 1 },
	/* BDAT */
	{ "BDAT", HI ENV "BDAT 11 LAST\r\nA: b\r\n\r\nhi\nx" BYE,
	    "220 250 250 250 521", 0 },
	{ "BDAT in one", HI ENV "BDAT 10 LAST\r\nA: b\r\n\r\nhi" BYE,
	    "220 250 250 250 250 221", 1 },
	{ "BDAT in three", HI ENV "BDAT 4\r\nA: bBDAT 4\r\n\r\n\r\n"
	    "BDAT 2 LAST\r\nhi" BYE, "220 250 250 250 250 250 250 221", 1 },
	{ "BDAT 0 LAST", HI ENV "BDAT 8\r\nA: b\r\n\r\nBDAT 0 LAST\r\n" BYE,
	    "220 250 250 250 250 250 221", 1 },
	{ "BDAT with dots", HI ENV "BDAT 14 LAST\r\n\r\n.\r\n..\r\nQUI\r\n"
	    BYE, "220 250 250 250 250 221", 1 },
	{ "BDAT unwanted is read over", "BDAT 6\r\nQUIT\r\n" HI
	    "BDAT 6 LAST\r\nQUIT\r\nMAIL FROM:<a@b>\r\n"
	    "BDAT 6 LAST\r\nQUIT\r\n" BYE, "220 503 250 503 250 503 221", 0 },
	{ "BDAT then DATA", HI ENV "BDAT 2\r\nA:DATA\r\nRCPT TO:<me>\r\n"
	    "MAIL FROM:<a@b>\r\nRSET\r\nDATA\r\n" BYE,
	    "220 250 250 250 250 503 503 503 250 503 221", 0 },
	{ "BDAT that says no size", HI ENV "BDAT x\r\n" BYE,
	    "220 250 250 250 501", 0 },
	{ "BDAT and CR at its end", HI ENV "BDAT 6 LAST\r\nA: b\r\r" BYE,
	    "220 250 250 250 521", 0 },
	{ "BDAT with a CR across chunks", HI ENV "BDAT 5\r\nA: b\r"
	    "BDAT 1 LAST\r\n\n" BYE, "220 250 250 250 250 250 221", 1 },
	/* every bare CR and LF ends it */
	{ "LF in a command", HI "NOOP\nNOOP\r\n" BYE, "220 250 521", 0 },
	{ "CR in a command", HI "NOOP\rNOOP\r\n" BYE, "220 250 521", 0 },
	{ "LF alone", "\n", "220 521", 0 },
	{ "LF ends no command", "EHLO x\n", "220 521", 0 },
	{ "CR LF LF", "NOOP\r\n\nNOOP\r\n", "220 250 521", 0 },
	{ "CR CR LF", "NOOP\r\r\n" BYE, "220 521", 0 },
};

static void
dialogue(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof dialogues / sizeof dialogues[0]; i++)
		expect(dialogues[i].name, dialogues[i].in,
		    strlen(dialogues[i].in), dialogues[i].codes,
		    dialogues[i].stored);
}

/* Each must end the session with nothing kept, of what stood before or of
 * the message smuggled behind it. */
static void
smuggling(void **state)
{
	static const char *const ends[] = {
		"\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\n", "\r\n.\r",
		"\r\n.\r\r\n", "\r\n\n.\r\n", "\n\n.\r\n", "\r\r\n.\r\n",
		"x\n", "\rx", "\n", ".\n.\r\n",
	};
	char in[1024];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		snprintf(in, sizeof in, HI ENV "DATA\r\n" TEXT "x%s"
		    "MAIL FROM:<evil@b>\r\nRCPT TO:<me@example.org>\r\n"
		    "DATA\r\nevil\r\n.\r\n" BYE, ends[i]);
		expect(ends[i], in, strlen(in), "220 250 250 250 354 521", 0);
	}
	for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		snprintf(in, sizeof in, HI ENV "BDAT %zu LAST\r\nA: b\r\nx%s"
		    BYE, 7 + strlen(ends[i]), ends[i]);
		expect(ends[i], in, strlen(in), "220 250 250 250 521", 0);
	}
}

/* However the octets are cut into packets, and wherever they stop. */
static void
cuts(void **state)
{
	static const char in[] = HI ENV "DATA\r\n" TEXT ".\r\n";
	size_t len = sizeof in - 1, i;
	struct run r;

	(void)state;
	for (i = 0; i <= len; i++) {
		run_init(&r);
		(void)talk_n(&r, in, i);
		assert_int_equal(r.fake.stored, i == len);
		run_clear(&r);
	}
	run_init(&r);
	run_start(&r);
	for (i = 0; i < len; i++)
		assert_true(say(&r, in + i, 1));
	(void)finish(&r);
	assert_int_equal(r.fake.stored, 1);
	run_clear(&r);
}

static void
cuts_bdat(void **state)
{
	static const char in[] = HI ENV "BDAT 8\r\nA: b\r\n\r\nBDAT 4 LAST\r\n"
	    "hi\r\n";
	size_t len = sizeof in - 1, i;
	struct run r;

	(void)state;
	for (i = 0; i <= len; i++) {
		run_init(&r);
		(void)talk_n(&r, in, i);
		assert_int_equal(r.fake.stored, i == len);
		run_clear(&r);
	}
}

/* ---- what is kept ---- */

static void
kept(void **state)
{
	struct run r;
	const char *head, *p;

	(void)state;
	run_init(&r);
	(void)talk(&r, HI ENV "DATA\r\nA: b\r\n\r\n..dot\r\n.x\r\n.\r\n" BYE);
	assert_string_equal(buf_str(&r.fake.body), "A: b\r\n\r\n.dot\r\nx\r\n");
	head = buf_str(&r.fake.head);
	assert_memory_equal(head, "Return-Path: <a@b.test>\r\nReceived: from "
	    "client.test ([192.0.2.7])\r\n\tby mail.example.org with ESMTP"
	    "\r\n\tid ", 102);
	p = strstr(head, "\tid ") + 4;
	assert_memory_equal(p, r.fake.trace, strlen(r.fake.trace));
	assert_non_null(strstr(head, "\r\n\tfor <me@example.org>; "));
	assert_non_null(strstr(head, " +0000\r\n"));
	assert_non_null(strstr(head, "\r\nAuthentication-Results: "
	    "mail.example.org;"));
	assert_string_equal(r.fake.sender, "a@b.test");
	assert_string_equal(r.fake.rcpts, "me@example.org");
	assert_non_null(strstr(r.fake.peer, "[192.0.2.7]:4321 "
	    "helo=client.test"));
	/* The trace id is in the answer; keeper tells `why` the rest. */
	assert_non_null(strstr(buf_str(&r.out), r.fake.trace));
	run_clear(&r);
}

static void
kept_envelope(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	(void)talk(&r, HI "MAIL FROM:<> RET=FULL ENVID=e+2B1\r\n"
	    "RCPT TO:<me+a@example.org>\r\n"
	    "RCPT TO:<shop@example.org> NOTIFY=SUCCESS,DELAY "
	    "ORCPT=rfc822;o@x\r\nRCPT TO:<me+a@example.org>\r\n" DATA BYE);
	assert_string_equal(r.fake.sender, "");
	assert_string_equal(r.fake.rcpts,
	    "me+a@example.org shop@example.org");
	assert_memory_equal(buf_str(&r.fake.head), "Return-Path: <>\r\n", 17);
	/* Who else got it is nobody's business. */
	assert_null(strstr(buf_str(&r.fake.head), "for <"));
	assert_non_null(strstr(r.fake.peer, "ret=full envid=e+2B1 "
	    "rcpt=shop@example.org notify=SD orcpt=rfc822;o@x"));
	run_clear(&r);
	run_init(&r);
	(void)talk(&r, "EHLO 2001:db8::1\r\nMAIL FROM:<\xc3\xb6@b> SMTPUTF8"
	    "\r\nRCPT TO:<me@example.org>\r\n" DATA BYE);
	assert_non_null(strstr(buf_str(&r.fake.head), "Received: from "
	    "[192.0.2.7] (greeting 2001:db8::1)\r\n"));
	assert_non_null(strstr(buf_str(&r.fake.head), " with UTF8SMTP\r\n"));
	run_clear(&r);
}

/* The same recipient is not asked about again and again, a refused one is. */
static void
asked_once(void **state)
{
	struct run r, next;

	(void)state;
	/* While keeper knows nobody that may change at any time. */
	run_init(&r);
	(void)talk(&r, HI ENV DATA ENV DATA BYE);
	assert_int_equal(r.fake.asked, 2);
	run_clear(&r);
	run_init(&r);
	r.fake.knows = true;
	(void)talk(&r, HI ENV DATA ENV DATA ENV DATA BYE);
	assert_int_equal(r.fake.stored, 3);
	assert_int_equal(r.fake.asked, 1);
	/* Nor on the next connection of a process. */
	run_init(&next);
	next.start.backend = &r.fake.be;
	(void)talk(&next, HI ENV DATA BYE);
	assert_int_equal(r.fake.stored, 4);
	assert_int_equal(r.fake.asked, 1);
	run_clear(&next);
	run_clear(&r);
	run_init(&r);
	r.fake.knows = true;
	(void)talk(&r, HI "MAIL FROM:<>\r\nRCPT TO:<you@example.org>\r\n"
	    "RCPT TO:<you@example.org>\r\nRCPT TO:<me@example.org>\r\n"
	    "RCPT TO:<you@example.org>\r\nRCPT TO:<me@example.org>\r\n" BYE);
	assert_int_equal(r.fake.asked, 5);
	run_clear(&r);
}

static void
forged(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	(void)talk(&r, HI ENV "DATA\r\nReturn-Path: <x@y>\r\n"
	    "Authentication-Results: MAIL.example.org;\r\n dkim=pass\r\n"
	    "Authentication-Results: other.test; dkim=pass\r\n"
	    "Subject: x\r\n\r\nAuthentication-Results: mail.example.org\r\n"
	    ".\r\n" BYE);
	assert_string_equal(buf_str(&r.fake.body), "Authentication-Results: "
	    "other.test; dkim=pass\r\nSubject: x\r\n\r\n"
	    "Authentication-Results: mail.example.org\r\n");
	run_clear(&r);
}

/* ---- the ladder's word ---- */

/* Blocks whoever has the address of a@b.test on the envelope. */
static uint16_t
blocks(void *arg, const struct history_ask *q, struct history_facts *out)
{
	struct fake *f = arg;

	memset(out, 0, sizeof *out);
	f->knew++;
	if (f->history_status != STORE_OK || strcmp(q->sender, "a@b.test") !=
	    0)
		return f->history_status;
	out->list[LISTED_ADDRESS] = (struct history_list){
	    .by = HISTORY_BY_SENDER, .name = "a@b.test" };
	return STORE_OK;
}

static void
blocked(void **state)
{
	struct run r;
	const char *out;

	(void)state;
	run_init(&r);
	r.fake.be.history = blocks;
	r.fake.knows = true;
	out = talk(&r, HI ENV DATA "MAIL FROM:<c@b.test>\r\n"
	    "RCPT TO:<me@example.org>\r\n" DATA BYE);
	assert_non_null(strstr(out, "\r\n550 5.7.1 not wanted here"));
	assert_int_equal(r.fake.stored, 1);
	assert_int_equal(r.fake.knew, 2);
	assert_string_equal(r.fake.sender, "c@b.test");
	/* Why is for the owner, not for the peer. */
	assert_null(strstr(out, "block"));
	assert_non_null(strstr(buf_str(&r.fake.events),
	    "rung=block(a@b.test)"));
	run_clear(&r);
}

/* Keeper's trouble is held against nobody, and it is not asked in vain. */
static void
unknown(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	r.fake.be.history = blocks;
	(void)talk(&r, HI ENV DATA BYE);
	assert_int_equal(r.fake.stored, 1);
	assert_int_equal(r.fake.knew, 0);
	run_clear(&r);
	run_init(&r);
	r.fake.be.history = blocks;
	r.fake.knows = true;
	r.fake.history_status = OP_GONE;
	(void)talk(&r, HI ENV DATA BYE);
	assert_int_equal(r.fake.stored, 1);
	assert_int_equal(r.fake.knew, 1);
	run_clear(&r);
}

static void
offers(void **state)
{
	struct run r;
	const char *out;

	(void)state;
	run_init(&r);
	out = talk(&r, HI BYE);
	assert_memory_equal(out, "220 mail.example.org ESMTP", 26);
	assert_non_null(strstr(out, "250-mail.example.org\r\n"
	    "250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n"
	    "250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n"
	    "250-DSN\r\n250-LIMITS RCPTMAX=100\r\n250 HELP\r\n"));
	run_clear(&r);
}

/* ---- relaying: promise 10 ---- */

static void
no_relay(void **state)
{
	static const char *const foreign[] = {
		"you@there.test", "\"you@there.test\"@example.org",
		"you%there.test@example.org", "there.test!you@example.org",
		"\"there.test!you\"@example.org",
		"@example.org:you@there.test",
		"@example.org,@there.test:you@there.test",
		"you@[192.0.2.1]", "you@[IPv6:2001:db8::1]",
		"me@[127.0.0.1]", "\"you%there.test\"@example.org",
		"\"@there.test:you\"@example.org",
		"you%there.test@there.test", "postmaster@there.test",
		"me@example.org.there.test", "me@sub.example.org",
	};
	struct run r;
	char in[1024];
	const char *out;
	size_t i;
	int all;

	(void)state;
	for (i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
		for (all = 0; all < 2; all++) {
			run_init(&r);
			r.fake.catchall = all;
			snprintf(in, sizeof in, HI "MAIL FROM:<me@example.org"
			    ">\r\nRCPT TO:<%s>\r\nDATA\r\n" BYE, foreign[i]);
			out = talk(&r, in);
			if (strstr(out, "\r\n550 5.7.1 ") == NULL ||
			    strstr(out, "\r\n503 ") == NULL)
				fail_msg("%s: %s", foreign[i], out);
			run_clear(&r);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialogue),
		cmocka_unit_test(smuggling),
		cmocka_unit_test(cuts),
		cmocka_unit_test(cuts_bdat),
		cmocka_unit_test(kept),
		cmocka_unit_test(kept_envelope),
		cmocka_unit_test(asked_once),
		cmocka_unit_test(forged),
		cmocka_unit_test(blocked),
		cmocka_unit_test(unknown),
		cmocka_unit_test(offers),
		cmocka_unit_test(no_relay),
	};

	return fake_main("smtp_session", tests, sizeof tests / sizeof tests[0]);
}
