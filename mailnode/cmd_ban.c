/* mailnode ban: networks that are kept out. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/json.h"
#include "mailnode/base/num.h"
#include "mailnode/cmd.h"
#include "mailnode/node/control.h"

enum { LINE_ROOM = 1024, TIME_ROOM = 32, DEFAULT_S = 24 * 3600 };

static void
put_time(struct buf *out, const char *word, int64_t at)
{
	char text[TIME_ROOM] = "";
	time_t t = (time_t)at;
	struct tm tm;

	if (localtime_r(&t, &tm) != NULL)
		(void)strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm);
	buf_addf(out, " %s %s", word, text);
}

static void
print_json(const struct ban *b, const char *net, struct buf *out)
{
	static const char *const names[BAN_KINDS] = {
		[BAN_LOGINS] = "failures", [BAN_RECIPIENTS] = "recipients",
		[BAN_ERRORS] = "errors", [BAN_CONNECTIONS] = "connections",
	};
	int i;

	buf_adds(out, "{\"network\":");
	json_string(out, net);
	buf_addf(out, ",\"doors\":\"%s\",\"since\":%lld,\"until\":%lld,"
	    "\"times\":%u", ban_door_name(b->door), (long long)b->since,
	    (long long)b->until, b->level);
	for (i = 0; i < BAN_KINDS; i++)
		buf_addf(out, ",\"%s\":%u", names[i], b->count[i]);
	buf_addf(out, ",\"addresses\":%u,\"manual\":%s,\"evidence\":",
	    b->addresses, b->manual ? "true" : "false");
	json_string(out, b->evidence);
	buf_adds(out, "}");
}

static void
print(const struct ban *b, bool json)
{
	char net[NET_TEXT_MAX];
	struct buf out;

	net_prefix_text(&b->net, net);
	buf_init(&out, LINE_ROOM);
	if (json) {
		print_json(b, net, &out);
	} else {
		buf_addf(&out, "%-24s %-6s", net, ban_door_name(b->door));
		put_time(&out, "since", b->since);
		put_time(&out, "until", b->until);
		buf_adds(&out, "  ");
		ban_text(&out, b);
		if (b->level > 1)
			buf_addf(&out, " (ban number %u)", b->level);
	}
	puts(buf_str(&out) != NULL ? buf_str(&out) : "");
	buf_clear(&out);
}

static int
list(struct node *n, bool json)
{
	struct ban b;
	uint32_t i;

	for (i = 0; node_ban_at(n, i, &b) == 0; i++)
		print(&b, json);
	return errno == ENOENT ? 0 : cmd_fail("ban", strerror(errno));
}

/* "90", "15m", "12h", "7d".  0: none of these. */
static int64_t
seconds_of(const char *s)
{
	static const struct {
		char	unit;
		int	s;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 },
	    { 'd', 86400 } };
	const char *end = s + strlen(s);
	int factor = 1;
	uint32_t v;
	size_t i;

	for (i = 0; i < sizeof units / sizeof units[0]; i++)
		if (end > s && end[-1] == units[i].unit) {
			factor = units[i].s;
			end--;
			break;
		}
	if (num_u32(s, end, 1, BANS_MANUAL_MAX_S, &v) == -1)
		return 0;
	return (int64_t)v * factor;
}

static const char *
why(const char *verb)
{
	if (errno == ENOENT)
		return "no such ban";
	if (errno == EINVAL)
		return strcmp(verb, "add") == 0 ? "not a network, or longer "
		    "than a year" : "not a network";
	return errno == ENOSPC ? "too many bans" : strerror(errno);
}

static int
act(struct node *n, const char *verb, const char *net, const char *time)
{
	int64_t s = time != NULL ? seconds_of(time) : DEFAULT_S;
	int rc;

	if (s == 0)
		return cmd_wrong(time, "not a time: 90s, 15m, 12h, 7d");
	rc = strcmp(verb, "add") == 0 ? node_ban_add(n, net, s) :
	    node_ban_rm(n, net);
	return rc == 0 ? 0 : cmd_fail(net, why(verb));
}

int
cmd_ban(int argc, char **argv)
{
	const char *verb = argc > 1 && argv[1][0] != '-' ? argv[1] : "list";
	int skip = argc > 1 && argv[1][0] != '-' ? 2 : 1, rest, rc;
	bool json = argc > skip && strcmp(argv[skip], "-j") == 0;
	struct node *n;

	if (argc > 1 && strcmp(argv[argc - 1], "-h") == 0)
		return cmd_usage("ban", 1);
	rest = argc - skip - json;
	if (strcmp(verb, "list") == 0 ? rest != 0 :
	    strcmp(verb, "add") == 0 ? json || rest < 1 || rest > 2 :
	    strcmp(verb, "rm") != 0 || json || rest != 1)
		return cmd_usage("ban", 0);
	n = node_connect(true);
	if (n == NULL)
		return cmd_fail("ban", errno == ENOENT ? "no daemon runs" :
		    node_why(errno));
	rc = strcmp(verb, "list") == 0 ? list(n, json) :
	    act(n, verb, argv[skip], rest == 2 ? argv[skip + 1] : NULL);
	node_close(n);
	return rc;
}
