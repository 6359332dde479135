/*
 * The vault file, version 1, or 2 when it has entries of devices, which
 * programs before them would take for damage.  Numbers are little-endian;
 * strN is a length of N bits and the octets.
 *
 *	head	16	"mailnode vault\n" and a NUL
 *		u32	version
 *		u32	octets of the whole file
 *		16	BLAKE2b of the 24 octets above
 *	slots	u8	how many, then for each:
 *			u8 kind, str8 label, u64 created, u32 MiB, u32 passes,
 *			16 salt, 24 nonce, 80 both section keys, sealed by
 *			Argon2id(phrase, salt)
 *	machine	u8	0 or 1, then 24 nonce, 48 boot key, sealed by boot.key
 *	boot, owner: each
 *		u64	revision
 *		u8	entries, then for each:
 *			str8 name, u8 kind, u8 retired, u64 version,
 *			u64 created, str16 public part, 24 nonce, str16 secret,
 *			sealed with the rest of the entry authenticated
 *		32	manifest: keyed BLAKE2b over the section, and over
 *			machine (boot), over slots and boot's manifest (owner)
 *	tail	32	BLAKE2b of all before it
 *
 * Head and tail have these places and meanings in every version, so that
 * truncated, damaged and newer can be told apart without a key.  They are
 * no protection: that is what seals and manifests are for.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/vault_parts.h"

static const char magic[16] = "mailnode vault\n";

enum { HEAD_PLAIN = 24, HEAD_CHECK = 16, HEAD = HEAD_PLAIN + HEAD_CHECK,
    TAIL = 32 };

/* ---- writing ---- */

void
put_u8(struct buf *b, uint8_t v)
{
	buf_addc(b, v);
}

static void
put_le(struct buf *b, uint64_t v, int octets)
{
	while (octets-- > 0) {
		buf_addc(b, (int)(v & 255));
		v >>= 8;
	}
}

void
put_u64(struct buf *b, uint64_t v)
{
	put_le(b, v, 8);
}

static void
put_str8(struct buf *b, const char *s)
{
	put_u8(b, (uint8_t)strlen(s));
	buf_adds(b, s);
}

void
put_slots(struct buf *b, const struct vault *v)
{
	const struct slot *s;

	put_u8(b, (uint8_t)v->nslots);
	for (s = v->slots; s < v->slots + v->nslots; s++) {
		put_u8(b, (uint8_t)s->s.kind);
		put_str8(b, s->s.label);
		put_u64(b, (uint64_t)s->s.created);
		put_le(b, s->s.mib, 4);
		put_le(b, s->s.passes, 4);
		buf_add(b, s->salt, sizeof s->salt);
		buf_add(b, s->nonce, sizeof s->nonce);
		buf_add(b, s->wrapped, sizeof s->wrapped);
	}
}

void
put_machine(struct buf *b, const struct vault *v)
{
	put_u8(b, v->machine);
	if (!v->machine)
		return;
	buf_add(b, v->machine_nonce, sizeof v->machine_nonce);
	buf_add(b, v->machine_wrapped, sizeof v->machine_wrapped);
}

void
put_entry(struct buf *b, const struct vault_entry *e)
{
	put_str8(b, e->name);
	put_u8(b, (uint8_t)e->kind);
	put_u8(b, e->retired);
	put_u64(b, e->version);
	put_u64(b, (uint64_t)e->created);
	put_le(b, e->pub_len, 2);
	buf_add(b, e->pub, e->pub_len);
}

void
put_section(struct buf *b, const struct section *s)
{
	const struct sealed *e;

	put_u64(b, s->revision);
	put_u8(b, (uint8_t)s->n);
	for (e = s->sealed; e < s->sealed + s->n; e++) {
		put_entry(b, &e->e);
		buf_add(b, e->nonce, sizeof e->nonce);
		put_le(b, e->ct_len, 2);
		buf_add(b, e->ct, e->ct_len);
	}
}

uint8_t
vault_version(const struct vault *v)
{
	const struct vault_entry *e;
	size_t i;

	for (i = 0; (e = vault_at(v, i)) != NULL; i++)
		if (e->kind == VAULT_DEVICE_ENTRY)
			return VAULT_VERSION;
	return 1;
}

