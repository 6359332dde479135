/* The ladder: every rung, what it needs, and who goes before whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/filter/ladder.h"
#include "mailnode/filter/origin.h"
#include "mailnode/filter/proof.h"

/* Facts of a case, named shortly. */
enum {
	ALIGNED = 1, LIKE = 2, WROTE = 4,
	AUTH_BAD = 8, AUTH_DOUBT = 16,	/* p=reject, p=quarantine */
	DNSBL_HIT = 32, DNSBL_HARD = 64, GREY = 128,
	WORDS_GOOD = 256, WORDS_JUNK = 512,
	LET_IN = 1024, NO_DNS = 2048, CAME = 4096
};

/* A fitting entry of the lists: kind, by whom, allow or block. */
struct entry { enum listed_kind kind; enum history_by by; int allow; };
#define NO_ENTRY	{ 0, HISTORY_BY_NONE, 0 }

static const struct {
	const char	*name;
	unsigned int	 is;
	struct entry	 list[2];
	struct history_count count[HISTORY_COUNTED];
	enum ladder_out	 out;
	enum ladder_rung rung;
} cases[] = {
	{ "nothing known", 0, { NO_ENTRY }, { { 0, 0 } },
	    LADDER_ACCEPT, LADDER_NONE },
	/* this once */
	{ "let in, whatever speaks against it", LET_IN | AUTH_BAD | NO_DNS |
	    WORDS_JUNK, { { LISTED_NETWORK, HISTORY_BY_IP, 0 } }, { { 0, 9 } },
	    LADDER_ACCEPT, LADDER_LET_IN },
	/* without the DNS */
	{ "no DNS, unknown", NO_DNS | WORDS_GOOD, { NO_ENTRY }, { { 0, 0 } },
	    LADDER_DEFER, LADDER_RESOLVER },
	{ "no DNS, the owner wrote, and it came so", NO_DNS | WROTE | CAME,
	    { NO_ENTRY }, { { 0, 0 } }, LADDER_ACCEPT, LADDER_RESOLVER },
	{ "no DNS, good before, and it came so", NO_DNS | CAME, { NO_ENTRY },
	    { [HISTORY_SENDER] = { 1, 0 } }, LADDER_ACCEPT, LADDER_RESOLVER },
	{ "no DNS, from elsewhere", NO_DNS | WROTE, { NO_ENTRY },
	    { [HISTORY_SENDER] = { 9, 0 } }, LADDER_DEFER, LADDER_RESOLVER },
	{ "no DNS, came so but is nobody", NO_DNS | CAME, { NO_ENTRY },
	    { { 0, 0 } }, LADDER_DEFER, LADDER_RESOLVER },
	{ "no DNS, and mostly junk", NO_DNS | CAME | WROTE, { NO_ENTRY },
	    { [HISTORY_SENDER] = { 1, 2 } }, LADDER_DEFER, LADDER_RESOLVER },
	{ "no DNS, blocked", NO_DNS, { { LISTED_NETWORK, HISTORY_BY_IP, 0 } },
	    { { 0, 0 } }, LADDER_REFUSE, LADDER_BLOCK },
	{ "no DNS, allowed network", NO_DNS, { { LISTED_NETWORK,
	    HISTORY_BY_IP, 1 } }, { { 0, 0 } }, LADDER_ACCEPT, LADDER_ALLOW },
	/* lists */
	{ "allowed address", ALIGNED | WORDS_JUNK, { { LISTED_ADDRESS,
	    HISTORY_BY_AUTHOR, 1 } }, { { 0, 0 } },
	    LADDER_ACCEPT, LADDER_ALLOW },
	{ "allowed address, unproved", WORDS_JUNK, { { LISTED_ADDRESS,
	    HISTORY_BY_AUTHOR, 1 } }, { { 0, 0 } },
	    LADDER_JUNK, LADDER_BAYES },
	{ "allowed address, imitated", ALIGNED | LIKE | WORDS_JUNK, { {
	    LISTED_ADDRESS, HISTORY_BY_AUTHOR, 1 } }, { { 0, 0 } },
	    LADDER_JUNK, LADDER_BAYES },
	{ "allowed envelope sender proves nothing", ALIGNED | WORDS_JUNK, { {
	    LISTED_ADDRESS, HISTORY_BY_SENDER, 1 } }, { { 0, 0 } },
	    LADDER_JUNK, LADDER_BAYES },
	{ "allowed domain that vouches for another's", WORDS_JUNK, { {
	    LISTED_DOMAIN, HISTORY_BY_ID, 1 } }, { { 0, 0 } },
	    LADDER_ACCEPT, LADDER_ALLOW },
	{ "allowed list breaks a policy", AUTH_BAD, { { LISTED_DOMAIN,
	    HISTORY_BY_ID, 1 } }, { { 0, 0 } },
	    LADDER_ACCEPT, LADDER_ALLOW },
	{ "allowed network", AUTH_BAD | WORDS_JUNK, { { LISTED_NETWORK,
	    HISTORY_BY_IP, 1 } }, { { 0, 0 } },
	    LADDER_ACCEPT, LADDER_ALLOW },
	{ "blocked address", ALIGNED | WROTE | WORDS_GOOD, { {
	    LISTED_ADDRESS, HISTORY_BY_AUTHOR, 0 } }, { { 0, 0 } },
	    LADDER_REFUSE, LADDER_BLOCK },
	{ "blocked envelope sender", ALIGNED, { { LISTED_ADDRESS,
	    HISTORY_BY_SENDER, 0 } }, { { 0, 0 } },
	    LADDER_REFUSE, LADDER_BLOCK },
	{ "blocked domain, unproved", 0, { { LISTED_DOMAIN,
	    HISTORY_BY_AUTHOR, 0 } }, { { 0, 0 } },
	    LADDER_REFUSE, LADDER_BLOCK },
	{ "blocked network", ALIGNED | WROTE, { { LISTED_NETWORK,
	    HISTORY_BY_IP, 0 } }, { { 0, 0 } },
	    LADDER_REFUSE, LADDER_BLOCK },
	{ "allowed address in a blocked domain", ALIGNED, { { LISTED_ADDRESS,
	    HISTORY_BY_AUTHOR, 1 }, { LISTED_DOMAIN, HISTORY_BY_AUTHOR, 0 } },
	    { { 0, 0 } }, LADDER_ACCEPT, LADDER_ALLOW },
	{ "the same, forged", 0, { { LISTED_ADDRESS,
	    HISTORY_BY_AUTHOR, 1 }, { LISTED_DOMAIN, HISTORY_BY_AUTHOR, 0 } },
	    { { 0, 0 } }, LADDER_REFUSE, LADDER_BLOCK },
	{ "blocked address in an allowed network", 0, { { LISTED_ADDRESS,
	    HISTORY_BY_AUTHOR, 0 }, { LISTED_NETWORK, HISTORY_BY_IP, 1 } },
	    { { 0, 0 } }, LADDER_REFUSE, LADDER_BLOCK },
	/* the author's domain */
	{ "p=reject", AUTH_BAD | WROTE, { NO_ENTRY }, { { 0, 0 } },
	    LADDER_REFUSE, LADDER_AUTHOR },
	{ "p=quarantine", AUTH_DOUBT | WROTE | WORDS_GOOD, { NO_ENTRY },
	    { { 0, 0 } }, LADDER_JUNK, LADDER_AUTHOR },
	{ "p=reject by a list that the owner reads", AUTH_BAD, { NO_ENTRY },
	    { [HISTORY_SIGNER] = { LADDER_LIST_GOOD, 0 } },
	    LADDER_ACCEPT, LADDER_AUTHOR },
	{ "… hardly reads", AUTH_BAD, { NO_ENTRY },
	    { [HISTORY_SIGNER] = { LADDER_LIST_GOOD - 1, 0 } },
	    LADDER_REFUSE, LADDER_AUTHOR },
	{ "… that brought junk, too", AUTH_BAD, { NO_ENTRY },
	    { [HISTORY_SIGNER] = { LADDER_LIST_GOOD, 1 } },
	    LADDER_REFUSE, LADDER_AUTHOR },
	/* correspondents */
	{ "correspondent", ALIGNED | WROTE | WORDS_JUNK | DNSBL_HIT | GREY,
	    { NO_ENTRY }, { { 0, 5 } }, LADDER_ACCEPT, LADDER_CORRESPONDENT },
	{ "forged correspondent", WROTE | WORDS_JUNK, { NO_ENTRY },
	    { { 9, 0 } }, LADDER_JUNK, LADDER_BAYES },
	{ "imitated correspondent", ALIGNED | WROTE | LIKE | WORDS_JUNK,
	    { NO_ENTRY }, { { 9, 0 } }, LADDER_JUNK, LADDER_BAYES },
	/* history */
	{ "good sender", ALIGNED | WORDS_JUNK, { NO_ENTRY },
	    { [HISTORY_SENDER] = { 1, 0 } }, LADDER_ACCEPT, LADDER_SENDER },
	{ "good sender, unproved", WORDS_JUNK, { NO_ENTRY },
	    { [HISTORY_SENDER] = { 9, 0 } }, LADDER_JUNK, LADDER_BAYES },
	{ "mostly good sender", ALIGNED | WORDS_JUNK, { NO_ENTRY },
	    { [HISTORY_SENDER] = { 4, 1 } }, LADDER_ACCEPT, LADDER_SENDER },
	{ "mixed sender", ALIGNED | WORDS_JUNK, { NO_ENTRY },
	    { [HISTORY_SENDER] = { 3, 1 } }, LADDER_JUNK, LADDER_BAYES },
	{ "junk sender", ALIGNED | WORDS_GOOD, { NO_ENTRY },
	    { [HISTORY_SENDER] = { 0, 1 } }, LADDER_JUNK, LADDER_SENDER },
	{ "good domain", ALIGNED | WORDS_JUNK, { NO_ENTRY },
	    { [HISTORY_DOMAIN] = { 3, 0 } }, LADDER_ACCEPT, LADDER_DOMAIN },
	{ "hardly known domain", ALIGNED | WORDS_JUNK, { NO_ENTRY },
	    { [HISTORY_DOMAIN] = { 2, 0 } }, LADDER_JUNK, LADDER_BAYES },
	{ "good domain, unproved", WORDS_JUNK, { NO_ENTRY },
	    { [HISTORY_DOMAIN] = { 9, 0 } }, LADDER_JUNK, LADDER_BAYES },
	{ "domain of many", ALIGNED | WORDS_JUNK, { NO_ENTRY },
	    { [HISTORY_DOMAIN] = { 90, 1 } }, LADDER_JUNK, LADDER_BAYES },
	{ "junk domain", ALIGNED | WORDS_GOOD, { NO_ENTRY },
	    { [HISTORY_DOMAIN] = { 0, 3 } }, LADDER_JUNK, LADDER_DOMAIN },
	{ "good signer", WORDS_JUNK, { NO_ENTRY },
	    { [HISTORY_SIGNER] = { 5, 0 } }, LADDER_ACCEPT, LADDER_SIGNER },
	{ "good signer of a lookalike", LIKE | WORDS_JUNK, { NO_ENTRY },
	    { [HISTORY_SIGNER] = { 5, 0 } }, LADDER_JUNK, LADDER_BAYES },
	{ "junk signer", WORDS_GOOD, { NO_ENTRY },
	    { [HISTORY_SIGNER] = { 0, 5 } }, LADDER_JUNK, LADDER_SIGNER },
	{ "good network", WORDS_JUNK, { NO_ENTRY },
	    { [HISTORY_NETWORK] = { 10, 0 } }, LADDER_ACCEPT,
	    LADDER_NETWORK },
	{ "good network, one junk", WORDS_JUNK, { NO_ENTRY },
	    { [HISTORY_NETWORK] = { 10, 1 } }, LADDER_JUNK, LADDER_BAYES },
	{ "junk network", WORDS_GOOD, { NO_ENTRY },
	    { [HISTORY_NETWORK] = { 0, 10 } }, LADDER_JUNK,
	    LADDER_NETWORK },
	{ "the sender before the domain", ALIGNED, { NO_ENTRY },
	    { [HISTORY_SENDER] = { 1, 0 }, [HISTORY_DOMAIN] = { 0, 9 } },
	    LADDER_ACCEPT, LADDER_SENDER },
	/* lists of others, greylist, words */
	{ "listed: junk", DNSBL_HIT | WORDS_GOOD | GREY, { NO_ENTRY },
	    { { 0, 0 } }, LADDER_JUNK, LADDER_DNSBL },
	{ "listed: refused", DNSBL_HIT | DNSBL_HARD, { NO_ENTRY },
	    { { 0, 0 } }, LADDER_REFUSE, LADDER_DNSBL },
	{ "greylisted", GREY | WORDS_JUNK, { NO_ENTRY },
	    { { 0, 0 } }, LADDER_DEFER, LADDER_GREYLIST },
	{ "junk by its words", WORDS_JUNK, { NO_ENTRY },
	    { { 0, 0 } }, LADDER_JUNK, LADDER_BAYES },
	{ "good by its words", WORDS_GOOD, { NO_ENTRY },
	    { { 0, 0 } }, LADDER_ACCEPT, LADDER_BAYES },
};

