#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <cmocka.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/control.h"
#include "mailnode/node/listen.h"
#include "mailnode/node/log.h"
#include "mailnode/node/net.h"

static void
endpoints(void **state)
{
	static const char *const bad[] = { "", "1.2.3.4", "1.2.3.4:", ":53",
	    "1.2.3.4:65536", "1.2.3:53", "[::1]", "::1]:53", "[::1:53",
	    "localhost:53", "1.2.3.4:5x" };
	struct net_addr a;
	char text[64];
	uint16_t port;
	size_t i;

	(void)state;
	assert_int_equal(net_parse_endpoint("127.0.0.1:53", &a), 0);
	net_text((struct sockaddr *)&a.sa, text, sizeof text, &port);
	assert_string_equal(text, "127.0.0.1");
	assert_int_equal(port, 53);
	assert_int_equal(net_parse_endpoint("[::1]:65535", &a), 0);
	net_text((struct sockaddr *)&a.sa, text, sizeof text, &port);
	assert_string_equal(text, "::1");
	assert_int_equal(port, 65535);
	assert_int_equal(net_parse("::ffff:10.1.2.3", "25", &a), 0);
	net_text((struct sockaddr *)&a.sa, text, sizeof text, &port);
	assert_string_equal(text, "10.1.2.3");
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(net_parse_endpoint(bad[i], &a), -1);
}

static void
networks(void **state)
{
	(void)state;
	assert_true(net_match("10.1.2.3", "192.168.0.0/16 10.0.0.0/8"));
	assert_true(net_match("10.1.2.3", "10.1.2.3"));
	assert_true(net_match("10.1.2.3", "0.0.0.0/0"));
	assert_true(net_match("2001:db8::5", "2001:db8::/33"));
	assert_false(net_match("2001:db8:8000::5", "2001:db8::/33"));
	assert_false(net_match("11.1.2.3", "10.0.0.0/8"));
	assert_false(net_match("10.1.2.3", "::/0"));
	assert_false(net_match("10.1.2.3", "10.0.0.0/33"));
	assert_false(net_match("10.1.2.3", "10.0.0.0/ 10.x/8 junk"));
	assert_false(net_match("10.1.2.3", ""));
}

static void
prefixes(void **state)
{
	static const struct { const char *in, *host, *net; } t[] = {
		{ "192.0.2.77", "192.0.2.77", "192.0.2.0/24" },
		{ "192.0.2.77/28", "192.0.2.64/28", "192.0.2.0/24" },
		{ "10.1.2.3/9", "10.0.0.0/9", "10.0.0.0/9" },
		{ "2001:db8:1:2:3::4", "2001:db8:1:2::/64",
		    "2001:db8:1::/48" },
		{ "2001:db8:ffff::/33", "2001:db8:8000::/33",
		    "2001:db8:8000::/33" },
	};
	struct net_prefix p, q;
	char text[NET_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		assert_true(net_prefix(t[i].in, &p));
		q = p;
		net_host(&p);
		net_prefix_text(&p, text);
		assert_string_equal(text, t[i].host);
		assert_true(net_within(&q, &p));
		net_around(&p);
		net_prefix_text(&p, text);
		assert_string_equal(text, t[i].net);
		assert_true(net_within(&q, &p));
		assert_int_equal(net_equal(&q, &p),
		    strcmp(t[i].host, t[i].net) == 0);
	}
	assert_true(net_prefix("2001:db8::1", &p));
	net_prefix_text(&p, text);
	assert_string_equal(text, "2001:db8::1");
	assert_false(net_prefix("", &p));
	assert_false(net_prefix("1.2.3", &p));
	assert_false(net_prefix("1.2.3.4/33", &p));
	assert_false(net_prefix("::/129", &p));
	assert_false(net_prefix("::1 ", &p));
	assert_true(net_is_here("192.0.2.1", "192.0.2.1"));
	assert_true(net_is_here("::1", "2001:db8::1"));
	assert_false(net_is_here("192.0.2.1", "192.0.2.2"));
}

