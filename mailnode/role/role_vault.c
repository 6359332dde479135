/*
 * vault: the one process with keys.
 *
 * Owns		the unsealed sections of $MAILNODE_HOME/vault.
 * Holds	TLS key from the start, by boot.key; DKIM keys and logins of
 *		relays while unlocked (by the owner, or at the start by a
 *		credential of systemd); verifiers of devices likewise.  In
 *		guarded, locked memory, kept out of dumps, wiped when locked
 *		and at the end.
 * Asks		keeper, one op: session N is device D with scope S.  Tells the
 *		parent of logins.
 * Must not	open, write or connect to anything; derive a key from a
 *		passphrase; give a secret away but the one login that a relay
 *		named before it connected.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "crypto/op_vault.h"
#include "crypto/tls.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/node/net.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/roles.h"
#include "store/op_device.h"

enum { ALARM_LONGEST = 160, CREDENTIAL_MAX = 128 };	/* octets */
enum { LOOK_MS = 10000 };	/* an expired device is out by then */

struct safe {
	struct proc		*pr;
	struct op_server	 srv;
	struct vault_service	*svc;
	struct loop_io		 keeper;	/* its answers; fd -1: gone */
	struct buf		 answer;
	struct loop_timer	 look;		/* for what has expired */
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

static void
describe(const struct vault_state *st, char text[ALARM_LONGEST])
{
	text[0] = '\0';
	if (st->trouble != CRYPTO_OK)
		snprintf(text, ALARM_LONGEST, "%s%s",
		    crypto_err_text(st->trouble),
		    st->boot ? "" : "; no TLS for now");
	else if (!st->owner)
		snprintf(text, ALARM_LONGEST, "locked: outgoing mail "
		    "waits for mailnode vault unlock");
	else if (!st->guarded)
		snprintf(text, ALARM_LONGEST, "its memory cannot be "
		    "locked: raise LimitMEMLOCK");
}

static void
changed(void *arg)
{
	struct safe *r = arg;
	struct vault_state st;
	char text[ALARM_LONGEST];
	uint8_t spki[SHA256_OCTETS];

	vault_service_state(r->svc, &st);
	describe(&st, text);
	log_line(LOG_INFO, "vault", "boot=%d owner=%d entries=%u",
	    st.boot, st.owner, st.entries);
	proc_tls(r->pr, st.boot, vault_service_spki(r->svc, spki) == 0 ?
	    spki : NULL);
	if (strcmp(text, r->alarm) == 0)
		return;
	if (r->alarm[0] != '\0')
		proc_clear(r->pr, r->alarm);
	if (text[0] != '\0')
		proc_alarm(r->pr, text);
	memcpy(r->alarm, text, sizeof text);
}

/* ---- logins of devices ---- */

/* "me", "me@one.of.ours", or with the device behind a "+": "me+phone@…". */
static bool
owner_name(void *arg, const char *user, char device[DEVICE_NAME_MAX])
{
	const char *at = strrchr(user, '@');
	size_t n = at != NULL ? (size_t)(at - user) : strlen(user);
	size_t own = strlen(conf.user), i;

	(void)arg;
	device[0] = '\0';
	for (i = 0; at != NULL && i < conf.ndomains; i++)
		if (strcasecmp(at + 1, conf.domains[i]) == 0)
			break;
	if ((at != NULL && i == conf.ndomains) || n < own ||
	    strncasecmp(user, conf.user, own) != 0)
		return false;
	if (n == own)
		return true;
	if (strchr(conf.subaddress, user[own]) == NULL ||
	    n - own > DEVICE_NAME_MAX || n - own < 2)
		return false;
	snprintf(device, DEVICE_NAME_MAX, "%.*s", (int)(n - own - 1),
	    user + own + 1);
	return true;
}

static bool
from_there(void *arg, const char *addr, const char *networks)
{
	(void)arg;
	return net_match(addr, networks);
}

static void
tell_parent(struct safe *r, struct proc_login *l)
{
	struct buf b;

	buf_init(&b, 1024);
	proc_login_put(&b, l);
	(void)op_tell(r->pr->parent, PROC_LOGIN, &b, -1);
	buf_clear(&b);
}

/* The id of the question is the session, and so is that of the answer. */
static bool
tell_keeper(struct safe *r, uint32_t session, enum role role,
    const char *addr, const struct device *d)
{
	struct chan_msg m = { .type = DEVICE_LOGIN, .id = session,
	    .fd = -1 };
	struct buf b;
	int rc;

	if (r->pr->link[ROLE_KEEPER] == -1)
		return false;
	buf_init(&b, 1024);
	device_login_put(&b, session, role, addr, d);
	rc = chan_send(r->pr->link[ROLE_KEEPER], &m, &b, true);
	buf_clear(&b);
	return rc == 0;
}

static bool
logged_in(void *arg, uint32_t session, enum role role, const char *addr,
    const struct device *d, bool waits)
{
	struct proc_login l = { .session = session, .outcome = LOGIN_OK,
	    .scope = d->scope };
	struct safe *r = arg;

	memcpy(l.device, d->name, sizeof l.device);
	memcpy(l.folder, d->folder, sizeof l.folder);
	if (waits)
		tell_parent(r, &l);
	if (d->expires != 0 && !r->look.armed)
		loop_arm(r->pr->loop, &r->look, LOOK_MS);
	return tell_keeper(r, session, role, addr, d);
}

static void
logged_out(void *arg, uint32_t session, enum role role,
    const struct device *d)
{
	struct proc_login l = { .session = session, .outcome = LOGIN_OVER,
	    .why = "revoked or expired" };
	struct device none = *d;
	struct safe *r = arg;

	memcpy(l.device, d->name, sizeof l.device);
	none.scope = 0;
	(void)tell_keeper(r, session, role, "", &none);
	tell_parent(r, &l);
}

static void
failed(void *arg, uint32_t session, const char *user, const char *device,
    enum crypto_err why)
{
	struct proc_login l = { .session = session,
	    .outcome = LOGIN_FAILED };

