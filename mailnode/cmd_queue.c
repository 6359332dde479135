/* mailnode queue [list|show|hold|release|retry|route|drop] [-j] [ID]. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/node/control.h"
#include "mailnode/queue/route.h"
#include "store/err.h"
#include "store/op_queue.h"

static void
when(int64_t at, char *dst, size_t size)
{
	time_t t = (time_t)at;
	struct tm tm;

	if (at == 0 || localtime_r(&t, &tm) == NULL)
		snprintf(dst, size, "-");
	else if (strftime(dst, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		dst[0] = '\0';
}

/* ---- JSON lines ---- */

static void
json_num(struct buf *b, const char *key, int64_t v)
{
	buf_addf(b, ",\"%s\":%lld", key, (long long)v);
}

static void
json_row(struct buf *b, const struct queue_row *r)
{
	buf_adds(b, "{\"id\":");
	json_string(b, r->id);
	json_field(b, "state", queue_state_name(r->state));
	json_field(b, "from", r->from);
	json_field(b, "msgid", r->msgid);
	json_field(b, "subject", r->subject);
	json_field(b, "why", r->why);
	json_num(b, "created", r->created);
	json_num(b, "due", r->due);
	json_num(b, "expires", r->expires);
	json_num(b, "size", (int64_t)r->size);
	json_num(b, "rcpts", r->nrcpt);
	json_num(b, "waiting", r->nwaiting);
	json_num(b, "failed", r->nfailed);
	json_num(b, "returned", r->nreturned);
	if (r->first[0] != '\0')
		json_field(b, "first", r->first);
}

static void
json_report(struct buf *b, const struct reported *r)
{
	buf_adds(b, "{\"report\":");
	json_string(b, reported_word(r->action));
	buf_addf(b, ",\"believed\":%s", reported_believed(r->belief) ?
	    "true" : "false");
	json_field(b, "belief", reported_belief_word(r->belief));
	json_field(b, "proof", r->proof);
	json_num(b, "at", r->at);
	json_field(b, "status", r->status);
	json_field(b, "said", r->said);
	json_field(b, "mta", r->mta);
	json_field(b, "by", r->by);
	json_field(b, "who", r->who);
	json_field(b, "trace", r->trace);
	buf_addc(b, '}');
}

/* Of recipient n, from 1; 0: of others that the letter did not name. */
static void
json_reports(struct buf *b, const struct queue_letter *l, size_t n)
{
	const char *before = "";
	size_t i;

	buf_adds(b, ",\"reports\":[");
	for (i = 0; i < l->nreport; i++)
		if (l->report[i].n == n) {
			buf_adds(b, before);
			json_report(b, &l->report[i]);
			before = ",";
		}
	buf_addc(b, ']');
}

static void
json_rcpt(struct buf *b, const struct queue_letter *l, size_t i)
{
	const struct queue_rcpt *r = &l->rcpt[i];

	buf_adds(b, "{\"addr\":");
	json_string(b, r->addr);
	json_field(b, "fate", queue_fate_name(r->fate));
	json_num(b, "attempts", r->attempts);
	json_num(b, "due", r->due);
	json_num(b, "changed", r->changed);
	json_field(b, "route", r->route);
	json_field(b, "reply", r->reply);
	buf_addf(b, ",\"maybe_twice\":%s", r->maybe_twice ? "true" :
	    "false");
	json_reports(b, l, i + 1);
	buf_addc(b, '}');
}

static void
json_attempt(struct buf *b, const struct queue_attempt *a)
{
	buf_addf(b, "{\"at\":%lld", (long long)a->at);
	json_field(b, "route", a->route);
	json_field(b, "peer", a->peer);
	json_field(b, "tls", a->tls);
	json_field(b, "rcpts", a->rcpts);
	json_field(b, "reply", a->reply);
	buf_addc(b, '}');
}

static void
json_letter(struct buf *b, const struct queue_letter *l)
{
	size_t i;

	json_row(b, &l->row);
	buf_adds(b, ",\"rcpt\":[");
	for (i = 0; i < l->nrcpt; i++) {
		if (i > 0)
			buf_addc(b, ',');
		json_rcpt(b, l, i);
	}
	buf_addc(b, ']');
	json_reports(b, l, 0);
	buf_adds(b, ",\"attempt\":[");
	for (i = 0; i < l->nattempt; i++) {
		if (i > 0)
			buf_addc(b, ',');
		json_attempt(b, &l->attempt[i]);
	}
	buf_adds(b, "]}\n");
}

static int
print_json(struct buf *b)
{
	int rc = b->err == 0 && fwrite(b->data, 1, b->len, stdout) == b->len ?
	    0 : 1;

	buf_clear(b);
	return rc;
}

/* ---- listings ---- */

