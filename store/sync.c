#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/intake.h"
#include "store/op_watch.h"
#include "store/parts.h"
#include "store/row.h"
#include "store/sync_parts.h"
#include "store/tag.h"

enum {
	SYNC_RETRY_MS = 500,
	SYNC_ANEW_MS = 2000	/* a disk that fails is asked so often */
};

static void	ask_folders(struct store *);

struct sync_counts *
sync_counts(struct store *st)
{
	return &st->sync->counts;
}

bool
sync_idle(const struct store *st)
{
	const struct sync *sy = st->sync;
	size_t i;

	if (sy->listing || sy->again || sy->making > 0 || sy->box != 0 ||
	    sy->nlook > 0 || sy->looking ||
	    st->filer == NULL || !sy->listed)
		return false;
	for (i = 0; i < box_count(st); i++)
		if (box_at(st, i)->scan)
			return false;
	return true;
}

uint64_t
sync_place(const struct store *st)
{
	const struct sync *sy = st->sync;
	uint64_t n = sy->box * 31 + sy->at + sy->nseen + sy->after + sy->nlook;
	size_t i;

	for (i = 0; i < box_count(st); i++)
		n = n * 31 + box_at(st, i)->files + box_at(st, i)->scan;
	return n + sy->counts.added + sy->counts.removed +
	    sy->counts.renamed + sy->counts.renumbered;
}

/* ---- folders ---- */

static const char unmade[] = "a mailbox cannot be made";

static void
all_made(struct store *st)
{
	if (st->sync->unmade)
		store_clear(st, unmade);
	st->sync->unmade = false;
}

static void
made(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct store *st = arg;
	struct sync *sy = st->sync;

	(void)in;
	(void)fd;
	sy->failed = sy->failed || (status != OP_OK && status != OP_GONE);
	if (--sy->making > 0)
		return;
	if (!sy->failed) {
		all_made(st);
		ask_folders(st);
		return;
	}
	sy->unmade = true;
	store_alarm(st, unmade);
	loop_arm(st->loop, &sy->retry, SYNC_ANEW_MS);
}

/* Those that every node has. */
static void
make_kept(struct store *st)
{
	struct box *b;
	struct buf args;
	size_t i;

	if (st->sync->making > 0)
		return;
	st->sync->failed = false;
	for (i = 0; box_kept[i] != NULL && st->filer != NULL; i++) {
		b = box_by_name(st, box_kept[i]);
		if (b != NULL && b->here)
			continue;
		buf_init(&args, 1024);
		file_box_put(&args, box_kept[i], NULL);
		if (ask_send(st->filer, FILE_MKBOX, &args, -1, made, st) == 0)
			st->sync->making++;
		buf_clear(&args);
	}
	if (st->sync->making == 0)
		all_made(st);
}

/* A folder that was renamed while we did not look has its file with it. */
static struct box *
renamed(struct store *st, const struct file_folder *f)
{
	char old[BOX_NAME_MAX];
	struct box *b;
	size_t i;

	for (i = 0; f->uidvalidity != 0 && i < box_count(st); i++) {
		b = box_at(st, i);
		if (b->here || b->uidvalidity != f->uidvalidity)
			continue;
		memcpy(old, b->name, sizeof old);
		if (store_begin(st, STORE_CACHE) != STORE_OK ||
		    box_set_name(st, b, f->name) != STORE_OK)
			return NULL;
		box_save_all(st);
		(void)store_result(st, STORE_CACHE,
		    row_mbox_renamed(st->rows, b->id, old));
		return b;
	}
	return NULL;
}

static void
take_folder(struct store *st, const struct file_folder *f)
{
	struct box *b = box_by_name(st, f->name);

	if (f->kind != FILE_MAIL)
		return;
	if (b == NULL)
		b = renamed(st, f);
	if (b == NULL && box_add(st, f, &b) != STORE_OK)
		return;
	b->here = true;
	b->scan = b->scan || st->sync->all ||
	    b->cur_ns == 0 || b->cur_ns != f->cur_ns ||
	    b->new_ns != f->new_ns;
	box_lease(st, b);
}

