#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/resolve.h"

/*
 * The engine with a way that goes nowhere: each test lands the shots.  The
 * asking end of the channel is read without waiting.
 */
enum { SHOTS = 2 * RESOLVE_SHARE };

static struct {
	struct shot	*shot;
	size_t		 server;
	enum dns_type	 type;
	char		 name[DNS_NAME_MAX];
} shots[SHOTS];
static size_t nshots;
static int breaker = -1;
static int refuse_from = SHOTS;	/* closed ports: lands before send returns */

static struct loop *loop;
static struct resolve *engine;
static struct op_server srv;
static int fds[2];

static bool
landed(size_t i, const void *m, size_t n)
{
	struct shot *shot = shots[i].shot;

	shots[i].shot = NULL;
	return resolve_landed(shot, m, n);
}

static void
silence(size_t i)
{
	(void)landed(i, NULL, 0);
}

static int
send_shot(void *arg, size_t server, const char *name, enum dns_type type,
    struct shot *shot)
{
	(void)arg;
	assert_true(nshots < SHOTS);
	shots[nshots].shot = shot;
	shots[nshots].server = server;
	shots[nshots].type = type;
	strcpy(shots[nshots].name, name);
	nshots++;
	if ((int)server >= refuse_from)
		silence(nshots - 1);
	return 0;
}

static void
note_breaker(void *arg, bool open)
{
	(void)arg;
	breaker = open;
}

static void
gone(void *service, struct op_peer *p, const char *why)
{
	(void)why;
	resolve_gone(service, p);
}

static void
setup(size_t servers)
{
	static const struct resolve_way way = { send_shot, note_breaker,
	    NULL };
	size_t i;

	nshots = 0;
	breaker = -1;
	refuse_from = SHOTS;
	loop = loop_new();
	engine = resolve_new(loop, &way);
	for (i = 0; i < servers; i++)
		resolve_server(engine, "test", i == 0);
	resolve_ready(engine);
	op_server_init(&srv, loop, ask_dns_ops, resolve_service(engine));
	srv.gone = gone;
	assert_int_equal(chan_pair(fds), 0);
	assert_non_null(op_server_add(&srv, fds[1], ROLE_SMTP, 1));
}

static void
teardown(void)
{
	size_t i;

	if (fds[0] != -1)
		close(fds[0]);
	resolve_end(engine);
	for (i = 0; i < nshots; i++)
		if (shots[i].shot != NULL)
			silence(i);
	resolve_free(engine);
	op_server_clear(&srv);
	loop_free(loop);
}

static void
ask(uint32_t id, const char *name)
{
	assert_int_equal(ask_dns_send(fds[0], id, DNS_A, name), 0);
	assert_int_equal(loop_turn(loop, 1000), 0);
}

/* The wire form of an answer to shot i: rcode, and an address if 0. */
static bool
land(size_t i, int rcode)
{
	static const uint8_t rest[] = { 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 1, 2, 3,
	    4 };
	uint8_t m[600] = { 0, 7, 0x81, 0xa0, 0, 1 };
	const char *s = shots[i].name;
	size_t n = 12, k, q;

	for (q = 0; q < 2; q++) {
		for (s = shots[i].name; *s != '\0'; s += k + (s[k] == '.')) {
			k = strcspn(s, ".");
			m[n++] = (uint8_t)k;
			memcpy(m + n, s, k);
			n += k;
		}
		n++;
		memcpy(m + n, q == 0 ? (const uint8_t *)"\0\1\0\1" : rest,
		    q == 0 ? 4 : sizeof rest);
		if (q == 0 && shots[i].type == DNS_NS)
			m[n + 1] = DNS_NS;
		n += q == 0 ? 4 : sizeof rest;
		if (rcode != 0)
			break;
	}
	m[3] |= (uint8_t)rcode;
	m[7] = rcode == 0;
	return landed(i, m, n);
}

/* Reads one answer; -1 in *id when there is none. */
static void
answer(uint32_t *id, struct dns_answer *a)
{
	dns_answer_init(a);
	*id = 0;
	(void)ask_dns_read(fds[0], id, a);
}

