#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/node/dns_cache.h"

struct entry {
	struct entry	*next;			/* in its bucket */
	struct entry	*newer, *older;
	uint32_t	 hash;
	enum dns_type	 type;
	enum dns_class	 class;
	int64_t		 until_ms;
	char		*name;			/* owned */
	uint8_t		*wire;			/* owned: dns_answer_put */
	size_t		 len;
	size_t		 octets;
};

struct dns_cache {
	struct entry	*buckets[DNS_CACHE_BUCKETS];
	struct entry	*newest, *oldest;
	size_t		 count, octets, max;
};

static size_t
name_len(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && s[n - 1] == '.' ? n - 1 : n;
}

/* FNV-1a over the lower-case name. */
uint32_t
dns_name_hash(enum dns_type type, const char *name)
{
	uint32_t h = 2166136261U ^ (uint32_t)type;
	size_t i, n = name_len(name);

	for (i = 0; i < n; i++) {
		h ^= (uint8_t)(name[i] >= 'A' && name[i] <= 'Z' ?
		    name[i] | 0x20 : name[i]);
		h *= 16777619U;
	}
	return h;
}

bool
dns_name_same(const char *a, const char *b)
{
	size_t n = name_len(a);

	return n == name_len(b) && strncasecmp(a, b, n) == 0;
}

struct dns_cache *
dns_cache_new(size_t max_octets)
{
	struct dns_cache *c;

	c = calloc(1, sizeof *c);
	if (c != NULL)
		c->max = max_octets;
	return c;
}

static void
detach(struct dns_cache *c, struct entry *e)
{
	if (e->newer != NULL)
		e->newer->older = e->older;
	else
		c->newest = e->older;
	if (e->older != NULL)
		e->older->newer = e->newer;
	else
		c->oldest = e->newer;
}

static void
attach(struct dns_cache *c, struct entry *e)
{
	e->newer = NULL;
	e->older = c->newest;
	if (c->newest != NULL)
		c->newest->newer = e;
	else
		c->oldest = e;
	c->newest = e;
}

static void
drop(struct dns_cache *c, struct entry *e)
{
	struct entry **p;

	for (p = &c->buckets[e->hash % DNS_CACHE_BUCKETS]; *p != e; )
		p = &(*p)->next;
	*p = e->next;
	detach(c, e);
	c->count--;
	c->octets -= e->octets;
	free(e->name);
	free(e->wire);
	free(e);
}

void
dns_cache_free(struct dns_cache *c)
{
	if (c == NULL)
		return;
	while (c->newest != NULL)
		drop(c, c->newest);
	free(c);
}

static struct entry *
find(const struct dns_cache *c, uint32_t hash, enum dns_type type,
    const char *name)
{
	struct entry *e;

	for (e = c->buckets[hash % DNS_CACHE_BUCKETS]; e != NULL; e = e->next)
		if (e->hash == hash && e->type == type &&
		    dns_name_same(e->name, name))
			return e;
	return NULL;
}

static struct entry *
new_entry(const char *name, const struct dns_answer *a)
{
	struct entry *e;
	struct buf b;

	e = calloc(1, sizeof *e);
	if (e == NULL)
		return NULL;
	buf_init(&b, CHAN_DATA_MAX);
	dns_answer_put(&b, a);
	e->name = strdup(name);
	e->wire = malloc(b.len > 0 ? b.len : 1);
	if (e->name == NULL || e->wire == NULL || b.err != 0) {
		free(e->name);
		free(e->wire);
		free(e);
		e = NULL;
	} else {
		memcpy(e->wire, b.data, b.len);
		e->len = b.len;
		e->octets = sizeof *e + strlen(name) + 1 + b.len;
	}
	buf_clear(&b);
	return e;
}

void
dns_cache_put(struct dns_cache *c, enum dns_type type, const char *name,
    const struct dns_answer *a, uint32_t ttl_s, int64_t now_ms)
{
	uint32_t hash = dns_name_hash(type, name);
	struct entry *e = find(c, hash, type, name), **bucket;

	if (e != NULL)
		drop(c, e);
	if (ttl_s == 0 || (e = new_entry(name, a)) == NULL)
		return;
	e->hash = hash;
	e->type = type;
	e->class = a->class;
	e->until_ms = now_ms + (int64_t)ttl_s * 1000;
	bucket = &c->buckets[hash % DNS_CACHE_BUCKETS];
	e->next = *bucket;
	*bucket = e;
	attach(c, e);
	c->count++;
	c->octets += e->octets;
	while (c->octets > c->max)
		drop(c, c->oldest);
}

bool
dns_cache_get(struct dns_cache *c, enum dns_type type, const char *name,
    struct dns_answer *a, int64_t now_ms)
{
	struct entry *e = find(c, dns_name_hash(type, name), type, name);
	struct chan_in in;

	if (e == NULL)
		return false;
	if (now_ms >= e->until_ms) {
		drop(c, e);
		return false;
	}
	detach(c, e);
	attach(c, e);
	chan_in_init(&in, e->wire, e->len);
	if (dns_answer_get(&in, a) == -1)
		return false;
	a->ttl_s = (uint32_t)((e->until_ms - now_ms + 999) / 1000);
	return true;
}

void
dns_cache_drop_failures(struct dns_cache *c)
{
	struct entry *e, *older;

	for (e = c->newest; e != NULL; e = older) {
		older = e->older;
		if (e->class == DNS_TEMPFAIL)
			drop(c, e);
	}
}

size_t
dns_cache_count(const struct dns_cache *c)
{
	return c->count;
}

size_t
dns_cache_octets(const struct dns_cache *c)
{
	return c->octets;
}
