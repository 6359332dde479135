/* What clients on this machine, and roles, ask of the parent. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/sign.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/control.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/parent_ops.h"

/* ---- clients ---- */

static uint16_t
give_link(struct parent *pa, struct op_call *c, enum role service,
    enum role as)
{
	int fd;

	fd = nursery_link(&pa->n, service, as, c->session,
	    op_peer_name(c->peer));
	if (fd == -1)
		return CONTROL_NO_SERVICE;
	c->fd_out = fd;
	c->close_fd_out = true;
	return OP_OK;
}

static uint16_t
on_link(void *service, struct op_call *c)
{
	unsigned int role = chan_get_u8(&c->in);

	if (!chan_end(&c->in) || role >= ROLE_MAX)
		return OP_BAD;
	if (role != ROLE_KEEPER && role != ROLE_READER &&
	    role != ROLE_PARSER && role != ROLE_VAULT &&
	    role != ROLE_RESOLVER && role != ROLE_RUNNER)
		return CONTROL_NO_SERVICE;
	return give_link(service, c, (enum role)role, ROLE_OWNER);
}

static uint16_t
on_local_link(void *service, struct op_call *c)
{
	if (!chan_end(&c->in))
		return OP_BAD;
	return give_link(service, c, ROLE_KEEPER, ROLE_LOCAL);
}

static void
tell_roles(const struct parent *pa, struct node_state *st)
{
	const struct child *c;
	struct node_session *s;

	memcpy(st->crashes, pa->n.crashes, sizeof st->crashes);
	for (c = pa->n.children; c != NULL; c = c->next) {
		st->running[c->entry->role]++;
		if (c->entry->life != LIFE_CONN || c->waiting)
			continue;
		if (st->sessions++ >= NODE_SESSIONS_MAX)
			continue;
		s = &st->session[st->sessions - 1];
		s->role = c->entry->role;
		s->pid = c->pid;
		s->seconds = (uint32_t)
		    ((clock_mono_ms() - c->started_ms) / 1000);
		snprintf(s->peer, sizeof s->peer, "%s", c->conn.peer);
	}
}

static uint16_t
on_status(void *service, struct op_call *c)
{
	static struct node_state st;
	struct parent *pa = service;

	if (!chan_end(&c->in))
		return OP_BAD;
	if (pa->n.local && pa->n.stopping)
		return CONTROL_NO_SERVICE;	/* the next one will serve */
	memset(&st, 0, sizeof st);
	(void)snprintf(st.program, sizeof st.program, "%s", program_id());
	st.pid = getpid();
	st.local = pa->n.local;
	st.ready = pa->announced && nursery_up(&pa->n);
	st.since = pa->started_s;
	doors_count(pa->doors, &st.accepted, &st.refused);
	snprintf(st.missing, sizeof st.missing, "%s",
	    sandbox_missing() != NULL ? sandbox_missing() : "");
	st.alarms = pa->alarms;
	tell_roles(pa, &st);
	node_state_put(c->out, &st);
	return OP_OK;
}

static uint16_t
on_yield(void *service, struct op_call *c)
{
	struct parent *pa = service;

	if (!chan_end(&c->in))
		return OP_BAD;
	chan_put_u8(c->out, pa->n.local);
	if (pa->n.local)
		parent_stop(pa);
	return OP_OK;
}

static uint16_t
on_ban_at(void *service, struct op_call *c)
{
	struct parent *pa = service;
	uint32_t i = chan_get_u32(&c->in);
	const struct ban *b;

	if (!chan_end(&c->in))
		return OP_BAD;
	b = bans_at(pa->bans, i, clock_wall_s());
	if (b == NULL)
		return CONTROL_NOTHING;
	ban_put(c->out, b);
	return OP_OK;
}

static uint16_t
on_ban_add(void *service, struct op_call *c)
{
	struct parent *pa = service;
	char net[NET_TEXT_MAX];
	int64_t seconds;

	chan_get_str(&c->in, net, sizeof net);
	seconds = chan_get_i64(&c->in);
	if (!chan_end(&c->in))
		return OP_BAD;
	if (bans_add(pa->bans, net, seconds, clock_wall_s()) == 0)
		return OP_OK;
	return errno == EINVAL ? OP_BAD : CONTROL_NO_SERVICE;
}

