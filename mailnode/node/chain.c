#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	size_t at = 0;
	ssize_t got = 1;
	enum crypto_err e;

	if (pem == NULL)
		return CRYPTO_NOMEM;
	while (at < n && (got = read(fd, pem + at, n - at)) > 0)
		at += (size_t)got;
	e = got == -1 ? CRYPTO_SYSTEM : tls_server_new(pem, at, &server);
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
	if (stat(path, &st) == -1 || !same(&st))
		load(path);
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

bool
chain_watch(const char *home, struct alarms *a)
{
	static const char *told;	/* why, as the alarm says */
	const struct seen before = seen;
	const char *why;
	char text[ALARM_TEXT];
	bool anew;

	(void)chain_load(home, &why);
	anew = memcmp(&before, &seen, sizeof seen) != 0;
	if (why == told)
		return anew;
	if (told != NULL) {
		snprintf(text, sizeof text, "tls/chain.pem: %s", told);
		alarm_clear(a, ROLE_PARENT, text);
	}
	told = why;
	if (why != NULL) {
		snprintf(text, sizeof text, "tls/chain.pem: %s", why);
		alarm_raise(a, ROLE_PARENT, text);
	}
	return anew;
}
