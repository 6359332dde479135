#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/chain.h"

/* What tells one version of the file from the next. */
struct seen {
	ino_t		ino;
	off_t		size;
	struct timespec	mtime;
};

static struct tls_server *server;
static struct seen seen;
static const char *trouble;
static int64_t ends_s;		/* wall; 0: not known */
static uint8_t spki_of[SHA256_OCTETS];	/* of the chain */
static uint8_t spki_ours[SHA256_OCTETS];
static bool has_ours;

static bool
same(const struct stat *st)
{
	return st->st_ino == seen.ino && st->st_size == seen.size &&
	    st->st_mtim.tv_sec == seen.mtime.tv_sec &&
	    st->st_mtim.tv_nsec == seen.mtime.tv_nsec;
}

static enum crypto_err
read_chain(int fd, size_t n)
{
	char *pem = malloc(n + 1);
	struct cert_info in;
	size_t at = 0;
	ssize_t got = 1;
	enum crypto_err e;

	if (pem == NULL)
		return CRYPTO_NOMEM;
	while (at < n && (got = read(fd, pem + at, n - at)) > 0)
		at += (size_t)got;
	e = got == -1 ? CRYPTO_SYSTEM : tls_server_new(pem, at, &server);
	if (e == CRYPTO_OK && cert_info(pem, at, &in) == CRYPTO_OK) {
		ends_s = in.not_after;
		memcpy(spki_of, in.spki, sizeof spki_of);
	}
	free(pem);
	return e;
}

/* Anew, or what is gone forgotten. */
static void
load(const char *path)
{
	struct stat st;
	enum crypto_err e = CRYPTO_CERT;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	tls_server_free(server);
	server = NULL;
	trouble = NULL;
	ends_s = 0;
	memset(&seen, 0, sizeof seen);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0) {
		if (S_ISREG(st.st_mode) && st.st_size <= TLS_PEM_MAX)
			e = read_chain(fd, (size_t)st.st_size);
		seen = (struct seen){ st.st_ino, st.st_size, st.st_mtim };
		trouble = e != CRYPTO_OK ? crypto_err_text(e) : NULL;
	}
	close(fd);
}

void
chain_key(const uint8_t *spki)
{
	/* What is told now is judged now. */
	if (spki != NULL && (!has_ours ||
	    memcmp(spki, spki_ours, sizeof spki_ours) != 0))
		memset(&seen, 0, sizeof seen);
	has_ours = spki != NULL;
	if (has_ours)
		memcpy(spki_ours, spki, sizeof spki_ours);
}

static void
check_key(void)
{
	if (server == NULL || !has_ours ||
	    memcmp(spki_of, spki_ours, sizeof spki_of) == 0)
		return;
	tls_server_free(server);
	server = NULL;
	trouble = "the certificate is for another key than the vault's: see "
	    "mailnode cert";
}

/* One stat() when nothing changed, which is once a connection. */
struct tls_server *
chain_load(const char *home, const char **why)
{
	char path[4096];
	struct stat st;

	*why = trouble;
	if (snprintf(path, sizeof path, "%s/tls/chain.pem", home) >=
	    (int)sizeof path)
		return NULL;
	if (stat(path, &st) == -1 || !same(&st)) {
		load(path);
		check_key();
	}
	*why = trouble;
	return server;
}

struct tls_server *
chain_loaded(void)
{
	return server;
}

struct tls_server *
chain_serves(const struct proc *pr)
{
	const char *why;

	return pr->conn.keyless ? NULL : chain_load(pr->home, &why);
}

/* What is to be told of the chain, "" when all is well. */
static void
say(char *dst, size_t size, const char *why)
{
	time_t t = (time_t)ends_s;
	char day[32] = "";
	struct tm tm;

	*dst = '\0';
	if (why != NULL)
		snprintf(dst, size, "tls/chain.pem: %s", why);
	else if (ends_s != 0 && ends_s - clock_wall_s() < CHAIN_SOON_S &&
	    gmtime_r(&t, &tm) != NULL &&
	    strftime(day, sizeof day, "%Y-%m-%d", &tm) > 0)
		snprintf(dst, size, "tls/chain.pem: the certificate ends on "
		    "%s (mailnode cert request, or renew)", day);
}

bool
chain_watch(const char *home, struct alarms *a)
{
	static char told[ALARM_TEXT];
	const struct seen before = seen;
	char text[ALARM_TEXT];
	const char *why;

	(void)chain_load(home, &why);
	say(text, sizeof text, why);
	if (strcmp(text, told) != 0) {
		if (told[0] != '\0')
			alarm_clear(a, ROLE_PARENT, told);
		if (text[0] != '\0')
			alarm_raise(a, ROLE_PARENT, text);
		memcpy(told, text, sizeof told);
	}
	return memcmp(&before, &seen, sizeof seen) != 0;
}
