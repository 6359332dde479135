#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/smtp/cmd.h"

static struct cmd
split(const char *line)
{
	struct cmd c;

	cmd_split(line, strlen(line), &c);
	return c;
}

static void
splitting(void **state)
{
	static const struct {
		const char *line, *verb, *arg;
	} t[] = {
		{ "QUIT", "QUIT", "" },
		{ "QUIT  ", "QUIT", "" },
		{ "mail from:<a@b> ", "mail", "from:<a@b>" },
		{ "MAIL\tFROM:<a@b>", "MAIL", "FROM:<a@b>" },
		{ "", "", "" },
		{ "   ", "", "" },
		{ " NOOP", "", "NOOP" },
	};
	struct cmd c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		c = split(t[i].line);
		assert_int_equal(c.nverb, strlen(t[i].verb));
		assert_memory_equal(c.verb, t[i].verb, c.nverb);
		assert_int_equal(c.end - c.arg, strlen(t[i].arg));
		assert_memory_equal(c.arg, t[i].arg, strlen(t[i].arg));
	}
}

#define X100	"1234567890123456789012345678901234567890123456789" \
		"012345678901234567890123456789012345678901234567890"

static const struct {
	const char	*line;
	enum cmd_err	 err;
} mails[] = {
	{ "MAIL FROM:<a@b>", CMD_OK },
	{ "MAIL from:<>", CMD_OK },
	{ "MAIL FROM: <a@b>", CMD_OK },
	{ "MAIL FROM:<a@b> SIZE=100 BODY=8BITMIME SMTPUTF8", CMD_OK },
	{ "MAIL FROM:<a@b> size=0 body=7bit", CMD_OK },
	{ "MAIL FROM:<a@b> RET=HDRS ENVID=QQ314159+2B", CMD_OK },
	{ "MAIL FROM:<a@b> ENVID=" X100, CMD_OK },
	{ "MAIL FROM:<\xc3\xb6@b> SMTPUTF8", CMD_OK },
	{ "MAIL FROM:<\xc3\xb6@b>", CMD_PATH },
	{ "MAIL FROM:<a>", CMD_PATH },
	{ "MAIL FROM:", CMD_PATH },
	{ "MAIL FROM:a@b", CMD_PATH },
	{ "MAIL FROM <a@b>", CMD_SYNTAX },
	{ "MAIL TO:<a@b>", CMD_SYNTAX },
	{ "MAIL", CMD_SYNTAX },
	{ "MAIL FROM:<a@b>SIZE=1", CMD_SYNTAX },
	{ "MAIL FROM:<a@b> =1", CMD_SYNTAX },
	{ "MAIL FROM:<a@b> SIZE=", CMD_SYNTAX },
	{ "MAIL FROM:<a@b> S\xc3ZE=1", CMD_SYNTAX },
	{ "MAIL FROM:<a@b> SIZE=\x01", CMD_SYNTAX },
	{ "MAIL FROM:<a@b> SIZE=1=2", CMD_SYNTAX },
	{ "MAIL FROM:<a@b> SIZE", CMD_PARAM_VALUE },
	{ "MAIL FROM:<a@b> SIZE=-1", CMD_PARAM_VALUE },
	{ "MAIL FROM:<a@b> SIZE=1x", CMD_PARAM_VALUE },
	{ "MAIL FROM:<a@b> SIZE=99999999999999999999", CMD_PARAM_VALUE },
	{ "MAIL FROM:<a@b> SIZE=1 SIZE=1", CMD_PARAM_VALUE },
	{ "MAIL FROM:<a@b> BODY=BINARYMIME", CMD_PARAM_VALUE },
	{ "MAIL FROM:<a@b> SMTPUTF8=1", CMD_PARAM_VALUE },
	{ "MAIL FROM:<a@b> RET=ALL", CMD_PARAM_VALUE },
	{ "MAIL FROM:<a@b> ENVID=a+2", CMD_PARAM_VALUE },
	{ "MAIL FROM:<a@b> ENVID=a+2b", CMD_PARAM_VALUE },
	{ "MAIL FROM:<a@b> ENVID=" X100 "1", CMD_PARAM_VALUE },
	{ "MAIL FROM:<a@b> AUTH=<>", CMD_PARAM_UNKNOWN },
	{ "MAIL FROM:<a@b> XFOO", CMD_PARAM_UNKNOWN },
};

