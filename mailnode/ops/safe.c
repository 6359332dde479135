#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mailnode/ops/replace.h"
#include "mailnode/ops/safe.h"

static enum crypto_err
take_lock(struct safe *s)
{
	int rc;

	s->lock = openat(s->dir, "vault.lock", O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (s->lock == -1)
		return CRYPTO_SYSTEM;
	do {
		rc = flock(s->lock, LOCK_EX);
	} while (rc == -1 && errno == EINTR);
	return rc == 0 ? CRYPTO_OK : CRYPTO_SYSTEM;
}

/* Reads the file anew; only what the system refuses is an error here. */
static enum crypto_err
read_vault(struct safe *s)
{
	struct buf b;

	vault_free(s->v);
	s->v = NULL;
	if (s->file != -1)
		close(s->file);
	s->file = openat(s->dir, "vault", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	s->trouble = CRYPTO_NOVAULT;
	if (s->file == -1)
		return errno == ENOENT ? CRYPTO_OK : CRYPTO_SYSTEM;
	buf_init(&b, VAULT_FILE_MAX + 1);
	if (file_read(s->dir, "vault", &b) == 0)
		s->trouble = vault_parse(b.data, b.len, &s->v);
	else
		s->trouble = errno == EFBIG ? CRYPTO_NOTVAULT :
		    CRYPTO_SYSTEM;
	buf_clear(&b);
	return s->trouble == CRYPTO_SYSTEM ? CRYPTO_SYSTEM : CRYPTO_OK;
}

/* A command that may hear a passphrase: no core, nobody who traces it. */
static void
keep_to_ourselves(void)
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

enum crypto_err
safe_open(struct safe *s, const char *home, bool change)
{
	enum crypto_err e = CRYPTO_OK;
	int saved;

	memset(s, 0, sizeof *s);
	s->lock = s->file = s->ch = -1;
	s->trouble = CRYPTO_NOVAULT;
	keep_to_ourselves();
	s->dir = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir == -1)
		return errno == ENOENT ? CRYPTO_OK : CRYPTO_SYSTEM;
	if (change)
		e = take_lock(s);
	if (e == CRYPTO_OK)
		e = read_vault(s);
	if (e != CRYPTO_OK) {
		saved = errno;
		safe_close(s);
		errno = saved;
		return e;
	}
	s->node = node_connect(true);
	if (s->node != NULL)
		s->ch = node_link(s->node, ROLE_VAULT);
	return CRYPTO_OK;
}

void
safe_close(struct safe *s)
{
	vault_free(s->v);
	s->v = NULL;
	if (s->ch != -1)
		close(s->ch);
	if (s->node != NULL)
		node_close(s->node);
	s->node = NULL;
	if (s->file != -1)
		close(s->file);
	if (s->lock != -1)
		close(s->lock);
	if (s->dir != -1)
		close(s->dir);
	s->dir = s->lock = s->file = s->ch = -1;
}

enum crypto_err
safe_open_machine(struct safe *s)
{
	struct secret *key;
	enum crypto_err e = CRYPTO_MACHINE;
	ssize_t n;
	int fd;

	fd = openat(s->dir, "boot.key", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return errno == ENOENT ? CRYPTO_MACHINE : CRYPTO_SYSTEM;
	key = secret_new(VAULT_KEY);
	if (key != NULL) {
		n = read(fd, key->data, key->size);
		key->len = n > 0 ? (size_t)n : 0;
		e = vault_open_machine(s->v, key);
	}
	secret_free(key);
	close(fd);
	return e;
}

/* What is on disk decides: a daemon that cannot be told reads it at its
 * next start, and says so in the meantime. */
enum crypto_err
safe_store_sealed(struct safe *s, const struct buf *sealed)
{
	int fd;

	if (file_replace(s->dir, "vault", 0600, sealed->data, sealed->len) ==
	    -1)
		return CRYPTO_SYSTEM;
	fd = openat(s->dir, "vault", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return CRYPTO_SYSTEM;
	if (s->file != -1)
		close(s->file);
	s->file = fd;
	return s->ch != -1 ? vault_reload(s->ch, s->file) : CRYPTO_OK;
}

enum crypto_err
safe_store(struct safe *s)
{
	struct buf b;
	enum crypto_err e;

	buf_init(&b, VAULT_FILE_MAX);
	e = vault_seal(s->v, &b);
	if (e == CRYPTO_OK)
		e = safe_store_sealed(s, &b);
	buf_clear(&b);
	return e;
}

enum crypto_err
safe_tls_sign(void *arg, enum tls_sign how, const uint8_t *in, size_t n,
    struct buf *sig)
{
	struct safe *s = arg;
	const struct vault_entry *entry;
	struct sign_key *k = NULL;
	struct secret *sec = NULL;
	enum sign_alg alg;
	enum crypto_err e;

	if (s->ch != -1)
		return vault_tls_sign(&s->ch, how, in, n, sig);
	if (s->v == NULL)
		return s->trouble;
	entry = vault_find(s->v, "tls/key");
	if (entry == NULL || vault_alg(entry->kind, &alg) == -1)
		return CRYPTO_ABSENT;
	e = vault_is_open(s->v, VAULT_BOOT) ? CRYPTO_OK :
	    safe_open_machine(s);
	if (e == CRYPTO_OK)
		e = vault_get(s->v, "tls/key", &sec);
	if (e == CRYPTO_OK)
		e = sign_private(alg, sec, &k);
	if (e == CRYPTO_OK)
		e = sign_tls(k, how, in, n, sig);
	sign_key_free(k);
	secret_free(sec);
	return e;
}

const char *
safe_why(enum crypto_err e)
{
	if (e == CRYPTO_LOCKED)
		return "the vault is locked: mailnode vault unlock";
	if (e != CRYPTO_SYSTEM)
		return crypto_err_text(e);
	if (errno == ENXIO)
		return "no terminal to ask on; see --passphrase-stdin";
	if (errno == ENODATA)
		return "a line is missing on stdin";
	if (errno == EMSGSIZE)
		return "the line is too long";
	return strerror(errno);
}

/* ---- asking ---- */

enum crypto_err
safe_ask(bool from_stdin, const char *prompt, struct secret **out)
{
	int fd = STDIN_FILENO, saved;

	*out = NULL;
	if (!from_stdin)
		fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	/* Under `su -c' a terminal is there, and is nobody's. */
	if (fd == -1 && isatty(STDIN_FILENO))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd == -1) {
		errno = ENXIO;
		return CRYPTO_SYSTEM;
	}
	*out = secret_read_line(fd, prompt);
	saved = errno;
	if (!from_stdin)
		close(fd);
	errno = saved;
	return *out != NULL ? CRYPTO_OK : CRYPTO_SYSTEM;
}

enum crypto_err
safe_ask_new(bool from_stdin, const char *prompt, struct secret **out)
{
	struct secret *again;
	enum crypto_err e = safe_ask(from_stdin, prompt, out);

	if (e == CRYPTO_OK && (*out)->len < SAFE_PHRASE_MIN)
		e = CRYPTO_SHORT;
	if (e == CRYPTO_OK && !from_stdin) {
		e = safe_ask(false, "once more: ", &again);
		if (e == CRYPTO_OK && !mem_equal(again->data, again->len,
		    (*out)->data, (*out)->len))
			e = CRYPTO_TYPED;
		secret_free(again);
	}
	if (e != CRYPTO_OK) {
		secret_free(*out);
		*out = NULL;
	}
	return e;
}
