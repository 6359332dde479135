#include <string.h>

#include "crypto/vault_parts.h"
#include "mailnode/base/clock.h"

enum { MIB = 1024 * 1024, PASSES_MAX = 16 };

/* Binds a wrapped key to its place: a slot's cannot stand in for the
 * machine's. */
static const uint8_t slot_ad[] = "mailnode vault slot";
static const uint8_t machine_ad[] = "mailnode vault machine";

static enum crypto_err
derive(const struct slot *s, const struct secret *phrase,
    struct secret **out)
{
	*out = NULL;
	/* from a file that anyone may have written: bounded before it costs */
	if (s->s.mib < 1 || s->s.mib > VAULT_ARGON_MIB_MAX ||
	    s->s.passes < 1 || s->s.passes > PASSES_MAX)
		return CRYPTO_COST;
	*out = secret_new(VAULT_KEY);
	if (*out == NULL)
		return CRYPTO_NOMEM;
	(*out)->len = VAULT_KEY;
	if (crypto_pwhash((*out)->data, VAULT_KEY,
	    (const char *)phrase->data, phrase->len, s->salt, s->s.passes,
	    (size_t)s->s.mib * MIB, crypto_pwhash_ALG_ARGON2ID13) == 0)
		return CRYPTO_OK;
	secret_free(*out);
	*out = NULL;
	return CRYPTO_NOMEM;
}

/* ---- machine ---- */

enum crypto_err
vault_machine_new(struct vault *v, struct secret **out)
{
	const struct secret *boot = v->sec[VAULT_BOOT].key;

	*out = NULL;
	if (boot == NULL || v->sec[VAULT_OWNER].key == NULL)
		return CRYPTO_LOCKED;
	*out = secret_new(VAULT_KEY);
	if (*out == NULL)
		return CRYPTO_NOMEM;
	random_bytes((*out)->data, VAULT_KEY);
	(*out)->len = VAULT_KEY;
	random_bytes(v->machine_nonce, NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(v->machine_wrapped, NULL,
	    boot->data, VAULT_KEY, machine_ad, sizeof machine_ad, NULL,
	    v->machine_nonce, (*out)->data);
	v->machine = true;
	return CRYPTO_OK;
}

enum crypto_err
vault_open_machine(struct vault *v, const struct secret *machine)
{
	struct secret *key;

	if (!v->machine || machine->len != VAULT_KEY)
		return CRYPTO_MACHINE;
	key = secret_new(VAULT_KEY);
	if (key == NULL)
		return CRYPTO_NOMEM;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(key->data, NULL, NULL,
	    v->machine_wrapped, sizeof v->machine_wrapped, machine_ad,
	    sizeof machine_ad, v->machine_nonce, machine->data) != 0) {
		secret_free(key);
		return CRYPTO_MACHINE;
	}
	key->len = VAULT_KEY;
	return vault_take_key(v, VAULT_BOOT, key);
}

/* ---- phrases ---- */

/* CRYPTO_PASSPHRASE when kek is not the slot's. */
static enum crypto_err
unwrap(struct vault *v, const struct slot *s, const struct secret *kek)
{
	struct secret *keys = secret_new(VAULT_KEYS);
	enum crypto_err e = CRYPTO_PASSPHRASE;

	if (keys == NULL)
		return CRYPTO_NOMEM;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(keys->data, NULL,
	    NULL, s->wrapped, sizeof s->wrapped, slot_ad, sizeof slot_ad,
	    s->nonce, kek->data) == 0) {
		keys->len = VAULT_KEYS;
		e = vault_open_keys(v, keys);
	}
	secret_free(keys);
	return e;
}

static enum crypto_err
try_slot(struct vault *v, const struct slot *s, const struct secret *phrase)
{
	struct secret *kek;
	enum crypto_err e = derive(s, phrase, &kek);

	if (e == CRYPTO_OK)
		e = unwrap(v, s, kek);
	secret_free(kek);
	return e;
}

static enum crypto_err
try_kind(struct vault *v, enum vault_slot_kind kind,
    const struct secret *phrase)
{
	enum crypto_err e = CRYPTO_PASSPHRASE;
	size_t i;

	for (i = 0; i < v->nslots && e == CRYPTO_PASSPHRASE; i++)
		if (v->slots[i].s.kind == kind)
			e = try_slot(v, &v->slots[i], phrase);
	return e;
}

/* What are no words, or mistyped ones, may still be somebody's passphrase:
 * only then is the text of the error that of the words. */
enum crypto_err
vault_open_phrase(struct vault *v, const struct secret *phrase)
{
	struct secret *words;
	enum crypto_err w, e;

	w = vault_words(phrase, &words);
	if (w == CRYPTO_OK) {
		e = try_kind(v, VAULT_RECOVERY, words);
		secret_free(words);
		if (e != CRYPTO_PASSPHRASE)
			return e;
	}
	e = try_kind(v, VAULT_PASSPHRASE, phrase);
	return e == CRYPTO_PASSPHRASE && w == CRYPTO_WORDS ? w : e;
}

/* ---- credentials: the key itself, as text ---- */

enum { HEX = 2 * VAULT_KEY };

/* libsodium's, which takes the same time for all digits.  A newline behind
 * them is what echo adds. */