static enum listen_verdict
knock(struct listen_rates *r, const char *peer, enum listen_trust trust)
{
	struct listen_crowd w = { .trust = trust };
	struct proc_conn c = { .session = 1 };

	snprintf(c.peer, sizeof c.peer, "%.45s", peer);
	return listen_judge(r, &c, &w);
}

/* How often, until it is too often.  The minute may turn once on the way,
 * not twice. */
static unsigned int
knocks(struct listen_rates *r, const char *peer, unsigned int most)
{
	unsigned int i;

	for (i = 0; i < 2 * most; i++)
		if (knock(r, peer, LISTEN_STRANGER) != LISTEN_OK)
			break;
	return i;
}

static void
rates(void **state)
{
	static struct listen_rates r;
	unsigned int i, most = conf.connections_per_minute, n;
	char addr[64];

	(void)state;
	assert_in_range(knocks(&r, "192.0.2.1", most), most, 2 * most - 1);
	assert_int_equal(knock(&r, "192.0.2.1", LISTEN_STRANGER),
	    LISTEN_RATE);
	assert_int_equal(knock(&r, "192.0.2.2", LISTEN_STRANGER), LISTEN_OK);
	/* a host has all of its /64 */
	for (i = n = 0; i < 2 * most && n == 0; i++) {
		snprintf(addr, sizeof addr, "2001:db8::%x", i + 1);
		n += knock(&r, addr, LISTEN_STRANGER) == LISTEN_RATE;
	}
	assert_int_equal(n, 1);
	/* a network some times that much, but for the owner */
	for (i = n = 0; i < 2 * LISTEN_NET_FACTOR * most && n == 0; i++) {
		snprintf(addr, sizeof addr, "198.51.100.%u", i % 200);
		n += knock(&r, addr, LISTEN_STRANGER) == LISTEN_RATE;
	}
	assert_in_range(i, LISTEN_NET_FACTOR * most, 2 * LISTEN_NET_FACTOR *
	    most - 1);
	assert_int_equal(knock(&r, "198.51.100.201", LISTEN_KNOWN),
	    LISTEN_OK);
	for (i = 0; i < 3 * most; i++)
		assert_int_equal(knock(&r, "198.51.100.7", LISTEN_OWN),
		    LISTEN_OK);
}

static void
places(void **state)
{
	static struct listen_rates r;
	struct proc_conn c = { .peer = "192.0.2.1" };
	struct listen_crowd w = { .strangers = conf.sessions_max };

	(void)state;
	assert_int_equal(listen_judge(&r, &c, &w), LISTEN_FULL);
	w.trust = LISTEN_OWN;
	assert_int_equal(listen_judge(&r, &c, &w), LISTEN_FULL);
	w = (struct listen_crowd){ .same = conf.sessions_per_address };
	assert_int_equal(listen_judge(&r, &c, &w), LISTEN_BUSY);
	w.trust = LISTEN_KNOWN;
	assert_int_equal(listen_judge(&r, &c, &w), LISTEN_BUSY);
	w.trust = LISTEN_OWN;
	assert_int_equal(listen_judge(&r, &c, &w), LISTEN_OK);
	w = (struct listen_crowd){ .same = 1, .around =
	    conf.sessions_per_address * LISTEN_NET_FACTOR - 1 };
	assert_int_equal(listen_judge(&r, &c, &w), LISTEN_OK);
	w.around++;
	assert_int_equal(listen_judge(&r, &c, &w), LISTEN_BUSY);
	w.trust = LISTEN_KNOWN;
	assert_int_equal(listen_judge(&r, &c, &w), LISTEN_OK);
}

static unsigned int
alarms_now(const struct alarms *a)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < ALARM_MAX; i++)
		n += a->at[i].since != 0;
	return n;
}

