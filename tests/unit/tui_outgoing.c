#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "mailnode/node/conf.h"
#include "tui/outgoing.h"

static void
text_fields(void **state)
{
	static const struct { const char *in, *out; } t[] = {
		{ "", "S:\r\n" },
		{ "plain words", "S: plain words\r\n" },
		{ "Gr\xc3\xbc\xc3\x9f" "e", "S: =?utf-8?B?R3LDvMOfZQ==?=\r\n" },
		{ "=?utf-8?B?eA==?=",
		    "S: =?utf-8?B?PT91dGYtOD9CP2VBPT0/PQ==?=\r\n" },
	};
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 10000);
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		buf_reset(&b);
		outgoing_text_field(&b, "S", t[i].in);
		assert_string_equal(buf_str(&b), t[i].out);
	}
	buf_clear(&b);
}

/* RFC 2047 section 2: no encoded word over 75, no line over 76; RFC 5322
 * section 2.1.1 for the rest. */
static void
lines_are_short(void **state)
{
	struct addrs l = { NULL, 0 };
	const char *s, *lf;
	char long_text[600];
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, 100000);
	for (i = 0; i < 300; i++)
		memcpy(long_text + 2 * i, "\xc3\xa4", 2);
	long_text[599] = long_text[598] = '\0';
	outgoing_text_field(&b, "Subject", long_text);
	memset(long_text, 'x', 300);
	for (i = 5; i < 300; i += 6)
		long_text[i] = ' ';
	long_text[300] = '\0';
	outgoing_text_field(&b, "Subject", long_text);
	for (i = 0; i < 50; i++) {
		(void)snprintf(long_text, sizeof long_text,
		    "p%d@some.example", i);
		(void)addrs_add(&l, i % 2 ? "J\xc3\xb6rg" : "A, B", long_text);
	}
	outgoing_addr_field(&b, "To", &l);
	for (s = buf_str(&b); *s != '\0'; s = lf + 2) {
		lf = strstr(s, "\r\n");
		assert_non_null(lf);
		assert_true(lf - s <= 76);
	}
	addrs_clear(&l);
	buf_clear(&b);
}

static void
which_is_plain(void **state)
{
	char line[1100];

	(void)state;
	assert_true(outgoing_is_plain("a\n\nb", 4));
	assert_true(outgoing_is_plain("-- \nsig\n", 8));
	assert_false(outgoing_is_plain("trailing \n", 10));
	assert_false(outgoing_is_plain("From me\n", 8));
	assert_false(outgoing_is_plain("\xc3\xa4", 2));
	assert_false(outgoing_is_plain("\r\n", 2));
	memset(line, 'x', sizeof line);
	assert_true(outgoing_is_plain(line, 900));
	assert_false(outgoing_is_plain(line, 901));
}

static void
quoted_printable(void **state)
{
	static const struct { const char *in, *out; } t[] = {
		{ "a=b\n", "a=3Db\r\n" },
		{ "end \n", "end=20\r\n" },
		{ "From x\n.\n", "=46rom x\r\n=2E\r\n" },
		{ "\xc3\xa4", "=C3=A4\r\n" },
		{ "a\tb\t\n", "a\tb=09\r\n" },
		{ "a\r\nb", "a=0D\r\nb\r\n" },
	};
	const char *s, *lf;
	char line[400];
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 10000);
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		buf_reset(&b);
		outgoing_quoted(&b, t[i].in, strlen(t[i].in));
		assert_string_equal(buf_str(&b), t[i].out);
	}
	buf_reset(&b);
	for (i = 0; i < sizeof line; i++)
		line[i] = i % 3 ? 'x' : (char)0xff;
	outgoing_quoted(&b, line, sizeof line);
	for (s = buf_str(&b); *s != '\0'; s = lf + 2) {
		lf = strstr(s, "\r\n");
		assert_true(lf - s <= 76);
	}
	buf_clear(&b);
}

static char *
made(const struct letter *l, bool draft, struct outgoing *o)
{
	char *text = calloc(1, 100000);
	ssize_t n;

	assert_non_null(text);
	assert_int_equal(outgoing_make(o, l, draft), OUTGOING_OK);
	n = read(o->fd, text, 99999);
	assert_int_equal(n, o->size);
	close(o->fd);
	return text;
}