static void
expect(uint32_t id, enum dns_class class, bool open)
{
	struct dns_answer a;
	uint32_t got;

	answer(&got, &a);
	assert_int_equal(got, id);
	assert_int_equal(a.class, class);
	assert_int_equal(a.open, open);
	dns_answer_clear(&a);
}

static void
nothing(void)
{
	struct dns_answer a;
	uint32_t id;

	answer(&id, &a);
	assert_int_equal(id, 0);
}

static void
one_question_in_flight_for_many(void **state)
{
	(void)state;
	setup(1);
	ask(1, "a.test");
	ask(2, "A.TEST.");
	ask(3, "b.test");
	assert_int_equal(nshots, 2);
	nothing();
	(void)land(0, 0);
	expect(2, DNS_OK, false);
	expect(1, DNS_OK, false);
	nothing();
	ask(4, "a.test");		/* from the cache */
	assert_int_equal(nshots, 2);
	expect(4, DNS_OK, false);
	(void)land(1, 3);
	expect(3, DNS_NXDOMAIN, false);
	teardown();
}

static void
ad_is_believed_where_we_said_so(void **state)
{
	struct dns_answer a;
	uint32_t id;

	(void)state;
	setup(2);
	ask(1, "a.test");
	(void)land(0, 0);
	answer(&id, &a);
	assert_true(a.ad);
	dns_answer_clear(&a);
	ask(2, "b.test");
	silence(1);
	assert_int_equal(shots[2].server, 1);
	(void)land(2, 0);
	answer(&id, &a);
	assert_int_equal(a.class, DNS_OK);
	assert_false(a.ad);
	dns_answer_clear(&a);
	teardown();
}

static void
servfail_asks_the_next_and_is_kept_a_little(void **state)
{
	char name[32];
	uint32_t i;

	(void)state;
	setup(2);
	ask(1, "a.test");
	(void)land(0, 2);
	assert_int_equal(shots[1].server, 1);
	(void)land(1, 2);
	expect(1, DNS_TEMPFAIL, false);
	ask(2, "a.test");
	assert_int_equal(nshots, 2);
	expect(2, DNS_TEMPFAIL, false);
	/* An answer is no sign of ill health, however often. */
	for (i = 3; i < 10; i++) {
		nshots = 0;
		snprintf(name, sizeof name, "n%u.test", i);
		ask(i, name);
		(void)land(0, 5);
		assert_int_equal(shots[1].server, 1);
		(void)land(1, 0);
		expect(i, DNS_OK, false);
	}
	assert_int_equal(breaker, -1);
	teardown();
}

/* Slow domains cost their own time and never the server's good name. */
static void
a_slow_domain_takes_no_server_down(void **state)
{
	size_t i, tries = 0, probes = 0;

	(void)state;
	setup(1);
	ask(1, "slow.test");
	for (i = 0; i < nshots; i++) {
		if (shots[i].type == DNS_NS) {
			probes++;
			(void)land(i, 0);
		} else {
			tries++;
			silence(i);
		}
	}
	assert_int_equal(tries, RESOLVE_SHOTS);
	assert_true(probes >= 1);
	expect(1, DNS_TEMPFAIL, false);
	assert_int_equal(breaker, -1);
	ask(2, "a.test");
	(void)land(nshots - 1, 0);
	expect(2, DNS_OK, false);
	teardown();
}

static void
a_silent_server_is_left_alone(void **state)
{
	size_t i, first;

	(void)state;
	setup(2);
	ask(1, "a.test");
	ask(2, "b.test");
	silence(0);
	silence(1);		/* the second in a row: probed now */
	for (i = 2; i < nshots; i++) {
		if (shots[i].type == DNS_NS)
			silence(i);
		else
			(void)land(i, 0);
	}
	expect(1, DNS_OK, false);
	expect(2, DNS_OK, false);
	first = nshots;
	ask(3, "c.test");
	assert_int_equal(nshots, first + 1);
	assert_int_equal(shots[first].server, 1);
	assert_int_equal(breaker, -1);
	(void)land(first, 0);
	expect(3, DNS_OK, false);
	teardown();
}

