/* What hangs below struct store, in the order it depends on each other. */
#include <stdlib.h>
#include <unistd.h>

#include "store/ask.h"
#include "store/box.h"
#include "store/change.h"
#include "store/db.h"
#include "store/event.h"
#include "store/fan_copy.h"
#include "store/hold.h"
#include "store/intake.h"
#include "store/intent.h"
#include "store/op_gate.h"
#include "store/op_index_try.h"
#include "store/op_snooze.h"
#include "store/parts.h"
#include "store/queue.h"
#include "store/row.h"
#include "store/rule.h"
#include "store/spool.h"
#include "store/sync.h"
#include "store/upload.h"

enum store_err
parts_open(struct store *st)
{
	enum store_err rc;

	st->rows = rows_new(st->db[STORE_CACHE]);
	if (st->rows == NULL)
		return STORE_NOMEM;
	rc = events_open(st);
	if (rc == STORE_OK)
		rc = watch_open(st);
	if (rc == STORE_OK)
		rc = boxes_open(st);
	if (rc == STORE_OK)
		rc = spool_open(st);
	if (rc == STORE_OK)
		rc = hold_open(st);
	if (rc == STORE_OK)
		rc = intents_open(st);
	if (rc == STORE_OK)
		rc = intake_open(st);
	if (rc == STORE_OK)
		rc = queue_open_store(st);
	if (rc == STORE_OK)
		rc = sync_open(st);
	if (rc == STORE_OK)
		rc = snooze_open(st);
	if (rc == STORE_OK)
		rc = rule_open(st);
	if (rc == STORE_OK)
		rc = fan_copy_open(st);
	if (rc == STORE_OK)
		rc = gate_open(st);
	if (rc == STORE_OK)
		rc = index_try_open(st);
	st->parted = rc == STORE_OK;
	return rc;
}

void
parts_close(struct store *st)
{
	ask_free(st->filer);
	ask_free(st->parser);
	st->filer = st->parser = NULL;
	fsck_gone(st, NULL);
	index_try_close(st);
	gate_close(st);
	fan_copy_close(st);
	rule_close(st);
	snooze_close(st);
	sync_close(st);
	queue_close_store(st);
	if (st->intake != NULL)
		intake_close(st);
	changes_close(st);
	intents_close(st);
	upload_gone(st, NULL);
	hold_close(st);
	spool_close(st);
	boxes_close(st);
	watch_close(st);
	events_close(st);
	rows_free(st->rows);
	st->rows = NULL;
}

/* ---- the channels ---- */

static void
filer_told(void *arg, uint16_t type, struct chan_in *in)
{
	sync_told(arg, type, in);
}

/* Every job was told so by its own answer; the parent starts a new one. */
static void
filer_gone(void *arg)
{
	struct store *st = arg;

	ask_free(st->filer);
	st->filer = NULL;
	sync_filer(st);
}

void
store_filer(struct store *st, int fd)
{
	if (st->filer != NULL)
		ask_hang_up(st->filer);
	st->filer = ask_new(st->loop, fd, filer_told, filer_gone, st);
	if (st->filer == NULL)
		return;
	sync_filer(st);
	intent_filer(st);
	intake_filer(st);
}

static void
parser_gone(void *arg)
{
	struct store *st = arg;

	ask_free(st->parser);
	st->parser = NULL;
	intake_parse_gone(st);
}

void
store_parser(struct store *st, int fd)
{
	if (st->parser != NULL) {
		close(fd);
		return;
	}
	st->parser = ask_new(st->loop, fd, NULL, parser_gone, st);
	intake_parser(st);
}
