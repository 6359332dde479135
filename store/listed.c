#include <arpa/inet.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/num.h"
#include "store/listed.h"

enum {
	IP = 16,		/* octets: IPv4 stands behind ::ffff: */
	IP_BITS = 128,
	V4_BITS = 96,		/* before those of an IPv4 address */
	DOMAIN_MAX = 253
};

/* lo and hi: the first and the last address of a network. */
const char listed_schema[] =
    "CREATE TABLE IF NOT EXISTS listed("
    " name TEXT PRIMARY KEY, kind INTEGER NOT NULL,"
    " allow INTEGER NOT NULL, note TEXT NOT NULL,"
    " created INTEGER NOT NULL, lo BLOB, hi BLOB) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS listed_net ON listed(lo)"
    " WHERE lo IS NOT NULL;";

/* ---- names ---- */

struct range { uint8_t lo[IP], hi[IP]; };

static bool
ip_read(const char *text, uint8_t ip[IP], bool *v4)
{
	static const uint8_t before[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0xff, 0xff };

	memcpy(ip, before, sizeof before);
	*v4 = inet_pton(AF_INET, text, ip + sizeof before) == 1;
	return *v4 || inet_pton(AF_INET6, text, ip) == 1;
}

static void
ip_range(const uint8_t ip[IP], unsigned int bits, struct range *r)
{
	unsigned int i, n;
	uint8_t host;

	for (i = 0; i < IP; i++) {
		n = bits > i * 8 ? bits - i * 8 : 0;
		host = (uint8_t)(n >= 8 ? 0 : 0xffU >> n);
		r->lo[i] = (uint8_t)(ip[i] & ~host);
		r->hi[i] = ip[i] | host;
	}
}

/* False: no address or network. */
static bool
net_read(const char *text, struct range *r, char *name, size_t size)
{
	const char *slash = strchr(text, '/');
	char host[INET6_ADDRSTRLEN];
	uint32_t bits;
	uint8_t ip[IP];
	bool v4;
	size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);

	if (n >= sizeof host)
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	if (!ip_read(host, ip, &v4))
		return false;
	bits = v4 ? IP_BITS - V4_BITS : IP_BITS;
	if (slash != NULL && num_u32(slash + 1, text + strlen(text), 0, bits,
	    &bits) == -1)
		return false;
	ip_range(ip, bits + (v4 ? V4_BITS : 0), r);
	if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? r->lo + V4_BITS / 8 :
	    r->lo, host, sizeof host) == NULL)
		return false;
	if (slash == NULL)
		(void)snprintf(name, size, "%s", host);
	else
		(void)snprintf(name, size, "%s/%u", host,
		    (unsigned int)bits);
	return true;
}

static bool
domain_ok(const char *s)
{
	const char *last = strrchr(s, '.');
	size_t n = strlen(s);

	last = last != NULL ? last + 1 : s;
	return n > 0 && n <= DOMAIN_MAX && strspn(s,
	    "abcdefghijklmnopqrstuvwxyz0123456789-_.") == n &&
	    s[0] != '.' && s[n - 1] != '.' && strstr(s, "..") == NULL &&
	    /* Else it is an address that is none. */
	    last[strspn(last, "0123456789")] != '\0';
}

static bool
local_ok(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f)
			return false;
	return n > 0 && codec_utf8_ok(s, n);
}