void
sync_denied(struct store *st, struct box *b)
{
	struct sync *sy = st->sync;

	b->scan = false;
	b->cur_ns = b->new_ns = 0;	/* all of it, once it can be */
	if (!b->denied && st->log != NULL)
		st->log(st->arg, "denied", b->name);
	b->denied = sy->any_denied = true;
	if (!sy->retry.armed)
		loop_arm(st->loop, &sy->retry, SYNC_ANEW_MS);
}

/* That, and all below: none of it is gone. */
static void
take_denied(struct store *st, const char *folder)
{
	size_t i, n = strlen(folder);
	struct box *b;

	for (i = 0; i < box_count(st); i++) {
		b = box_at(st, i);
		if (strncmp(b->name, folder, n) != 0 ||
		    (b->name[n] != '\0' && b->name[n] != '/'))
			continue;
		b->here = true;
		sync_denied(st, b);
	}
}

static const struct box *
first_denied(const struct store *st)
{
	size_t i;

	for (i = 0; i < box_count(st); i++)
		if (box_at(st, i)->denied)
			return box_at(st, i);
	return NULL;
}

bool
sync_any_denied(const struct store *st)
{
	return first_denied(st) != NULL;
}

/* Names one of them; when that is well, the next. */
static void
alarm_denied(struct store *st)
{
	const struct box *b = first_denied(st);
	char *told = st->sync->denied, text[SYNC_TEXT] = "";

	st->sync->any_denied = b != NULL;
	if (b != NULL)
		snprintf(text, sizeof text, "%s cannot be %s", b->name,
		    box_unwritten(b) ? "written" : "read");
	if (strcmp(text, told) == 0)
		return;
	if (told[0] != '\0')
		store_clear(st, told);
	memcpy(told, text, sizeof text);
	if (told[0] != '\0')
		store_alarm(st, told);
}

/* Folders that are no more take their rows with them. */
static void
drop_missing(struct store *st)
{
	struct box *b;
	size_t i;

	for (i = 0; i < box_count(st); ) {
		b = box_at(st, i);
		if (b->here) {
			i++;
			continue;
		}
		if (store_begin(st, STORE_CACHE) != STORE_OK)
			return;
		intake_forget(st, b);
		(void)store_result(st, STORE_CACHE,
		    row_mbox_gone(st->rows, b->id));
		if (box_remove(st, b) != STORE_OK)
			return;
	}
}

/* The pages are collected first: which are gone shows at the end. */
static void
take_all(struct store *st)
{
	struct sync *sy = st->sync;
	struct box *b;
	size_t i;

	for (i = 0; i < box_count(st); i++)
		box_at(st, i)->here = false;
	for (i = 0; i < sy->nfolders; i++) {
		b = box_by_name(st, sy->folders[i].name);
		if (b != NULL)
			b->here = true;
	}
	for (i = 0; i < sy->nfolders; i++)
		take_folder(st, &sy->folders[i]);
	for (i = 0; i < sy->nfolders; i++)
		if (sy->folders[i].kind == FILE_DENIED)
			take_denied(st, sy->folders[i].name);
	drop_missing(st);
	free(sy->folders);
	sy->folders = NULL;
	sy->nfolders = 0;
	sy->listed = true;
	sy->all = false;
	make_kept(st);
}

static bool
keep_folder(struct sync *sy, const struct file_folder *f)
{
	struct file_folder *p;

	p = realloc(sy->folders, (sy->nfolders + 1) * sizeof *p);
	if (p == NULL)
		return false;
	sy->folders = p;
	p[sy->nfolders++] = *f;
	return true;
}

static void
folders(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct store *st = arg;
	struct sync *sy = st->sync;
	struct file_folder f;

	(void)fd;
	sy->listing = false;
	if (status != OP_OK) {
		if (status != OP_GONE)
			loop_arm(st->loop, &sy->retry, SYNC_RETRY_MS);
		return;
	}
	while (file_folder_get(in, &f) && sy->nfolders < BOX_MAX)
		if (!keep_folder(sy, &f))
			break;
	if (chan_get_u8(in) != 0 && !in->bad && sy->nfolders < BOX_MAX) {
		ask_folders(st);
		return;
	}
	take_all(st);
	if (sy->again) {
		sy->again = false;
		ask_folders(st);
	}
}

