#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/cmd_safe.h"
#include "mailnode/node/conf.h"

enum { LINE_MAX_OUT = 64 * 1024 };	/* octets of a listing */

/* The slot that init makes and passwd replaces. */
static const char main_slot[] = "passphrase";

static const char *const kind_names[] = { [VAULT_LOGIN_ENTRY] = "login",
    [VAULT_RSA_KEY] = "rsa", [VAULT_ED25519_KEY] = "ed25519",
    [VAULT_P256_KEY] = "p256",
    [VAULT_DEVICE_ENTRY] = "device" };
static const char *const slot_names[] = { [VAULT_PASSPHRASE] = "passphrase",
    [VAULT_RECOVERY] = "recovery", [VAULT_CREDENTIAL] = "credential" };

/* Letters that wait for that reason ("": for any) are tried now. */
static int
try_letters(const struct cmd_safe *c, const char *why)
{
	struct node *n = NULL;
	int ch, rc;

	if (c->safe.ch == -1)
		return 0;	/* no daemon: nothing waits in one */
	ch = cmd_link("vault", &n, ROLE_KEEPER);
	rc = ch != -1 ? cmd_queue_retry(ch, why) : 1;
	if (ch != -1)
		close(ch);
	node_close(n);
	return rc;
}

/* ---- unlock, lock ---- */

static int
vault_cmd_unlock(struct cmd_safe *c)
{
	struct secret *keys = NULL;
	enum crypto_err e = cmd_safe_begin(c, false);

	if (e == CRYPTO_OK && c->safe.ch == -1)
		return cmd_fail("vault", "no daemon runs that could open it");
	if (e == CRYPTO_OK)
		e = cmd_safe_phrase(c);
	if (e == CRYPTO_OK)
		e = vault_keys(c->safe.v, &keys);
	if (e == CRYPTO_OK)
		e = vault_unlock(c->safe.ch, c->safe.file, keys);
	secret_free(keys);
	/* It is open, whatever comes of this: the sender looks by itself. */
	if (e == CRYPTO_OK)
		(void)try_letters(c, crypto_err_text(CRYPTO_LOCKED));
	return cmd_safe_why("vault unlock", e);
}

static int
vault_cmd_lock(struct cmd_safe *c)
{
	enum crypto_err e = cmd_safe_begin(c, false);

	/* Whatever became of the file, the process can forget. */
	if (c->began && c->safe.ch == -1)
		return cmd_fail("vault", "no daemon runs, so it is locked");
	if (c->began)
		e = vault_lock(c->safe.ch);
	return cmd_safe_why("vault lock", e);
}

/* ---- list ---- */

static void
put_entry(struct buf *b, const struct vault_entry *e, bool json)
{
	if (!json) {
		buf_addf(b, "%-32s %-*s", e->name, e->retired || e->kind ==
		    VAULT_LOGIN_ENTRY ? 8 : 0, kind_names[e->kind]);
		if (e->kind == VAULT_LOGIN_ENTRY) {
			buf_adds(b, " ");
			json_bytes(b, e->pub, e->pub_len);
		}
		buf_adds(b, e->retired ? " retired\n" : "\n");
		return;
	}
	buf_adds(b, "{\"name\":");
	json_string(b, e->name);
	buf_addf(b, ",\"kind\":\"%s\",\"version\":%llu,\"created\":%lld,"
	    "\"retired\":%s", kind_names[e->kind],
	    (unsigned long long)e->version, (long long)e->created,
	    e->retired ? "true" : "false");
	if (e->kind == VAULT_LOGIN_ENTRY) {
		buf_adds(b, ",\"user\":");
		json_bytes(b, e->pub, e->pub_len);
	}
	buf_adds(b, "}\n");
}

static int
vault_cmd_list(struct cmd_safe *c)
{
	const struct vault_entry *entry;
	struct buf b;
	enum crypto_err e = cmd_safe_begin(c, false);
	size_t i;

	if (e != CRYPTO_OK)
		return cmd_safe_why("vault", e);
	buf_init(&b, LINE_MAX_OUT);
	for (i = 0; (entry = vault_at(c->safe.v, i)) != NULL; i++)
		put_entry(&b, entry, c->args.json);
	return cmd_safe_flush(&b);
}

/* ---- set, rm ---- */

/* user: given, or asked for. */
static enum crypto_err
ask_login(const struct cmd_safe *c, char user[VAULT_USER_MAX],
    struct secret **password)
{
	bool from_stdin = c->args.from_stdin || c->args.secret_stdin;
	struct secret *u = NULL;
	enum crypto_err e = CRYPTO_OK;

