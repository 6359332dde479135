/* New files whose octets are durable beside their intent. */
#define _GNU_SOURCE
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/box.h"
#include "store/intent_parts.h"
#include "store/parts.h"
#include "store/sync.h"

bool
intent_put_may(const struct store *st, uint64_t octets)
{
	const struct intents *it = st->intents;

	return octets <= INTENT_PUT_MAX && it->under_way +
	    (it->last - it->cursor) < INTENT_PUTS_MAX;
}

/* The octets first, under the number that their intent will have. */
enum store_err
intent_put(struct store *st, const struct intent *in, int fd, size_t octets)
{
	static struct store_slot slot;
	enum store_err rc = intent_begin(st);
	char *body = malloc(octets + 1);

	if (rc == STORE_OK && body == NULL)
		rc = STORE_NOMEM;
	if (rc == STORE_OK && pread(fd, body, octets, 0) != (ssize_t)octets)
		rc = STORE_IO;
	if (rc == STORE_OK)
		rc = store_do(st, STORE_NODE, &slot, "INSERT OR REPLACE INTO"
		    " intent_body(id, body) VALUES(?1, ?2)", "ib",
		    (int64_t)(st->intents->last + 1), body, octets);
	free(body);
	return rc == STORE_OK ? intent_add(st, in) : rc;
}

/* ---- carrying out ---- */

/* Its mailbox, however that is called by now; NULL: there is none. */
static struct box *
home_of(struct store *st, const struct intent *in)
{
	struct maildir_name n;
	size_t i;

	if (maildir_parse(in->drel, &n))
		for (i = 0; i < box_count(st); i++)
			if (box_at(st, i)->uidvalidity == n.uidvalidity)
				return box_at(st, i);
	return NULL;
}

bool
intent_homeless(struct store *st, const struct intent *in)
{
	return home_of(st, in) == NULL && sync_idle(st);
}

int
intent_put_send(struct store *st, const struct intent *in, ask_fn fn,
    void *arg)
{
	static struct store_slot slot;
	const struct box *home = home_of(st, in);
	struct file_put p = { .folder = home != NULL ? home->name : in->dbox,
	    .rel = in->drel, .received = in->received, .body = "",
	    .redo = in->id <= st->intents->twice };
	sqlite3_stmt *q = store_ask(st, STORE_NODE, &slot,
	    "SELECT body FROM intent_body WHERE id = ?1", "i",
	    (int64_t)in->id);
	struct buf b;
	int rc = 1;

	if (q == NULL)
		return -1;
	buf_init(&b, CHAN_DATA_MAX);
	if (sqlite3_step(q) == SQLITE_ROW) {
		p.nbody = (uint64_t)sqlite3_column_bytes(q, 0);
		p.body = sqlite3_column_blob(q, 0);
		file_put_put(&b, &p);
		rc = ask_send(st->filer, FILE_PUT, &b, -1, fn, arg);
	}
	(void)sqlite3_reset(q);
	buf_clear(&b);
	return rc;
}