/* Makes known what is asked for, each thing once. */
static void
answer(struct ladder_facts *f, enum ladder_rung rung, unsigned int is)
{
	if (rung == LADDER_DNSBL) {
		assert_int_equal(f->dnsbl, LADDER_NOT_ASKED);
		f->dnsbl = is & DNSBL_HIT ? LADDER_BAD : LADDER_NOTHING;
		f->dnsbl_refuse = (is & DNSBL_HARD) != 0;
		f->dnsbl_why = "bl.test";
	} else if (rung == LADDER_GREYLIST) {
		assert_int_equal(f->grey, LADDER_NOT_ASKED);
		f->grey = is & GREY ? LADDER_BAD : LADDER_NOTHING;
	} else {
		assert_int_equal(rung, LADDER_BAYES);
		assert_int_equal(f->words, LADDER_NOT_ASKED);
		f->words = is & WORDS_JUNK ? LADDER_BAD :
		    is & WORDS_GOOD ? LADDER_GOOD : LADDER_NOTHING;
	}
}

static void
table(void **state)
{
	struct ladder_facts f;
	const struct entry *e;
	struct ladder d;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		f = (struct ladder_facts){ .author = "ada@x.test",
		    .aligned = (cases[i].is & ALIGNED) != 0,
		    .auth = cases[i].is & AUTH_BAD ? AUTH_REFUSE :
		    cases[i].is & AUTH_DOUBT ? AUTH_JUNK : AUTH_TAKE,
		    .auth_why = "policy",
		    .lookalike = (cases[i].is & LIKE) != 0,
		    .dns_broken = (cases[i].is & NO_DNS) != 0 };
		f.known.wrote = (cases[i].is & WROTE) != 0;
		f.known.let_in = (cases[i].is & LET_IN) != 0;
		f.known.came = (cases[i].is & CAME) != 0;
		for (k = 0; k < 2; k++) {
			e = &cases[i].list[k];
			if (e->by == HISTORY_BY_NONE)
				continue;
			f.known.list[e->kind] = (struct history_list){
			    .by = e->by, .allow = e->allow != 0,
			    .name = "entry" };
		}
		memcpy(f.known.count, cases[i].count, sizeof f.known.count);
		while (ladder_decide(&f, &d) == LADDER_ASK)
			answer(&f, d.rung, cases[i].is);
		if (d.out != cases[i].out || d.rung != cases[i].rung)
			fail_msg("%s: %d by %s", cases[i].name, (int)d.out,
			    ladder_rung_text(d.rung));
	}
}

