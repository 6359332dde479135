#define _DEFAULT_SOURCE	/* strcasecmp */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "crypto/scram.h"
#include "crypto/secret.h"
#include "crypto/srs.h"

enum {
	HASH = 8,		/* characters of five bits */
	STAMP = 2,
	DAY_S = 86400,
	DAYS = 1024,		/* STAMP's */
	PREFIX = 4		/* "SRS0" */
};

static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

_Static_assert((int)SRS_KEY == (int)SCRAM_KEY, "an HMAC's key");

static char
lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* Over what stands behind the hash, in lower case: hosts fold it. */
static void
hash(const uint8_t key[SRS_KEY], char kind, const char *rest, size_t n,
    char out[HASH + 1])
{
	char text[SRS_ADDR_MAX + 1];
	uint8_t mac[SCRAM_KEY];
	uint64_t bits = 0;
	size_t i;

	text[0] = kind;
	for (i = 0; i < n && i + 1 < sizeof text; i++)
		text[i + 1] = lower(rest[i]);
	scram_hmac(key, text, i + 1, mac);
	for (i = 0; i < 5; i++)
		bits = bits << 8 | mac[i];
	for (i = 0; i < HASH; i++)
		out[i] = digits[bits >> (35 - 5 * i) & 31];
	out[HASH] = '\0';
	mem_wipe(mac, sizeof mac);
}

/* What an address of this kind consists of; pointers into it. */
struct parts {
	char		 kind;		/* '0', '1' */
	const char	*hash;
	const char	*rest;		/* what the hash is over … */
	size_t		 nrest;		/* … up to the last @ */
	const char	*host;
	size_t		 nhost;
	const char	*tail;		/* of the host's address */
	size_t		 ntail;
	const char	*stamp;		/* '0': STAMP characters */
};

bool
srs_is(const char *addr)
{
	return strncasecmp(addr, "SRS", 3) == 0 && (addr[3] == '0' ||
	    addr[3] == '1') && addr[4] != '\0' && strchr("=+-", addr[4]) !=
	    NULL && strrchr(addr, '@') != NULL;
}

static bool
take(const char *addr, struct parts *p)
{
	const char *at = strrchr(addr, '@'), *q;

	if (!srs_is(addr) || strlen(addr) >= SRS_ADDR_MAX)
		return false;
	p->kind = addr[3];
	p->hash = addr + PREFIX + 1;
	q = memchr(p->hash, '=', (size_t)(at - p->hash));
	if (q == NULL)
		return false;
	p->rest = ++q;
	p->nrest = (size_t)(at - q);
	p->stamp = q;
	if (p->kind == '0') {
		q = memchr(q, '=', (size_t)(at - q));
		if (q == NULL || q - p->stamp != STAMP)
			return false;
		q++;
	}
	p->host = q;
	q = memchr(q, '=', (size_t)(at - q));
	if (q == NULL || q == p->host || q + 1 == at)
		return false;
	p->nhost = (size_t)(q - p->host);
	p->tail = q + 1;
	p->ntail = (size_t)(at - p->tail);
	return true;
}

static bool
put(char dst[SRS_ADDR_MAX], const char *prefix, const struct parts *p)
{
	return snprintf(dst, SRS_ADDR_MAX, "%s%.*s@%.*s", prefix,
	    (int)p->ntail, p->tail, (int)p->nhost, p->host) < SRS_ADDR_MAX;
}

bool
srs_inner(const char *addr, char dst[SRS_ADDR_MAX])
{
	struct parts p;

	dst[0] = '\0';
	return take(addr, &p) && put(dst, p.kind == '1' ? "SRS0" : "", &p);
}

static int
digit(char c)
{
	const char *p = c != '\0' ? strchr(digits, lower(c)) : NULL;

	return p != NULL ? (int)(p - digits) : -1;
}

/* One of a future day is none of ours. */
static bool
fresh(const char *stamp, int64_t now_s)
{
	int hi = digit(stamp[0]), lo = digit(stamp[1]);
	int64_t age;

	if (hi < 0 || lo < 0)
		return false;
	age = (now_s / DAY_S - (hi * 32 + lo)) % DAYS;
	return (age + DAYS) % DAYS <= SRS_DAYS;
}

enum crypto_err
srs_reverse(const uint8_t key[SRS_KEY], const char *addr, int64_t now_s,
    char dst[SRS_ADDR_MAX])
{
	char right[HASH + 1], given[HASH];
	struct parts p;
	size_t i;

	dst[0] = '\0';
	if (!take(addr, &p) || p.rest - 1 - p.hash != HASH)
		return CRYPTO_NAME;
	hash(key, p.kind, p.rest, p.nrest, right);
	for (i = 0; i < HASH; i++)
		given[i] = lower(p.hash[i]);
	if (!mem_equal(given, HASH, right, HASH))
		return CRYPTO_PEER;
	if (p.kind == '0' && !fresh(p.stamp, now_s))
		return CRYPTO_EXPIRED;
	return put(dst, p.kind == '1' ? "SRS0" : "", &p) ? CRYPTO_OK :
	    CRYPTO_NAME;
}

/* What the hash will be over.  False: no room. */
static bool
rest_of(const char *from, int64_t now_s, char *kind, char out[SRS_ADDR_MAX])
{
	const char *at = strrchr(from, '@');
	int64_t day = now_s / DAY_S % DAYS;
	struct parts p;
	int n;

	*kind = '1';
	if (take(from, &p) && p.kind == '1')
		n = snprintf(out, SRS_ADDR_MAX, "%.*s", (int)p.nrest, p.rest);
	else if (srs_is(from) && from[3] == '0')
		n = snprintf(out, SRS_ADDR_MAX, "%s=%.*s", at + 1,
		    (int)(at - from - PREFIX), from + PREFIX);
	else {
		*kind = '0';
		n = snprintf(out, SRS_ADDR_MAX, "%c%c=%s=%.*s",
		    digits[day / 32], digits[day % 32], at + 1,
		    (int)(at - from), from);
	}
	return n < SRS_ADDR_MAX;
}

enum crypto_err
srs_forward(const uint8_t key[SRS_KEY], const char *from, const char *domain,
    int64_t now_s, char dst[SRS_ADDR_MAX])
{
	char rest[SRS_ADDR_MAX], mark[HASH + 1], kind;
	const char *at = strrchr(from, '@');

	dst[0] = '\0';
	if (at == NULL || at == from || at[1] == '\0' ||
	    strchr(at, '=') != NULL || strpbrk(from, "\" <>") != NULL ||
	    !rest_of(from, now_s, &kind, rest))
		return CRYPTO_NAME;
	hash(key, kind, rest, strlen(rest), mark);
	if (snprintf(dst, SRS_ADDR_MAX, "SRS%c=%s=%s@%s", kind, mark, rest,
	    domain) <= SRS_PATH_MAX)
		return CRYPTO_OK;
	dst[0] = '\0';
	return CRYPTO_NAME;
}
