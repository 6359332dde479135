#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tui/unsub.h"

enum { MAX = 8 };

static void
fill(struct parse_show *s, struct parse_header *h, const char *const *f)
{
	memset(s, 0, sizeof *s);
	s->header = h;
	for (; f[0] != NULL; f += 2) {
		h[s->nheader].name = f[0];
		h[s->nheader++].value = f[1];
	}
}

#define AR	"Authentication-Results", "mail.example.org; dkim=pass " \
	"header.d=l.example header.s=k header.b=AbCdEfGh"
#define SIG	"DKIM-Signature", "v=1; a=rsa-sha256; d=L.example; s=k; " \
	"h=From:List-Unsubscribe:List-Unsubscribe-Post; bh=x; b=AbCd EfGhIj="
#define LU	"List-Unsubscribe", "<mailto:u@l.example?subject=a%20b&body=c>," \
	" <https://l.example/u?x=1>"
#define LUP	"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"

static void
kinds(void **state)
{
	static const struct {
		const char *f[2 * MAX];
		enum unsub_kind kind;
	} t[] = {
		{ { AR, SIG, LU, LUP }, UNSUB_POST },
		/* Each thing that is missing, or there twice. */
		{ { AR, SIG, LU }, UNSUB_MAIL },
		{ { SIG, LU, LUP }, UNSUB_MAIL },
		{ { AR, LU, LUP }, UNSUB_MAIL },
		{ { AR, SIG, LU, LUP, LUP }, UNSUB_MAIL },
		{ { AR, SIG, LU, LU, LUP }, UNSUB_MAIL },
		{ { AR, SIG, LUP }, UNSUB_NONE },
		{ { AR, SIG }, UNSUB_NONE },
		/* Another value, another scheme, two of them. */
		{ { AR, SIG, LU, "List-Unsubscribe-Post", "yes" },
		    UNSUB_MAIL },
		{ { AR, SIG, LUP, "List-Unsubscribe", "<http://l.example/>" },
		    UNSUB_OPEN },
		{ { AR, SIG, LUP, "List-Unsubscribe",
		    "<https://l.example/a>, <https://l.example/b>" },
		    UNSUB_OPEN },
		/* Somebody else's word; a failure; another signature. */
		{ { "Authentication-Results", "other.test; dkim=pass "
		    "header.d=l.example header.b=AbCdEfGh", AR, SIG, LU, LUP },
		    UNSUB_MAIL },
		{ { "Authentication-Results", "mail.example.org; dkim=fail "
		    "header.d=l.example header.b=AbCdEfGh", SIG, LU, LUP },
		    UNSUB_MAIL },
		{ { "Authentication-Results", "mail.example.org; dkim=pass "
		    "header.d=l.example header.b=XXXXXXXX", SIG, LU, LUP },
		    UNSUB_MAIL },
		{ { "Authentication-Results", "mail.example.org; dkim=pass "
		    "header.d=o.example header.b=AbCdEfGh", SIG, LU, LUP },
		    UNSUB_MAIL },
		{ { "Authentication-Results", "mail.example.org; dkim=pass "
		    "header.d=l.example", SIG, LU, LUP }, UNSUB_MAIL },
		/* The second of two fields is not covered. */
		{ { AR, LU, LUP, "DKIM-Signature", "d=l.example; b=AbCdEfGhIj;"
		    " h=From:List-Unsubscribe" }, UNSUB_MAIL },
	};
	struct parse_header h[MAX];
	struct parse_show s;
	struct unsub u;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		fill(&s, h, t[i].f);
		unsub_find(&u, &s, "mail.example.org");
		if (u.kind != t[i].kind)
			fail_msg("case %zu: %d, not %d", i, (int)u.kind,
			    (int)t[i].kind);
		assert_true((u.why == NULL) == (u.kind == UNSUB_POST));
	}
}

static void
addresses(void **state)
{
	static const struct {
		const char *value, *url, *addr, *subject, *body;
	} t[] = {
		{ "<mailto:u@l.example?subject=a%20b&body=c%0D%0ABcc:%20x>,"
		    "<https://l.example/u>", "https://l.example/u",
		    "u@l.example", "a b", "c  Bcc: x" },
		{ "<HTTPS://l.example/\r\n\t u>", "HTTPS://l.example/u", "",
		    "", "" },
		{ "<mailto:%zz@l.example>", "", "", "", "" },
		{ "<mailto:a@l.example,b@l.example>", "", "", "", "" },
		{ "<mailto:a@l.example%00>", "", "", "", "" },
		{ "<ftp://l.example/>, x", "", "", "", "" },
		{ "<https://l.example/", "", "", "", "" },
		{ "", "", "", "", "" },
	};
	struct parse_header h[MAX];
	const char *f[3] = { "List-Unsubscribe", NULL, NULL };
	struct parse_show s;
	struct unsub u;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		f[1] = t[i].value;
		fill(&s, h, f);
		unsub_find(&u, &s, "mail.example.org");
		assert_string_equal(u.url, t[i].url);
		assert_string_equal(u.addr, t[i].addr);
		assert_string_equal(u.subject, t[i].subject);
		assert_string_equal(u.body, t[i].body);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds), cmocka_unit_test(addresses)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