static void
put_head(struct buf *b, const struct vault *v, size_t total)
{
	uint8_t check[HEAD_CHECK];

	buf_add(b, magic, sizeof magic);
	put_le(b, vault_version(v), 4);
	put_le(b, total, 4);
	if (b->err)
		return;
	crypto_generichash(check, sizeof check, b->data + b->len - HEAD_PLAIN,
	    HEAD_PLAIN, NULL, 0);
	buf_add(b, check, sizeof check);
}

enum crypto_err
vault_seal(struct vault *v, struct buf *out)
{
	struct buf body;
	uint8_t tail[TAIL];
	size_t start = out->len, i;
	enum crypto_err e = CRYPTO_OK;

	buf_init(&body, VAULT_FILE_MAX - HEAD - TAIL);
	/* boot first: the owner's manifest covers it */
	for (i = 0; i < VAULT_SECTIONS && e == CRYPTO_OK; i++) {
		v->sec[i].revision++;
		e = vault_manifest(v, (enum vault_section)i,
		    v->sec[i].manifest);
	}
	if (e != CRYPTO_OK)
		goto out;
	put_slots(&body, v);
	put_machine(&body, v);
	for (i = 0; i < VAULT_SECTIONS; i++) {
		put_section(&body, &v->sec[i]);
		buf_add(&body, v->sec[i].manifest, MANIFEST);
	}
	e = CRYPTO_FULL;
	if (body.err)
		goto out;
	e = CRYPTO_NOMEM;
	put_head(out, v, HEAD + body.len + TAIL);
	if (buf_add(out, body.data, body.len) == -1)
		goto out;
	crypto_generichash(tail, sizeof tail, out->data + start,
	    out->len - start, NULL, 0);
	if (buf_add(out, tail, sizeof tail) == 0)
		e = CRYPTO_OK;
out:
	buf_clear(&body);
	return e;
}

/* ---- reading ---- */

struct in {
	const uint8_t	*p, *end;
	bool		 bad;
};

static const uint8_t *
get(struct in *in, size_t n)
{
	const uint8_t *p = in->p;

	if (in->bad || (size_t)(in->end - in->p) < n) {
		in->bad = true;
		return NULL;
	}
	in->p += n;
	return p;
}

static void
get_to(struct in *in, void *dst, size_t n)
{
	const uint8_t *p = get(in, n);

	if (p != NULL)
		memcpy(dst, p, n);
	else
		memset(dst, 0, n);
}

static uint64_t
get_le(struct in *in, size_t octets)
{
	const uint8_t *p = get(in, octets);
	uint64_t v = 0;

	while (p != NULL && octets-- > 0)
		v = v << 8 | p[octets];
	return v;
}

/* A number below `below`; 0 and bad for others. */
static uint8_t
get_below(struct in *in, uint8_t below)
{
	uint8_t v = (uint8_t)get_le(in, 1);

	if (v < below)
		return v;
	in->bad = true;
	return 0;
}

static void
get_str8(struct in *in, char *dst, size_t size)
{
	size_t n = (size_t)get_le(in, 1);
	const uint8_t *p = n < size ? get(in, n) : NULL;

	dst[0] = '\0';
	if (p == NULL || memchr(p, '\0', n) != NULL) {
		in->bad = true;
		return;
	}
	memcpy(dst, p, n);
	dst[n] = '\0';
}

/* Returns owned, or NULL and bad. */
static uint8_t *
get_bytes16(struct in *in, size_t max, size_t *len)
{
	size_t n = (size_t)get_le(in, 2);
	const uint8_t *p = n <= max ? get(in, n) : NULL;
	uint8_t *copy = p != NULL ? malloc(n + 1) : NULL;

	*len = 0;
	if (copy == NULL) {
		in->bad = true;
		return NULL;
	}
	memcpy(copy, p, n);
	*len = n;
	return copy;
}

static void
get_slots(struct in *in, struct vault *v)
{
	size_t n = get_below(in, VAULT_SLOTS_MAX + 1), i;
	struct slot *s;

	for (i = 0; i < n && !in->bad; i++) {
		s = &v->slots[i];
		s->s.kind = (enum vault_slot_kind)get_below(in,
		    VAULT_SLOT_KINDS);
		get_str8(in, s->s.label, sizeof s->s.label);
		s->s.created = (int64_t)get_le(in, 8);
		s->s.mib = (uint32_t)get_le(in, 4);
		s->s.passes = (uint32_t)get_le(in, 4);
		get_to(in, s->salt, sizeof s->salt);
		get_to(in, s->nonce, sizeof s->nonce);
		get_to(in, s->wrapped, sizeof s->wrapped);
	}
	v->nslots = n;
}

