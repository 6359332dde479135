#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/cmd.h"
#include "mailnode/node/conf.h"
#include "mailnode/ops/args.h"
#include "mailnode/ops/dkimkey.h"
#include "mailnode/ops/dnszone.h"
#include "mailnode/ops/doctor.h"
#include "mailnode/ops/replace.h"
#include "mailnode/ops/tlscert.h"

static const char *const folders[] = { "INBOX", "Sent", "Drafts", "Archive",
    "Junk", "Trash", "Rejects" };
static const char *const parts[] = { "", "/cur", "/new", "/tmp" };

struct ctx {
	struct args	 args;
	char		*home, *maildir;
	struct safe	 safe;
	bool		 open;		/* the owner section */
	bool		 changed;	/* to be sealed and written */
};

static void
say(const char *name, bool made)
{
	printf("%-8s %s\n", made ? "made" : "kept", name);
}

static int
fail(const char *what, enum crypto_err e)
{
	return cmd_fail(what, safe_why(e));
}

/* ---- directories ---- */

static int
make_dir(const char *path)
{
	struct stat st;
	bool made;

	if (dir_make(path, 0700, &made) == -1)
		return cmd_fail(path, strerror(errno));
	if (stat(path, &st) == -1 || !S_ISDIR(st.st_mode))
		return cmd_fail(path, "is no directory");
	say(path, made);
	return 0;
}

/* Answers for a folder once, whether one of its parts is new. */
static int
make_folder(const char *maildir, const char *name)
{
	char path[4096];
	bool made, any = false;
	size_t i;

	for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (snprintf(path, sizeof path, "%s/%s%s", maildir, name,
		    parts[i]) >= (int)sizeof path)
			return cmd_fail(maildir, strerror(ENAMETOOLONG));
		if (dir_make(path, 0700, &made) == -1)
			return cmd_fail(path, strerror(errno));
		any = any || made;
	}
	path[strlen(path) - strlen("/tmp")] = '\0';
	say(path, any);
	return 0;
}

static int
make_dirs(struct ctx *c)
{
	size_t i;
	int rc = make_dir(c->home);

	/* others must not even see the names of what is in it */
	if (rc == 0 && chmod(c->home, 0700) == -1)
		rc = cmd_fail(c->home, strerror(errno));
	for (i = 0; rc == 0 && i < sizeof folders / sizeof folders[0]; i++)
		rc = make_folder(c->maildir, folders[i]);
	return rc;
}

/* ---- vault ---- */

static int
new_vault(struct ctx *c)
{
	struct secret *phrase = NULL;
	enum crypto_err e;

	e = safe_ask_new(c->args.from_stdin,
	    "passphrase for the new vault: ", &phrase);
	if (e == CRYPTO_OK)
		e = vault_new(&c->safe.v);
	if (e == CRYPTO_OK)
		e = vault_slot_add(c->safe.v, VAULT_PASSPHRASE, "passphrase",
		    phrase, c->args.mib);
	secret_free(phrase);
	if (e != CRYPTO_OK)
		return fail("vault", e);
	c->safe.trouble = CRYPTO_OK;
	c->open = c->changed = true;
	return 0;
}

/* Repairs need the owner's key; asked for once, when the first is due. */
static enum crypto_err
need_open(struct ctx *c)
{
	struct secret *phrase;
	enum crypto_err e;

	if (c->open)
		return CRYPTO_OK;
	e = safe_ask(c->args.from_stdin,
	    "vault passphrase (to repair it): ", &phrase);
	if (e == CRYPTO_OK)
		e = vault_open_phrase(c->safe.v, phrase);
	secret_free(phrase);
	c->open = e == CRYPTO_OK;
	return e;
}

/* Written before the vault that goes with it: a crash between the two
 * leaves a key that fits nothing, and the next init makes both anew. */
static int
make_machine_key(struct ctx *c)
{
	struct secret *key = NULL;
	enum crypto_err e = CRYPTO_MACHINE;

	if (!c->changed)
		e = safe_open_machine(&c->safe);
	if (e == CRYPTO_OK) {
		say("boot.key", false);
		return 0;
	}
	if (e == CRYPTO_MACHINE)
		e = need_open(c);
	if (e == CRYPTO_OK)
		e = vault_machine_new(c->safe.v, &key);
	if (e == CRYPTO_OK && file_replace(c->safe.dir, "boot.key", 0600,
	    key->data, key->len) == -1)
		e = CRYPTO_SYSTEM;
	secret_free(key);
	if (e != CRYPTO_OK)
		return fail("boot.key", e);
	c->changed = true;
	say("boot.key", true);
	return 0;
}

