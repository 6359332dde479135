#define _GNU_SOURCE
#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "crypto/secret.h"

int
crypto_init(void)
{
	/* The machine's openssl.cnf has no say: neither in what is offered
	 * nor by being opened late, behind a sandbox. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return -1;
	return sodium_init() == -1 ? -1 : 0;
}

bool
secret_can_lock(void)
{
	uint8_t *p = sodium_malloc(1);
	int rc;

	if (p == NULL)
		return false;
	rc = sodium_mlock(p, 1);
	sodium_free(p);
	return rc == 0;
}

struct secret *
secret_new(size_t size)
{
	struct secret *s;

	s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	s->data = sodium_malloc(size > 0 ? size : 1);
	if (s->data == NULL) {
		free(s);
		return NULL;
	}
	s->size = size;
	return s;
}

struct secret *
secret_copy(const void *p, size_t n)
{
	struct secret *s = secret_new(n);

	if (s != NULL)
		(void)secret_add(s, p, n);
	return s;
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	sodium_free(s->data);
	free(s);
}

int
secret_add(struct secret *s, const void *p, size_t n)
{
	if (n > s->size - s->len)
		return -1;
	if (n > 0)
		memcpy(s->data + s->len, p, n);
	s->len += n;
	return 0;
}

bool
mem_equal(const void *a, size_t an, const void *b, size_t bn)
{
	return an == bn && sodium_memcmp(a, b, an) == 0;
}

void
mem_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

void
buf_wipe(struct buf *b)
{
	if (b->data != NULL)
		sodium_memzero(b->data, b->cap);
	buf_reset(b);
}

void
random_bytes(void *p, size_t n)
{
	randombytes_buf(p, n);
}

static volatile sig_atomic_t caught;

static void
on_signal(int sig)
{
	caught = sig;
}

/* The terminal must not stay without echo when the user gives up. */
static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
enum { NENDING = sizeof ending / sizeof ending[0] };

struct quiet {
	int		 fd;
	bool		 tty;
	struct termios	 before;
	struct sigaction was[NENDING];
	sigset_t	 mask;		/* as it was */
};

static int
quiet_begin(struct quiet *q, int fd, const char *prompt)
{
	struct sigaction sa;
	struct termios t;
	sigset_t block;
	size_t i;

	q->fd = fd;
	q->tty = tcgetattr(fd, &q->before) == 0;
	caught = 0;
	if (!q->tty)
		return 0;
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_signal;
	sigemptyset(&sa.sa_mask);
	sigemptyset(&block);
	for (i = 0; i < NENDING; i++) {
		(void)sigaddset(&block, ending[i]);
		(void)sigaction(ending[i], &sa, &q->was[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &block, &q->mask);
	t = q->before;
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	t.c_lflag |= ICANON | ISIG;
	if (tcsetattr(fd, TCSAFLUSH, &t) == -1)
		return -1;
	if (write(fd, prompt, strlen(prompt)) == -1)
		return -1;
	return 0;
}

static void
quiet_end(struct quiet *q)
{
	int saved = errno;
	size_t i;

	if (!q->tty)
		return;
	(void)tcsetattr(q->fd, TCSAFLUSH, &q->before);
	(void)!write(q->fd, "\n", 1);
	for (i = 0; i < NENDING; i++)
		(void)sigaction(ending[i], &q->was[i], NULL);
	(void)sigprocmask(SIG_SETMASK, &q->mask, NULL);
	if (caught != 0)
		(void)raise(caught);
	errno = saved;
}

/* The signals are let in only while waiting here, so that none falls
 * between a look at `caught` and a read that would then wait for ever. */
static int
wait_line(const struct quiet *q)
{
	struct pollfd p = { .fd = q->fd, .events = POLLIN };

	while (q->tty && caught == 0)
		if (ppoll(&p, 1, NULL, &q->mask) != -1 || errno != EINTR)
			return 0;
	errno = EINTR;
	return q->tty ? -1 : 0;
}

/* Octet by octet, so that what follows the line stays for the next reader.
 * A line needs no end at the end of the file, but one octet at least. */
static int
read_line(const struct quiet *q, struct secret *s)
{
	uint8_t c;
	ssize_t n;

	for (;;) {
		if (wait_line(q) == -1)
			return -1;
		n = read(q->fd, &c, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0 && s->len == 0) {
			errno = ENODATA;
			return -1;
		}
		if (n == 0 || c == '\n')
			return 0;
		if (c == '\0') {
			errno = EINVAL;
			return -1;
		}
		if (secret_add(s, &c, 1) == -1) {
			errno = EMSGSIZE;
			return -1;
		}
		mem_wipe(&c, 1);
	}
}

struct secret *
secret_read_line(int fd, const char *prompt)
{
	struct secret *s = secret_new(SECRET_LINE_MAX);
	struct quiet q;
	int rc = -1;

	if (s == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	if (quiet_begin(&q, fd, prompt) == 0)
		rc = read_line(&q, s);
	quiet_end(&q);
	if (rc == 0 && s->len > 0 && s->data[s->len - 1] == '\r')
		s->len--;
	if (rc == -1) {
		rc = errno;
		secret_free(s);
		errno = rc;
		return NULL;
	}
	return s;
}
