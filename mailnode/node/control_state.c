/* The payload of CONTROL_STATUS, both ends. */
#include <string.h>

#include "mailnode/base/chan.h"
#include "mailnode/node/control.h"

void
node_state_put(struct buf *b, const struct node_state *st)
{
	uint32_t i, told;

	chan_put_str(b, st->program);
	chan_put_u32(b, (uint32_t)st->pid);
	chan_put_u8(b, st->local);
	chan_put_u8(b, st->ready);
	chan_put_i64(b, st->since);
	chan_put_u64(b, st->accepted);
	chan_put_u64(b, st->refused);
	chan_put_str(b, st->missing);
	for (i = 0; i < ROLE_MAX; i++) {
		chan_put_u32(b, st->running[i]);
		chan_put_u32(b, st->crashes[i]);
	}
	told = st->sessions < NODE_SESSIONS_MAX ? st->sessions :
	    NODE_SESSIONS_MAX;
	chan_put_u32(b, st->sessions);
	for (i = 0; i < told; i++) {
		chan_put_u8(b, (uint8_t)st->session[i].role);
		chan_put_u32(b, (uint32_t)st->session[i].pid);
		chan_put_u32(b, st->session[i].seconds);
		chan_put_str(b, st->session[i].peer);
	}
	for (i = 0; i < ALARM_MAX; i++) {
		chan_put_i64(b, st->alarms.at[i].since);
		if (st->alarms.at[i].since == 0)
			continue;
		chan_put_u32(b, st->alarms.at[i].times);
		chan_put_u8(b, (uint8_t)st->alarms.at[i].role);
		chan_put_str(b, st->alarms.at[i].text);
	}
}

static void
get_sessions(struct chan_in *in, struct node_state *st)
{
	uint32_t i, told;

	st->sessions = chan_get_u32(in);
	told = st->sessions < NODE_SESSIONS_MAX ? st->sessions :
	    NODE_SESSIONS_MAX;
	for (i = 0; i < told; i++) {
		st->session[i].role = chan_get_u8(in);
		st->session[i].pid = (int32_t)chan_get_u32(in);
		st->session[i].seconds = chan_get_u32(in);
		chan_get_str(in, st->session[i].peer,
		    sizeof st->session[i].peer);
	}
}

bool
node_state_get(struct chan_in *in, struct node_state *st)
{
	uint32_t i;

	memset(st, 0, sizeof *st);
	chan_get_str(in, st->program, sizeof st->program);
	st->pid = (int32_t)chan_get_u32(in);
	st->local = chan_get_u8(in) != 0;
	st->ready = chan_get_u8(in) != 0;
	st->since = chan_get_i64(in);
	st->accepted = chan_get_u64(in);
	st->refused = chan_get_u64(in);
	chan_get_str(in, st->missing, sizeof st->missing);
	for (i = 0; i < ROLE_MAX; i++) {
		st->running[i] = chan_get_u32(in);
		st->crashes[i] = chan_get_u32(in);
	}
	get_sessions(in, st);
	for (i = 0; i < ALARM_MAX; i++) {
		st->alarms.at[i].since = chan_get_i64(in);
		if (st->alarms.at[i].since == 0)
			continue;
		st->alarms.at[i].times = chan_get_u32(in);
		st->alarms.at[i].role = chan_get_u8(in);
		chan_get_str(in, st->alarms.at[i].text, ALARM_TEXT);
	}
	return chan_end(in);
}
