#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/cmd_safe.h"
#include "mailnode/node/conf.h"
#include "mailnode/ops/dkimkey.h"
#include "mailnode/ops/dnszone.h"
#include "mailnode/ops/doctor.h"
#include "mailnode/role/role_resolver.h"

static const char dkim[] = "dkim/";

static bool
is_dkim(const struct vault_entry *e)
{
	return strncmp(e->name, dkim, strlen(dkim)) == 0;
}

static unsigned int
bits_of(const struct vault_entry *e)
{
	struct sign_key *k;
	enum sign_alg alg;
	unsigned int n = 0;

	if (vault_alg(e->kind, &alg) == 0 &&
	    sign_public(alg, e->pub, e->pub_len, &k) == CRYPTO_OK) {
		n = sign_key_bits(k);
		sign_key_free(k);
	}
	return n;
}

static void
put_key(struct buf *b, const struct vault *v, const struct vault_entry *e,
    bool json)
{
	const char *alg = e->kind == VAULT_RSA_KEY ? "rsa" : "ed25519";
	struct buf record;

	if (!json) {
		buf_addf(b, "%-24s %-8s %5u  %s\n", e->name + strlen(dkim),
		    alg, bits_of(e), dkimkey_state(v, e));
		return;
	}
	buf_init(&record, DNSZONE_MAX);
	dnszone_dkim_value(&record, e);
	buf_adds(b, "{\"selector\":");
	json_string(b, e->name + strlen(dkim));
	buf_addf(b, ",\"algorithm\":\"%s\",\"bits\":%u,\"state\":\"%s\","
	    "\"created\":%lld,\"record\":", alg, bits_of(e),
	    dkimkey_state(v, e), (long long)e->created);
	json_bytes(b, record.data, record.len);
	buf_adds(b, "}\n");
	buf_clear(&record);
}

static int
key_list(struct cmd_safe *c)
{
	const struct vault_entry *entry;
	enum crypto_err e = cmd_safe_begin(c, false);
	struct buf b;
	size_t i;

	if (e != CRYPTO_OK)
		return cmd_safe_why("vault", e);
	buf_init(&b, 8 * DNSZONE_MAX);
	for (i = 0; (entry = vault_at(c->safe.v, i)) != NULL; i++)
		if (is_dkim(entry))
			put_key(&b, c->safe.v, entry, c->args.json);
	return cmd_safe_flush(&b);
}

/* ---- rotate ---- */

/* In the vault process when it is unlocked, else here. */
static enum crypto_err
make_one(struct cmd_safe *c, enum sign_alg alg, bool by_daemon,
    char name[VAULT_NAME_MAX])
{
	struct vault *fresh;
	struct buf sealed;
	enum crypto_err e;

	dkimkey_name(c->safe.v, alg, name);
	if (!by_daemon)
		return vault_put_new(c->safe.v, name, alg);
	buf_init(&sealed, VAULT_FILE_MAX);
	e = vault_keygen(c->safe.ch, c->safe.file, name, alg, &sealed);
	if (e == CRYPTO_OK)
		e = safe_store_sealed(&c->safe, &sealed);
	if (e == CRYPTO_OK)
		e = vault_parse(sealed.data, sealed.len, &fresh);
	if (e == CRYPTO_OK) {
		vault_free(c->safe.v);
		c->safe.v = fresh;
	}
	buf_clear(&sealed);
	return e;
}

static int
print_new(const struct cmd_safe *c, char names[2][VAULT_NAME_MAX])
{
	const struct vault_entry *e, *old;
	struct buf b;
	size_t i;

	buf_init(&b, DNSZONE_MAX);
	buf_adds(&b, "; Publish these, and wait until your name servers "
	    "answer with them.\n");
	for (i = 0; i < 2; i++)
		dnszone_dkim(&b, vault_find(c->safe.v, names[i]));
	buf_adds(&b, "; Until then the old keys sign.  Change over by:\n");
	for (i = 0; i < 2; i++) {
		e = vault_find(c->safe.v, names[i]);
		old = vault_active(c->safe.v, e->kind);
		if (old != NULL && old != e)
			buf_addf(&b, ";\tmailnode key retire %s\n",
			    old->name + strlen(dkim));
	}
	return cmd_safe_flush(&b);
}

