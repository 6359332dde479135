#include <openssl/evp.h>
#include <string.h>

#include "crypto/device.h"
#include "crypto/scram.h"
#include "crypto/sign.h"

enum { FORMAT = 1, BITS = 5, CHECK_BITS = 12, GROUP = 4,
    SYMBOLS = (DEVICE_RAW * 8 + CHECK_BITS) / BITS };

_Static_assert((DEVICE_RAW * 8 + CHECK_BITS) % BITS == 0, "bits left over");
_Static_assert(DEVICE_TEXT == SYMBOLS + SYMBOLS / GROUP - 1, "length");

/* Without l, o, 0 and 1, which look like each other. */
static const char symbols[] = "abcdefghijkmnpqrstuvwxyz23456789";

bool
device_name_ok(const char *name)
{
	size_t i, n = strlen(name);

	if (n == 0 || n >= DEVICE_NAME_MAX || strchr(".-_", name[0]) != NULL)
		return false;
	for (i = 0; i < n; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') &&
		    !(name[i] >= '0' && name[i] <= '9') &&
		    strchr(".-_", name[i]) == NULL)
			return false;
	return true;
}

/* ---- the public part ---- */

static void
put_le(struct buf *b, uint64_t v, int octets)
{
	for (; octets > 0; octets--, v >>= 8)
		buf_addc(b, (int)(v & 255));
}

void
device_put(struct buf *b, const struct device *d)
{
	put_le(b, FORMAT, 1);
	put_le(b, d->scope, 1);
	put_le(b, d->undo_s, 4);
	put_le(b, (uint64_t)d->expires, 8);
	buf_add(b, d->salt, sizeof d->salt);
	put_le(b, strlen(d->from), 1);
	buf_adds(b, d->from);
	put_le(b, strlen(d->folder), 2);
	buf_adds(b, d->folder);
}

struct in {
	const uint8_t	*p, *end;
	bool		 bad;
};

static uint64_t
get_le(struct in *in, size_t octets)
{
	uint64_t v = 0;
	size_t i;

	if ((size_t)(in->end - in->p) < octets) {
		in->bad = true;
		return 0;
	}
	for (i = octets; i > 0; i--)
		v = v << 8 | in->p[i - 1];
	in->p += octets;
	return v;
}

static void
get_text(struct in *in, size_t n, char *dst, size_t size)
{
	dst[0] = '\0';
	if (n >= size || (size_t)(in->end - in->p) < n ||
	    memchr(in->p, '\0', n) != NULL) {
		in->bad = true;
		return;
	}
	memcpy(dst, in->p, n);
	dst[n] = '\0';
	in->p += n;
}

enum crypto_err
device_get(const void *p, size_t n, struct device *d)
{
	struct in in = { p, (const uint8_t *)p + n, false };

	memset(d, 0, sizeof *d);
	in.bad = get_le(&in, 1) != FORMAT;
	d->scope = (uint8_t)get_le(&in, 1);
	d->undo_s = (uint32_t)get_le(&in, 4);
	d->expires = (int64_t)get_le(&in, 8);
	if ((size_t)(in.end - in.p) < sizeof d->salt)
		return CRYPTO_DAMAGED;
	memcpy(d->salt, in.p, sizeof d->salt);
	in.p += sizeof d->salt;
	get_text(&in, (size_t)get_le(&in, 1), d->from, sizeof d->from);
	get_text(&in, (size_t)get_le(&in, 2), d->folder, sizeof d->folder);
	return in.bad || in.p != in.end || d->scope & ~DEVICE_ALL ?
	    CRYPTO_DAMAGED : CRYPTO_OK;
}

/* ---- secrets ---- */

static uint16_t
check_of(const uint8_t raw[DEVICE_RAW])
{
	static const char what[] = "mailnode device";
	uint8_t in[sizeof what + DEVICE_RAW], sum[SHA256_OCTETS];
	uint16_t check;

	memcpy(in, what, sizeof what);
	memcpy(in + sizeof what, raw, DEVICE_RAW);
	sha256_of(in, sizeof in, sum);
	check = (uint16_t)((sum[0] << 8 | sum[1]) >> (16 - CHECK_BITS));
	mem_wipe(in, sizeof in);
	mem_wipe(sum, sizeof sum);
	return check;
}

/* Bit i of the secret and, behind it, of its check. */
static unsigned int
bit(const uint8_t raw[DEVICE_RAW], uint16_t check, size_t i)
{
	if (i < DEVICE_RAW * 8)
		return raw[i / 8] >> (7 - i % 8) & 1;
	return check >> (CHECK_BITS - 1 - (i - DEVICE_RAW * 8)) & 1;
}

