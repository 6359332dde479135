/* store/find: whatever program comes, the SQL made of it is SQL. */
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>

#include "store/find.h"
#include "store/row.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
open_db(struct reader *r)
{
	reader_init(r, "/nonexistent", "/nonexistent");
	if (sqlite3_open(":memory:", &r->sql.db) != SQLITE_OK ||
	    sqlite3_exec(r->sql.db, "CREATE TABLE mailbox(id INTEGER PRIMARY"
	    " KEY, name TEXT)", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(r->sql.db, row_schema, NULL, NULL, NULL) !=
	    SQLITE_OK)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct chan_in in;
	struct reader r;
	struct find *f;
	uint16_t rc;

	open_db(&r);
	f = find_new(&r, 1, 100);
	chan_in_init(&in, data, n);
	rc = find_build(f, &in);
	if (rc == OP_OK && find_run(f) != SQLITE_OK)
		abort();
	if (f->nodes > FIND_NODES_MAX + 1)
		abort();
	find_free(f);
	reader_clear(&r);
	return 0;
}
