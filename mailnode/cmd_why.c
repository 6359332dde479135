/* mailnode why [-j] ID|ADDRESS: the story of a message. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/json.h"
#include "mailnode/base/num.h"
#include "mailnode/cmd.h"
#include "mailnode/node/control.h"
#include "store/err.h"
#include "store/op_event.h"
#include "store/op_list.h"

enum {
	FOLLOW_MAX = 32,	/* letters whose story is told along */
	FOLLOW_ID = 24		/* octets, NUL included */
};

static void
print_json(const struct event *e)
{
	struct buf b;

	buf_init(&b, 64 * 1024);
	buf_addf(&b, "{\"at\":%lld.%06lld,\"trace\":",
	    (long long)(e->at_us / 1000000), (long long)(e->at_us % 1000000));
	json_string(&b, e->trace);
	buf_adds(&b, ",\"address\":");
	json_string(&b, e->addr);
	buf_adds(&b, ",\"kind\":");
	json_string(&b, e->kind);
	buf_adds(&b, ",\"text\":");
	json_string(&b, e->text);
	buf_adds(&b, "}\n");
	if (b.err == 0)
		fwrite(b.data, 1, b.len, stdout);
	buf_clear(&b);
}

static void
print_plain(const struct event *e)
{
	time_t t = (time_t)(e->at_us / 1000000);
	char when[32] = "?";
	struct tm tm;

	if (localtime_r(&t, &tm) != NULL)
		(void)strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s %-14s %-9s ", when,
	    e->trace[0] != '\0' ? e->trace : "-", e->kind);
	cmd_plain(e->addr);
	printf("%s", e->addr[0] != '\0' && e->text[0] != '\0' ? " " : "");
	cmd_plain(e->text);
	printf("\n");
}

/* A letter in the queue that a message became. */
struct follow {
	char	id[FOLLOW_MAX][FOLLOW_ID];
	size_t	n;
};

static void
note_letter(struct follow *f, const struct event *e)
{
	size_t i, n;

	if ((strcmp(e->kind, "forward") != 0 && strcmp(e->kind, "return") !=
	    0 && strcmp(e->kind, "report") != 0) || strncmp(e->text, "id=", 3) != 0 || f->n == FOLLOW_MAX)
		return;
	n = strcspn(e->text + 3, " ");
	if (n >= FOLLOW_ID)
		return;
	snprintf(f->id[f->n], FOLLOW_ID, "%.*s", (int)n, e->text + 3);
	for (i = 0; strcmp(f->id[i], f->id[f->n]) != 0; i++)
		;
	f->n += i == f->n;
}

/* OP_OK when there was something. */
static uint16_t
tell(int ch, const char *key, bool json, struct follow *f)
{
	struct event_list l;
	struct op_reply r;
	uint64_t after = 0;
	uint16_t status = OP_OK;
	bool more = true;
	size_t i;

	op_reply_init(&r);
	while (more && status == OP_OK) {
		status = event_query(ch, &r, key, after, &l);
		for (i = 0; i < l.n; i++) {
			if (json)
				print_json(&l.event[i]);
			else
				print_plain(&l.event[i]);
			after = l.event[i].id;
			note_letter(f, &l.event[i]);
		}
		more = l.more;
		event_list_clear(&l);
	}
	op_reply_clear(&r);
	return status == STORE_NOTFOUND && after != 0 ? OP_OK : status;
}

/* What keeps a host out at present; true if something does. */
static bool
tell_bans(struct node *n, const struct net_prefix *p, bool json)
{
	char net[NET_TEXT_MAX];
	struct event e = { .trace = "", .kind = "banned", .addr = net };
	struct buf text;
	struct ban b;
	uint32_t i;
	bool any = false;

	for (i = 0; node_ban_at(n, i, &b) == 0; i++) {
		if (!net_within(p, &b.net))
			continue;
		net_prefix_text(&b.net, net);
		buf_init(&text, EVENT_TEXT_MAX);
		buf_addf(&text, "doors=%s seconds-left=%lld ",
		    ban_door_name(b.door), (long long)(b.until -
		    clock_wall_s()));
		ban_text(&text, &b);
		e.text = buf_str(&text) != NULL ? buf_str(&text) : "";
		e.at_us = b.since * 1000000;
		if (json)
			print_json(&e);
		else
			print_plain(&e);
		buf_clear(&text);
		any = true;
	}
	return any;
}