	*password = NULL;
	if (c->args.n > 1)
		u = secret_copy(c->args.v[1], strlen(c->args.v[1]));
	else
		e = safe_ask(from_stdin, "user name (not shown): ", &u);
	if (e == CRYPTO_OK && u == NULL)
		e = CRYPTO_NOMEM;
	if (e == CRYPTO_OK && u->len >= VAULT_USER_MAX)
		e = CRYPTO_NAME;
	if (e == CRYPTO_OK) {
		memcpy(user, u->data, u->len);
		user[u->len] = '\0';
		e = safe_ask(from_stdin, "password: ", password);
	}
	secret_free(u);
	return e;
}

/* An unlocked daemon seals it; else the passphrase opens the file here. */
static enum crypto_err
set_login(struct cmd_safe *c, const char *name, bool by_daemon)
{
	struct secret *password;
	char user[VAULT_USER_MAX];
	struct buf sealed;
	enum crypto_err e = ask_login(c, user, &password);

	buf_init(&sealed, VAULT_FILE_MAX);
	if (e == CRYPTO_OK && by_daemon) {
		e = vault_set(c->safe.ch, c->safe.file, name, user, password,
		    &sealed);
		if (e == CRYPTO_OK)
			e = safe_store_sealed(&c->safe, &sealed);
	} else if (e == CRYPTO_OK) {
		e = vault_put(c->safe.v, name, VAULT_LOGIN_ENTRY, password,
		    user, strlen(user));
		if (e == CRYPTO_OK)
			e = safe_store(&c->safe);
	}
	buf_clear(&sealed);
	secret_free(password);
	return e;
}

static int
vault_cmd_set(struct cmd_safe *c)
{
	struct vault_state st = { 0 };
	enum vault_section where;
	enum crypto_err e;
	const char *name;

	if (c->args.n < 1)
		return 2;
	name = c->args.v[0];
	e = vault_name(name, &where);
	if (e != CRYPTO_OK || strncmp(name, "relay/", 6) != 0)
		return cmd_fail(name, "a login is named relay/NAME");
	e = cmd_safe_begin(c, true);
	if (e == CRYPTO_OK && c->safe.ch != -1 && !c->args.from_stdin)
		(void)vault_status(c->safe.ch, &st);
	if (e == CRYPTO_OK && !st.owner)
		e = c->args.secret_stdin && !c->args.from_stdin ?
		    CRYPTO_LOCKED : cmd_safe_phrase(c);
	if (e == CRYPTO_OK)
		e = set_login(c, name, st.owner);
	return e != CRYPTO_OK ? cmd_safe_why(name, e) :
	    try_letters(c, "");
}

static int
vault_cmd_rm(struct cmd_safe *c)
{
	enum crypto_err e;

	if (c->args.n != 1)
		return 2;
	if (strcmp(c->args.v[0], "tls/key") == 0)
		return cmd_fail("tls/key", "the node cannot do without it");
	e = cmd_safe_begin(c, true);
	if (e == CRYPTO_OK && vault_find(c->safe.v, c->args.v[0]) == NULL)
		e = CRYPTO_ABSENT;
	if (e == CRYPTO_OK)
		e = cmd_safe_phrase(c);
	if (e == CRYPTO_OK)
		e = vault_rm(c->safe.v, c->args.v[0]);
	if (e == CRYPTO_OK)
		e = safe_store(&c->safe);
	return cmd_safe_why(c->args.v[0], e);
}

/* ---- passwd, slot ---- */

static enum crypto_err
new_phrase_slot(struct cmd_safe *c, const char *label, bool replace)
{
	struct secret *phrase;
	enum crypto_err e;

	e = safe_ask_new(c->args.from_stdin, "new passphrase: ", &phrase);
	if (e == CRYPTO_OK)
		e = replace ? vault_slot_set(c->safe.v, VAULT_PASSPHRASE,
		    label, phrase, c->args.mib) : vault_slot_add(c->safe.v,
		    VAULT_PASSPHRASE, label, phrase, c->args.mib);
	secret_free(phrase);
	return e;
}

static int
vault_cmd_passwd(struct cmd_safe *c)
{
	enum crypto_err e;

	if (c->args.n > 1)
		return 2;
	e = cmd_safe_begin(c, true);
	if (e == CRYPTO_OK)
		e = cmd_safe_phrase(c);
	if (e == CRYPTO_OK)
		e = new_phrase_slot(c, c->args.n == 1 ? c->args.v[0] :
		    main_slot, true);
	if (e == CRYPTO_OK)
		e = safe_store(&c->safe);
	return cmd_safe_why("vault passwd", e);
}

