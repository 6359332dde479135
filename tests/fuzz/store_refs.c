/* store/order_refs: whoever names whom, each message is listed once, and all
 * parentheses are closed.  Four octets make a message: whom it names, its
 * date and subject, its id. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/order.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { MAX = 200 };

static void
check(const struct order *o, uint32_t n)
{
	bool seen[MAX + 1] = { false };
	uint32_t found = 0;
	int64_t depth = 0;
	size_t i;

	for (i = 0; i < o->n; i++) {
		depth -= o->row[i].closes;
		if (depth < 0)
			abort();
		depth += o->row[i].opens;
		if (o->row[i].uid == 0)
			continue;
		if (o->row[i].uid > n || seen[o->row[i].uid])
			abort();
		seen[o->row[i].uid] = true;
		found++;
	}
	if (found != n || depth != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const base[] = { "", "A", "B", "CC" };
	struct order_refs *t = order_refs_new();
	struct order o = { .row = NULL };
	char id[8], refs[24];
	struct order_msg m = { .msgid = id, .irt = "x", .refs = refs };

	while (n >= 4 && m.uid < MAX) {
		m.uid++;
		m.date = data[2] >> 3;
		m.base = base[data[2] & 3];
		m.nbase = strlen(m.base);
		m.reply = data[2] & 4;
		snprintf(id, sizeof id, "%u", data[3] & 31U);
		snprintf(refs, sizeof refs, data[0] & 128 ? "" : "%u %u",
		    data[0] & 31U, data[1] & 31U);
		if (order_refs_add(t, &m) != OP_OK)
			abort();
		data += 4;
		n -= 4;
	}
	if (order_refs_put(t, &o) != OP_OK)
		abort();
	check(&o, m.uid);
	free(o.row);
	order_refs_free(t);
	return 0;
}