static void
ask_folders(struct store *st)
{
	struct sync *sy = st->sync;
	struct buf args;

	if (st->filer == NULL)
		return;
	if (sy->listing) {
		sy->again = true;
		return;
	}
	buf_init(&args, 64);
	file_folders_put(&args, (uint32_t)sy->nfolders);
	sy->listing = ask_send(st->filer, FILE_FOLDERS, &args, -1, folders,
	    st) == 0;
	buf_clear(&args);
}

static void
retry(void *arg)
{
	ask_folders(arg);
}

/* ---- what is to be looked at ---- */

void
sync_all(struct store *st)
{
	st->sync->all = true;
	ask_folders(st);
}

void
sync_anew(struct store *st)
{
	struct box *b;
	size_t i;

	for (i = 0; i < box_count(st); i++) {
		b = box_at(st, i);
		b->cur_ns = b->new_ns = 0;
	}
	st->unclean = true;
	st->sync->all = true;
	if (!st->sync->retry.armed)
		loop_arm(st->loop, &st->sync->retry, SYNC_ANEW_MS);
}

void
sync_filer(struct store *st)
{
	struct sync *sy = st->sync;

	if (st->filer == NULL) {
		sy->listing = false;
		sy->making = 0;
		sync_scan_stop(st);
		sync_look_stop(st);
		return;
	}
	free(sy->folders);
	sy->folders = NULL;
	sy->nfolders = 0;
	ask_folders(st);
}

void
sync_told(struct store *st, uint16_t type, struct chan_in *in)
{
	if (type == FILE_RESCAN)
		ask_folders(st);
	else if (type == FILE_SEEN)
		sync_seen(st, in);
}

static void
whole(void *arg, enum store_err rc)
{
	struct store *st = arg;

	if (rc != STORE_OK)
		return;		/* once more, at the next kick */
	st->rebuild = false;
	if (st->salvaged & STORE_BIT(STORE_CACHE))
		store_clear(st, store_rebuilding);
}

/* All that was there when store.db was made has its row. */
static void
now_whole(struct store *st)
{
	static struct store_slot slot;

	if (store_do(st, STORE_CACHE, &slot,
	    "UPDATE state SET value = 0 WHERE name = 'partial'", "") ==
	    STORE_OK)
		(void)store_after(st, STORE_BIT(STORE_CACHE), whole, st);
}

void
sync_kick(struct store *st)
{
	struct sync *sy = st->sync;
	size_t i;

	if (sy->any_denied)
		alarm_denied(st);
	/* What had its rows before is there without another look. */
	if (st->rebuild && sync_idle(st) && (!st->fresh || !sync_any_denied(st)) &&
	    intake_caught_up(st))
		now_whole(st);
	if (st->unclean && sync_idle(st) && intake_idle_now(st) &&
	    tag_restore(st) == STORE_OK)
		st->unclean = false;
	if (st->filer == NULL || !sy->listed || intake_full(st))
		return;
	sync_look_kick(st);
	if (sy->box != 0) {
		sync_scan_next(st);
		return;
	}
	for (i = 0; i < box_count(st); i++)
		if (box_at(st, i)->scan && box_at(st, i)->here &&
		    sync_scan_start(st, box_at(st, i)))
			return;
}

enum store_err
sync_open(struct store *st)
{
	st->sync = calloc(1, sizeof *st->sync);
	if (st->sync == NULL)
		return STORE_NOMEM;
	st->sync->retry = (struct loop_timer){ .fn = retry, .arg = st };
	return STORE_OK;
}

void
sync_close(struct store *st)
{
	if (st->sync == NULL)
		return;
	loop_disarm(st->loop, &st->sync->retry);
	sync_scan_stop(st);
	sync_look_stop(st);
	free(st->sync->folders);
	free(st->sync);
	st->sync = NULL;
}
