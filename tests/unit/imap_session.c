/* How long a session of IMAP lasts: before the login, and in IDLE.  What it
 * says of mail is in tests/8001-imap.t and those that follow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/op_vault.h"
#include "mailnode/base/clock.h"
#include "mailnode/imap/session.h"
#include "mailnode/node/log.h"
#include "store/op_watch.h"
#include "tests/unit/tls_self.h"

enum { WAIT_MS = 20000, SOON_MS = 300 };

struct run {
	struct imap_start	 start;
	struct tls_self		 self;
	struct tls_client	*client;
	struct tls		*tls;
	int			 fd[2], vault[2], reader[2];
	int			 with_vault, with_reader, keeper;
	unsigned int		 wakes;		/* that did not end it */
	pthread_t		 session, yes;
	struct buf		 out;
};

/* ---- what is around it ---- */

static struct tls *
give_tls(void *arg, int fd)
{
	struct run *r = arg;

	return tls_accept(r->self.server, fd, tls_self_sign, &r->self);
}

static bool
want_reader(void *arg, bool light)
{
	struct run *r = arg;

	(void)light;
	r->with_reader = r->reader[0];
	return true;
}

static void
drop_reader(void *arg)
{
	((struct run *)arg)->with_reader = -1;
}

static enum imap_woken
woken(void *arg)
{
	(void)arg;
	return IMAP_STOP;
}

static enum imap_woken
woken_for_news(void *arg)
{
	((struct run *)arg)->wakes++;
	return IMAP_NEWS;
}

/* A vault that lets everybody in. */
static void *
say_yes(void *arg)
{
	struct run *r = arg;
	struct pollfd p = { .fd = r->vault[1], .events = POLLIN };
	struct buf in, b;
	struct chan_msg m;

	buf_init(&in, CHAN_RECORD_MAX + 1);
	buf_init(&b, 1000);
	while (poll(&p, 1, -1) == 1 && chan_recv(p.fd, &in, &m, false) == 1) {
		buf_reset(&b);
		chan_put_bytes(&b, "", 0);
		chan_put_str(&b, "phone");
		chan_put_u8(&b, DEVICE_ALL);
		chan_put_u32(&b, 0);
		chan_put_str(&b, "");
		m.status = OP_OK;
		m.fd = -1;
		(void)chan_send(p.fd, &m, &b, false);
	}
	buf_clear(&in);
	buf_clear(&b);
	return NULL;
}

static void *
serve(void *arg)
{
	struct run *r = arg;

	imap_run(&r->start);
	close(r->fd[1]);
	return NULL;
}

/* ---- the driver ---- */

static void
connect_to(struct run *r)
{
	struct tls_trust none = { .how = TLS_VERIFY_NONE };

	assert_int_equal(tls_client_new(&none, &r->client), CRYPTO_OK);
	r->tls = tls_connect(r->client, r->fd[0], "mail.example.org");
	assert_int_equal(tls_handshake_until(r->tls, clock_mono_ms() +
	    WAIT_MS), 0);
}

/* Limits are set by the caller, before begin(). */
static void
init(struct run *r)
{
	memset(r, 0, sizeof *r);
	tls_self_init(&r->self);
	buf_init(&r->out, 65536);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, r->fd), 0);
	assert_int_equal(chan_pair(r->vault), 0);
	assert_int_equal(chan_pair(r->reader), 0);
	r->keeper = r->with_reader = -1;
	r->with_vault = r->vault[0];
	r->start = (struct imap_start){ .fd = r->fd[1], .wake = -1,
	    .peer = "192.0.2.1", .number = 5, .keeper = &r->keeper,
	    .reader = &r->with_reader, .vault = &r->with_vault, .arg = r,
	    .tls = give_tls, .want_reader = want_reader,
	    .drop_reader = drop_reader, .woken = woken };
	imap_limits(&r->start);
}

static void
begin(struct run *r)
{
	assert_int_equal(pthread_create(&r->yes, NULL, say_yes, r), 0);
	assert_int_equal(pthread_create(&r->session, NULL, serve, r), 0);
	connect_to(r);
}

static void
say(struct run *r, const char *text)
{
	(void)tls_write(r->tls, text, strlen(text));
}

/* Reads until `what` has come, from where the last call ended; false: the
 * session is over. */
static bool
hear(struct run *r, const char *what, int wait_ms)
{
	struct pollfd p = { .fd = r->fd[0], .events = POLLIN };
	char part[4096];
	ssize_t n;

	while (strstr(buf_str(&r->out), what) == NULL) {
		n = tls_read(r->tls, part, sizeof part);
		if (n > 0)
			(void)buf_add(&r->out, part, (size_t)n);
		else if (n != TLS_WANT_READ || poll(&p, 1, wait_ms) != 1)
			return false;
	}
	return true;
}

static void
end(struct run *r)
{
	int i;

	shutdown(r->fd[0], SHUT_RDWR);
	assert_int_equal(pthread_join(r->session, NULL), 0);
	shutdown(r->vault[0], SHUT_RDWR);
	assert_int_equal(pthread_join(r->yes, NULL), 0);
	tls_free(r->tls);
	tls_client_free(r->client);
	tls_self_clear(&r->self);
	close(r->fd[0]);
	for (i = 0; i < 2; i++) {
		close(r->vault[i]);
		close(r->reader[i]);
	}
	buf_clear(&r->out);
}