static int
key_rotate(struct cmd_safe *c)
{
	char names[2][VAULT_NAME_MAX];
	struct vault_state st = { 0 };
	enum crypto_err e;

	e = cmd_safe_begin(c, true);
	if (e == CRYPTO_OK && c->safe.ch != -1)
		(void)vault_status(c->safe.ch, &st);
	if (e == CRYPTO_OK && !st.owner)
		e = cmd_safe_phrase(c);
	if (e == CRYPTO_OK)
		e = make_one(c, SIGN_RSA, st.owner, names[0]);
	if (e == CRYPTO_OK)
		e = make_one(c, SIGN_ED25519, st.owner, names[1]);
	if (e == CRYPTO_OK && !st.owner)
		e = safe_store(&c->safe);
	return e == CRYPTO_OK ? print_new(c, names) :
	    cmd_safe_why("key rotate", e);
}

/* ---- retire ---- */

/* Which of its kind signs without it, or NULL. */
static const struct vault_entry *
another(const struct vault *v, const struct vault_entry *e)
{
	const struct vault_entry *o;
	size_t i;

	for (i = 0; (o = vault_at(v, i)) != NULL; i++)
		if (o != e && o->kind == e->kind && is_dkim(o) && !o->retired)
			return o;
	return NULL;
}

/* Before the passphrase: whoever wants to wait leaves it there. */
static void
warn(const struct vault *v, const struct vault_entry *old,
    const struct vault_entry *next)
{
	size_t i;
	int dns;

	if (strcmp(dkimkey_state(v, old), "active") != 0 ||
	    (next->kind != VAULT_RSA_KEY && !conf.sign_ed25519) ||
	    (dns = resolver_child(NULL)) == -1)
		return;
	for (i = 0; i < conf.ndomains; i++)
		if (doctor_lacks_key(dns, next, conf.domains[i]))
			fprintf(stderr, "mailnode: %s._domainkey.%s: the DNS "
			    "has no such key yet: what you send will fail\n",
			    next->name + strlen(dkim), conf.domains[i]);
	close(dns);
}

static int
key_retire(struct cmd_safe *c)
{
	const struct vault_entry *entry, *next;
	char name[VAULT_NAME_MAX];
	enum crypto_err e;

	if (c->args.n != 1)
		return 2;
	if (snprintf(name, sizeof name, "%s%s", dkim, c->args.v[0]) >=
	    (int)sizeof name)
		return cmd_fail(c->args.v[0], "no such key");
	e = cmd_safe_begin(c, true);
	if (e != CRYPTO_OK)
		return cmd_safe_why("vault", e);
	entry = vault_find(c->safe.v, name);
	if (entry == NULL || entry->retired)
		return cmd_fail(c->args.v[0], "no such key, or it is "
		    "retired");
	next = another(c->safe.v, entry);
	if (next == NULL)
		return cmd_fail(c->args.v[0], "is the last of its kind; "
		    "run mailnode key rotate first");
	warn(c->safe.v, entry, next);
	e = cmd_safe_phrase(c);
	if (e == CRYPTO_OK)
		e = vault_retire(c->safe.v, name);
	if (e == CRYPTO_OK)
		e = safe_store(&c->safe);
	if (e == CRYPTO_OK)
		printf("; Leave %s._domainkey published for a week: mail "
		    "under way is signed by it.\n", c->args.v[0]);
	return cmd_safe_why(c->args.v[0], e);
}

static const struct cmd_sub subs[] = {
	{ "list", key_list, 0 }, { "rotate", key_rotate, 0 },
	{ "retire", key_retire, 1 }, { NULL, NULL, 0 }
};

int
cmd_key(int argc, char **argv)
{
	return cmd_safe_run(argc, argv, subs, "list");
}