	snprintf(l.user, sizeof l.user, "%s", user);
	snprintf(l.device, sizeof l.device, "%s", device);
	snprintf(l.why, sizeof l.why, "%s", why == CRYPTO_PEER ?
	    "wrong name or secret" : crypto_err_text(why));
	tell_parent(arg, &l);
}

static void
keeper_said(void *arg, uint32_t events)
{
	struct safe *r = arg;
	struct chan_msg m;
	int n;

	(void)events;
	while ((n = chan_recv(r->keeper.fd, &r->answer, &m, true)) == 1) {
		if (m.fd != -1)
			close(m.fd);
		if (m.type == DEVICE_LOGIN)
			vault_service_settle(r->svc, m.id,
			    m.status == OP_OK);
	}
	if (n == -1 && errno == EAGAIN)
		return;
	loop_del(r->pr->loop, &r->keeper);
	r->keeper.fd = -1;
}

/* A new keeper knows of no login yet. */
static void
keeper_came(void *arg, enum role role, int fd)
{
	struct safe *r = arg;

	if (role != ROLE_KEEPER)
		return;
	if (r->keeper.fd != -1)
		loop_del(r->pr->loop, &r->keeper);
	r->keeper.fd = fd;
	if (loop_add(r->pr->loop, &r->keeper, EPOLLIN) == -1)
		r->keeper.fd = -1;
	vault_service_again(r->svc);
}

static void
look(void *arg)
{
	struct safe *r = arg;

	vault_service_look(r->svc);
	loop_arm(r->pr->loop, &r->look, LOOK_MS);
}

static void
serve_devices(struct safe *r)
{
	static struct vault_house house;

	house = (struct vault_house){ .arg = r, .user = owner_name,
	    .from = from_there, .login = logged_in, .logout = logged_out,
	    .failed = failed };
	r->keeper = (struct loop_io){ .fd = -1, .fn = keeper_said,
	    .arg = r };
	r->look = (struct loop_timer){ .fn = look, .arg = r };
	buf_init(&r->answer, CHAN_RECORD_MAX + 1);
	vault_service_house(r->svc, &house);
	proc_on_link(r->pr, keeper_came, r);
	if (r->pr->link[ROLE_KEEPER] != -1)
		keeper_came(r, ROLE_KEEPER, r->pr->link[ROLE_KEEPER]);
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
	vault_service_start(r.svc, &r.srv, pr->loop, changed, &r);
	serve_devices(&r);
	sandbox_enter(pr);
	proc_serve(pr, &r.srv);
	proc_ready(pr);
	changed(&r);
	(void)loop_run(pr->loop);
	op_server_clear(&r.srv);
	vault_service_free(r.svc);
}