/* Closed ports: everything lands while it is being sent. */
static void
the_breaker_opens_answers_at_once_and_closes(void **state)
{
	int64_t until;
	size_t first;

	(void)state;
	setup(2);
	refuse_from = 0;
	ask(1, "a.test");
	expect(1, DNS_TEMPFAIL, true);
	assert_int_equal(breaker, 1);
	assert_true(resolve_open(engine));
	first = nshots;
	ask(2, "b.test");
	expect(2, DNS_TEMPFAIL, true);
	assert_int_equal(nshots, first);	/* nobody was bothered */

	refuse_from = SHOTS;
	until = clock_mono_ms() + 4 * RESOLVE_COOL_MS;
	while (nshots == first && clock_mono_ms() < until)
		assert_int_equal(loop_turn(loop, 100), 0);
	assert_true(nshots > first);
	assert_int_equal(shots[first].type, DNS_NS);
	(void)land(first, 0);
	assert_int_equal(breaker, 0);
	first = nshots;
	ask(3, "b.test");
	(void)land(first, 0);
	expect(3, DNS_OK, false);
	teardown();
}

/* A name that fails, of as many domains. */
static void
fail_one(uint32_t id)
{
	char name[32];
	size_t at = nshots;

	snprintf(name, sizeof name, "x%u.test", id);
	ask(id, name);
	(void)land(at, 2);
	expect(id, DNS_TEMPFAIL, false);
}

static size_t
canary(size_t from)
{
	while (from < nshots && strncmp(shots[from].name, "canary-", 7) != 0)
		from++;
	return from;
}

/* The resolver answers, and resolves nothing: only if the owner's own name
 * fails too does the breaker open. */
static void
it_opens_when_most_fails(void **state)
{
	int64_t until;
	uint32_t i;
	size_t at;

	(void)state;
	setup(1);
	resolve_canary(engine, "node.test");
	for (i = 1; i < RESOLVE_BROAD; i++)
		fail_one(i);
	assert_int_equal(canary(0), nshots);
	fail_one(RESOLVE_BROAD);
	at = canary(0);
	assert_int_equal(at, nshots - 1);
	assert_string_equal(strchr(shots[at].name, '.'), ".node.test");
	(void)land(at, 3);			/* strangers' names alone fail */
	assert_int_equal(breaker, -1);

	for (i = 100; i < 100 + RESOLVE_BROAD; i++)
		fail_one(i);
	at = canary(at + 1);
	assert_true(at < nshots);
	(void)land(at, 2);
	assert_int_equal(breaker, 1);
	assert_int_equal(ask_dns_send(fds[0], 200, DNS_A, "b.test"), 0);
	assert_int_equal(loop_turn(loop, 1000), 0);
	expect(200, DNS_TEMPFAIL, true);

	at = nshots;
	until = clock_mono_ms() + 4 * RESOLVE_COOL_MS;
	while (nshots == at && clock_mono_ms() < until)
		assert_int_equal(loop_turn(loop, 100), 0);
	assert_int_equal(canary(at), at);
	(void)land(at, 0);
	assert_int_equal(breaker, 0);
	ask(201, "b.test");
	(void)land(nshots - 1, 0);
	expect(201, DNS_OK, false);
	teardown();
}

/* A child of ours asks, we serve. */
static enum dns_health
health(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)ask_dns_health(fds[0], 5000));
	assert_int_equal(loop_turn(loop, 5000), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return (enum dns_health)WEXITSTATUS(status);
}

static void
health_is_told(void **state)
{
	(void)state;
	setup(1);
	assert_int_equal(health(), DNS_WORKS);
	refuse_from = 0;
	ask(1, "a.test");
	expect(1, DNS_TEMPFAIL, true);
	assert_int_equal(health(), DNS_BROKEN);
	teardown();
	setup(0);
	assert_int_equal(health(), DNS_NONE);
	assert_int_equal(ask_dns_health(-1, 0), DNS_BROKEN);
	teardown();
}