static void
alarms_are_counted_and_cleared(void **state)
{
	static struct alarms a;
	char text[20];
	int i;

	(void)state;
	alarm_raise(&a, ROLE_KEEPER, "disk full");
	alarm_raise(&a, ROLE_KEEPER, "disk full");
	assert_int_equal(alarms_now(&a), 1);
	assert_int_equal(a.at[0].times, 2);
	alarm_raise(&a, ROLE_FILER, "disk full");
	assert_int_equal(alarms_now(&a), 2);
	alarm_clear(&a, ROLE_KEEPER, "disk full");
	assert_int_equal(alarms_now(&a), 1);
	for (i = 0; i < ALARM_MAX + 5; i++) {
		snprintf(text, sizeof text, "alarm %d", i);
		alarm_raise(&a, ROLE_FILER, text);
	}
	assert_int_equal(alarms_now(&a), ALARM_MAX);
	alarm_clear_role(&a, ROLE_FILER, clock_mono_ms() - 60000);
	assert_int_equal(alarms_now(&a), ALARM_MAX);
	alarm_clear_role(&a, ROLE_KEEPER, clock_mono_ms() + 1);
	assert_int_equal(alarms_now(&a), ALARM_MAX);
	alarm_clear_role(&a, ROLE_FILER, clock_mono_ms() + 1);
	assert_int_equal(alarms_now(&a), 0);
}

static void
state_survives_its_channel(void **state)
{
	static struct node_state a, b;
	struct chan_in in;
	struct buf buf;

	(void)state;
	strcpy(a.program, program_id());
	assert_int_equal(strlen(a.program), 40);
	a.pid = 7;
	a.ready = true;
	a.crashes[ROLE_SMTP] = 3;
	a.sessions = NODE_SESSIONS_MAX + 2;
	strcpy(a.session[1].peer, "192.0.2.1");
	alarm_raise(&a.alarms, ROLE_VAULT, "locked");
	buf_init(&buf, CHAN_DATA_MAX);
	node_state_put(&buf, &a);
	chan_in_init(&in, buf.data, buf.len);
	assert_true(node_state_get(&in, &b));
	assert_string_equal(b.program, program_id());
	assert_int_equal(b.pid, 7);
	assert_true(b.ready);
	assert_int_equal(b.crashes[ROLE_SMTP], 3);
	assert_int_equal(b.sessions, NODE_SESSIONS_MAX + 2);
	assert_string_equal(b.session[1].peer, "192.0.2.1");
	assert_string_equal(b.alarms.at[0].text, "locked");
	chan_in_init(&in, buf.data, buf.len - 1);
	assert_false(node_state_get(&in, &b));
	buf_clear(&buf);
}

static void
log_lines_cannot_be_forged(void **state)
{
	char line[4096];
	int p[2], saved;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(p), 0);
	saved = dup(STDERR_FILENO);
	dup2(p[1], STDERR_FILENO);
	log_line(LOG_INFO, "test", "helo=%s n=%d", "x y\r\nlevel=info \x1b[2J\"\\",
	    7);
	dup2(saved, STDERR_FILENO);
	n = read(p[0], line, sizeof line - 1);
	assert_true(n > 0);
	line[n] = '\0';
	assert_ptr_equal(strchr(line, '\n'), line + n - 1);
	assert_null(strchr(line, '\r'));
	assert_null(strchr(line, '\x1b'));
	assert_non_null(strstr(line,
	    "helo=\"x y\\x0d\\x0alevel=info \\x1b[2J\\\"\\\\\" n=7"));
	close(p[0]);
	close(p[1]);
	close(saved);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints),
		cmocka_unit_test(networks),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(rates),
		cmocka_unit_test(places),
		cmocka_unit_test(alarms_are_counted_and_cleared),
		cmocka_unit_test(state_survives_its_channel),
		cmocka_unit_test(log_lines_cannot_be_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