enum store_err
listed_name(const char *text, struct listed *out)
{
	struct range r;
	const char *at;
	char *p;

	memset(out, 0, sizeof *out);
	if (net_read(text, &r, out->name, sizeof out->name)) {
		out->kind = LISTED_NETWORK;
		return STORE_OK;
	}
	if (snprintf(out->name, sizeof out->name, "%s", text) >=
	    (int)sizeof out->name) {
		out->name[0] = '\0';
		return STORE_NAME;
	}
	for (p = out->name; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	at = strrchr(out->name, '@');
	out->kind = at != NULL ? LISTED_ADDRESS : LISTED_DOMAIN;
	/* "@x.example" is how some programs write a domain. */
	if (at == out->name) {
		out->kind = LISTED_DOMAIN;
		memmove(out->name, at + 1, strlen(at));
		at = NULL;
	}
	if (at != NULL ? local_ok(out->name, (size_t)(at - out->name)) &&
	    domain_ok(at + 1) : domain_ok(out->name))
		return STORE_OK;
	out->name[0] = '\0';
	return STORE_NAME;
}

/* ---- the table ---- */

#define LISTED_COLUMNS "name, kind, allow, note, created"

static enum store_err
read_row(struct store *st, sqlite3_stmt *s, struct listed *l)
{
	int code = sqlite3_step(s);

	memset(l, 0, sizeof *l);
	if (code == SQLITE_ROW) {
		snprintf(l->name, sizeof l->name, "%s",
		    (const char *)sqlite3_column_text(s, 0));
		l->kind = (enum listed_kind)sqlite3_column_int(s, 1);
		l->allow = sqlite3_column_int(s, 2) != 0;
		snprintf(l->note, sizeof l->note, "%s",
		    (const char *)sqlite3_column_text(s, 3));
		l->created = sqlite3_column_int64(s, 4);
	}
	(void)sqlite3_reset(s);
	if (code == SQLITE_DONE)
		return STORE_NOTFOUND;
	return code == SQLITE_ROW ? STORE_OK :
	    store_result(st, STORE_NODE, code);
}

static enum store_err
full(struct store *st, const char *name)
{
	static struct store_slot slot;

	/* One that stands there already takes no place. */
	return store_int(st, STORE_NODE, &slot, "SELECT count(*) FROM listed"
	    " WHERE name <> ?1", "s", name) >= LISTED_MAX ? STORE_TOOBIG :
	    STORE_OK;
}

enum store_err
listed_add(struct store *st, const struct listed *l)
{
	static struct store_slot slot;
	enum store_err rc = full(st, l->name);
	char name[LISTED_NAME_MAX];
	struct range r;
	size_t n;

	if (rc != STORE_OK)
		return rc;
	n = l->kind == LISTED_NETWORK &&
	    net_read(l->name, &r, name, sizeof name) ? IP : 0;
	return store_do(st, STORE_NODE, &slot, "REPLACE INTO listed("
	    LISTED_COLUMNS ", lo, hi) VALUES(?1, ?2, ?3, ?4, ?5,"
	    " nullif(?6, x''), nullif(?7, x''))", "siisibb", l->name,
	    (int64_t)l->kind, (int64_t)l->allow, l->note, l->created, r.lo, n,
	    r.hi, n);
}

enum store_err
listed_remove(struct store *st, const char *name, bool allow)
{
	static struct store_slot slot;
	enum store_err rc;

	rc = store_do(st, STORE_NODE, &slot, "DELETE FROM listed"
	    " WHERE name = ?1 AND allow = ?2", "si", name, (int64_t)allow);
	if (rc == STORE_OK && sqlite3_changes(st->db[STORE_NODE]) == 0)
		rc = STORE_NOTFOUND;
	return rc;
}

enum store_err
listed_next(struct store *st, const char *after, bool allow,
    struct listed *l)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot, "SELECT "
	    LISTED_COLUMNS " FROM listed WHERE name > ?1 AND allow = ?2"
	    " ORDER BY name LIMIT 1", "si", after, (int64_t)allow);

	memset(l, 0, sizeof *l);
	if (s == NULL)
		return STORE_NOMEM;
	return read_row(st, s, l);
}

/* ---- questions ---- */

bool
listed_any(struct store *st)
{
	static struct store_slot slot;

	return store_int(st, STORE_NODE, &slot,
	    "SELECT 1 FROM listed LIMIT 1", "") != 0;
}

enum store_err
listed_get(struct store *st, enum listed_kind kind, const char *name,
    struct listed *l)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot, "SELECT "
	    LISTED_COLUMNS " FROM listed WHERE name = ?1 AND kind = ?2", "si",
	    name, (int64_t)kind);

	memset(l, 0, sizeof *l);
	if (s == NULL)
		return STORE_NOMEM;
	return read_row(st, s, l);
}

enum store_err
listed_address(struct store *st, const char *address, struct listed *l)
{
	return listed_get(st, LISTED_ADDRESS, address, l);
}

enum store_err
listed_domain(struct store *st, const char *domain, struct listed *l)
{
	const char *p = domain;
	enum store_err rc = STORE_NOTFOUND;

	memset(l, 0, sizeof *l);
	while (p != NULL && *p != '\0' && rc == STORE_NOTFOUND) {
		rc = listed_get(st, LISTED_DOMAIN, p, l);
		p = strchr(p, '.');
		if (p != NULL)
			p++;
	}
	return rc;
}

enum store_err
listed_network(struct store *st, const char *ip, struct listed *l)
{
	static struct store_slot slot;
	sqlite3_stmt *s;
	uint8_t octets[IP];
	bool v4;

	memset(l, 0, sizeof *l);
	if (!ip_read(ip, octets, &v4))
		return STORE_NOTFOUND;
	/* By lo alone, which has an index: to sort SQLite makes a table. */
	s = store_ask(st, STORE_NODE, &slot, "SELECT " LISTED_COLUMNS
	    " FROM listed AS l WHERE lo IS NOT NULL AND lo <= ?1 AND hi ="
	    " (SELECT min(hi) FROM listed WHERE lo = l.lo AND hi >= ?1)"
	    " ORDER BY lo DESC LIMIT 1", "b", octets, (size_t)IP);
	if (s == NULL)
		return STORE_NOMEM;
	return read_row(st, s, l);
}