static void
reasons(void **state)
{
	struct ladder_facts f = { .author = "ada@x.test", .aligned = true };
	struct ladder d;

	(void)state;
	f.known.count[HISTORY_DOMAIN].good = 3;
	assert_int_equal(ladder_decide(&f, &d), LADDER_ACCEPT);
	assert_string_equal(d.why, "x.test");
	f.known.wrote = true;
	assert_int_equal(ladder_decide(&f, &d), LADDER_ACCEPT);
	assert_string_equal(d.why, "ada@x.test");
	f = (struct ladder_facts){ .author = "", .auth = AUTH_REFUSE,
	    .auth_why = "policy of x.test is reject" };
	f.known.count[HISTORY_SIGNER].good = LADDER_LIST_GOOD;
	snprintf(f.known.signer, sizeof f.known.signer, "list.test");
	assert_int_equal(ladder_decide(&f, &d), LADDER_ACCEPT);
	assert_string_equal(d.why,
	    "policy of x.test is reject, but it came by list.test");
	assert_string_equal(ladder_rung_text(LADDER_RUNGS), "");
	/* Who would come in, were he proved. */
	f = (struct ladder_facts){ .author = "ada@x.test" };
	assert_null(ladder_unproved(&f));
	f.known.wrote = true;
	assert_string_equal(ladder_unproved(&f), "ada@x.test");
	f.aligned = true;
	assert_null(ladder_unproved(&f));
	f.known.list[LISTED_DOMAIN] = (struct history_list){
	    .by = HISTORY_BY_SENDER, .allow = true, .name = "x.test" };
	assert_string_equal(ladder_unproved(&f), "x.test");
	f.known.list[LISTED_DOMAIN].allow = false;
	assert_null(ladder_unproved(&f));
}