static void
spell(const uint8_t raw[DEVICE_RAW], struct secret *out)
{
	uint16_t check = check_of(raw);
	unsigned int v;
	size_t i, k;

	for (i = 0; i < SYMBOLS; i++) {
		for (v = 0, k = 0; k < BITS; k++)
			v = v << 1 | bit(raw, check, i * BITS + k);
		if (i > 0 && i % GROUP == 0)
			(void)secret_add(out, "-", 1);
		(void)secret_add(out, &symbols[v], 1);
	}
}

enum crypto_err
device_secret_new(struct secret **out)
{
	struct secret *raw = secret_new(DEVICE_RAW);

	*out = secret_new(DEVICE_TEXT);
	if (raw == NULL || *out == NULL) {
		secret_free(raw);
		secret_free(*out);
		*out = NULL;
		return CRYPTO_NOMEM;
	}
	random_bytes(raw->data, DEVICE_RAW);
	spell(raw->data, *out);
	secret_free(raw);
	return CRYPTO_OK;
}

/* 0 to 31, -1 for what is passed over, -2 for what is no symbol. */
static int
value_of(uint8_t c)
{
	const char *at;

	if (c == '-' || c == ' ')
		return -1;
	if (c >= 'A' && c <= 'Z')
		c = (uint8_t)(c - 'A' + 'a');
	at = c != '\0' ? strchr(symbols, c) : NULL;
	return at != NULL ? (int)(at - symbols) : -2;
}

enum crypto_err
device_secret_read(const void *p, size_t n, struct secret **out)
{
	const uint8_t *in = p;
	struct secret *raw = secret_new(DEVICE_RAW);
	size_t i, k, at = 0;
	uint16_t check = 0;
	int v = 0;

	*out = secret_new(DEVICE_TEXT);
	if (raw == NULL || *out == NULL)
		v = -3;
	else
		memset(raw->data, 0, DEVICE_RAW);
	for (i = 0; i < n && v > -2; i++) {
		v = value_of(in[i]);
		if (v < 0)
			continue;
		if (at == SYMBOLS * BITS)
			v = -2;
		for (k = BITS; k > 0 && v >= 0; k--, at++) {
			unsigned int b = (unsigned int)v >> (k - 1) & 1;

			if (at < DEVICE_RAW * 8)
				raw->data[at / 8] = (uint8_t)
				    (raw->data[at / 8] | b << (7 - at % 8));
			else
				check = (uint16_t)
				    ((unsigned int)check << 1 | b);
		}
	}
	if (v > -2 && (at != SYMBOLS * BITS || check != check_of(raw->data)))
		v = -2;
	if (v > -2)
		spell(raw->data, *out);
	secret_free(raw);
	if (v > -2)
		return CRYPTO_OK;
	secret_free(*out);
	*out = NULL;
	return v == -2 ? CRYPTO_WORDS : CRYPTO_NOMEM;
}

/* ---- verifiers, RFC 5802 section 3 ---- */

struct keys {
	uint8_t	salted[DEVICE_KEY], client[DEVICE_KEY];
};

enum crypto_err
device_verifier(const struct secret *text, const uint8_t salt[DEVICE_SALT],
    struct secret **out)
{
	struct secret *mem = secret_new(sizeof(struct keys));
	struct keys *k;
	enum crypto_err e = CRYPTO_NOMEM;

	*out = secret_new(DEVICE_VERIFIER);
	if (mem == NULL || *out == NULL)
		goto out;
	k = (struct keys *)(void *)mem->data;
	e = CRYPTO_INTERNAL;
	if (PKCS5_PBKDF2_HMAC((const char *)text->data, (int)text->len, salt,
	    DEVICE_SALT, DEVICE_ROUNDS, EVP_sha256(), DEVICE_KEY,
	    k->salted) != 1)
		goto out;
	scram_hmac(k->salted, "Client Key", 10, k->client);
	sha256_of(k->client, DEVICE_KEY, (*out)->data);
	scram_hmac(k->salted, "Server Key", 10, (*out)->data + DEVICE_KEY);
	(*out)->len = DEVICE_VERIFIER;
	e = CRYPTO_OK;
out:
	secret_free(mem);
	if (e != CRYPTO_OK) {
		secret_free(*out);
		*out = NULL;
	}
	return e;
}

bool
device_proves(const uint8_t stored[DEVICE_KEY], const struct buf *auth,
    const uint8_t proof[DEVICE_KEY])
{
	uint8_t key[DEVICE_KEY], digest[DEVICE_KEY];
	bool same;
	size_t i;

	scram_hmac(stored, auth->data, auth->len, key);
	for (i = 0; i < DEVICE_KEY; i++)
		key[i] ^= proof[i];
	sha256_of(key, DEVICE_KEY, digest);
	same = mem_equal(digest, DEVICE_KEY, stored, DEVICE_KEY);
	mem_wipe(key, sizeof key);
	mem_wipe(digest, sizeof digest);
	return same;
}

void
device_server_sign(const uint8_t server[DEVICE_KEY], const struct buf *auth,
    uint8_t out[DEVICE_KEY])
{
	scram_hmac(server, auth->data, auth->len, out);
}