static void
list_row(const struct queue_row *r)
{
	char due[32];

	when(r->due, due, sizeof due);
	printf("%s  %-7s  %s  %8llu  ", r->id, queue_state_name(r->state),
	    due, (unsigned long long)r->size);
	cmd_plain(r->first);
	if (r->nrcpt > 1)
		printf(" +%u", (unsigned int)r->nrcpt - 1);
	if (r->nfailed > 0)
		printf("  %u FAILED", (unsigned int)r->nfailed);
	if (r->nreturned > 0)
		printf("  %u RETURNED", (unsigned int)r->nreturned);
	if (r->why[0] != '\0') {
		printf("  (");
		cmd_plain(r->why);
		putchar(')');
	}
	putchar('\n');
}

static int
list(int ch, bool all, bool json)
{
	struct queue_rows rows;
	char after[QUEUE_ID_MAX] = "";
	struct buf b;
	uint16_t rc;
	size_t i;
	bool more = true;

	while (more) {
		rc = queue_list(ch, all ? QUEUE_ALL_ONES : QUEUE_OPEN_ONES,
		    after, &rows);
		if (rc != STORE_OK)
			return cmd_fail("queue", submit_text(rc));
		for (i = 0; i < rows.n; i++) {
			snprintf(after, sizeof after, "%s", rows.row[i].id);
			if (!json) {
				list_row(&rows.row[i]);
				continue;
			}
			buf_init(&b, CHAN_DATA_MAX);
			json_row(&b, &rows.row[i]);
			buf_adds(&b, "}\n");
			(void)print_json(&b);
		}
		more = rows.more && rows.n > 0;
		queue_rows_clear(&rows);
	}
	return 0;
}

static void
show_line(const char *name, const char *value)
{
	printf("%-10s ", name);
	cmd_plain(value);
	putchar('\n');
}

static void
show_time(const char *name, int64_t at)
{
	char text[32];

	when(at, text, sizeof text);
	show_line(name, text);
}

/* Of recipient n, from 1; 0: of others that the letter did not name. */
static void
show_reports(const struct queue_letter *l, size_t n)
{
	const struct reported *r;
	char text[32];
	struct buf b;

	buf_init(&b, 4096);
	for (r = l->report; r < l->report + l->nreport; r++) {
		if (r->n != n)
			continue;
		buf_reset(&b);
		reported_text(r, &b);
		when(r->at, text, sizeof text);
		buf_addf(&b, ", %s", text);
		printf("            ");
		cmd_plain(buf_str(&b));
		buf_reset(&b);
		reported_why(r, &b);
		printf("\n              ");
		cmd_plain(buf_str(&b));
		printf(" (why ");
		cmd_plain(r->trace);
		printf(")\n");
	}
	buf_clear(&b);
}

static void
show_rcpt(const struct queue_rcpt *r)
{
	char text[32];

	printf("  %-8s  ", queue_fate_name(r->fate));
	cmd_plain(r->addr);
	if (r->attempts > 0)
		printf("  attempts %u", (unsigned int)r->attempts);
	if (r->fate == QUEUE_WAITING || r->fate == QUEUE_UNKNOWN) {
		when(r->due, text, sizeof text);
		printf("  next %s", text);
	}
	if (r->route[0] != '\0') {
		printf("  route ");
		cmd_plain(r->route);
	}
	putchar('\n');
	if (r->reply[0] != '\0') {
		printf("            ");
		cmd_plain(r->reply);
		putchar('\n');
	}
	if (r->fate == QUEUE_UNKNOWN)
		printf("            it went out and no answer came: it may "
		    "have arrived, and may arrive twice\n");
	else if (r->maybe_twice)
		printf("            sent again after an answer that never "
		    "came: may be twice\n");
}

static void
show_letter(const struct queue_letter *l)
{
	char text[32];
	size_t i;

	show_line("id", l->row.id);
	show_line("state", queue_state_name(l->row.state));
	if (l->row.why[0] != '\0')
		show_line("why", l->row.why);
	show_line("from", l->row.from);
	show_line("subject", l->row.subject);
	show_line("message-id", l->row.msgid);
	show_time("created", l->row.created);
	show_time("expires", l->row.expires);
	printf("%-10s %llu octets\nrecipients\n", "size",
	    (unsigned long long)l->row.size);
	for (i = 0; i < l->nrcpt; i++) {
		show_rcpt(&l->rcpt[i]);
		show_reports(l, i + 1);
	}
	show_reports(l, 0);
	if (l->nattempt > 0)
		printf("attempts\n");
	for (i = 0; i < l->nattempt; i++) {
		const struct queue_attempt *a = &l->attempt[i];

		when(a->at, text, sizeof text);
		printf("  %s  ", text);
		cmd_plain(a->route);
		printf("  ");
		cmd_plain(a->peer);
		printf("  tls ");
		cmd_plain(a->tls);
		printf("  for %s\n            ", a->rcpts);
		cmd_plain(a->reply);
		putchar('\n');
	}
}