/* ---- who is proved ---- */

static void
proofs(void **state)
{
	static const struct {
		const char	*from;
		enum dmarc_result dmarc;
		const char	*dkim, *spf;	/* what passed, or NULL */
		const char	*author;
		int		 aligned;
	} c[] = {
		{ "A <Ada@X.test>", DMARC_PASS, "x.test", NULL,
		    "ada@x.test", 1 },
		{ "ada@x.test", DMARC_FAIL, "x.test", NULL, "ada@x.test", 0 },
		{ "ada@x.test", DMARC_TEMPERROR, "x.test", NULL,
		    "ada@x.test", 0 },
		{ "ada@x.test", DMARC_NONE, "x.test", NULL, "ada@x.test", 1 },
		{ "ada@x.test", DMARC_NONE, NULL, "x.test", "ada@x.test", 1 },
		{ "ada@m.x.test", DMARC_NONE, "x.test", NULL,
		    "ada@m.x.test", 1 },
		{ "ada@x.test", DMARC_NONE, "m.x.test", NULL,
		    "ada@x.test", 0 },
		{ "ada@x.test", DMARC_NONE, "test", NULL, "ada@x.test", 0 },
		{ "ada@ax.test", DMARC_NONE, "x.test", NULL,
		    "ada@ax.test", 0 },
		{ "ada@x.test", DMARC_NONE, NULL, NULL, "ada@x.test", 0 },
		{ "ada@x.test, b@x.test", DMARC_PASS, "x.test", NULL, "", 0 },
		{ "ada", DMARC_NONE, NULL, "x.test", "", 0 },
		{ "\"Ada: x\" <ada@b\xc3\xbc" "cher.test>", DMARC_PASS,
		    "xn--bcher-kva.test", NULL,
		    "ada@xn--bcher-kva.test", 1 },
	};
	struct dkim_signature sig;
	const struct dkim_signature *sigs = &sig;
	struct auth_verdict v;
	struct proof p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		memset(&v, 0, sizeof v);
		memset(&sig, 0, sizeof sig);
		v.from_fields = 1;
		from_add(&v.from, c[i].from, strlen(c[i].from));
		v.dmarc.result = c[i].dmarc;
		if (c[i].dkim != NULL) {
			sig.result = DKIM_PASS;
			snprintf(sig.domain, sizeof sig.domain, "%s",
			    c[i].dkim);
			v.dkim = &sigs;
			v.ndkim = 1;
		}
		if (c[i].spf != NULL) {
			v.has_spf = true;
			v.spf.result = SPF_PASS;
			snprintf(v.spf.domain, sizeof v.spf.domain, "%s",
			    c[i].spf);
		}
		proof_of(&v, &p);
		if (strcmp(p.author, c[i].author) != 0 ||
		    p.aligned != (c[i].aligned != 0))
			fail_msg("%s: %s %d", c[i].from, p.author,
			    p.aligned);
		/* One that covers a part proves nothing. */
		sig.partial = true;
		proof_of(&v, &p);
		assert_int_equal(p.nids, c[i].spf != NULL);
		/* Nor do two From fields. */
		v.from_fields = 2;
		proof_of(&v, &p);
		assert_string_equal(p.author, "");
		assert_false(p.aligned);
	}
}