static enum crypto_err
from_hex(const struct secret *text, struct secret **out)
{
	size_t n = text->len, got = 0;

	*out = NULL;
	if (n == HEX + 1 && text->data[HEX] == '\n')
		n--;
	if (n != HEX)
		return CRYPTO_CREDENTIAL;
	*out = secret_new(VAULT_KEY);
	if (*out == NULL)
		return CRYPTO_NOMEM;
	if (sodium_hex2bin((*out)->data, VAULT_KEY,
	    (const char *)text->data, n, NULL, &got, NULL) == 0 &&
	    got == VAULT_KEY) {
		(*out)->len = VAULT_KEY;
		return CRYPTO_OK;
	}
	secret_free(*out);
	*out = NULL;
	return CRYPTO_CREDENTIAL;
}

enum crypto_err
vault_open_credential(struct vault *v, const struct secret *text)
{
	struct secret *kek;
	enum crypto_err e = from_hex(text, &kek);
	size_t i;

	if (e != CRYPTO_OK)
		return e;
	e = CRYPTO_PASSPHRASE;
	for (i = 0; i < v->nslots && e == CRYPTO_PASSPHRASE; i++)
		if (v->slots[i].s.kind == VAULT_CREDENTIAL)
			e = unwrap(v, &v->slots[i], kek);
	secret_free(kek);
	return e == CRYPTO_PASSPHRASE ? CRYPTO_CREDENTIAL : e;
}

enum crypto_err
vault_credential_new(struct vault *v, const char *label, struct secret **out)
{
	struct secret *key = secret_new(VAULT_KEY);
	enum crypto_err e = CRYPTO_NOMEM;

	*out = secret_new(HEX + 1);
	if (key != NULL && *out != NULL) {
		random_bytes(key->data, VAULT_KEY);
		sodium_bin2hex((char *)(*out)->data, HEX + 1, key->data,
		    VAULT_KEY);
		(*out)->len = HEX;
		e = vault_slot_set(v, VAULT_CREDENTIAL, label, *out, 0);
	}
	secret_free(key);
	if (e != CRYPTO_OK) {
		secret_free(*out);
		*out = NULL;
	}
	return e;
}

static struct slot *
find(struct vault *v, const char *label)
{
	size_t i;

	for (i = 0; i < v->nslots; i++)
		if (strcmp(v->slots[i].s.label, label) == 0)
			return &v->slots[i];
	return NULL;
}

static bool
label_ok(const char *p)
{
	size_t n = strlen(p);

	return n > 0 && n < VAULT_LABEL_MAX && n == strspn(p,
	    "abcdefghijklmnopqrstuvwxyz0123456789-_.");
}

/* A slot for phrase, not yet in its place. */
static enum crypto_err
make(const struct vault *v, enum vault_slot_kind kind, const char *label,
    const struct secret *phrase, struct slot *s)
{
	struct secret *kek = NULL, *keys = NULL;
	enum crypto_err e;

	s->s.kind = kind;
	memcpy(s->s.label, label, strlen(label) + 1);
	s->s.created = clock_wall_s();
	random_bytes(s->salt, sizeof s->salt);
	random_bytes(s->nonce, sizeof s->nonce);
	e = vault_keys(v, &keys);
	if (e == CRYPTO_OK)
		e = kind == VAULT_CREDENTIAL ? from_hex(phrase, &kek) :
		    derive(s, phrase, &kek);
	if (e == CRYPTO_OK)
		crypto_aead_xchacha20poly1305_ietf_encrypt(s->wrapped, NULL,
		    keys->data, keys->len, slot_ad, sizeof slot_ad, NULL,
		    s->nonce, kek->data);
	secret_free(kek);
	secret_free(keys);
	return e;
}

enum crypto_err
vault_slot_set(struct vault *v, enum vault_slot_kind kind, const char *label,
    const struct secret *phrase, uint32_t mib)
{
	struct slot *old = find(v, label), s;
	enum crypto_err e;

	if (!label_ok(label))
		return CRYPTO_NAME;
	if (old == NULL && v->nslots == VAULT_SLOTS_MAX)
		return CRYPTO_FULL;
	memset(&s, 0, sizeof s);
	s.s.mib = kind == VAULT_CREDENTIAL ? 0 : mib;
	s.s.passes = kind == VAULT_CREDENTIAL ? 0 : VAULT_ARGON_PASSES;
	e = make(v, kind, label, phrase, &s);
	if (e != CRYPTO_OK)
		return e;
	if (old == NULL)
		old = &v->slots[v->nslots++];
	*old = s;
	return CRYPTO_OK;
}

enum crypto_err
vault_slot_add(struct vault *v, enum vault_slot_kind kind, const char *label,
    const struct secret *phrase, uint32_t mib)
{
	if (find(v, label) != NULL)
		return CRYPTO_EXISTS;
	return vault_slot_set(v, kind, label, phrase, mib);
}

enum crypto_err
vault_slot_rm(struct vault *v, const char *label)
{
	struct slot *s = find(v, label);

	if (s == NULL)
		return CRYPTO_ABSENT;
	if (v->sec[VAULT_OWNER].key == NULL)
		return CRYPTO_LOCKED;
	if (v->nslots == 1)
		return CRYPTO_LAST;
	v->nslots--;
	memmove(s, s + 1, (size_t)(v->slots + v->nslots - s) * sizeof *s);
	memset(&v->slots[v->nslots], 0, sizeof *s);
	return CRYPTO_OK;
}

const struct vault_slot *
vault_slot_at(const struct vault *v, size_t i)
{
	return i < v->nslots ? &v->slots[i].s : NULL;
}