static void
whole_letters(void **state)
{
	char name[] = "/tmp/outgoing-XXXXXX";
	int fd = mkstemp(name);
	struct outgoing o;
	struct letter l;
	char *s;

	(void)state;
	assert_int_equal(write(fd, "file", 4), 4);
	close(fd);
	assert_true(letter_init(&l));
	letter_set(&l, LETTER_FROM, "Me <me@example.org>");
	letter_set(&l, LETTER_TO, "a@b.c");
	letter_set(&l, LETTER_BCC, "blind@b.c");
	letter_set_body(&l, "text\n", 5);
	s = made(&l, false, &o);
	assert_null(strstr(s, "blind"));
	assert_non_null(strstr(s, "7bit\r\n\r\ntext\r\n"));
	assert_string_equal(o.from, "me@example.org");
	free(s);
	assert_true(letter_attach(&l, name));
	s = made(&l, true, &o);
	assert_non_null(strstr(s, "Bcc: blind@b.c\r\n"));
	assert_non_null(strstr(s, "multipart/mixed; boundary="));
	assert_non_null(strstr(s, "\r\n\r\nZmlsZQ==\r\n--"));
	free(s);
	assert_int_equal(truncate(name, (off_t)conf.message_max * 100), 0);
	assert_int_equal(outgoing_make(&o, &l, true), OUTGOING_SIZE);
	assert_non_null(strstr(o.why, "outgoing-"));
	(void)unlink(name);
	assert_int_equal(outgoing_make(&o, &l, false), OUTGOING_ATTACH);
	assert_int_equal(o.fd, -1);
	assert_non_null(strstr(o.why, "No such file"));
	letter_detach(&l, 0);
	letter_set(&l, LETTER_TO, "a@b.c, not yet");
	s = made(&l, true, &o);
	assert_non_null(strstr(s, "To: a@b.c, not yet\r\n"));
	free(s);
	letter_set(&l, LETTER_FROM, "nobody");
	assert_int_equal(outgoing_make(&o, &l, false), OUTGOING_ADDRESS);
	letter_set(&l, LETTER_FROM, "a@b.c, d@e.f");
	assert_int_equal(outgoing_make(&o, &l, false), OUTGOING_ADDRESS);
	letter_clear(&l);
}

/* Text that is attached says what it is written in, if that is known. */
static void
charset_of_text(void **state)
{
	static const struct { const char *text, *type; } cases[] = {
		{ "gr\xc3\xbc\xc3\x9f" "e\n",
		    "Content-Type: text/plain; charset=utf-8\r\n" },
		{ "gr\xfc\xdf" "e\n", "Content-Type: text/plain\r\n" },
		{ "", "Content-Type: text/plain\r\n" },
	};
	char name[] = "/tmp/outgoing-XXXXXX.txt";
	int fd = mkstemps(name, 4);
	struct outgoing o;
	struct letter l;
	char *s;
	size_t i;

	(void)state;
	assert_true(letter_init(&l));
	letter_set(&l, LETTER_FROM, "me@example.org");
	letter_set(&l, LETTER_TO, "a@b.c");
	assert_true(letter_attach(&l, name));
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, cases[i].text,
		    strlen(cases[i].text), 0), strlen(cases[i].text));
		s = made(&l, false, &o);
		assert_non_null(strstr(s, cases[i].type));
		free(s);
	}
	close(fd);
	(void)unlink(name);
	letter_clear(&l);
}

/* What the owner types as a field is sent; what is ours to say is not. */
static void
other_fields(void **state)
{
	static const char text[] = "From: me@example.org\nTo: a@b.c\n"
	    "X-Mine: \xc3\xa4\nDate: never\nMessage-ID: <x@y>\n"
	    "Content-Type: text/html\n\nb\n";
	struct outgoing o;
	struct letter l;
	char *s;

	(void)state;
	assert_true(letter_init(&l));
	assert_true(letter_read(&l, text, sizeof text - 1, NULL));
	s = made(&l, false, &o);
	assert_non_null(strstr(s, "X-Mine: =?utf-8?B?w6Q=?=\r\n"));
	assert_null(strstr(s, "never"));
	assert_null(strstr(s, "<x@y>"));
	assert_null(strstr(s, "text/html"));
	free(s);
	letter_clear(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_fields),
		cmocka_unit_test(lines_are_short),
		cmocka_unit_test(which_is_plain),
		cmocka_unit_test(quoted_printable),
		cmocka_unit_test(whole_letters),
		cmocka_unit_test(charset_of_text),
		cmocka_unit_test(other_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