/* The first author's name, as it stands. */
static void
author_names(void **state)
{
	static const struct { const char *from, *name; } c[] = {
		{ "Ada Friend <ada@x.test>", "AdaFriend" },
		{ "\"Ada Friend\" (x) <ada@x.test>", "\"Ada Friend\"" },
		{ "=?utf-8?q?A?= B <ada@x.test>, C <c@x.test>",
		    "=?utf-8?q?A?=B" },
		{ "\"a         b        c\" <ada@x.test>",
		    "\"a        b        c\"" },
		{ "ada@x.test", "" }, { "<ada@x.test>", "" },
		{ "ada@x.test, C <c@x.test>", "" },
		{ "ada@x.test (Ada Friend)", "Ada Friend" },
		{ "(x) ada@x.test (Ada) (Friend)", "Ada" },
		{ "ada(x)@x.test", "" },
		{ "A <ada@x.test> (B)", "A" }, { "<ada@x.test> (B)", "" },
		{ "ada@x.test () (B)", "B" },
		{ "\"Ada F\": ada@x.test;", "\"Ada F\"" },
		{ "G: A <ada@x.test>, b@x.test;", "A" },
		{ "<@r.test:ada@x.test>", "" },
	};
	char big[FROM_NAME_MAX + 20];
	struct from f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		from_init(&f);
		from_add(&f, c[i].from, strlen(c[i].from));
		assert_string_equal(f.name, c[i].name);
	}
	memset(big, 'a', sizeof big);
	memcpy(big + FROM_NAME_MAX, " <a@x.test>", 11);
	from_init(&f);
	from_add(&f, big, FROM_NAME_MAX + 11);
	assert_int_equal(strlen(f.name), FROM_NAME_MAX - 1);
	assert_string_equal(f.address, "a@x.test");
	/* cut behind a word */
	memcpy(big, "=?x?q?b?==?", 11);
	from_init(&f);
	from_add(&f, big, FROM_NAME_MAX + 11);
	assert_string_equal(f.name, "=?x?q?b?=");
	/* not through a character */
	memset(big, 0xe2, 11);
	for (i = 1; i < FROM_NAME_MAX; i++)
		memcpy(big + i, i % 3 == 1 ? "\xe2" : i % 3 == 2 ? "\x80" :
		    "\x8b", 1);
	big[0] = 'a';
	from_init(&f);
	from_add(&f, big, FROM_NAME_MAX + 11);
	assert_int_equal(strlen(f.name) % 3, 1);
	assert_int_equal((uint8_t)f.name[strlen(f.name) - 1], 0x8b);
	memset(big, 'a', FROM_NAME_MAX);
	from_init(&f);
	from_add(&f, big + 1, FROM_NAME_MAX + 10);
	assert_int_equal(strlen(f.name), FROM_NAME_MAX - 1);
	/* All of it, of several fields. */
	assert_int_equal(strlen(f.shown), FROM_NAME_MAX - 1);
	from_init(&f);
	from_add(&f, " A\r\n\t<a@x.test>", 15);
	from_add(&f, "B", 1);
	assert_string_equal(f.shown, " A <a@x.test>, B");
}

