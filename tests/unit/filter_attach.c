/* Names and types of what is attached, however they are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/codec.h"
#include "mailnode/filter/attach.h"
#include "mailnode/filter/param.h"
#include "mailnode/node/conf.h"

static const struct conf_attachment table[] = {
	{ ".exe", CONF_REFUSE }, { ".js", CONF_JUNK },
	{ "application/x-msdownload", CONF_REFUSE }, { "video/*", CONF_JUNK },
	{ NULL, CONF_REFUSE },
};

static const char *
found(const char *text)
{
	struct attach *a = attach_new(table, 5);
	const struct conf_attachment *c;
	size_t i, n = strlen(text);

	assert_non_null(a);
	for (i = 0; i < n; i++)
		attach_push(a, (const uint8_t *)text + i, 1);
	c = attach_found(a);
	attach_free(a);
	return c != NULL ? c->what : "";
}

#define MULTI	"Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n" \
	"see filename=\"a.exe\"\r\n--=_b\r\n"
/* RFC 2046 section 5.1.1 allows 70; programs read more. */
#define LONG	"a-boundary-that-is-longer-than-it-may-be-and-that-is-found-" \
	"in-mail-all-the-same-as-programs-do-not-count-its-octets"
#define OCTETS	"Content-Type: application/octet-stream"

