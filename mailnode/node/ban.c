/* One ban: on the wire, and in words.  See bans.h. */
#include <string.h>

#include "mailnode/node/bans.h"

void
ban_put(struct buf *out, const struct ban *e)
{
	char net[NET_TEXT_MAX];
	int i;

	net_prefix_text(&e->net, net);
	chan_put_str(out, net);
	chan_put_u8(out, (uint8_t)e->door);
	chan_put_i64(out, e->since);
	chan_put_i64(out, e->until);
	chan_put_u32(out, e->level);
	for (i = 0; i < BAN_KINDS; i++)
		chan_put_u32(out, e->count[i]);
	chan_put_u32(out, e->addresses);
	chan_put_u8(out, e->manual);
	chan_put_str(out, e->evidence);
}

bool
ban_get(struct chan_in *in, struct ban *e)
{
	char net[NET_TEXT_MAX];
	unsigned int door;
	int i;

	memset(e, 0, sizeof *e);
	chan_get_str(in, net, sizeof net);
	door = chan_get_u8(in);
	e->since = chan_get_i64(in);
	e->until = chan_get_i64(in);
	e->level = chan_get_u32(in);
	for (i = 0; i < BAN_KINDS; i++)
		e->count[i] = chan_get_u32(in);
	e->addresses = chan_get_u32(in);
	e->manual = chan_get_u8(in) != 0;
	chan_get_str(in, e->evidence, sizeof e->evidence);
	if (in->bad || door > BAN_ALL_DOORS || !net_prefix(net, &e->net))
		return false;
	e->door = (enum ban_door)door;
	return true;
}

const char *
ban_door_name(enum ban_door d)
{
	switch (d) {
	case BAN_LOGIN_DOORS:
		return "logins";
	case BAN_MAIL_DOOR:
		return "mail";
	default:
		return "all";
	}
}

void
ban_text(struct buf *out, const struct ban *e)
{
	static const char *const names[BAN_KINDS] = {
		[BAN_LOGINS] = "failed login",
		[BAN_RECIPIENTS] = "refused recipient",
		[BAN_ERRORS] = "protocol error",
		[BAN_CONNECTIONS] = "refused connection",
	};
	const char *comma = "";
	int i;

	for (i = 0; i < BAN_KINDS; i++) {
		if (e->count[i] == 0)
			continue;
		buf_addf(out, "%s%u %s%s", comma, e->count[i], names[i],
		    e->count[i] == 1 ? "" : "s");
		comma = ", ";
	}
	if (e->addresses > 0)
		buf_addf(out, " from %u addresses", e->addresses);
	buf_addf(out, "%s%s", comma[0] != '\0' ? ": " : "", e->evidence);
}
