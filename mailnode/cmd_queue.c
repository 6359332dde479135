/* mailnode queue [list|show|hold|release|retry|route|drop] [-j] [ID]. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/cmd_queue_json.h"
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

	when(r->sending != 0 ? r->sending : r->due, due, sizeof due);
	printf("%s  %-8s  %s  %8llu  ", r->id, queue_row_word(r), due,
	    (unsigned long long)r->size);
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
			queue_json_row(&b, &rows.row[i]);
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
show_rcpt(const struct queue_row *row, const struct queue_rcpt *r)
{
	bool sending = queue_rcpt_sending(row, r);
	char text[32];

	printf("  %-8s  ", queue_fate_name(r->fate));
	cmd_plain(r->addr);
	if (r->attempts > 0)
		printf("  attempts %u", (unsigned int)r->attempts);
	if (r->fate == QUEUE_WAITING || r->fate == QUEUE_UNKNOWN) {
		when(sending ? row->sending : r->due, text, sizeof text);
		printf(sending ? "  being sent since %s" : "  next %s", text);
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
	if (sending && r->fate == QUEUE_UNKNOWN &&
	    r->changed >= row->sending)
		printf("            it went out, and its answer is awaited\n");
	else if (r->fate == QUEUE_UNKNOWN)
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
	show_line("state", queue_row_word(&l->row));
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
		show_rcpt(&l->row, &l->rcpt[i]);
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
		queue_json_letter(&b, &l);
		status = print_json(&b);
	} else
		show_letter(&l);
	queue_letter_clear(&l);
	return status;
}

/* ---- the command ---- */

enum { VERB_LIST, VERB_SHOW, VERB_CHANGE };	/* and those behind it */

static const struct {
	const char	*name;
	int		 least, most;	/* arguments */
	enum queue_change what;
} verbs[] = {
	[VERB_LIST] = { "list",	0, 0,	0 },
	[VERB_SHOW] = { "show",	1, 1,	0 },
	[VERB_CHANGE] = { "hold", 1, 1,	QUEUE_DO_HOLD },
	{ "release",	1, 1,	QUEUE_DO_RELEASE },
	{ "retry",	0, 1,	QUEUE_DO_RETRY },
	{ "route",	1, 2,	QUEUE_DO_ROUTE },
	{ "drop",	1, 1,	QUEUE_DO_DROP },
};
enum { NVERBS = sizeof verbs / sizeof verbs[0] };

struct call {
	bool	 all, json;
	int	 verb;		/* -1: none that is called like that */
	int	 n;
	char	*const *arg;
};

/* What is done, and what is being sent, cannot be changed any more. */
static int
refused(int ch, const char *id, uint16_t rc)
{
	struct queue_letter l;
	bool sending;

	if (rc != STORE_STATE || queue_show(ch, id, &l) != STORE_OK)
		return cmd_fail(id, submit_text(rc));
	sending = l.row.sending != 0;
	queue_letter_clear(&l);
	return cmd_fail(id, sending ? "it is being sent just now: try again "
	    "when that is over" : "it is done, or in no state for that: see "
	    "mailnode queue show");
}

static int
change(int ch, const struct call *q)
{
	const char *relay = q->n > 1 ? q->arg[1] : "";
	uint16_t rc;

	if (relay[0] != '\0' && route_by_name(relay) == ROUTE_NONE)
		return cmd_fail(relay, "no relay of the configuration has "
		    "that name");
	rc = queue_change(ch, q->arg[0], verbs[q->verb].what, relay);
	return rc == STORE_OK ? 0 : refused(ch, q->arg[0], rc);
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

static void
take_verb(struct call *q, int argc, char *const *argv)
{
	int i;

	q->n = argc > 0 ? argc - 1 : 0;
	q->arg = argv + 1;
	q->verb = argc > 0 ? -1 : VERB_LIST;
	for (i = 0; argc > 0 && i < NVERBS; i++)
		if (strcmp(verbs[i].name, argv[0]) == 0 &&
		    q->n >= verbs[i].least && q->n <= verbs[i].most)
			q->verb = i;
}

static int
run(int ch, const struct call *q)
{
	if (q->verb == VERB_LIST)
		return list(ch, q->all, q->json);
	if (q->verb == VERB_SHOW)
		return show(ch, q->arg[0], q->json);
	return q->n == 0 ? cmd_queue_retry(ch, NULL) : change(ch, q);
}

int
cmd_queue(int argc, char **argv)
{
	struct call q = { .verb = -1 };
	struct node *n = NULL;
	int c, ch, rc;

	while ((c = cmd_option("queue", argc, argv, "ahj", NULL)) != -1)
		switch (c) {
		case 'a':
			q.all = true;
			break;
		case 'j':
			q.json = true;
			break;
		case 'h':
			return cmd_usage("queue", 1);
		default:
			return cmd_usage("queue", 0);
		}
	take_verb(&q, argc - optind, argv + optind);
	if (q.verb == -1)
		return cmd_usage("queue", 0);
	ch = cmd_link("queue", &n, ROLE_KEEPER);
	rc = ch == -1 ? 1 : run(ch, &q);
	if (ch != -1)
		close(ch);
	node_close(n);
	return rc;
}