static void
get_machine(struct in *in, struct vault *v)
{
	v->machine = get_below(in, 2);
	if (!v->machine)
		return;
	get_to(in, v->machine_nonce, sizeof v->machine_nonce);
	get_to(in, v->machine_wrapped, sizeof v->machine_wrapped);
}

static void
get_sealed(struct in *in, struct sealed *s, enum vault_section where)
{
	enum vault_section belongs;

	get_str8(in, s->e.name, sizeof s->e.name);
	if (vault_name(s->e.name, &belongs) != CRYPTO_OK || belongs != where)
		in->bad = true;
	s->e.kind = (enum vault_kind)get_below(in, VAULT_KINDS);
	s->e.retired = get_below(in, 2);
	s->e.version = get_le(in, 8);
	s->e.created = (int64_t)get_le(in, 8);
	s->e.pub = get_bytes16(in, VAULT_PUB_MAX, &s->e.pub_len);
	get_to(in, s->nonce, sizeof s->nonce);
	s->ct = get_bytes16(in, VAULT_SECRET_MAX + TAG, &s->ct_len);
	if (s->ct_len < TAG)
		in->bad = true;
}

static void
get_section(struct in *in, struct vault *v, enum vault_section which)
{
	struct section *s = &v->sec[which];
	size_t n;

	s->revision = get_le(in, 8);
	n = get_below(in, VAULT_ENTRIES_MAX + 1);
	s->sealed = calloc(n + 1, sizeof *s->sealed);
	if (s->sealed == NULL)
		in->bad = true;
	for (; s->n < n && !in->bad; s->n++)
		get_sealed(in, &s->sealed[s->n], which);
	get_to(in, s->manifest, sizeof s->manifest);
}

/* What head and tail tell; the length of the body on success. */
static enum crypto_err
check_frame(const uint8_t *p, size_t n)
{
	uint8_t check[TAIL];
	struct in in = { p, p + n, false };
	uint64_t version, total;

	if (n == 0)
		return CRYPTO_TRUNCATED;
	if (memcmp(p, magic, n < sizeof magic ? n : sizeof magic) != 0)
		return CRYPTO_NOTVAULT;
	if (n < HEAD)
		return CRYPTO_TRUNCATED;
	crypto_generichash(check, HEAD_CHECK, p, HEAD_PLAIN, NULL, 0);
	if (memcmp(check, p + HEAD_PLAIN, HEAD_CHECK) != 0)
		return CRYPTO_DAMAGED;
	(void)get(&in, sizeof magic);
	version = get_le(&in, 4);
	total = get_le(&in, 4);
	if (n < total)
		return CRYPTO_TRUNCATED;
	if (n > total || total < HEAD + TAIL)
		return CRYPTO_DAMAGED;
	crypto_generichash(check, TAIL, p, n - TAIL, NULL, 0);
	if (memcmp(check, p + n - TAIL, TAIL) != 0)
		return CRYPTO_DAMAGED;
	if (version > VAULT_VERSION)
		return CRYPTO_NEWER;
	return version == 0 ? CRYPTO_DAMAGED : CRYPTO_OK;
}

enum crypto_err
vault_parse(const void *data, size_t n, struct vault **out)
{
	const uint8_t *p = data;
	struct vault *v;
	struct in in;
	enum crypto_err e;
	size_t i;

	*out = NULL;
	e = check_frame(p, n);
	if (e != CRYPTO_OK)
		return e;
	v = calloc(1, sizeof *v);
	if (v == NULL)
		return CRYPTO_NOMEM;
	in = (struct in){ p + HEAD, p + n - TAIL, false };
	get_slots(&in, v);
	get_machine(&in, v);
	for (i = 0; i < VAULT_SECTIONS; i++)
		get_section(&in, v, (enum vault_section)i);
	if (in.bad || in.p != in.end) {
		vault_free(v);
		return CRYPTO_DAMAGED;
	}
	*out = v;
	return CRYPTO_OK;
}
