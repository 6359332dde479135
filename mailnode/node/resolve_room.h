/* Private to resolve.c and resolve_health.c. */
#ifndef NODE_RESOLVE_ROOM_H
#define NODE_RESOLVE_ROOM_H

#include "mailnode/node/dns_cache.h"
#include "mailnode/node/dns_msg.h"
#include "mailnode/node/resolve.h"

enum { BUCKETS = 256 };

struct server {
	struct resolve	*r;
	const char	*address;	/* borrowed */
	bool		 trust_ad;
	bool		 unusable;
	struct loop_timer again;	/* the next probe */
	unsigned int	 fails;
	bool		 down, probing;
	int64_t		 cool_ms;
};

struct waiter {
	struct waiter	*next;
	struct op_peer	*peer;		/* NULL: gone */
	uint32_t	 id;
};

struct query {
	struct query	*next;		/* in its bucket */
	enum dns_type	 type;
	uint32_t	 hash;
	unsigned int	 asked;		/* servers asked in this round */
	unsigned int	 said;		/* servers that said SERVFAIL … */
	unsigned int	 shots;
	struct shot	*shot;		/* under way, or NULL */
	struct waiter	*waiters;
	struct dns_answer answer;	/* the last failure */
	char		 name[DNS_NAME_MAX + 1];
};

/* One try; it may outlive its query. */
struct shot {
	struct server	*s;
	struct query	*q;		/* NULL: a probe, or answered since */
	bool		 probe, canary;
};

struct outcome {
	int64_t		 at_ms;		/* monotonic; 0: none */
	bool		 failed;
};

struct resolve {
	struct ask_dns_service face;	/* first: what ops see */
	struct loop	*loop;
	struct resolve_way way;
	size_t		 nservers;
	struct server	 servers[RESOLVE_SERVERS];
	struct dns_cache *cache;
	struct query	*buckets[BUCKETS];
	unsigned int	 flying, waiting;
	bool		 open;		/* the breaker */
	bool		 ending;
	struct outcome	 last[RESOLVE_LAST];
	size_t		 nlast;		/* ever; a ring */
	const char	*domain;	/* of canaries; borrowed, or NULL */
	unsigned int	 canaries;	/* under way */
	bool		 alive;		/* one of them came back */
	bool		 broad;		/* open although servers answer */
	struct loop_timer canary;
	int64_t		 canary_ms;	/* until the next, doubled each time */
};

/* Asks s for q; or, without one, for a sign of life (NS), or a canary (A).
 * -1: it could not be sent. */
int	resolve_shoot(struct server *s, struct query *q, const char *name,
	    enum dns_type type);
/* Answers all who wait for q, and frees it. */
void	resolve_give_up(struct resolve *r, struct query *q, const char *why);

/* A question ended so. */
void	health_outcome(struct resolve *r, bool failed);
/* Opens the breaker if no server is up. */
void	health_check(struct resolve *r);
/* A server said something, or nothing in time. */
void	health_alive(struct server *s);
void	health_silent(struct server *s, bool was_probe);
/* A canary came back; p NULL: it did not. */
void	health_canary(struct resolve *r, const uint8_t *p, size_t n);
/* Timers: of a struct server, and of the struct resolve. */
void	health_probe(void *server);
void	health_canaries(void *resolve);

#endif