/* Asked ahead, then in earnest: what came meanwhile is in nobody's way. */
static void
asked_ahead(void **state)
{
	struct dns_question q[2] = { { .type = DNS_A, .name = "a.test" },
	    { .type = DNS_A, .name = "b..test" } };
	struct dns_answer a;
	int status;
	pid_t pid;

	(void)state;
	setup(1);
	ask_dns_ahead(fds[0], q, 2);
	assert_int_equal(loop_turn(loop, 1000), 0);
	assert_int_equal(nshots, 1);
	(void)land(0, 0);
	pid = fork();
	if (pid == 0) {
		dns_answer_init(&a);
		_exit((int)ask_dns(fds[0], DNS_A, "a.test", 5000, &a));
	}
	assert_int_equal(loop_turn(loop, 5000), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(nshots, 1);
	teardown();
}

static void
who_asked_may_go(void **state)
{
	int again[2];

	(void)state;
	setup(1);
	ask(1, "a.test");
	close(fds[0]);
	assert_int_equal(loop_turn(loop, 1000), 0);
	assert_int_equal(loop_turn(loop, 0), 0);
	(void)land(0, 0);
	assert_int_equal(chan_pair(again), 0);
	assert_non_null(op_server_add(&srv, again[1], ROLE_SENDER, 1));
	fds[0] = again[0];
	ask(2, "a.test");
	expect(2, DNS_OK, false);
	assert_int_equal(nshots, 1);
	teardown();
}

/* One peer asks for all it can: the next one is served all the same, and
 * the first again when it has its answers. */
static void
one_peer_has_its_share(void **state)
{
	char name[32];
	int i, first, other[2];

	(void)state;
	setup(1);
	for (i = 1; i <= RESOLVE_SHARE; i++) {
		snprintf(name, sizeof name, "n%d.test", i);
		ask((uint32_t)i, name);
	}
	assert_int_equal(nshots, RESOLVE_SHARE);
	nothing();
	ask(1000, "one-more.test");
	expect(1000, DNS_TEMPFAIL, false);
	assert_int_equal(nshots, RESOLVE_SHARE);
	assert_int_equal(chan_pair(other), 0);
	assert_non_null(op_server_add(&srv, other[1], ROLE_SMTP, 2));
	first = fds[0];
	fds[0] = other[0];
	ask(1, "another.test");
	assert_int_equal(nshots, RESOLVE_SHARE + 1);
	close(fds[0]);
	fds[0] = first;
	(void)land(0, 0);
	expect(1, DNS_OK, false);
	ask(1001, "one-more.test");
	assert_int_equal(nshots, RESOLVE_SHARE + 2);
	nothing();
	teardown();
}

static void
without_servers_all_fails(void **state)
{
	(void)state;
	setup(0);
	assert_int_equal(breaker, 1);
	ask(1, "a.test");
	expect(1, DNS_TEMPFAIL, true);
	teardown();
}

/* What a session must not: other types, names that are none, other roles. */
static void
bad_questions_end_the_channel_or_fail(void **state)
{
	struct op_reply r;
	struct buf b;
	pid_t pid;
	int how;

	(void)state;
	setup(1);
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		buf_init(&b, 1000);
		op_reply_init(&r);
		chan_put_u16(&b, 255);		/* ANY */
		chan_put_str(&b, "a.test");
		how = op_call(fds[0], OP_DNS_ASK, &b, -1, &r, 5000) == OP_BAD;
		buf_reset(&b);
		chan_put_u16(&b, DNS_A);
		chan_put_str(&b, "a\\.test");
		how += op_call(fds[0], OP_DNS_ASK, &b, -1, &r, 5000) ==
		    OP_BAD;
		_exit(how);
	}
	close(fds[0]);
	fds[0] = -1;
	while (waitpid(pid, &how, WNOHANG) == 0)
		assert_int_equal(loop_turn(loop, 20), 0);
	assert_true(WIFEXITED(how));
	assert_int_equal(WEXITSTATUS(how), 2);
	assert_int_equal(nshots, 0);
	teardown();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_question_in_flight_for_many),
		cmocka_unit_test(ad_is_believed_where_we_said_so),
		cmocka_unit_test(servfail_asks_the_next_and_is_kept_a_little),
		cmocka_unit_test(a_slow_domain_takes_no_server_down),
		cmocka_unit_test(a_silent_server_is_left_alone),
		cmocka_unit_test(the_breaker_opens_answers_at_once_and_closes),
		cmocka_unit_test(it_opens_when_most_fails),
		cmocka_unit_test(health_is_told),
		cmocka_unit_test(asked_ahead),
		cmocka_unit_test(who_asked_may_go),
		cmocka_unit_test(one_peer_has_its_share),
		cmocka_unit_test(without_servers_all_fails),
		cmocka_unit_test(bad_questions_end_the_channel_or_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
