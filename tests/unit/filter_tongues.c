/* Mail of this decade, in many languages: its words are found, in whatever
 * charset and encoding they come, and its size is no matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "mailnode/filter/sample.h"
#include "mailnode/filter/words.h"

static struct tokens t;

static bool
has(const char *name)
{
	size_t i;

	for (i = 0; i < t.n; i++)
		if (strcmp(tokens_name(&t, i), name) == 0)
			return true;
	return false;
}

/* Each of `want`, ended by '|', is among the tokens; with '-' before it, it
 * is not. */
static void
wants(const char *what, const char *want)
{
	char name[TOKEN_NAME_MAX];
	const char *end;
	bool not;

	for (; *want != '\0'; want = end + 1) {
		end = strchr(want, '|');
		assert_non_null(end);
		not = *want == '-';
		memcpy(name, want + not, (size_t)(end - want) - not);
		name[end - want - not] = '\0';
		if (has(name) == not)
			fail_msg("%s: \"%s\"", what, name);
	}
}

#define HTML8 "Content-Type: text/html; charset=utf-8\n\n"
#define PLAIN(cs, cte) "MIME-Version: 1.0\nContent-Type: text/plain; " \
	"charset=" cs "\nContent-Transfer-Encoding: " cte "\n\n"

static const struct {
	const char	*what, *mail, *want;
} mails[] = {
	{ "Chinese, UTF-8", PLAIN("utf-8", "8bit") "免费领取奖金，点击这里",
	    "免费|领取|取奖|奖金|点击|-金点|" },
	{ "Chinese, GB 18030", PLAIN("gb2312", "base64")
	    "w+K30cHsyKG9sb3w", "免费|领取|奖金|" },
	{ "Chinese, Big5", PLAIN("big5", "base64") "p0u2T7vio/o=",
	    "免費|" },
	{ "Japanese, ISO 2022", PLAIN("iso-2022-jp", "7bit")
	    "\x1b$BElKu\x1b(B", "東抹|" },
	{ "Japanese, UTF-8 with kana", PLAIN("utf-8", "8bit")
	    "お得なｶﾒﾗを今すぐ", "お得|今す|すぐ|" },
	{ "Japanese subject", "Subject: =?utf-8?B?5b2T6YG444GX44G+44GX44Gf?="
	    "\n\n", "subject:当選|subject:まし|" },
	{ "Korean, EUC-KR", PLAIN("euc-kr", "base64") "wabB2MSrteU=",
	    "카드|" },
	{ "Thai", PLAIN("utf-8", "8bit") "สวัสดี", "สว|" },
	{ "Russian, KOI8-R", PLAIN("koi8-r", "base64")
	    "4sXT0MzB1M7ZyiDQ0sna", "бесплатный|приз|бесплатный приз|" },
	{ "Russian, windows-1251", PLAIN("windows-1251",
	    "quoted-printable") "=C1=E5=F1=EF=EB=E0=F2=ED=FB=E9",
	    "бесплатный|" },
	{ "Russian, subject in KOI8-R",
	    "Subject: =?koi8-r?B?8NLJ2g==?=\n\n", "subject:приз|" },
	{ "io is ie", PLAIN("utf-8", "8bit") "Ещё ЁЛКА", "еще|елка|" },
	{ "Greek", PLAIN("utf-8", "8bit") "ΚΈΡΔΟΣ", "-ΚΈΡΔΟΣ|" },
	{ "Arabic", PLAIN("utf-8", "8bit") "مَرْحَبًا، إربح ٥٠٠ الآن؟",
	    "مرحبا|اربح|500|الان|" },
	{ "Arabic, windows-1256", PLAIN("windows-1256", "8bit")
	    "\xe3\xd1\xcd\xc8\xc7", "مرحبا|" },
	{ "Arabic, stretched", PLAIN("utf-8", "8bit") "مـــرحـــبا",
	    "مرحبا|-hidden:zero-width|" },
	{ "Persian with ZWNJ", PLAIN("utf-8", "8bit") "می‌خواهم",
	    "میخواهم|-hidden:zero-width|" },
	{ "Hebrew", PLAIN("utf-8", "8bit") "שָׁלוֹם בית־ספר",
	    "שלום|בית|ספר|" },
	{ "Hindi", PLAIN("utf-8", "8bit") "मुफ्त इनाम।", "मुफ्त|इनाम|" },
	{ "Vietnamese", PLAIN("utf-8", "8bit") "MIỄN PHÍ", "miễn|phi|" },
	{ "Turkish", PLAIN("iso-8859-9", "8bit") "HIZLI \xfe" "ans",
	    "hizli|sans|" },
	{ "Emoji", PLAIN("utf-8", "8bit") "win 🎁🔥 👍🏽 ❤️ now",
	    "🎁|🔥|👍|❤|win|now|" },
	{ "Emoji in a subject", "Subject: =?utf-8?Q?=F0=9F=8E=81_gift?=\n\n",
	    "subject:🎁|subject:gift|" },
	{ "Styled letters", PLAIN("utf-8", "8bit") "𝐅𝐑𝐄𝐄 Ⓕⓡⓔⓔ ＦＲＥＥ",
	    "free|free free|" },
	{ "A newsletter of HTML alone", HTML8 "<!DOCTYPE html><html><head>"
	    "<title>News</title><style>.a{color:red}</style></head><body>"
	    "<div style=\"display:none;max-height:0\">Preview &#8199;&#65279;"
	    "&#847;</div><table><tr><td>Dear&nbsp;friend</td></tr><tr><td>"
	    "<a href=\"https://track.shop.test/u?x=1\">Unsub<wbr>scribe</a>"
	    "<img src=\"cid:1\" width=\"1\" height=\"1\"></td></tr></table>",
	    "hidden:preview|dear friend|unsubscribe|url:track.shop.test|"
	    "url:shop.test|html:img|-html:table|-color|" },
	{ "UTF-8 that says nothing", "Subject: Привет, 东京\n\nпривет 东京",
	    "subject:привет|subject:东京|привет|东京|" },
	{ "UTF-16 as it comes", PLAIN("utf-16le", "base64")
	    "ZgByAGUAZQA=", "free|" },
	{ "UTF-8 that is cut", PLAIN("utf-8", "8bit") "при\xd0", "при|" },
};

