/*
 * A keeper, a filer and a parser in one process and one loop, over a
 * temporary directory: the real op handlers behind real channels.  Clients
 * are blocking stubs, so they run in a forked child; see node_ask().
 */
#ifndef UNIT_NODE_H
#define UNIT_NODE_H

#include <signal.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "mailnode/base/clock.h"
#include "store/dyn.h"
#include "store/filer.h"
#include "store/mtext.h"
#include "store/op_alias.h"
#include "store/op_box.h"
#include "store/op_device.h"
#include "store/op_event.h"
#include "store/op_mail.h"
#include "store/op_parse.h"
#include "store/op_queue.h"
#include "store/op_rcpt.h"
#include "store/op_sender.h"
#include "store/op_set.h"
#include "store/op_spool.h"
#include "store/op_watch.h"
#include "store/store.h"
#include "store/intake.h"
#include "store/row.h"
#include "store/spool.h"
#include "store/sync.h"

struct node {
	struct loop		*loop;
	struct store		 st;
	struct filer		 filer;
	struct op_server	 keeper, parser;
	struct store_conf	 conf;
	bool			 no_parser;
	const struct device	*device;	/* as which node_ask logs in */
	char			 dir[64], home[80], mail[80];
	char			 alarms[4096];
};

static const char *const node_domains[] = { "node.test", "two.test" };

static inline void
node_alarm(void *arg, const char *text, bool over)
{
	struct node *n = arg;
	size_t at = strlen(n->alarms);

	snprintf(n->alarms + at, sizeof n->alarms - at, "%s%s\n",
	    over ? "over: " : "", text);
}

static inline void
node_want_parser(void *arg)
{
	struct node *n = arg;
	int fds[2];

	if (n->no_parser)
		return;
	assert_int_equal(chan_pair(fds), 0);
	assert_non_null(op_server_add(&n->parser, fds[1], ROLE_KEEPER, 0));
	store_parser(&n->st, fds[0]);
}

static inline void
node_turn(void *arg)
{
	struct node *n = arg;

	store_turn(&n->st);
	filer_turn(&n->filer);
}

static inline void
node_dirs(struct node *n)
{
	snprintf(n->dir, sizeof n->dir, "%s", "/tmp/mailnode-unit.XXXXXX");
	assert_non_null(mkdtemp(n->dir));
	snprintf(n->home, sizeof n->home, "%s/home", n->dir);
	snprintf(n->mail, sizeof n->mail, "%s/Mail", n->dir);
	assert_int_equal(mkdir(n->home, 0700), 0);
}

/* Opens on the directories that are there.  STORE_OK or why not. */
static inline enum store_err
node_open(struct node *n, char *why, size_t size)
{
	int fds[2];
	enum store_err rc;

	n->conf = (struct store_conf){ .home = n->home, .maildir = n->mail,
	    .hostname = "mail.node.test", .user = "me",
	    .domains = node_domains, .ndomains = 2, .subaddress = "+",
	    .message_max = 50 * 1024 * 1024 };
	memset(&n->st, 0, sizeof n->st);
	n->loop = loop_new();
	assert_non_null(n->loop);
	n->st.arg = n;
	n->st.alarm = node_alarm;
	n->st.want_parser = node_want_parser;
	rc = store_open(&n->st, &n->conf, n->loop, why, size);
	if (rc != STORE_OK) {
		loop_free(n->loop);
		return rc;
	}
	assert_int_equal(filer_open(&n->filer, n->loop, n->mail), 0);
	op_server_init(&n->filer.server, n->loop, file_ops, &n->filer);
	n->filer.server.gone = filer_gone;
	op_server_init(&n->parser, n->loop, parse_ops, NULL);
	op_server_init(&n->keeper, n->loop, spool_ops, &n->st);
	op_server_more(&n->keeper, rcpt_ops);
	op_server_more(&n->keeper, event_ops);
	op_server_more(&n->keeper, box_ops);
	op_server_more(&n->keeper, mail_ops);
	op_server_more(&n->keeper, set_ops);
	op_server_more(&n->keeper, recent_ops);
	op_server_more(&n->keeper, subscribe_ops);
	op_server_more(&n->keeper, watch_ops);
	op_server_more(&n->keeper, alias_ops);
	op_server_more(&n->keeper, submit_ops);
	op_server_more(&n->keeper, queue_ops);
	op_server_more(&n->keeper, mark_ops);
	op_server_more(&n->keeper, result_ops);
	op_server_more(&n->keeper, sender_ops);
	op_server_more(&n->keeper, device_ops);
	n->keeper.may = device_may;
	n->keeper.gone = store_gone;
	n->st.server = &n->keeper;
	loop_at_turn(n->loop, node_turn, n);
	assert_int_equal(chan_pair(fds), 0);
	assert_non_null(op_server_add(&n->filer.server, fds[1], ROLE_KEEPER,
	    0));
	store_filer(&n->st, fds[0]);
	return STORE_OK;
}