static int
make_key(struct ctx *c, const char *name, enum sign_alg alg)
{
	enum crypto_err e = need_open(c);

	if (e == CRYPTO_OK)
		e = vault_put_new(c->safe.v, name, alg);
	if (e != CRYPTO_OK)
		return fail(name, e);
	c->changed = true;
	say(name, true);
	return 0;
}

static int
make_dkim(struct ctx *c, enum vault_kind kind, enum sign_alg alg)
{
	const struct vault_entry *e = vault_active(c->safe.v, kind);
	char name[VAULT_NAME_MAX];

	if (e != NULL) {
		say(e->name, false);
		return 0;
	}
	dkimkey_name(c->safe.v, alg, name);
	return make_key(c, name, alg);
}

static int
make_keys(struct ctx *c)
{
	int rc = 0;

	if (vault_find(c->safe.v, "tls/key") != NULL)
		say("tls/key", false);
	else
		rc = make_key(c, "tls/key", SIGN_P256);
	if (rc == 0)
		rc = make_dkim(c, VAULT_RSA_KEY, SIGN_RSA);
	if (rc == 0)
		rc = make_dkim(c, VAULT_ED25519_KEY, SIGN_ED25519);
	return rc;
}

/* A daemon that was there before the vault, or before its machine key, has
 * nothing that opens it: it gets the keys from here. */
static enum crypto_err
hand_over(struct ctx *c)
{
	struct vault_state st;
	struct secret *keys = NULL;
	enum crypto_err e;

	if (c->safe.ch == -1 || !c->open)
		return CRYPTO_OK;
	e = vault_status(c->safe.ch, &st);
	if (e == CRYPTO_OK && st.boot)
		return CRYPTO_OK;
	if (e == CRYPTO_OK)
		e = vault_keys(c->safe.v, &keys);
	if (e == CRYPTO_OK)
		e = vault_unlock(c->safe.ch, c->safe.file, keys);
	secret_free(keys);
	return e;
}

static int
make_vault(struct ctx *c)
{
	enum crypto_err e = safe_open(&c->safe, c->home, true);
	bool fresh;
	int rc = 0;

	if (e != CRYPTO_OK)
		return fail("vault", e);
	fresh = c->safe.trouble == CRYPTO_NOVAULT;
	if (!fresh && c->safe.trouble != CRYPTO_OK)
		return fail("vault", c->safe.trouble);
	if (fresh)
		rc = new_vault(c);
	if (rc == 0)
		rc = make_machine_key(c);
	if (rc == 0)
		rc = make_keys(c);
	if (rc == 0 && c->changed && ((e = safe_store(&c->safe)) !=
	    CRYPTO_OK || (e = hand_over(c)) != CRYPTO_OK))
		rc = fail("vault", e);
	if (rc == 0)
		say("vault", c->changed);
	return rc;
}

/* ---- certificate ---- */

static int
make_certificate(struct ctx *c)
{
	struct cert_subject subject;
	struct buf pem;
	enum crypto_err e;

	buf_init(&pem, TLS_PEM_MAX);
	e = tlscert_read(&c->safe, &pem);
	if (e == CRYPTO_ABSENT) {
		e = tlscert_self_sign(&c->safe);
		if (e == CRYPTO_OK)
			say("tls/chain.pem (self-signed)",
			    true);
	} else if (e == CRYPTO_OK) {
		say("tls/chain.pem", false);
		e = tlscert_subject(&c->safe, &subject);
		if (e == CRYPTO_OK)
			e = cert_check(pem.data, pem.len, &subject,
			    clock_wall_s());
	}
	buf_clear(&pem);
	return e == CRYPTO_OK ? 0 : fail("tls/chain.pem", e);
}

/* ---- unit ---- */

static const char unit_text[] =
    "# Written by mailnode init; examples/systemd explains it.\n"
    "[Unit]\n"
    "Description=mailnode, my mail\n"
    "Documentation=man:mailnode(8)\n"
    "StartLimitIntervalSec=60\n"
    "StartLimitBurst=4\n"
    "\n"
    "[Service]\n"
    "Type=notify\n"
    "ExecStart=%s serve\n"
    "%s%s%s"
    "Restart=on-failure\n"
    "RestartSec=2\n"
    "TimeoutStopSec=30\n"
    "KillMode=mixed\n"
    "LimitMEMLOCK=8M\n"
    "LimitNOFILE=4096\n"
    "LimitCORE=0\n"
    "OOMPolicy=continue\n"
    "UMask=0077\n"
    "\n"
    "[Install]\n"
    "WantedBy=default.target\n";

/* systemd gives "%" and blanks a meaning: such paths are written by hand. */
static bool
plain_path(const char *p)
{
	return p[strcspn(p, "%\"\\ \t\n$;'")] == '\0';
}

