#define _DEFAULT_SOURCE	/* reallocarray */
#include <stdlib.h>
#include <string.h>

#include "crypto/vault_parts.h"
#include "mailnode/base/clock.h"

/* Subkeys of a section's key: libsodium's derivation wants a context of
 * eight octets and a number. */
static const char context[crypto_kdf_CONTEXTBYTES + 1] = "mnvault1";

enum { SUB_ENTRY = 1, SUB_MANIFEST = 2, SUB_SRS = 3, AD_MAX = 8192 };

static enum crypto_err
subkey(const struct section *s, uint64_t which, struct secret **out)
{
	*out = NULL;
	if (s->key == NULL)
		return CRYPTO_LOCKED;
	*out = secret_new(VAULT_KEY);
	if (*out == NULL)
		return CRYPTO_NOMEM;
	crypto_kdf_derive_from_key((*out)->data, VAULT_KEY, which, context,
	    s->key->data);
	(*out)->len = VAULT_KEY;
	return CRYPTO_OK;
}

enum crypto_err
vault_srs_key(const struct vault *v, struct secret **out)
{
	return subkey(&v->sec[VAULT_OWNER], SUB_SRS, out);
}

/* ---- whole vault ---- */

static struct secret *
new_key(void)
{
	struct secret *k = secret_new(VAULT_KEY);

	if (k != NULL) {
		random_bytes(k->data, VAULT_KEY);
		k->len = VAULT_KEY;
	}
	return k;
}

enum crypto_err
vault_new(struct vault **out)
{
	struct vault *v;
	size_t i;

	*out = NULL;
	v = calloc(1, sizeof *v);
	if (v == NULL)
		return CRYPTO_NOMEM;
	for (i = 0; i < VAULT_SECTIONS; i++) {
		v->sec[i].key = new_key();
		if (v->sec[i].key == NULL) {
			vault_free(v);
			return CRYPTO_NOMEM;
		}
	}
	*out = v;
	return CRYPTO_OK;
}

static void
sealed_clear(struct sealed *s)
{
	free(s->e.pub);
	free(s->ct);
}

void
vault_free(struct vault *v)
{
	size_t i, j;

	if (v == NULL)
		return;
	for (i = 0; i < VAULT_SECTIONS; i++) {
		for (j = 0; j < v->sec[i].n; j++)
			sealed_clear(&v->sec[i].sealed[j]);
		free(v->sec[i].sealed);
		secret_free(v->sec[i].key);
	}
	free(v);
}

/* ---- keys and manifests ---- */

enum crypto_err
vault_manifest(const struct vault *v, enum vault_section which,
    uint8_t out[MANIFEST])
{
	const struct section *s = &v->sec[which];
	struct secret *key;
	struct buf b;
	enum crypto_err e = subkey(s, SUB_MANIFEST, &key);

	if (e != CRYPTO_OK)
		return e;
	buf_init(&b, 2 * VAULT_FILE_MAX);
	put_u8(&b, vault_version(v));
	put_u8(&b, (uint8_t)which);
	if (which == VAULT_BOOT) {
		put_machine(&b, v);
	} else {
		put_slots(&b, v);
		buf_add(&b, v->sec[VAULT_BOOT].manifest, MANIFEST);
	}
	put_section(&b, s);
	if (b.err)
		e = CRYPTO_FULL;
	else
		crypto_generichash(out, MANIFEST, b.data, b.len, key->data,
		    VAULT_KEY);
	buf_clear(&b);
	secret_free(key);
	return e;
}

enum crypto_err
vault_take_key(struct vault *v, enum vault_section which, struct secret *key)
{
	struct section *s = &v->sec[which];
	uint8_t want[MANIFEST];
	enum crypto_err e;

	if (key == NULL)
		return CRYPTO_NOMEM;
	secret_free(s->key);
	s->key = key;
	e = vault_manifest(v, which, want);
	if (e == CRYPTO_OK &&
	    !mem_equal(want, MANIFEST, s->manifest, MANIFEST))
		e = CRYPTO_ALTERED;
	if (e != CRYPTO_OK)
		vault_close(v, which);
	return e;
}

/* All or nothing: a node half open by keys of another vault would sign
 * with what it does not know. */
enum crypto_err
vault_open_keys(struct vault *v, const struct secret *keys)
{
	enum crypto_err e;

	if (keys->len != VAULT_KEYS)
		return CRYPTO_KEY;
	e = vault_take_key(v, VAULT_BOOT,
	    secret_copy(keys->data, VAULT_KEY));
	if (e == CRYPTO_OK)
		e = vault_take_key(v, VAULT_OWNER,
		    secret_copy(keys->data + VAULT_KEY, VAULT_KEY));
	if (e != CRYPTO_OK) {
		vault_close(v, VAULT_BOOT);
		vault_close(v, VAULT_OWNER);
	}
	return e;
}