static inline void
node_start(struct node *n)
{
	char why[256] = "";

	if (node_open(n, why, sizeof why) != STORE_OK)
		fail_msg("cannot open: %s", why);
}

static inline void
node_stop(struct node *n)
{
	store_close(&n->st);
	op_server_clear(&n->keeper);
	op_server_clear(&n->parser);
	filer_close(&n->filer);
	op_server_clear(&n->filer.server);
	loop_free(n->loop);
}

static inline void
node_remove(struct node *n)
{
	char cmd[128];

	snprintf(cmd, sizeof cmd, "rm -rf %s", n->dir);
	assert_int_equal(system(cmd), 0);
}

static inline void
node_begin(struct node *n)
{
	*n = (struct node){ .loop = NULL };
	node_dirs(n);
	node_start(n);
}

static inline void
node_end(struct node *n)
{
	node_stop(n);
	node_remove(n);
}

/* Turns until cond(arg), at most a minute: a disk may be slow. */
static inline bool
node_until(struct node *n, bool (*cond)(struct node *, void *), void *arg)
{
	int64_t until = clock_mono_ms() + 60000;

	while (!cond(n, arg)) {
		if (clock_mono_ms() > until)
			return false;
		assert_int_equal(loop_turn(n->loop, 20), 0);
	}
	return true;
}

/* What the vault does after a login of session 7. */
static inline void
node_login(struct node *n, enum role role)
{
	struct chan_msg m = { .type = DEVICE_LOGIN, .id = 7, .fd = -1 };
	struct buf b, in;
	int fds[2];

	assert_int_equal(chan_pair(fds), 0);
	assert_non_null(op_server_add(&n->keeper, fds[1], ROLE_VAULT, 0));
	buf_init(&b, 1024);
	buf_init(&in, CHAN_RECORD_MAX + 1);
	device_login_put(&b, 7, role, "192.0.2.1", n->device);
	assert_int_equal(chan_send(fds[0], &m, &b, true), 0);
	while (chan_recv(fds[0], &in, &m, true) != 1)
		assert_int_equal(loop_turn(n->loop, 5), 0);
	assert_int_equal(m.status, OP_OK);
	buf_clear(&b);
	buf_clear(&in);
	close(fds[0]);
}

/*
 * Runs fn(channel, arg) as a peer of that role in a child, while the node
 * turns; returns its exit status, 99 for a hang.
 */
static inline int
node_ask(struct node *n, enum role role, int (*fn)(int ch, void *arg),
    void *arg)
{
	int64_t until = clock_mono_ms() + 120000;
	int fds[2], status = 0, turns;
	pid_t pid;

	assert_int_equal(chan_pair(fds), 0);
	assert_non_null(op_server_add(&n->keeper, fds[1], role, 7));
	if (n->device != NULL)
		node_login(n, role);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		close(fds[1]);
		_exit(fn(fds[0], arg));
	}
	close(fds[0]);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_mono_ms() > until) {
			kill(pid, 9);
			(void)waitpid(pid, &status, 0);
			return 99;
		}
		assert_int_equal(loop_turn(n->loop, 5), 0);
	}
	/* What it told without waiting. */
	for (turns = 0; turns < 50; turns++)
		assert_int_equal(loop_turn(n->loop, 0), 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

/* Regular files below folder/sub of the Maildir. */
static inline int
node_files(const struct node *n, const char *sub)
{
	char cmd[256], text[32] = "";
	FILE *f;

	snprintf(cmd, sizeof cmd, "find %s/%s -type f 2>/dev/null | wc -l",
	    n->mail, sub);
	f = popen(cmd, "r");
	assert_non_null(f);
	if (fgets(text, sizeof text, f) == NULL)
		text[0] = '\0';
	pclose(f);
	return (int)strtol(text, NULL, 10);
}

#endif