static char *
user_home(void)
{
	const struct passwd *pw;
	const char *home = getenv("HOME");

	if (home == NULL || home[0] != '/') {
		pw = getpwuid(getuid());
		home = pw != NULL ? pw->pw_dir : NULL;
	}
	return home != NULL ? strdup(home) : NULL;
}

/* The path of this binary, so that the unit starts the same. */
static int
own_path(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);

	if (n <= 0)
		return -1;
	path[n] = '\0';
	return 0;
}

static int
write_unit(const char *path, const char *dir)
{
	const char *home = getenv("MAILNODE_HOME");
	char exe[4096];
	struct buf b;
	bool made;
	int fd, rc;

	if (own_path(exe, sizeof exe) == -1)
		return cmd_fail("/proc/self/exe", strerror(errno));
	if (!plain_path(exe) || (home != NULL && !plain_path(home)))
		return cmd_fail(path, "not written: a path has a blank or "
		    "another special octet; see examples/systemd");
	buf_init(&b, 16384);
	buf_addf(&b, unit_text, exe, home != NULL ?
	    "Environment=MAILNODE_HOME=" : "", home != NULL ? home : "",
	    home != NULL ? "\n" : "");
	if (dir_make(dir, 0755, &made) == -1 ||
	    (fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		buf_clear(&b);
		return cmd_fail(dir, strerror(errno));
	}
	rc = file_replace(fd, "mailnode.service", 0644, b.data, b.len);
	if (rc == -1)
		rc = cmd_fail(path, strerror(errno));
	close(fd);
	buf_clear(&b);
	return rc;
}

static int
make_unit(void)
{
	char dir[4096], path[4200], *home = user_home();
	int rc = 0;

	if (home == NULL || snprintf(dir, sizeof dir,
	    "%s/.config/systemd/user", home) >= (int)sizeof dir) {
		free(home);
		return cmd_fail("unit", "no home directory; see "
		    "examples/systemd");
	}
	free(home);
	snprintf(path, sizeof path, "%s/mailnode.service", dir);
	if (access(path, F_OK) == 0) {
		say(path, false);
		return 0;
	}
	rc = write_unit(path, dir);
	if (rc == 0)
		say(path, true);
	return rc;
}

/* ---- what is left to do ---- */

static bool
wants_login(const struct ctx *c, const struct conf_relay *r)
{
	return r->entry != NULL && vault_find(c->safe.v, r->entry) == NULL;
}

static int
print_rest(const struct ctx *c)
{
	const struct vault_entry *tls = vault_find(c->safe.v, "tls/key");
	uint8_t spki[SHA256_OCTETS];
	struct buf zone;
	size_t i;
	int rc = 0;

	buf_init(&zone, DNSZONE_MAX);
	if (tls != NULL)
		sha256_of(tls->pub, tls->pub_len, spki);
	dnszone_put(&zone, c->safe.v, tls != NULL ? spki : NULL);
	puts("\nTo publish in the DNS:\n");
	fwrite(zone.data, 1, zone.len, stdout);
	puts("\nNext:\n");
	if (zone.err)
		rc = cmd_fail("zone", strerror(zone.err));
	buf_clear(&zone);
	for (i = 0; i < conf.nrelays; i++)
		if (wants_login(c, &conf.relays[i]))
			printf("\tmailnode vault set %s\n",
			    conf.relays[i].entry);
	if (!doctor_lingers())
		puts("\tloginctl enable-linger\t\t# run while logged out");
	puts("\tsystemctl --user enable --now mailnode\n"
	    "\tmailnode vault unlock\t\t# after each start, to send");
	return rc;
}

int
cmd_init(int argc, char **argv)
{
	struct ctx c;
	int rc = 1;

	memset(&c, 0, sizeof c);
	c.safe.dir = c.safe.lock = c.safe.file = c.safe.ch = -1;
	if (args_parse(&c.args, argc, argv) == -1 || c.args.n > 0)
		return cmd_usage(argv[0], false);
	if (c.args.help)
		return cmd_usage(argv[0], true);
	if (crypto_init() == -1)
		return fail("init", CRYPTO_NOMEM);
	c.home = conf_home();
	c.maildir = conf_maildir();
	if (c.home == NULL || c.maildir == NULL)
		rc = cmd_fail("home", strerror(errno));
	else if (make_dirs(&c) == 0 && make_vault(&c) == 0 &&
	    make_certificate(&c) == 0 && make_unit() == 0)
		rc = print_rest(&c);
	if (fflush(stdout) == EOF)
		rc = cmd_fail("stdout", strerror(errno));
	safe_close(&c.safe);
	free(c.home);
	free(c.maildir);
	return rc;
}