void
vault_open_like(struct vault *v, const struct vault *other)
{
	const struct secret *k;
	size_t i;

	for (i = 0; other != NULL && i < VAULT_SECTIONS; i++) {
		k = other->sec[i].key;
		if (k != NULL)
			(void)vault_take_key(v, (enum vault_section)i,
			    secret_copy(k->data, k->len));
	}
}

enum crypto_err
vault_keys(const struct vault *v, struct secret **out)
{
	size_t i;

	*out = NULL;
	for (i = 0; i < VAULT_SECTIONS; i++)
		if (v->sec[i].key == NULL)
			return CRYPTO_LOCKED;
	*out = secret_new(VAULT_KEYS);
	if (*out == NULL)
		return CRYPTO_NOMEM;
	for (i = 0; i < VAULT_SECTIONS; i++)
		(void)secret_add(*out, v->sec[i].key->data, VAULT_KEY);
	return CRYPTO_OK;
}

bool
vault_is_open(const struct vault *v, enum vault_section s)
{
	return v->sec[s].key != NULL;
}

void
vault_close(struct vault *v, enum vault_section s)
{
	secret_free(v->sec[s].key);
	v->sec[s].key = NULL;
}

/* ---- entries ---- */

size_t
vault_entries(const struct vault *v)
{
	return v->sec[VAULT_BOOT].n + v->sec[VAULT_OWNER].n;
}

const struct vault_entry *
vault_at(const struct vault *v, size_t i)
{
	size_t boot = v->sec[VAULT_BOOT].n;

	if (i < boot)
		return &v->sec[VAULT_BOOT].sealed[i].e;
	i -= boot;
	return i < v->sec[VAULT_OWNER].n ?
	    &v->sec[VAULT_OWNER].sealed[i].e : NULL;
}

static struct sealed *
find(const struct vault *v, const char *name, const struct section **where)
{
	enum vault_section which;
	const struct section *s;
	size_t i;

	*where = NULL;
	if (vault_name(name, &which) != CRYPTO_OK)
		return NULL;
	*where = s = &v->sec[which];
	for (i = 0; i < s->n; i++)
		if (strcmp(s->sealed[i].e.name, name) == 0)
			return &s->sealed[i];
	return NULL;
}

const struct vault_entry *
vault_find(const struct vault *v, const char *name)
{
	const struct section *where;
	struct sealed *s = find(v, name, &where);

	return s != NULL ? &s->e : NULL;
}

enum crypto_err
vault_get(const struct vault *v, const char *name, struct secret **out)
{
	const struct section *where;
	struct sealed *s = find(v, name, &where);
	struct secret *key = NULL, *plain = NULL;
	struct buf ad;
	enum crypto_err e;

	*out = NULL;
	if (s == NULL || s->e.retired)
		return CRYPTO_ABSENT;
	e = subkey(where, SUB_ENTRY, &key);
	if (e != CRYPTO_OK)
		return e;
	buf_init(&ad, AD_MAX);
	put_entry(&ad, &s->e);
	plain = secret_new(s->ct_len - TAG);
	e = CRYPTO_NOMEM;
	if (ad.err || plain == NULL)
		goto out;
	e = CRYPTO_ALTERED;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain->data, NULL,
	    NULL, s->ct, s->ct_len, ad.data, ad.len, s->nonce, key->data)
	    != 0)
		goto out;
	plain->len = s->ct_len - TAG;
	*out = plain;
	plain = NULL;
	e = CRYPTO_OK;
out:
	secret_free(plain);
	buf_clear(&ad);
	secret_free(key);
	return e;
}

/* Seals into a fresh struct that the caller then puts in its place. */
static enum crypto_err
seal_entry(const struct section *where, struct sealed *s,
    const struct secret *plain)
{
	struct secret *key;
	struct buf ad;
	enum crypto_err e = subkey(where, SUB_ENTRY, &key);

	if (e != CRYPTO_OK)
		return e;
	buf_init(&ad, AD_MAX);
	put_entry(&ad, &s->e);
	s->ct_len = plain->len + TAG;
	s->ct = malloc(s->ct_len);
	if (ad.err || s->ct == NULL) {
		e = CRYPTO_NOMEM;
	} else {
		random_bytes(s->nonce, sizeof s->nonce);
		crypto_aead_xchacha20poly1305_ietf_encrypt(s->ct, NULL,
		    plain->data, plain->len, ad.data, ad.len, NULL, s->nonce,
		    key->data);
	}
	buf_clear(&ad);
	secret_free(key);
	return e;
}