static void
mail(void **state)
{
	struct cmd_mail m;
	struct cmd c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof mails / sizeof mails[0]; i++) {
		c = split(mails[i].line);
		if (cmd_mail(&c, true, &m) != mails[i].err)
			fail_msg("%s", mails[i].line);
		if (mails[i].err != CMD_OK)
			assert_string_equal(m.from.address, "");
	}
	c = split("MAIL FROM:<a@b> SIZE=77 BODY=8BITMIME RET=FULL ENVID=x "
	    "SMTPUTF8");
	assert_int_equal(cmd_mail(&c, true, &m), CMD_OK);
	assert_int_equal(m.size, 77);
	assert_int_equal(m.body, CMD_BODY_8BITMIME);
	assert_int_equal(m.ret, CMD_RET_FULL);
	assert_string_equal(m.envid, "x");
	assert_true(m.utf8);
	/* RFC 5321 section 4.1.1.1: no parameters after HELO */
	c = split("MAIL FROM:<a@b> SIZE=1");
	assert_int_equal(cmd_mail(&c, false, &m), CMD_PARAM_UNKNOWN);
	c = split("MAIL FROM:<a@b>");
	assert_int_equal(cmd_mail(&c, false, &m), CMD_OK);
	c = split("MAIL FROM:<a>");
	assert_int_equal(cmd_mail(&c, true, &m), CMD_PATH);
	assert_int_equal(m.path_err, PATH_SYNTAX);
}

static const struct {
	const char	*line;
	bool		 utf8;
	enum cmd_err	 err;
	unsigned int	 notify;
} rcpts[] = {
	{ "RCPT TO:<a@b>", false, CMD_OK, 0 },
	{ "RCPT to: <postmaster>", false, CMD_OK, 0 },
	{ "RCPT TO:<a@b> NOTIFY=NEVER", false, CMD_OK, CMD_NOTIFY_NEVER },
	{ "RCPT TO:<a@b> NOTIFY=success,FAILURE", false, CMD_OK,
	    CMD_NOTIFY_SUCCESS | CMD_NOTIFY_FAILURE },
	{ "RCPT TO:<a@b> NOTIFY=DELAY ORCPT=rfc822;a+2Bx@b", false, CMD_OK,
	    CMD_NOTIFY_DELAY },
	{ "RCPT TO:<\xc3\xb6@b>", true, CMD_OK, 0 },
	{ "RCPT TO:<\xc3\xb6@b>", false, CMD_PATH, 0 },
	{ "RCPT TO:<>", false, CMD_PATH, 0 },
	{ "RCPT TO:<a@b> NOTIFY=NEVER,DELAY", false, CMD_PARAM_VALUE, 0 },
	{ "RCPT TO:<a@b> NOTIFY=,", false, CMD_PARAM_VALUE, 0 },
	{ "RCPT TO:<a@b> NOTIFY=DELAY,", false, CMD_PARAM_VALUE, 0 },
	{ "RCPT TO:<a@b> NOTIFY=OFTEN", false, CMD_PARAM_VALUE, 0 },
	{ "RCPT TO:<a@b> ORCPT=a@b", false, CMD_PARAM_VALUE, 0 },
	{ "RCPT TO:<a@b> ORCPT=;a@b", false, CMD_PARAM_VALUE, 0 },
	{ "RCPT TO:<a@b> ORCPT=rfc822;a+b", false, CMD_PARAM_VALUE, 0 },
	{ "RCPT TO:<a@b> SIZE=1", false, CMD_PARAM_UNKNOWN, 0 },
	{ "RCPT FROM:<a@b>", false, CMD_SYNTAX, 0 },
};

