#include <sys/statvfs.h>

#include "mailnode/base/clock.h"
#include "store/event.h"
#include "store/op_index.h"
#include "store/op_stat.h"
#include "store/returned.h"
#include "store/spool.h"
#include "store/store.h"

/* A number that cannot be had is 0: health is asked for when things fail. */
static uint64_t
number(struct store *st, enum store_db db, struct store_slot *slot,
    const char *sql, int64_t arg)
{
	return (uint64_t)store_int(st, db, slot, sql, arg != 0 ? "i" : "",
	    arg);
}

static void
put_events(struct store *st, struct buf *out)
{
	static struct store_slot taken, refused;
	int64_t since = clock_wall_us() - (int64_t)STAT_WEEK_S * 1000000;

	events_flush(st);
	chan_put_u64(out, number(st, STORE_EVENTS, &taken, "SELECT count(*)"
	    " FROM event WHERE kind = 'accept' AND at > ?1", since));
	chan_put_u64(out, number(st, STORE_EVENTS, &refused, "SELECT count(*)"
	    " FROM event WHERE kind = 'refuse' AND at > ?1", since));
	chan_put_u64(out, (uint64_t)returned_since(st, clock_wall_s() -
	    STAT_WEEK_S));
}

static void
put_spool(struct store *st, struct buf *out)
{
	struct spool_status s;

	spool_tell(st, &s);
	chan_put_u64(out, s.entries);
	chan_put_u64(out, s.octets);
	chan_put_i64(out, s.oldest);
	chan_put_u8(out, s.refusing);
}

static void
put_rows(struct store *st, struct buf *out)
{
	static struct store_slot all, unread, todo, head, not, intents;

	chan_put_u8(out, st->rebuild);
	chan_put_u64(out, number(st, STORE_CACHE, &all,
	    "SELECT sum(total) FROM box_count", 0));
	chan_put_u64(out, number(st, STORE_CACHE, &unread, "SELECT unread FROM"
	    " box_count WHERE mbox = (SELECT id FROM mailbox"
	    " WHERE name = 'INBOX')", 0));
	chan_put_u64(out, number(st, STORE_CACHE, &todo,
	    "SELECT count(*) FROM index_todo", 0));
	chan_put_u64(out, number(st, STORE_CACHE, &head, "SELECT count(*)"
	    " FROM index_less WHERE level = ?1", INDEX_HEAD));
	chan_put_u64(out, number(st, STORE_CACHE, &not, "SELECT count(*)"
	    " FROM index_less WHERE level = ?1", INDEX_NOT));
	chan_put_u64(out, number(st, STORE_NODE, &intents,
	    "SELECT count(*) FROM intent", 0));
}

static void
put_disk(struct store *st, struct buf *out)
{
	struct statvfs v = { .f_frsize = 0 };

	(void)statvfs(st->conf->maildir, &v);
	chan_put_u64(out, (uint64_t)v.f_bavail * v.f_frsize);
	chan_put_u64(out, (uint64_t)v.f_blocks * v.f_frsize);
}

static uint16_t
on_node(void *service, struct op_call *c)
{
	struct store *st = service;

	if (!chan_end(&c->in))
		return OP_BAD;
	put_events(st, c->out);
	put_spool(st, c->out);
	put_rows(st, c->out);
	put_disk(st, c->out);
	return OP_OK;
}

const struct op stat_ops[] = {
	{ STAT_NODE, ROLE_BIT(ROLE_OWNER), on_node },
	{ 0, 0, NULL }
};

uint16_t
stat_node(int ch, struct op_reply *r, struct stat_node *s)
{
	uint16_t rc = op_call(ch, STAT_NODE, NULL, -1, r, STAT_WAIT_MS);

	*s = (struct stat_node){ 0 };
	if (rc != OP_OK)
		return rc;
	s->accepted = chan_get_u64(&r->in);
	s->refused = chan_get_u64(&r->in);
	s->returned = chan_get_u64(&r->in);
	s->spooled = chan_get_u64(&r->in);
	s->spool_octets = chan_get_u64(&r->in);
	s->spool_oldest = chan_get_i64(&r->in);
	s->spool_refusing = chan_get_u8(&r->in) != 0;
	s->partial = chan_get_u8(&r->in) != 0;
	s->messages = chan_get_u64(&r->in);
	s->unread = chan_get_u64(&r->in);
	s->unindexed = chan_get_u64(&r->in);
	s->by_header = chan_get_u64(&r->in);
	s->not_indexed = chan_get_u64(&r->in);
	s->intents = chan_get_u64(&r->in);
	s->disk_free = chan_get_u64(&r->in);
	s->disk_size = chan_get_u64(&r->in);
	return chan_end(&r->in) ? OP_OK : OP_BAD;
}