/* Of a host, of its /64 if it has one, and of the network around it. */
static uint16_t
tell_host(struct node *n, int ch, const struct net_prefix *addr, bool json)
{
	struct follow none = { .n = FOLLOW_MAX };
	uint16_t status = STORE_NOTFOUND, one;
	struct net_prefix p = *addr;
	char key[3][NET_TEXT_MAX];
	int i;

	net_prefix_text(&p, key[0]);
	net_host(&p);
	net_prefix_text(&p, key[1]);
	net_around(&p);
	net_prefix_text(&p, key[2]);
	for (i = 0; i < 3; i++) {
		one = i > 0 && strcmp(key[i], key[i - 1]) == 0 ?
		    STORE_NOTFOUND : tell(ch, key[i], json, &none);
		if (one != STORE_NOTFOUND)
			status = one;
	}
	return tell_bans(n, addr, json) ? OP_OK : status;
}

/* The Message-ID in brackets of a message by its number in listings; "" if
 * there is none. */
static void
msgid_of(struct node *n, uint64_t id, char *dst, size_t size)
{
	struct list_msgs_ask ask = { .which = LIST_OF_MSG, .id = id, .n = 1 };
	struct list_msgs m;
	int ch = node_link(n, ROLE_READER);

	dst[0] = '\0';
	if (ch == -1)
		return;
	if (list_msgs(ch, &ask, &m) == OP_OK) {
		if (m.n == 1 && m.row[0].msgid[0] != '\0')
			(void)snprintf(dst, size, "<%s>", m.row[0].msgid);
		list_msgs_clear(&m);
	}
	close(ch);
}

/* A key as listings and replies show it, where it is none as it stands: the
 * id in the brackets of a reply, a Message-ID without its own, a number. */
static uint16_t
tell_as_shown(struct node *n, int ch, const char *key, bool json,
    struct follow *f)
{
	size_t len = strlen(key);
	char other[EVENT_ADDR_MAX];
	uint64_t id;

	if (len + 3 > sizeof other)
		return STORE_NOTFOUND;
	other[0] = '\0';
	if (len > 2 && key[0] == '[' && key[len - 1] == ']')
		(void)snprintf(other, sizeof other, "%.*s", (int)len - 2,
		    key + 1);
	else if (num_u64(key, key + len, 1, INT64_MAX, &id) == 0)
		msgid_of(n, id, other, sizeof other);
	else if (key[0] != '<')
		(void)snprintf(other, sizeof other, "<%s>", key);
	return other[0] != '\0' ? tell(ch, other, json, f) : STORE_NOTFOUND;
}

/* An id, or an address, and the letters that became of it. */
static int
why(struct node *n, int ch, const char *key, bool json)
{
	struct follow f = { .n = 0 }, none = { .n = FOLLOW_MAX };
	struct net_prefix p;
	bool host = net_prefix(key, &p);
	uint16_t status;
	size_t i;

	status = host ? tell_host(n, ch, &p, json) :
	    tell(ch, key, json, &f);
	if (status == STORE_NOTFOUND && !host)
		status = tell_as_shown(n, ch, key, json, &f);
	for (i = 0; i < f.n && status == OP_OK; i++)
		if (strcmp(f.id[i], key) != 0)
			(void)tell(ch, f.id[i], json, &none);
	if (status == OP_OK)
		return 0;
	return cmd_fail(key, status == STORE_NOTFOUND ?
	    "nothing is known of it" : store_status_text(status));
}

int
cmd_why(int argc, char **argv)
{
	bool json = argc > 1 && strcmp(argv[1], "-j") == 0;
	struct node *n = NULL;
	int ch, rc;

	if (argc != 2 + json || (argv[1 + json][0] == '-' &&
	    argv[1 + json][1] != '\0'))
		return cmd_usage(argv[0], argc > 1 &&
		    strcmp(argv[1], "-h") == 0);
	ch = cmd_link("why", &n, ROLE_KEEPER);
	rc = ch != -1 ? why(n, ch, argv[1 + json], json) : 1;
	if (ch != -1)
		close(ch);
	node_close(n);
	return rc;
}
