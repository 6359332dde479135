/* What op_order.h answers, out of SQLite: for op_order.c. */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H

#include "store/find.h"
#include "store/op_order.h"

struct order {
	uint64_t	 mbox;
	bool		 threads;
	struct find_done done;
	struct order_row *row;		/* owned */
	size_t		 n, cap;
};

void	 order_free(struct order *o);
/* Behind what is there.  False: no memory. */
bool	 order_add(struct order *o, uint32_t uid, uint32_t closes,
	    bool opens);

/* order_sort.c, order_thread.c: inside a snapshot, with a condition made.
 * OP_OK or an enum store_err. */
uint16_t order_sort(struct order *o, struct find *f, const uint8_t *key,
	    size_t nkey);
uint16_t order_thread(struct order *o, struct find *f, enum order_how how);

/* ---- order_refs.c: THREAD=REFERENCES, without SQL ---- */

struct order_refs;

struct order_msg {
	uint32_t	 uid;		/* ascending */
	int64_t		 date;
	const char	*msgid, *irt, *refs;	/* as a row has them */
	const char	*base;		/* collate_key() of the base subject */
	size_t		 nbase;
	bool		 reply;
};

/* Returns owned, or NULL. */
struct order_refs *order_refs_new(void);
void	 order_refs_free(struct order_refs *t);
/* Copies what it needs. */
uint16_t order_refs_add(struct order_refs *t, const struct order_msg *m);
uint16_t order_refs_put(struct order_refs *t, struct order *o);

#endif