static uint16_t
on_ban_name(void *service, struct op_call *c)
{
	struct parent *pa = service;
	char name[NET_TEXT_MAX];

	chan_get_str(&c->in, name, sizeof name);
	if (!chan_end(&c->in))
		return OP_BAD;
	if (c->type == CONTROL_BAN_FORGET)
		bans_forget(pa->bans, name);
	else if (faults_lift(&pa->faults, name) == -1)
		return errno == EINVAL ? OP_BAD : CONTROL_NOTHING;
	return OP_OK;
}

const struct op parent_control_ops[] = {
	{ CONTROL_LINK,	  ROLE_BIT(ROLE_OWNER),	on_link },
	{ CONTROL_LINK_LOCAL, ROLE_BIT(ROLE_LOCAL) | ROLE_BIT(ROLE_OWNER),
						on_local_link },
	{ CONTROL_STATUS, ROLE_BIT(ROLE_OWNER),	on_status },
	{ CONTROL_YIELD,  ROLE_BIT(ROLE_OWNER),	on_yield },
	{ CONTROL_BAN_AT, ROLE_BIT(ROLE_OWNER),	on_ban_at },
	{ CONTROL_BAN_ADD, ROLE_BIT(ROLE_OWNER), on_ban_add },
	{ CONTROL_BAN_RM, ROLE_BIT(ROLE_OWNER),	on_ban_name },
	{ CONTROL_BAN_FORGET, ROLE_BIT(ROLE_OWNER), on_ban_name },
	{ 0, 0, NULL }
};

/* ---- children ---- */

static struct parent *told;	/* these ops run in the nursery */

void
parent_told(struct parent *pa)
{
	told = pa;
}

static uint16_t
on_alarm(void *service, struct op_call *c)
{
	char text[ALARM_TEXT];

	(void)service;
	chan_get_str(&c->in, text, sizeof text);
	if (!chan_end(&c->in))
		return OP_BAD;
	if (c->type == PROC_ALARM)
		alarm_raise(&told->alarms, c->role, text);
	else
		alarm_clear(&told->alarms, c->role, text);
	return OP_OK;
}

static uint16_t
on_login(void *service, struct op_call *c)
{
	struct proc_login l;

	(void)service;
	if (!proc_login_get(&c->in, &l))
		return OP_BAD;
	logins_tell(&told->logins, &l);
	return OP_OK;
}

static uint16_t
on_tls(void *service, struct op_call *c)
{
	bool can = chan_get_u8(&c->in) != 0;
	size_t n;
	const uint8_t *spki = chan_get_bytes(&c->in, SHA256_OCTETS, &n);

	(void)service;
	if (!chan_end(&c->in) || (n != 0 && n != SHA256_OCTETS))
		return OP_BAD;
	doors_tls(told->doors, can, n != 0 ? spki : NULL);
	return OP_OK;
}

static uint16_t
on_fault(void *service, struct op_call *c)
{
	(void)service;
	return faults_told(&told->faults, c);
}

/* Those that talk to strangers or parse what they sent have no word in what
 * the owner reads, nor push out what others said. */
#define SERVICES (ROLE_BIT(ROLE_KEEPER) | ROLE_BIT(ROLE_FILER) | \
	ROLE_BIT(ROLE_READER) | ROLE_BIT(ROLE_INDEXER) | \
	ROLE_BIT(ROLE_SENDER) | ROLE_BIT(ROLE_RUNNER) | \
	ROLE_BIT(ROLE_VAULT) | ROLE_BIT(ROLE_RESOLVER))

#define SESSIONS (ROLE_BIT(ROLE_SMTP) | ROLE_BIT(ROLE_SUBMISSION) | \
	ROLE_BIT(ROLE_IMAP))

const struct op parent_child_ops[] = {
	{ PROC_ALARM, SERVICES, on_alarm },
	{ PROC_CLEAR, SERVICES, on_alarm },
	{ PROC_LOGIN, ROLE_BIT(ROLE_VAULT), on_login },
	{ PROC_TLS, ROLE_BIT(ROLE_VAULT), on_tls },
	{ PROC_FAULT, SESSIONS, on_fault },
	{ 0, 0, NULL }
};
