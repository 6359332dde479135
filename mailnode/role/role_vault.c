/*
 * vault: the one process with keys.
 *
 * Owns		the unsealed sections of $MAILNODE_HOME/vault.
 * Holds	TLS key from the start, by boot.key; DKIM keys and logins of
 *		relays while unlocked (by the owner, or at the start by a
 *		credential of systemd).  In guarded, locked memory, kept out of
 *		dumps, wiped when locked and at the end.
 * Asks		nobody.
 * Must not	open, write or connect to anything; derive a key from a
 *		passphrase; give a secret away but the one login that a relay
 *		named before it connected.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "crypto/op_vault.h"
#include "crypto/tls.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/roles.h"

enum { ALARM_LONGEST = 160, CREDENTIAL_MAX = 128 };	/* octets */

struct safe {
	struct proc		*pr;
	struct op_server	 srv;
	struct vault_service	*svc;
	char			 alarm[ALARM_LONGEST];	/* "" for none */
};

static int
open_file(const char *dir, const char *name)
{
	char *path = proc_path(dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd == -1 && errno != ENOENT)
		log_line(LOG_ERROR, "open", "file=%s error=%s", path,
		    strerror(errno));
	free(path);
	return fd;
}

/* A file that is one secret, straight into guarded memory; NULL: none. */
static struct secret *
read_secret(const char *dir, const char *name, size_t max)
{
	struct secret *s;
	ssize_t n;
	int fd = open_file(dir, name);

	if (fd == -1)
		return NULL;
	s = secret_new(max);
	if (s != NULL) {
		n = read(fd, s->data, s->size);
		s->len = n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return s;
}

static struct vault_service *
open_vault(const struct proc *pr)
{
	/* where systemd puts what LoadCredentialEncrypted= names */
	const char *creds = getenv("CREDENTIALS_DIRECTORY");
	struct secret *machine, *credential = NULL;
	struct vault_service *s;
	int fd = open_file(pr->home, "vault");

	machine = read_secret(pr->home, "boot.key", VAULT_KEY);
	if (creds != NULL)
		credential = read_secret(creds, "mailnode", CREDENTIAL_MAX);
	s = vault_service_new(fd, machine, credential);
	secret_free(credential);
	secret_free(machine);
	if (fd != -1)
		close(fd);
	return s;
}

/* A chain of another key would fail every handshake; cert install looks,
 * but a file may have been put there by hand. */
static void
check_chain(struct proc *pr, const struct vault_service *s)
{
	struct cert_info in;
	uint8_t ours[SHA256_OCTETS];
	char pem[TLS_PEM_MAX];
	ssize_t n = 0;
	int fd = open_file(pr->home, "tls/chain.pem");

	if (fd != -1)
		n = read(fd, pem, sizeof pem);
	if (fd != -1)
		close(fd);
	if (n > 0 && vault_service_spki(s, ours) == 0 &&
	    cert_info(pem, (size_t)n, &in) == CRYPTO_OK &&
	    !mem_equal(ours, sizeof ours, in.spki, sizeof in.spki))
		proc_alarm(pr, "tls/chain.pem: the "
		    "certificate is for another key than the vault's: see "
		    "mailnode cert");
}

static void
describe(const struct vault_state *st, char text[ALARM_LONGEST])
{
	text[0] = '\0';
	if (st->trouble != CRYPTO_OK)
		snprintf(text, ALARM_LONGEST, "vault: %s%s",
		    crypto_err_text(st->trouble),
		    st->boot ? "" : "; no TLS for now");
	else if (!st->owner)
		snprintf(text, ALARM_LONGEST, "vault: locked: outgoing mail "
		    "waits for mailnode vault unlock");
	else if (!st->guarded)
		snprintf(text, ALARM_LONGEST, "vault: its memory cannot be "
		    "locked: raise LimitMEMLOCK");
}

static void
changed(void *arg)
{
	struct safe *r = arg;
	struct vault_state st;
	char text[ALARM_LONGEST];

	vault_service_state(r->svc, &st);
	describe(&st, text);
	log_line(LOG_INFO, "vault", "boot=%d owner=%d entries=%u",
	    st.boot, st.owner, st.entries);
	if (strcmp(text, r->alarm) == 0)
		return;
	if (r->alarm[0] != '\0')
		proc_clear(r->pr, r->alarm);
	if (text[0] != '\0')
		proc_alarm(r->pr, text);
	memcpy(r->alarm, text, sizeof text);
}

void
role_vault(struct proc *pr)
{
	struct safe r = { .pr = pr };

	if (crypto_init() == -1 || tls_init() == -1 ||
	    (r.svc = open_vault(pr)) == NULL) {
		log_line(LOG_ERROR, "start", "error=%s",
		    crypto_err_text(CRYPTO_NOMEM));
		_exit(1);
	}
	check_chain(pr, r.svc);
	vault_service_start(r.svc, &r.srv, pr->loop, changed, &r);
	sandbox_enter(pr);
	proc_serve(pr, &r.srv);
	proc_ready(pr);
	changed(&r);
	(void)loop_run(pr->loop);
	op_server_clear(&r.srv);
	vault_service_free(r.svc);
}
