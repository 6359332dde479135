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
rates(void **state)
{
	static struct listen_rates r;
	struct proc_conn c = { .peer = "192.0.2.1" };
	unsigned int i;

	(void)state;
	assert_int_equal(listen_judge(&r, &c, conf.sessions_max, 0),
	    LISTEN_FULL);
	assert_int_equal(listen_judge(&r, &c, 0, conf.sessions_per_address),
	    LISTEN_BUSY);
	for (i = 0; i < conf.connections_per_minute; i++)
		if (listen_judge(&r, &c, 0, 0) != LISTEN_OK)
			break;
	/* The minute may turn once on the way, not twice. */
	if (i == conf.connections_per_minute)
		for (; i < 2 * conf.connections_per_minute; i++)
			if (listen_judge(&r, &c, 0, 0) != LISTEN_OK)
				break;
	assert_int_equal(listen_judge(&r, &c, 0, 0), LISTEN_RATE);
	strcpy(c.peer, "192.0.2.2");
	assert_int_equal(listen_judge(&r, &c, 0, 0), LISTEN_OK);
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
	alarm_clear_role(&a, ROLE_FILER);
	assert_int_equal(alarms_now(&a), 0);
}

static void
state_survives_its_channel(void **state)
{
	static struct node_state a, b;
	struct chan_in in;
	struct buf buf;

	(void)state;
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
		cmocka_unit_test(rates),
		cmocka_unit_test(alarms_are_counted_and_cleared),
		cmocka_unit_test(state_survives_its_channel),
		cmocka_unit_test(log_lines_cannot_be_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