static void
tokens_of(const char *s, size_t n)
{
	tokens_reset(&t);
	assert_int_equal(sample_tokens(&t, (const uint8_t *)s, n), 0);
}

static void
test_mails(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof mails / sizeof mails[0]; i++) {
		tokens_of(mails[i].mail, strlen(mails[i].mail));
		wants(mails[i].what, mails[i].want);
	}
}

enum { BIG = 1000000, BIG_MS = 2000 };

/* Of this process, whoever else has the machine. */
static int64_t
cpu_ms(void)
{
	return (int64_t)clock() * 1000 / CLOCKS_PER_SEC;
}

/* A million octets of one thing. */
static void
test_bounded(void **state)
{
	static const char *const what[] = { "东京", "привет ", "مرحبا", "🎁",
	    "👨‍👩‍👧‍👦", "é", "e\xcc\x81", "ก", "\xe2\x80\x8f", "𝐅", "\xf0",
	    "ab\xe2\x80\x8d", "<td>东", "д-" };
	size_t i, k, at, n;
	char *s = malloc(BIG + 100);
	int64_t began;

	(void)state;
	assert_non_null(s);
	for (i = 0; i < 2 * sizeof what / sizeof what[0]; i++) {
		at = i % 2 ? sizeof HTML8 - 1 : 1;
		memcpy(s, i % 2 ? HTML8 : "\n", at);
		n = strlen(what[i / 2]);
		for (k = at; k + n < BIG; k += n)
			memcpy(s + k, what[i / 2], n);
		began = cpu_ms();
		tokens_of(s, k);
		assert_in_range(cpu_ms() - began, 0, BIG_MS);
		assert_in_range(t.n, 1, 100);
	}
	free(s);
}

static int
setup(void **state)
{
	(void)state;
	return sample_init() == -1 || tokens_init(&t, 42, true) == -1;
}

static int
teardown(void **state)
{
	(void)state;
	tokens_clear(&t);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mails),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