/* Room for one more; the place is returned, not yet counted. */
static struct sealed *
grow(struct section *s)
{
	struct sealed *p;

	p = reallocarray(s->sealed, s->n + 1, sizeof *p);
	if (p == NULL)
		return NULL;
	s->sealed = p;
	memset(&p[s->n], 0, sizeof *p);
	return &p[s->n];
}

static enum crypto_err
put(struct vault *v, struct sealed *fresh, const struct secret *plain)
{
	const struct section *found;
	struct sealed *old = find(v, fresh->e.name, &found);
	struct section *where;
	enum vault_section which;
	enum crypto_err e;

	e = vault_name(fresh->e.name, &which);
	if (e != CRYPTO_OK)
		return e;
	where = &v->sec[which];
	if (old == NULL && where->n >= VAULT_ENTRIES_MAX)
		return CRYPTO_FULL;
	fresh->e.version = old != NULL ? old->e.version + 1 : 1;
	e = seal_entry(where, fresh, plain);
	if (e != CRYPTO_OK)
		return e;
	if (old == NULL) {
		old = grow(where);
		if (old == NULL)
			return CRYPTO_NOMEM;
		where->n++;
	} else {
		sealed_clear(old);
	}
	*old = *fresh;
	return CRYPTO_OK;
}

enum crypto_err
vault_put(struct vault *v, const char *name, enum vault_kind kind,
    const struct secret *s, const void *pub, size_t pub_len)
{
	struct sealed fresh;
	enum vault_section which;
	enum crypto_err e = vault_name(name, &which);

	if (e != CRYPTO_OK)
		return e;
	if (s->len > VAULT_SECRET_MAX || pub_len > VAULT_PUB_MAX)
		return CRYPTO_FULL;
	memset(&fresh, 0, sizeof fresh);
	memcpy(fresh.e.name, name, strlen(name) + 1);
	fresh.e.kind = kind;
	fresh.e.created = clock_wall_s();
	fresh.e.pub = malloc(pub_len + 1);
	if (fresh.e.pub == NULL)
		return CRYPTO_NOMEM;
	if (pub_len > 0)
		memcpy(fresh.e.pub, pub, pub_len);
	fresh.e.pub_len = pub_len;
	e = put(v, &fresh, s);
	if (e != CRYPTO_OK)
		sealed_clear(&fresh);
	return e;
}

enum crypto_err
vault_put_new(struct vault *v, const char *name, enum sign_alg alg)
{
	static const enum vault_kind kinds[] = { [SIGN_RSA] = VAULT_RSA_KEY,
	    [SIGN_ED25519] = VAULT_ED25519_KEY, [SIGN_P256] =
	    VAULT_P256_KEY };
	struct sign_key *k = NULL;
	struct secret *s = NULL;
	struct buf pub;
	enum crypto_err e;

	buf_init(&pub, SIGN_PUB_MAX);
	e = sign_generate(alg, &s);
	if (e == CRYPTO_OK)
		e = sign_private(alg, s, &k);
	if (e == CRYPTO_OK)
		e = sign_key_public(k, &pub);
	if (e == CRYPTO_OK)
		e = vault_put(v, name, kinds[alg], s, pub.data, pub.len);
	buf_clear(&pub);
	sign_key_free(k);
	secret_free(s);
	return e;
}

enum crypto_err
vault_retire(struct vault *v, const char *name)
{
	const struct section *where;
	struct sealed *old = find(v, name, &where), fresh;
	struct secret *none;
	enum crypto_err e;

	if (old == NULL || old->e.retired)
		return CRYPTO_ABSENT;
	memset(&fresh, 0, sizeof fresh);
	fresh.e = old->e;
	fresh.e.retired = true;
	fresh.e.pub = malloc(old->e.pub_len + 1);
	none = secret_new(0);
	e = CRYPTO_NOMEM;
	if (fresh.e.pub != NULL && none != NULL) {
		memcpy(fresh.e.pub, old->e.pub, old->e.pub_len);
		e = put(v, &fresh, none);
	}
	secret_free(none);
	if (e != CRYPTO_OK)
		sealed_clear(&fresh);
	return e;
}

enum crypto_err
vault_rm(struct vault *v, const char *name)
{
	const struct section *found;
	struct sealed *old = find(v, name, &found);
	struct section *where;
	size_t i;

	if (old == NULL)
		return CRYPTO_ABSENT;
	if (found->key == NULL)
		return CRYPTO_LOCKED;
	where = &v->sec[found - v->sec];
	i = (size_t)(old - where->sealed);
	sealed_clear(old);
	where->n--;
	memmove(old, old + 1, (where->n - i) * sizeof *old);
	return CRYPTO_OK;
}
