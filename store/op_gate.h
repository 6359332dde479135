/*
 * What a session asks and tells of senders who are not known: 0x01b0; and
 * what keeper does about them each hour.
 */
#ifndef STORE_OP_GATE_H
#define STORE_OP_GATE_H

#include "mailnode/base/op.h"
#include "store/grey.h"

enum gate_op {
	GATE_GREY = 0x01b0,	/* the greylist, when the ladder gets there */
	GATE_LIST = 0x01b1	/* told: a DNS list is out of order */
};

enum {
	GATE_ASK_MS = 30000,
	GATE_ZONE_MAX = 254,		/* octets, NUL included */
	GATE_WHY_MAX = 64,
	GATE_LISTS = 8,			/* alarms at once */
	GATE_LIST_S = 3600		/* unheard of: in order again */
};

/* *g is GREY_KNOWN unless OP_OK. */
uint16_t gate_grey(int ch, struct op_reply *r, const struct grey_who *w,
	    uint32_t wait_s, enum grey *g, uint32_t *left_s);
/* Not answered. */
void	 gate_list(int ch, const char *zone, const char *why);

extern const struct op gate_ops[];	/* service: struct store */

/* ---- keeper's own ---- */

enum store_err	 gate_open(struct store *st);
void		 gate_close(struct store *st);

#endif