static int
slot_list(struct cmd_safe *c)
{
	const struct vault_slot *s;
	struct buf b;
	enum crypto_err e = cmd_safe_begin(c, false);
	size_t i;

	if (e != CRYPTO_OK)
		return cmd_safe_why("vault", e);
	buf_init(&b, LINE_MAX_OUT);
	for (i = 0; (s = vault_slot_at(c->safe.v, i)) != NULL; i++) {
		if (c->args.json)
			buf_addf(&b, "{\"label\":\"%s\",\"kind\":\"%s\","
			    "\"created\":%lld,\"argon2_mib\":%u}\n",
			    s->label, slot_names[s->kind],
			    (long long)s->created, s->mib);
		else if (s->mib > 0)
			buf_addf(&b, "%-32s %-10s Argon2id %u MiB\n",
			    s->label, slot_names[s->kind], s->mib);
		else
			buf_addf(&b, "%-32s %s\n", s->label,
			    slot_names[s->kind]);
	}
	return cmd_safe_flush(&b);
}

/* Shown once, on stdout, and nowhere kept. */
static enum crypto_err
show(const struct secret *text)
{
	if (fwrite(text->data, 1, text->len, stdout) != text->len ||
	    putchar('\n') == EOF || fflush(stdout) == EOF)
		return CRYPTO_SYSTEM;
	return CRYPTO_OK;
}

static int
slot_recovery(struct cmd_safe *c, const char *label)
{
	struct secret *words = NULL;
	enum crypto_err e = cmd_safe_begin(c, true);

	/* stdio would leave a copy of the words in its buffer */
	(void)setvbuf(stdout, NULL, _IONBF, 0);
	if (e == CRYPTO_OK)
		e = cmd_safe_phrase(c);
	if (e == CRYPTO_OK)
		e = vault_words_new(&words);
	if (e == CRYPTO_OK)
		e = vault_slot_add(c->safe.v, VAULT_RECOVERY, label, words,
		    c->args.mib);
	if (e == CRYPTO_OK)
		e = safe_store(&c->safe);
	if (e == CRYPTO_OK)
		e = show(words);
	secret_free(words);
	if (e == CRYPTO_OK)
		fputs("Write these words down and keep them elsewhere: they "
		    "open the vault as the passphrase does.\n", stderr);
	return cmd_safe_why(label, e);
}

/* For systemd-creds, which seals it to this machine.  A terminal must not
 * see it: nobody needs to know it. */
static int
slot_credential(struct cmd_safe *c, const char *label)
{
	struct secret *text = NULL;
	enum crypto_err e;

	if (isatty(STDOUT_FILENO))
		return cmd_fail(label, "goes into systemd-creds (256 or "
		    "newer): mailnode vault slot credential | systemd-creds "
		    "encrypt --user --name=mailnode - FILE, then "
		    "LoadCredentialEncrypted=mailnode:FILE in the unit");
	(void)setvbuf(stdout, NULL, _IONBF, 0);
	e = cmd_safe_begin(c, true);
	if (e == CRYPTO_OK)
		e = cmd_safe_phrase(c);
	if (e == CRYPTO_OK)
		e = vault_credential_new(c->safe.v, label, &text);
	if (e == CRYPTO_OK)
		e = safe_store(&c->safe);
	if (e == CRYPTO_OK)
		e = show(text);
	secret_free(text);
	return cmd_safe_why(label, e);
}

static int
slot_change(struct cmd_safe *c, const char *label, bool add)
{
	enum crypto_err e = cmd_safe_begin(c, true);

	if (e == CRYPTO_OK)
		e = cmd_safe_phrase(c);
	if (e == CRYPTO_OK)
		e = add ? new_phrase_slot(c, label, false) :
		    vault_slot_rm(c->safe.v, label);
	if (e == CRYPTO_OK)
		e = safe_store(&c->safe);
	return cmd_safe_why(label, e);
}

static int
vault_cmd_slot(struct cmd_safe *c)
{
	const char *what = c->args.n > 0 ? c->args.v[0] : "list";
	const char *label = c->args.n > 1 ? c->args.v[1] : NULL;

	if (strcmp(what, "list") == 0 && label == NULL)
		return slot_list(c);
	if (strcmp(what, "recovery") == 0)
		return slot_recovery(c, label != NULL ? label : what);
	if (strcmp(what, "credential") == 0)
		return slot_credential(c, label != NULL ? label : what);
	if (strcmp(what, "add") == 0 && label != NULL)
		return slot_change(c, label, true);
	if (strcmp(what, "rm") == 0 && label != NULL)
		return slot_change(c, label, false);
	return 2;
}

static const struct cmd_sub subs[] = {
	{ "unlock", vault_cmd_unlock, 0 }, { "lock", vault_cmd_lock, 0 },
	{ "list", vault_cmd_list, 0 }, { "set", vault_cmd_set, 2 },
	{ "rm", vault_cmd_rm, 1 }, { "passwd", vault_cmd_passwd, 1 },
	{ "slot", vault_cmd_slot, 2 }, { NULL, NULL, 0 }
};

int
cmd_vault(int argc, char **argv)
{
	return cmd_safe_run(argc, argv, subs, NULL);
}