static void
parts(void **state)
{
	static const struct { const char *text, *what; } cases[] = {
		{ "Subject: a.exe\r\n\r\nname=a.exe\r\n", "" },
		{ "", "" },
		{ OCTETS "; name=a.exe", ".exe" },
		{ OCTETS "; name=\"a.txt\"\r\n\r\nx", "" },
		{ MULTI OCTETS "; name=\"a.exe\"\r\n\r\nx\r\n--=_b--\r\n",
		    ".exe" },
		{ MULTI "\r\n\r\nx\r\n--=_b--\r\n", "" },
		{ "Content-Type: multipart/mixed; boundary=\"" LONG "\"\r\n\r\n"
		    "--" LONG "\r\n" OCTETS "; name=a.exe\r\n\r\nx", ".exe" },
		{ "Content-Type: multipart/mixed; boundary=X (a comment)\r\n"
		    "\r\n--X\r\n" OCTETS "; name=a.exe\r\n\r\nx", ".exe" },
		{ "Content-Type: multipart/mixed\r\n boundary=X\r\n"
		    "\r\n--X\r\n" OCTETS "; name=a.exe\r\n\r\nx", ".exe" },
		{ "Content-Type: multipart/mixed boundary = \"X y\" (z)\r\n"
		    "\r\n--X y\r\n" OCTETS "; name=a.exe\r\n\r\nx",
		    ".exe" },
		{ MULTI OCTETS "\r\nContent-Disposition: attachment;\r\n"
		    "\tfilename=\"A.EXE\"\r\n\r\nx", ".exe" },
		{ MULTI OCTETS "\r\nContent-disposition : attachment;"
		    " filename=my file.exe\r\n\r\nx", ".exe" },
		{ MULTI OCTETS "\r\nContent-Disposition: attachment; "
		    "filename*=utf-8'en'a%2Eexe\r\n\r\nx", ".exe" },
		{ MULTI OCTETS "\r\nContent-Disposition: attachment; "
		    "filename*1=\"xe\"; filename*0=\"a.e\"\r\n\r\nx", ".exe" },
		{ MULTI OCTETS "\r\nContent-Disposition: attachment;\r\n"
		    " filename*0*=utf-8''%61.; filename*1=js\r\n\r\nx", ".js" },
		{ MULTI OCTETS ";\r\n name=\"=?utf-8?B?YS5leGU=?=\"\r\n\r\nx",
		    ".exe" },
		{ MULTI OCTETS "; name=\"=?utf-8?Q?a=2Ee?= =?x?q?xe?=\"\r\n",
		    ".exe" },
		{ MULTI OCTETS "; name=\"=?utf-16?B?AGEALgBlAHgAZQ==?=\"\r\n",
		    ".exe" },
		{ MULTI OCTETS "; name=\"a.exe. \"\r\n\r\nx", ".exe" },
		{ MULTI OCTETS "; name=\"a\\.exe\"\r\n\r\nx", ".exe" },
		{ MULTI OCTETS "; name=\".exe\"\r\n\r\nx", "" },
		{ MULTI OCTETS "; name=\"a.exe.txt\"\r\n\r\nx", "" },
		{ MULTI OCTETS "; x=\"; name=a.exe\"\r\n\r\nx", "" },
		{ MULTI "Content-Type: Application/X-MSDownload (c)\r\n\r\nx",
		    "application/x-msdownload" },
		{ MULTI "Content-Type: video/mp4; name=a.js\r\n\r\nx", "video/*" },
		{ MULTI "Content-Type: video/mp4; name=a.exe\r\n\r\nx", ".exe" },
		{ MULTI "Content-Type: multipart/x; boundary=in\r\n\r\n"
		    "--in\r\n\r\nx\r\n--in\t\r\n" OCTETS "; name=a.exe\r\n",
		    ".exe" },
		{ MULTI "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n"
		    OCTETS "; name=a.exe\r\n\r\nx", ".exe" },
		{ MULTI OCTETS "; name=a.exe\r\n--=_b--\r\n", ".exe" },
		{ MULTI OCTETS "; name=a.txt\r\n" OCTETS "; name=a.exe\r\n\r\n",
		    ".exe" },
		{ "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b"
		    "\n\n--ab\n" OCTETS "; name=a.exe\n\nx\n", ".exe" },
		{ MULTI "\r\n--=_bx\r\n" OCTETS "; name=a.exe\r\n\r\n", "" },
		{ MULTI OCTETS "; filename=\"a.exe", ".exe" },
		{ MULTI OCTETS "; name=a; name=b; name=a.exe\r\n\r\n", ".exe" },
		/* What cannot be seen, ends a string, or names a stream. */
		{ MULTI OCTETS "; name=\"a.e\xe2\x80\x8bxe\"\r\n\r\n", ".exe" },
		{ MULTI OCTETS "; name=\"gpj.\xe2\x80\xae" "exe\"\r\n\r\n",
		    ".exe" },
		{ MULTI OCTETS "; name=\"a.exe\xe2\x80\xae\"\r\n\r\n", ".exe" },
		{ MULTI OCTETS "; name=\"a.exe\xe2\x80\x8b.txt\"\r\n\r\n", "" },
		{ MULTI OCTETS "; name*=utf-8''a.exe%00.txt\r\n\r\n", ".exe" },
		{ MULTI OCTETS "; name*=utf-8''a%00.txt\r\n\r\n", "" },
		{ MULTI OCTETS "; name=\"a.exe:b\"\r\n\r\n", ".exe" },
		{ MULTI OCTETS "; name=\"a.exe::$DATA\"\r\n\r\n", ".exe" },
		{ MULTI OCTETS "; name=\"a.exe: b.eml\"\r\n\r\n", "" },
		{ MULTI OCTETS "; name=\":\"\r\n\r\n", "" },
		/* Comments. */
		{ MULTI OCTETS "; name(c)=(\")\"a.exe\"\r\n\r\n", ".exe" },
		{ MULTI OCTETS " (5\" disk); name=\"a.exe\"\r\n\r\n", ".exe" },
		{ MULTI "Content-Type: (c) application/x-msdownload\r\n\r\n",
		    "application/x-msdownload" },
		{ MULTI OCTETS "; x=\"(\"; name=\"a.exe\"; y=\")\"\r\n\r\n",
		    ".exe" },
		/* A digest is of messages; and encoded ones. */
		{ "Content-Type: multipart/digest; boundary=X\r\n\r\n--X\r\n\r\n"
		    OCTETS "; name=a.exe\r\n\r\nx", ".exe" },
		{ "Content-Type: multipart/digest; boundary=X\r\n\r\n--X\r\n"
		    "Content-Type: text/plain\r\n\r\n" OCTETS
		    "; name=a.exe\r\n\r\nx", "" },
		{ MULTI "Content-Type: message/rfc822\r\n"
		    "Content-Transfer-Encoding: Base64\r\n\r\n"
		    "Q29udGVudC1UeXBlOiB4L3k7\r\nIG5hbWU9YS5leGUKCng=\r\n"
		    "--=_b--\r\n", ".exe" },
		{ MULTI "Content-Transfer-Encoding: quoted-printable\r\n"
		    "Content-Type: message/global\r\n\r\n"
		    "Content-Type: x/y; na=\r\nme=3Da=2Eexe \r\n=\r\n\r\n",
		    ".exe" },
		{ MULTI "Content-Type: message/rfc822\r\n"
		    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
		    "A: b=\r\n\r\n--=_b\r\n\r\n" OCTETS "; name=a.exe", "" },
		{ MULTI "Content-Type: text/plain\r\n"
		    "Content-Transfer-Encoding: base64\r\n\r\n"
		    "Q29udGVudC1UeXBlOiB4L3k7\r\nIG5hbWU9YS5leGUKCng=\r\n", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (strcmp(found(cases[i].text), cases[i].what) != 0)
			fail_msg("%zu: \"%s\" instead of \"%s\"", i,
			    found(cases[i].text), cases[i].what);
}

/* At a limit, and one past it. */
static void
limits(void **state)
{
	static char text[ATTACH_LINE_MAX * 2], fill[ATTACH_LINE_MAX];
	size_t i, n;

	(void)state;
	/* A line's end that is not looked at. */
	memset(fill, 'x', sizeof fill);
	n = sizeof fill - strlen(OCTETS "; ; name=a.exe");
	snprintf(text, sizeof text, OCTETS "; %.*s; name=a.exe\r\n\r\n",
	    (int)n, fill);
	assert_string_equal(found(text), ".exe");
	snprintf(text, sizeof text, OCTETS "; %.*s; name=a.exe\r\n\r\n",
	    (int)n + 1, fill);
	assert_string_equal(found(text), "");
	/* A field has no such end, wherever the name stands. */
	for (n = ATTACH_FIELD_MAX - 60; n < ATTACH_FIELD_MAX; n++) {
		snprintf(text, sizeof text, OCTETS ";\r\n %.*s;\r\n"
		    " name=a.exe\r\n\r\n", (int)n, fill);
		assert_string_equal(found(text), ".exe");
	}
	snprintf(text, sizeof text, "Content-Type: multipart/mixed;\r\n"
	    " x=%.20000s;\r\n boundary=b\r\n\r\n--b\r\n" OCTETS
	    "; name=a.exe\r\n\r\n", fill);
	assert_string_equal(found(text), ".exe");
	/* Nor may a name not stand there often. */
	n = (size_t)snprintf(text, sizeof text, OCTETS);
	for (i = 0; i < 1000; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, ";name=a");
	snprintf(text + n, sizeof text - n, ";name=a.exe\r\n\r\n");
	assert_string_equal(found(text), ".exe");
	/* Of a longer boundary, which programs read, the beginning counts. */
	for (i = 0; i < 3; i++) {
		n = ATTACH_BOUNDARY_MAX - 2 + i;
		snprintf(text, sizeof text, "Content-Type: multipart/mixed; "
		    "boundary=%.*s\r\n\r\n--%.*s\r\n" OCTETS
		    "; name=a.exe\r\n", (int)n, fill, (int)n, fill);
		assert_string_equal(found(text), ".exe");
	}
	/* No boundary is forgotten; too many, and all that looks like one
	 * is. */
	for (i = 0; i < 2; i++) {
		n = 0;
		for (size_t k = 0; k < ATTACH_BOUNDARIES + i; k++)
			n += (size_t)snprintf(text + n, sizeof text - n,
			    "Content-Type: multipart/x; boundary=b%zu\r\n\r\n"
			    "--b%zu\r\n", k, k);
		snprintf(text + n, sizeof text - n, "\r\n--b0\r\n" OCTETS
		    "; name=a.exe\r\n");
		assert_string_equal(found(text), ".exe");
		snprintf(text + n, sizeof text - n, "\r\n--no\r\n" OCTETS
		    "; name=a.exe\r\n");
		assert_string_equal(found(text), i == 0 ? "" : ".exe");
	}
}

/* A message within a message, base64 each time. */
static void
within(void **state)
{
	char text[8192];
	struct buf b;
	size_t i, k;

	(void)state;
	for (i = 0; i < 2; i++) {
		snprintf(text, sizeof text, OCTETS "; name=a.exe\r\n\r\nx");
		for (k = 0; k < ATTACH_DEPTH + i; k++) {
			buf_init(&b, sizeof text);
			buf_adds(&b, "Content-Transfer-Encoding: base64\r\n"
			    "Content-Type: message/rfc822\r\n\r\n");
			assert_int_equal(codec_base64_put(&b, text,
			    strlen(text)), 0);
			snprintf(text, sizeof text, "%.*s", (int)b.len,
			    (const char *)b.data);
			buf_clear(&b);
		}
		assert_string_equal(found(text), i == 0 ? ".exe" : "");
	}
}

static void
sections(void **state)
{
	char text[PARAM_SECTIONS_MAX * 16], dst[PARAM_SECTIONS_MAX + 8];
	const char *p;
	size_t i, n = 1;

	(void)state;
	text[0] = 'x';
	for (i = 0; i < PARAM_SECTIONS_MAX + 1; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
		    ";name*%zu=a", i);
	p = text;
	assert_int_equal(param_get(&p, text + n, "name", PARAM_SECTIONS,
	    dst, sizeof dst), PARAM_SECTIONS_MAX);
	assert_null(p);
	p = text;
	assert_int_equal(param_get(&p, text + n, "name", PARAM_SECTIONS,
	    dst, 5), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),
		cmocka_unit_test(limits),
		cmocka_unit_test(within),
		cmocka_unit_test(sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
