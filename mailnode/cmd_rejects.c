/* mailnode rejects [-j] [list | show ID | allow ID]. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/json.h"
#include "mailnode/base/num.h"
#include "mailnode/cmd.h"
#include "mailnode/node/control.h"
#include "store/op_reject.h"

static void
print_json(const struct reject *row)
{
	struct buf b;

	buf_init(&b, 64 * 1024);
	buf_addf(&b, "{\"id\":%llu,\"at\":%lld,\"outcome\":\"%s\",\"tries\":%u,"
	    "\"size\":%llu,\"copy\":%s,\"trace\":", (unsigned long long)row->id,
	    (long long)row->at, row->as == REJECT_DEFERRED ? "deferred" :
	    "refused", row->tries, (unsigned long long)row->size,
	    row->copy ? "true" : "false");
	json_string(&b, row->trace);
	buf_adds(&b, ",\"sender\":");
	json_string(&b, row->sender);
	buf_adds(&b, ",\"ip\":");
	json_string(&b, row->ip);
	buf_adds(&b, ",\"from\":");
	json_string(&b, row->from);
	buf_adds(&b, ",\"subject\":");
	json_string(&b, row->subject);
	buf_adds(&b, ",\"message\":");
	json_string(&b, row->key);
	buf_adds(&b, ",\"why\":");
	json_string(&b, row->why);
	buf_adds(&b, "}\n");
	if (b.err == 0)
		fwrite(b.data, 1, b.len, stdout);
	buf_clear(&b);
}

static void
print_plain(const struct reject *row)
{
	time_t t = (time_t)row->at;
	char when[32] = "?";
	struct tm tm;

	if (localtime_r(&t, &tm) != NULL)
		(void)strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
	printf("%llu  %s  %-8s %u×  ", (unsigned long long)row->id, when,
	    row->as == REJECT_DEFERRED ? "deferred" : "refused", row->tries);
	cmd_plain(row->from[0] != '\0' ? row->from : row->sender);
	printf(": ");
	cmd_plain(row->subject);
	printf("\n");
}

static uint16_t
list(int ch, struct op_reply *r, bool json)
{
	struct reject_list l;
	uint64_t before = 0;
	uint16_t status;
	size_t i, n;

	do {
		status = reject_ask_list(ch, r, before, &l);
		n = l.n;
		for (i = 0; i < n; i++) {
			if (json)
				print_json(&l.row[i]);
			else
				print_plain(&l.row[i]);
			before = l.row[i].id;
		}
		reject_list_clear(&l);
	} while (status == OP_OK && n > 0);
	return status;
}

/* The message as it came. */
static uint16_t
show(int ch, struct op_reply *r, uint64_t id)
{
	uint16_t status;
	char text[4096];
	ssize_t n;
	int fd;

	status = reject_ask_open(ch, r, id, &fd);
	if (status != OP_OK || fd == -1)
		return status == OP_OK ? OP_BAD : status;
	while ((n = read(fd, text, sizeof text)) > 0)
		fwrite(text, 1, (size_t)n, stdout);
	close(fd);
	return OP_OK;
}

static int
run(const char *verb, uint64_t id, const char *what, bool json)
{
	struct node *n = NULL;
	int ch = cmd_link("rejects", &n, ROLE_KEEPER), rc = 0;
	struct op_reply r;
	uint16_t status;

	if (ch == -1) {
		node_close(n);
		return 1;
	}
	op_reply_init(&r);
	if (strcmp(verb, "list") == 0)
		status = list(ch, &r, json);
	else if (strcmp(verb, "show") == 0)
		status = show(ch, &r, id);
	else
		status = reject_ask_let_in(ch, &r, id, "");
	if (status != OP_OK)
		rc = cmd_fail(what, status == STORE_NOTFOUND ?
		    "no such copy in Rejects" : store_status_text(status));
	op_reply_clear(&r);
	close(ch);
	node_close(n);
	return rc;
}

int
cmd_rejects(int argc, char **argv)
{
	bool json = argc > 1 && strcmp(argv[argc - 1], "-j") == 0;
	const char *verb = "list", *what = "rejects";
	uint64_t id = 0;

	if (argc > 1 && strcmp(argv[argc - 1], "-h") == 0)
		return cmd_usage(argv[0], 1);
	argc -= json;
	if (argc > 1)
		verb = argv[1];
	if (argc == 3 && !json && (strcmp(verb, "show") == 0 ||
	    strcmp(verb, "allow") == 0)) {
		what = argv[2];
		if (num_u64(what, what + strlen(what), 1, INT64_MAX, &id) ==
		    -1)
			return cmd_fail(what, "not a number of the list");
	} else if (argc > 2 || strcmp(verb, "list") != 0) {
		return cmd_usage(argv[0], 0);
	}
	return run(verb, id, what, json);
}
