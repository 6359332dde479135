/* UIDs and MODSEQs of a mailbox: from its lease, which the filer makes
 * durable. */
#include <stdlib.h>

#include "mailnode/base/clock.h"
#include "store/box.h"
#include "store/box_parts.h"
#include "store/op_file.h"
#include "store/parts.h"

enum { LEASE_PAUSE_MS = 100 };	/* from a refusal to the next question */

void
box_leases_close(struct boxes *bs)
{
	struct lease *l;

	/* The filer never answered. */
	while ((l = bs->leases) != NULL) {
		bs->leases = l->next;
		free(l);
	}
}

static void
lease_free(struct store *st, struct lease *l)
{
	struct lease **p;

	for (p = &st->boxes->leases; *p != l; p = &(*p)->next)
		;
	*p = l->next;
	free(l);
}

static void
leased(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct lease *l = arg;
	struct box *b = box_by_id(l->st, l->box);

	(void)in;
	(void)fd;
	if (b != NULL) {
		b->asked = false;
		b->refused = status == OP_GONE ? STORE_OK :
		    (enum store_err)status;
		b->refused_ms = clock_mono_ms();
	}
	if (b != NULL && status == OP_OK) {
		b->uidlease = l->uid;
		b->modlease = l->modseq;
		b->dirty = true;
	}
	lease_free(l->st, l);
}

static uint32_t
uid_beyond(uint32_t uid)
{
	return uid > UINT32_MAX - BOX_UID_LEASE - 1 ? UINT32_MAX :
	    uid + BOX_UID_LEASE;
}

/* A file with a number beyond the lease leaves none. */
static bool
has_plenty(const struct box *b)
{
	return b->uidlease > b->uidnext &&
	    b->uidlease - b->uidnext >= BOX_UID_LEASE / 2 &&
	    b->modlease > b->modseq &&
	    b->modlease - b->modseq >= BOX_MOD_LEASE / 2;
}

void
box_lease(struct store *st, struct box *b)
{
	struct lease *l;
	struct buf args;

	if (b->asked || !b->here || st->filer == NULL || has_plenty(b))
		return;
	/* A full disk is asked now and then: each answer wakes whoever waits,
	 * and they come here again. */
	if (b->refused != STORE_OK &&
	    clock_mono_ms() - b->refused_ms < LEASE_PAUSE_MS)
		return;
	l = calloc(1, sizeof *l);
	if (l == NULL)
		return;
	*l = (struct lease){ .st = st, .box = b->id,
	    .uid = uid_beyond(b->uidnext),
	    .modseq = b->modseq + BOX_MOD_LEASE };
	l->next = st->boxes->leases;
	st->boxes->leases = l;
	buf_init(&args, 1024);
	file_lease_put(&args, b->name, b->uidvalidity, l->uid, l->modseq);
	b->asked = ask_send(st->filer, FILE_LEASE, &args, -1, leased, l) == 0;
	if (!b->asked)
		lease_free(st, l);
	buf_clear(&args);
}

bool
box_unwritten(const struct box *b)
{
	return b->refused == STORE_IO || b->refused == STORE_READONLY;
}

uint32_t
box_uid(struct store *st, struct box *b)
{
	uint32_t uid = 0;

	if (b->uidnext < b->uidlease) {
		uid = b->uidnext++;
		b->ahead = true;
	}
	box_lease(st, b);
	return uid;
}

uint64_t
box_modseq(struct store *st, struct box *b)
{
	uint64_t modseq = 0;

	if (b->modseq < b->modlease) {
		modseq = ++b->modseq;
		b->dirty = true;
		b->noted = true;
	}
	box_lease(st, b);
	return modseq;
}
