/* Between the two files of mailnode status: what it asked, and as JSON. */
#ifndef CMD_STATUS_H
#define CMD_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/cert.h"
#include "crypto/op_vault.h"
#include "mailnode/base/buf.h"
#include "mailnode/node/control.h"
#include "store/op_queue.h"
#include "store/op_stat.h"

struct health {
	struct node_state	node;
	bool			has_store, has_vault, has_cert, has_queue;
	struct stat_node	store;
	struct vault_state	vault;
	struct cert_info	cert;
	struct buf		doors;		/* run/listeners */
	uint32_t		waiting, sending, held, damaged, letters;
	int64_t			oldest;		/* wall, s; 0: none */
	int64_t			why_of;		/* … of what says why */
	char			why[QUEUE_TEXT_MAX];	/* it waits */
};

/* A line of run/listeners. */
struct door {
	char	service[16], tls[16], addr[64], port[8];
};

/* The next one, behind *p; false at the end. */
bool	status_next_door(const char **p, struct door *d);

/* On stdout, a line for each thing. */
void	status_json(struct health *h);

#endif
