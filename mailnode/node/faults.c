#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/faults.h"
#include "mailnode/node/log.h"
#include "mailnode/node/trace.h"

enum { TEXT_MAX = 400 };	/* octets of what is told of a ban */

void
faults_init(struct faults *f, struct nursery *n, struct bans *b)
{
	memset(f, 0, sizeof *f);
	f->n = n;
	f->bans = b;
	story_init(&f->story, n);
}

enum ban_door
faults_door(enum role r)
{
	return r == ROLE_SUBMISSION || r == ROLE_IMAP ? BAN_LOGIN_DOORS :
	    BAN_MAIL_DOOR;
}

const struct ban *
faults_ban(const struct faults *f, const struct proc_conn *c,
    enum ban_door door)
{
	const struct ban *b = bans_find(f->bans, c->peer, door,
	    clock_wall_s());

	return b != NULL && !b->manual && net_is_here(c->peer, c->local) ?
	    NULL : b;
}

/* Who came in before the ban began. */
static void
end_sessions(struct faults *f, const struct ban *b)
{
	struct child *c;

	for (c = f->n->children; c != NULL; c = c->next)
		if (c->entry->life == LIFE_CONN && !c->waiting &&
		    c->scope == 0 && c->chan != NULL && !c->stopping &&
		    faults_ban(f, &c->conn, faults_door(c->entry->role)) ==
		    b) {
			c->stopping = true;
			op_reply(c->chan, PROC_STOP, 0, 0, NULL, -1);
		}
}

static void
tell(struct faults *f, const struct net_prefix *p, const char *text)
{
	char trace[TRACE_SIZE], net[NET_TEXT_MAX];

	trace_new(trace, f->number++);
	net_prefix_text(p, net);
	log_line(LOG_WARN, "ban", "trace=%s net=%s %s", trace, net, text);
	story_ban(&f->story, trace, net, text);
}

static void
begin(struct faults *f, const struct ban *b)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_addf(&text, "doors=%s seconds=%lld ", ban_door_name(b->door),
	    (long long)(b->until - b->last));
	ban_text(&text, b);
	tell(f, &b->net, buf_str(&text) != NULL ? buf_str(&text) : "");
	buf_clear(&text);
	end_sessions(f, b);
}

void
faults_count(struct faults *f, const struct proc_conn *c,
    enum ban_door door, enum ban_kind kind, const char *what)
{
	const struct ban_fault fault = { c->peer, door, kind, what };
	const struct ban *began[BANS_AT_ONCE];
	size_t i, n;

	if (net_is_here(c->peer, c->local))
		return;
	n = bans_fault(f->bans, &fault, clock_wall_s(), began);
	for (i = 0; i < n; i++)
		begin(f, began[i]);
}

/* Of logins the vault speaks, never the session. */
uint16_t
faults_told(struct faults *f, struct op_call *call)
{
	struct child *c = op_peer_data(call->peer);
	unsigned int kind = chan_get_u8(&call->in);
	char what[FAULTS_WHAT_MAX];

	chan_get_str(&call->in, what, sizeof what);
	if (!chan_end(&call->in) || c == NULL || c->waiting ||
	    (kind != BAN_ERRORS && kind != BAN_RECIPIENTS))
		return OP_BAD;
	if (c->scope == 0 && c->faults < FAULTS_PER_CONN) {
		c->faults++;
		faults_count(f, &c->conn, faults_door(c->entry->role),
		    (enum ban_kind)kind, what);
	}
	return OP_OK;
}

int
faults_lift(struct faults *f, const char *net)
{
	struct net_prefix p;

	if (bans_rm(f->bans, net) == -1)
		return -1;
	if (net_prefix(net, &p))
		tell(f, &p, "lifted by the owner");
	return 0;
}