static int
show(int ch, const char *id, bool json)
{
	struct queue_letter l;
	struct buf b;
	uint16_t rc;
	int status = 0;

	rc = queue_show(ch, id, &l);
	if (rc == STORE_NOTFOUND)	/* a Message-ID will do as well */
		rc = queue_fate(ch, id, &l);
	if (rc != STORE_OK)
		return cmd_fail(id, submit_text(rc));
	if (json) {
		buf_init(&b, 1024 * 1024);
		json_letter(&b, &l);
		status = print_json(&b);
	} else
		show_letter(&l);
	queue_letter_clear(&l);
	return status;
}

/* ---- the command ---- */

static const struct {
	const char	*name;
	enum queue_change what;
	int		 args;
} verbs[] = {
	{ "hold",	QUEUE_DO_HOLD,		1 },
	{ "release",	QUEUE_DO_RELEASE,	1 },
	{ "retry",	QUEUE_DO_RETRY,		1 },
	{ "route",	QUEUE_DO_ROUTE,		2 },
	{ "drop",	QUEUE_DO_DROP,		1 },
};

static int
change(int ch, int argc, char **argv, const char *name)
{
	const char *arg = argc > 1 ? argv[1] : "";
	size_t i;
	uint16_t rc;

	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(verbs[i].name, name) == 0)
			break;
	if (i == sizeof verbs / sizeof verbs[0] || argc < 1 ||
	    argc > verbs[i].args)
		return cmd_usage("queue", 0);
	if (arg[0] != '\0' && route_by_name(arg) == ROUTE_NONE)
		return cmd_fail(arg, "no relay of the configuration has "
		    "that name");
	rc = queue_change(ch, argv[0], verbs[i].what, arg);
	if (rc == STORE_STATE)
		return cmd_fail(argv[0], "it is done, or just under way");
	return rc == STORE_OK ? 0 : cmd_fail(argv[0], submit_text(rc));
}

/* What is held or damaged is left alone: that is tried by its name only. */
static bool
waits_for(const struct queue_row *r, const char *why)
{
	return r->state == QUEUE_ACTIVE && (why == NULL ||
	    (why[0] == '\0' ? r->why[0] != '\0' : strcmp(r->why, why) == 0));
}

int
cmd_queue_retry(int ch, const char *why)
{
	char after[QUEUE_ID_MAX] = "";
	struct queue_rows rows;
	bool more = true;
	uint16_t rc = STORE_OK;
	size_t i;

	while (more && rc == STORE_OK) {
		rc = queue_list(ch, QUEUE_OPEN_ONES, after, &rows);
		if (rc != STORE_OK)
			break;
		for (i = 0; i < rows.n && rc == STORE_OK; i++) {
			if (waits_for(&rows.row[i], why))
				rc = queue_change(ch, rows.row[i].id,
				    QUEUE_DO_RETRY, "");
			if (rc == STORE_STATE || rc == STORE_NOTFOUND)
				rc = STORE_OK;	/* under way, or done */
		}
		more = rows.more && rows.n > 0;
		if (more)
			(void)snprintf(after, sizeof after, "%s",
			    rows.row[rows.n - 1].id);
		queue_rows_clear(&rows);
	}
	return rc == STORE_OK ? 0 : cmd_fail("queue", submit_text(rc));
}

static int
run(int ch, int argc, char **argv, bool all, bool json)
{
	if (argc == 0 || strcmp(argv[0], "list") == 0)
		return argc > 1 ? cmd_usage("queue", 0) :
		    list(ch, all, json);
	if (strcmp(argv[0], "show") == 0)
		return argc == 2 ? show(ch, argv[1], json) :
		    cmd_usage("queue", 0);
	if (argc == 1 && strcmp(argv[0], "retry") == 0)
		return cmd_queue_retry(ch, NULL);
	return change(ch, argc - 1, argv + 1, argv[0]);
}

int
cmd_queue(int argc, char **argv)
{
	bool all = false, json = false;
	struct node *n;
	int c, ch, rc;

	while ((c = cmd_option("queue", argc, argv, "ahj", NULL)) != -1)
		switch (c) {
		case 'a':
			all = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			return cmd_usage("queue", 1);
		default:
			return cmd_usage("queue", 0);
		}
	n = node_connect(false);
	if (n == NULL)
		return cmd_fail("node", node_why(errno));
	ch = node_link(n, ROLE_KEEPER);
	rc = ch == -1 ? cmd_fail("keeper", strerror(errno)) :
	    run(ch, argc - optind, argv + optind, all, json);
	if (ch != -1)
		close(ch);
	node_close(n);
	return rc;
}
