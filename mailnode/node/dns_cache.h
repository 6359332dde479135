/* Answers kept for their TTL, within a bound; the oldest used goes first. */
#ifndef NODE_DNS_CACHE_H
#define NODE_DNS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/node/ask_dns.h"

struct dns_cache;

enum {
	DNS_CACHE_OCTETS = 4 * 1024 * 1024,	/* entries with all they hold */
	DNS_CACHE_BUCKETS = 4096		/* a power of two */
};

/* Returns owned, or NULL. */
struct dns_cache *dns_cache_new(size_t max_octets);
void	 dns_cache_free(struct dns_cache *c);

/*
 * Keeps a copy for ttl_s seconds from now_ms (monotonic) on; nothing for
 * 0.  Failure to allocate is no failure: it is not kept.  Names in any
 * case, with or without their last dot.
 */
void	 dns_cache_put(struct dns_cache *c, enum dns_type type,
	    const char *name, const struct dns_answer *a, uint32_t ttl_s,
	    int64_t now_ms);

/* True with *a set (initialised before), its TTL being what is left. */
bool	 dns_cache_get(struct dns_cache *c, enum dns_type type,
	    const char *name, struct dns_answer *a, int64_t now_ms);

/* Forgets the failures, which may be over. */
void	 dns_cache_drop_failures(struct dns_cache *c);

size_t	 dns_cache_count(const struct dns_cache *c);
size_t	 dns_cache_octets(const struct dns_cache *c);

/* For tables of questions: case and the last dot make no difference. */
uint32_t dns_name_hash(enum dns_type type, const char *name);
bool	 dns_name_same(const char *a, const char *b);

#endif
