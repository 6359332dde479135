/*
 * Where a message that lies in a folder came from, as this node found when
 * it came: read back from the Authentication-Results that it wrote.
 */
#ifndef FILTER_ORIGIN_H
#define FILTER_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/chan.h"
#include "mailnode/node/ask_dns.h"
#include "store/history.h"
#include "store/op_history.h"

struct origin {
	char	author[HISTORY_NAME_MAX];	/* the only one, or "" */
	char	name[PHRASE_MAX];		/* shown with it, decoded */
	bool	aligned;			/* and was vouched for */
	char	ip[HISTORY_NET_MAX];		/* of the client, or "" */
	char	id[HISTORY_IDS_MAX][DNS_NAME_MAX];	/* that passed */
	size_t	nids;
};

/*
 * Of a message of n octets.  All empty where the first field of that kind
 * is not ours: authserv_id says who we are.  0, or -1: no memory.
 */
int	origin_read(const uint8_t *p, size_t n, const char *authserv_id,
	    struct origin *o);

void	origin_put(struct buf *b, const struct origin *o);
/* Malformed: in->bad. */
void	origin_get(struct chan_in *in, struct origin *o);

/*
 * Counts what the owner said of it: good, junk and what was said before,
 * each 0 or 1, -1 to take it back.  Joins the turn.
 */
enum store_err	origin_learn(struct store *st, const struct origin *o,
		    int good, int junk);

#endif