static void
rcpt(void **state)
{
	char line[CMD_ORCPT_MAX + 100];
	struct cmd_rcpt r;
	struct cmd c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rcpts / sizeof rcpts[0]; i++) {
		c = split(rcpts[i].line);
		if (cmd_rcpt(&c, true, rcpts[i].utf8, &r) != rcpts[i].err)
			fail_msg("%s", rcpts[i].line);
		assert_int_equal(r.notify, rcpts[i].notify);
	}
	/* RFC 3461 section 4.2: 500 characters, and one past it */
	snprintf(line, sizeof line, "RCPT TO:<a@b> ORCPT=rfc822;%0*d",
	    CMD_ORCPT_MAX - 7, 0);
	c = split(line);
	assert_int_equal(cmd_rcpt(&c, true, false, &r), CMD_OK);
	assert_int_equal(strlen(r.orcpt), CMD_ORCPT_MAX);
	strcat(line, "0");
	c = split(line);
	assert_int_equal(cmd_rcpt(&c, true, false, &r), CMD_PARAM_VALUE);
}

static void
bdat(void **state)
{
	static const struct {
		const char	*line;
		enum cmd_err	 err;
		uint64_t	 size;
		bool		 last;
	} t[] = {
		{ "BDAT 0", CMD_OK, 0, false },
		{ "BDAT 10 last", CMD_OK, 10, true },
		{ "BDAT 9223372036854775807", CMD_OK, INT64_MAX, false },
		{ "BDAT 9223372036854775808", CMD_SYNTAX, 0, false },
		{ "BDAT", CMD_SYNTAX, 0, false },
		{ "BDAT -1", CMD_SYNTAX, 0, false },
		{ "BDAT 1x", CMD_SYNTAX, 0, false },
		{ "BDAT 1 LAST x", CMD_SYNTAX, 0, false },
		{ "BDAT 1 FIRST", CMD_SYNTAX, 0, false },
	};
	struct cmd_bdat b;
	struct cmd c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		c = split(t[i].line);
		assert_int_equal(cmd_bdat(&c, &b), t[i].err);
		assert_int_equal(b.size, t[i].size);
		assert_int_equal(b.last, t[i].last);
	}
}

static void
helo(void **state)
{
	static const struct {
		const char	*line;
		enum cmd_err	 err;
	} t[] = {
		{ "EHLO mx.example.org", CMD_OK },
		{ "EHLO [192.0.2.1]", CMD_OK },
		{ "EHLO [IPv6:2001:db8::1]", CMD_OK },
		{ "EHLO 2001:db8::1", CMD_OK },
		{ "EHLO under_score", CMD_OK },
		{ "EHLO -", CMD_OK },
		{ "EHLO \xd1\x8e.example", CMD_OK },
		{ "EHLO", CMD_HELO_NAME },
		{ "EHLO a b", CMD_HELO_NAME },
		{ "EHLO a(b)", CMD_HELO_NAME },
		{ "EHLO <a>", CMD_HELO_NAME },
		{ "EHLO a\x1b[31m", CMD_HELO_NAME },
		{ "EHLO \xff\xfe", CMD_HELO_NAME },
	};
	char out[CMD_HELO_MAX + 1], line[CMD_HELO_MAX + 10];
	struct cmd c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		c = split(t[i].line);
		if (cmd_helo(&c, out) != t[i].err)
			fail_msg("%s", t[i].line);
		assert_string_equal(out, t[i].err == CMD_OK ? c.arg : "");
	}
	snprintf(line, sizeof line, "EHLO %0*d", CMD_HELO_MAX, 0);
	c = split(line);
	assert_int_equal(cmd_helo(&c, out), CMD_OK);
	strcat(line, "0");
	c = split(line);
	assert_int_equal(cmd_helo(&c, out), CMD_HELO_NAME);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splitting),
		cmocka_unit_test(mail),
		cmocka_unit_test(rcpt),
		cmocka_unit_test(bdat),
		cmocka_unit_test(helo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