static void
addresses(void **state)
{
	char out[HISTORY_NAME_MAX], big[HISTORY_NAME_MAX + 10];

	(void)state;
	proof_address("Ada@X.Test", out);
	assert_string_equal(out, "ada@x.test");
	proof_address("a@b\xc3\xbc" "cher.test", out);
	assert_string_equal(out, "a@xn--bcher-kva.test");
	proof_address("", out);
	assert_string_equal(out, "");
	proof_address("a@", out);
	assert_string_equal(out, "");
	memset(big, 'a', sizeof big);
	memcpy(big + sizeof big - 8, "@x.test", 8);
	proof_address(big, out);
	assert_string_equal(out, "");
}

/* ---- what a stored message says ---- */

#define OURS	"Authentication-Results: mail.node.test;\r\n\t"
#define FROM	"From: Ada <ada@x.test>\r\n\r\nhi\r\n"

static void
origins(void **state)
{
	static const struct {
		const char	*text, *author;
		int		 aligned;
		const char	*ids, *ip;	/* ids with a blank between */
	} c[] = {
		{ OURS "dkim=pass header.d=x.test; spf=pass "
		    "smtp.mailfrom=b@list.test; dmarc=pass header.from=x.test;"
		    " iprev=pass policy.iprev=192.0.2.7\r\n" FROM,
		    "ada@x.test", 1, "x.test list.test", "192.0.2.7" },
		{ OURS "dkim=pass header.d=x.test; dmarc=none "
		    "header.from=x.test\r\n" FROM, "ada@x.test", 1, "x.test",
		    "" },
		{ OURS "dkim=pass header.d=x.test; dmarc=fail "
		    "header.from=x.test\r\n" FROM, "ada@x.test", 0, "x.test",
		    "" },
		{ OURS "dkim=pass reason=\"l= leaves part\" header.d=x.test;"
		    " dmarc=none header.from=x.test\r\n" FROM, "ada@x.test",
		    0, "", "" },
		{ OURS "dkim=fail header.d=x.test; spf=fail "
		    "smtp.mailfrom=b@x.test; dmarc=none\r\n" FROM,
		    "ada@x.test", 0, "", "" },
		/* The HELO name counts with <> alone. */
		{ OURS "spf=fail smtp.mailfrom=b@y.test; spf=pass "
		    "smtp.helo=x.test; dmarc=none\r\n" FROM, "ada@x.test", 0,
		    "", "" },
		{ OURS "spf=pass smtp.helo=x.test; dmarc=none\r\n" FROM,
		    "ada@x.test", 1, "x.test", "" },
		/* Not ours, or not the first. */
		{ "Authentication-Results: x.test; dkim=pass header.d=x.test;"
		    " dmarc=pass\r\n" FROM, "", 0, "", "" },
		{ "Authentication-Results: x.test; none\r\n" OURS
		    "dkim=pass header.d=x.test; dmarc=pass\r\n" FROM, "", 0,
		    "", "" },
		{ FROM, "", 0, "", "" },
		{ OURS "dkim=pass header.d=x.test; dmarc=pass\r\n"
		    "From: b@x.test\r\n" FROM, "", 0, "x.test", "" },
		{ OURS "\"\r\n" FROM, "", 0, "", "" },
		{ "", "", 0, "", "" },
	};
	char ids[HISTORY_IDS_MAX * 20];
	struct origin o;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		assert_int_equal(origin_read((const uint8_t *)c[i].text,
		    strlen(c[i].text), "mail.node.test", &o), 0);
		ids[0] = '\0';
		for (k = 0; k < o.nids; k++)
			snprintf(ids + strlen(ids), sizeof ids - strlen(ids),
			    "%s%s", k > 0 ? " " : "", o.id[k]);
		if (strcmp(o.author, c[i].author) != 0 ||
		    o.aligned != (c[i].aligned != 0) ||
		    strcmp(ids, c[i].ids) != 0 || strcmp(o.ip, c[i].ip) != 0)
			fail_msg("%zu: %s %d %s %s", i, o.author, o.aligned,
			    ids, o.ip);
	}
}

static void
origin_refused(void **state)
{
	struct origin o;
	struct chan_in in;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, 4096);
	chan_put_str(&b, "ada@x.test");
	chan_put_str(&b, "Ada");
	chan_put_u8(&b, 1);
	chan_put_str(&b, "");
	chan_put_u8(&b, HISTORY_IDS_MAX + 1);
	for (i = 0; i <= HISTORY_IDS_MAX; i++)
		chan_put_str(&b, "x.test");
	chan_in_init(&in, b.data, b.len);
	origin_get(&in, &o);
	assert_false(chan_end(&in));
	assert_int_equal(o.nids, 0);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(reasons),
		cmocka_unit_test(proofs),
		cmocka_unit_test(addresses),
		cmocka_unit_test(author_names),
		cmocka_unit_test(origins),
		cmocka_unit_test(origin_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
