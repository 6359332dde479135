/* Entries by name and kind: where they belong, what they are for. */
#include <string.h>

#include "crypto/vault.h"

static const char dkim[] = "dkim/";

static bool
name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	    c == '-' || c == '_';
}

enum crypto_err
vault_name(const char *name, enum vault_section *s)
{
	static const struct {
		const char		*prefix;
		enum vault_section	 section;
	} rooms[] = { { "tls/", VAULT_BOOT }, { "dkim/", VAULT_OWNER },
	    { "relay/", VAULT_OWNER }, { "device/", VAULT_OWNER } };
	const char *p = NULL;
	size_t i;

	*s = VAULT_OWNER;
	for (i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
		if (strncmp(name, rooms[i].prefix,
		    strlen(rooms[i].prefix)) == 0) {
			p = name + strlen(rooms[i].prefix);
			*s = rooms[i].section;
		}
	if (p == NULL || *p == '\0' || strlen(name) >= VAULT_NAME_MAX)
		return CRYPTO_NAME;
	for (; *p != '\0'; p++)
		if (!name_char(*p))
			return CRYPTO_NAME;
	return CRYPTO_OK;
}

int
vault_alg(enum vault_kind kind, enum sign_alg *alg)
{
	switch (kind) {
	case VAULT_RSA_KEY:
		*alg = SIGN_RSA;
		return 0;
	case VAULT_ED25519_KEY:
		*alg = SIGN_ED25519;
		return 0;
	case VAULT_P256_KEY:
		*alg = SIGN_P256;
		return 0;
	default:
		return -1;
	}
}

const struct vault_entry *
vault_active(const struct vault *v, enum vault_kind kind)
{
	const struct vault_entry *e, *best = NULL;
	size_t i;

	for (i = 0; (e = vault_at(v, i)) != NULL; i++)
		if (e->kind == kind && !e->retired &&
		    strncmp(e->name, dkim, strlen(dkim)) == 0 &&
		    (best == NULL || e->created < best->created))
			best = e;
	return best;
}