/* ---- before the login ---- */

static void
silence_is_no_login(void **state)
{
	struct run r;
	int64_t from;

	(void)state;
	init(&r);
	r.start.login_ms = SOON_MS;
	begin(&r);
	from = clock_mono_ms();
	assert_true(hear(&r, "\r\n* BYE ", WAIT_MS));
	assert_true(clock_mono_ms() - from >= SOON_MS / 2);
	assert_non_null(strstr(buf_str(&r.out), "idle for too long"));
	end(&r);
}

/* Whatever it says meanwhile, who does not log in has to go. */
static void
talking_is_no_login(void **state)
{
	struct run r;
	int said;

	(void)state;
	init(&r);
	r.start.login_ms = 4 * SOON_MS;
	begin(&r);
	for (said = 0; said < 100 && !hear(&r, "* BYE ", SOON_MS / 6); said++)
		say(&r, "a NOOP\r\n");
	assert_in_range(said, 2, 60);
	assert_true(hear(&r, "log in sooner", WAIT_MS));
	end(&r);
}

/* ---- after it ---- */

/* The time for the login is no limit of what follows. */
static void
idle_says_that_it_is_there(void **state)
{
	struct run r;
	int i;

	(void)state;
	init(&r);
	r.start.login_ms = 6 * SOON_MS;
	r.start.alive_ms = SOON_MS;
	r.start.rest_ms = SOON_MS / 10;
	begin(&r);
	say(&r, "a AUTHENTICATE PLAIN AGEAYg==\r\n");
	assert_true(hear(&r, "a OK ", WAIT_MS));
	assert_int_equal(r.with_reader, r.reader[0]);
	say(&r, "b IDLE\r\n");
	assert_true(hear(&r, "+ idling", WAIT_MS));
	for (i = 0; i < 7; i++) {
		buf_reset(&r.out);
		assert_true(hear(&r, "* OK Still here\r\n", WAIT_MS));
	}
	assert_int_equal(r.with_reader, -1);	/* it rests */
	say(&r, "DONE\r\nc LOGOUT\r\n");
	assert_true(hear(&r, "c OK ", WAIT_MS));
	assert_non_null(strstr(buf_str(&r.out), "b OK "));
	end(&r);
}

static void
who_is_logged_in_may_be_silent_for_a_while(void **state)
{
	struct run r;

	(void)state;
	init(&r);
	r.start.idle_ms = SOON_MS;
	begin(&r);
	say(&r, "a AUTHENTICATE PLAIN AGEAYg==\r\nb NOOP\r\n");
	assert_true(hear(&r, "b OK ", WAIT_MS));
	assert_true(hear(&r, "* BYE idle for too long", WAIT_MS));
	end(&r);
}

/* While the client takes its time over a literal, what keeper tells wakes
 * once, not until the rest has come. */
static void
news_wait_for_a_literal(void **state)
{
	const struct chan_msg news = { .type = WATCH_CHANGE, .fd = -1 };
	struct run r;
	int keeper[2], i;

	(void)state;
	init(&r);
	assert_int_equal(chan_pair(keeper), 0);
	r.keeper = r.start.wake = keeper[0];
	r.start.woken = woken_for_news;
	begin(&r);
	say(&r, "a AUTHENTICATE PLAIN AGEAYg==\r\nb NOOP {5}\r\n");
	assert_true(hear(&r, "+ ", WAIT_MS));
	assert_int_equal(chan_send(keeper[1], &news, NULL, false), 0);
	assert_false(hear(&r, "b BAD", SOON_MS));
	say(&r, "hello\r\nc LOGOUT\r\n");
	assert_true(hear(&r, "c OK ", WAIT_MS));
	assert_non_null(strstr(buf_str(&r.out), "b BAD"));
	assert_in_range(r.wakes, 1, 3);
	end(&r);
	for (i = 0; i < 2; i++)
		close(keeper[i]);
}

/* TCP asks a phone that says nothing whether it is there. */
static void
a_peer_that_vanished_is_found_out(void **state)
{
	socklen_t n = sizeof(int);
	struct run r;
	int on = 0;

	(void)state;
	init(&r);
	begin(&r);
	assert_true(hear(&r, "* OK ", WAIT_MS));
	assert_int_equal(getsockopt(r.fd[1], SOL_SOCKET, SO_KEEPALIVE, &on,
	    &n), 0);
	assert_int_equal(on, 1);
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_is_no_login),
		cmocka_unit_test(talking_is_no_login),
		cmocka_unit_test(idle_says_that_it_is_there),
		cmocka_unit_test(who_is_logged_in_may_be_silent_for_a_while),
		cmocka_unit_test(news_wait_for_a_literal),
		cmocka_unit_test(a_peer_that_vanished_is_found_out),
	};

	log_init("imap_session", LOG_ERROR);
	(void)signal(SIGPIPE, SIG_IGN);
	if (crypto_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
