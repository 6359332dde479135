/*
 * A whole session, fed with whatever, of a stranger and of a device that has
 * logged in: each reply is one line that begins with a code, and nothing is
 * stored without a recipient, of ours for the one, sent on but by us for the
 * other.
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mailnode/node/log.h"
#include "mailnode/smtp/talk.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { MAX = 60000 };	/* octets: what a socket holds without a reader */

static uint16_t
find_rcpt(void *arg, const char *addr, struct rcpt *out)
{
	(void)arg;
	memset(out, 0, sizeof *out);
	out->class = strchr(addr, 'm') != NULL ? RCPT_USER : RCPT_FOREIGN;
	return STORE_OK;
}

static bool
no(void *arg)
{
	(void)arg;
	return false;
}

static uint16_t
take_begin(void *arg, uint64_t *id)
{
	(void)arg;
	*id = 1;
	return STORE_OK;
}

static int
take_data(void *arg, uint64_t id, const void *p, size_t n)
{
	(void)arg, (void)p;
	if (id != 1 || n == 0)
		abort();
	return 0;
}

static void
take_abort(void *arg, uint64_t id)
{
	(void)arg;
	if (id != 1)
		abort();
}

static uint16_t
take_commit(void *arg, uint64_t id, const struct spool_msg *m,
    const struct buf *head, const struct buf *body, uint64_t n)
{
	(void)arg;
	if (m->nrcpt == 0 || head->len == 0 ||
	    (id == 0) != (body != NULL) || (id == 0 && body->len != n))
		abort();
	return STORE_OK;
}

static void
hear_event(void *arg, const char *trace, const char *addr, const char *kind,
    const char *text)
{
	(void)arg;
	if (trace[0] == '\0' || kind[0] == '\0' || addr == NULL ||
	    strlen(text) >= 1024)
		abort();
}

static const struct answer *
take_letter(void *arg, const struct mail *m, const struct device *d,
    char detail[SUBMIT_DETAIL_MAX])
{
	static const struct answer taken = { 250, "2.0.0", "queued as" };

	(void)arg;
	if (m->nrcpt == 0 ||
	    strchr(m->env.from.address, 'm') == NULL ||
	    (d->scope & DEVICE_SEND) == 0)
		abort();
	detail[0] = '\0';
	return &taken;
}

static void
hear_seen(void *arg, const char *client)
{
	(void)arg, (void)client;
	abort();	/* nobody can log in twice */
}

static struct tls *
no_tls(void *arg, int fd)
{
	(void)arg, (void)fd;
	return NULL;
}

static void
check(int fd)
{
	static char out[4 * MAX];
	char *p, *end;
	size_t n = 0;
	ssize_t got;

	while ((got = recv(fd, out + n, sizeof out - 1 - n,
	    MSG_DONTWAIT)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	for (p = out; *p != '\0'; p = end + 2) {
		end = strstr(p, "\r\n");
		if (end == NULL)
			break;	/* the socket was full */
		if (end - p < 4 || *p < '2' || *p > '5')
			abort();
	}
}

static void
serve(const struct session_start *start, bool device)
{
	struct session s;

	if (!session_begin(&s, start))
		return;
	if (device) {
		s.tls = s.logged_in = true;
		s.device.scope = DEVICE_SEND;
	}
	session_talk(&s);
	(void)session_close(&s);
}

static void
one(const struct smtp_backend *be, const uint8_t *data, size_t n)
{
	struct session_start start = { .wake = -1, .peer = "192.0.2.1",
	    .backend = be };
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == -1)
		return;
	session_limits(&start.limits);
	start.limits.command_ms = start.limits.data_ms = 5;
	start.limits.pause_ms = 0;
	start.fd = fd[1];
	if (n > 0 && send(fd[0], data, n, MSG_NOSIGNAL) == -1)
		abort();
	shutdown(fd[0], SHUT_WR);
	serve(&start, be->submit != NULL);
	check(fd[0]);
	close(fd[0]);
	close(fd[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int no_vault = -1;
	static const struct smtp_submit submit = { .vault = &no_vault,
	    .letter = take_letter, .seen = hear_seen };
	struct smtp_known known = { .address = "" };
	struct smtp_backend be = { .dns = -1, .known = &known,
	    .rcpt = find_rcpt,
	    .refusing = no, .begin = take_begin, .data = take_data,
	    .abort = take_abort, .commit = take_commit, .event = hear_event,
	    .has_tls = no, .tls = no_tls, .woken = no };

	if (n > MAX)
		return 0;
	(void)signal(SIGPIPE, SIG_IGN);
	log_init("fuzz", LOG_ERROR);
	one(&be, data, n);
	be.submit = &submit;
	one(&be, data, n);
	return 0;
}
