/*
 * kill -9 of keeper and filer at any moment: what was acknowledged is there
 * after the next start, once; rows and files agree.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "mailnode/base/num.h"
#include "store/box.h"
#include "store/db.h"
#include "store/intent.h"
#include "tests/unit/node.h"

enum { ROUNDS = 25, LETTERS = 4000 };

/* Message i was acknowledged. */
static bool acked[LETTERS];
static int given;

static bool
hand_in(int ch, struct op_reply *r, size_t size)
{
	struct spool_msg m = { .trace = "", .sender = "", .folder = "INBOX",
	    .tags = "", .verdict = "", .peer = "" };
	static char text[100000];
	uint64_t id = 0;
	uint16_t s = OP_OK;
	int i = given;

	memset(text, 'x', sizeof text);
	(void)!snprintf(text, 200, "Subject: s\r\nMessage-ID: <n%05d@b.test>"
	    "\r\n\r\n", i);
	text[strlen(text)] = 'x';
	if (size > SPOOL_INLINE) {
		s = spool_begin(ch, r, &id);
		if (s == OP_OK && spool_data(ch, id, text, size) == -1)
			return false;
	}
	if (s == OP_OK)
		s = spool_commit(ch, r, id, &m, "", 0, id == 0 ? text : NULL,
		    size);
	if (s == OP_OK)
		acked[given] = true;
	given++;
	return s == OP_OK;
}

/* Flags and moves of what is there, as fast as keeper answers. */
static void
shuffle(int ch)
{
	struct op_reply r;
	struct mail_done d;
	uint64_t ids[50];
	struct mail_set set = { .id = ids, .n = 50 };
	unsigned int k;
	size_t i;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	op_reply_init(&r);
	for (k = 0; ; k++) {
		for (i = 0; i < 50; i++)
			ids[i] = 1 + (k * 7 + i * 13) % 600;
		if (mail_flags(ch, &r, &set, k % 3 ? STORE_SEEN : 0,
		    k % 3 ? 0 : STORE_SEEN, &d) == OP_GONE)
			_exit(0);
		if (mail_move(ch, &r, &set, k % 2 ? "INBOX" : "Archive",
		    &d) == OP_GONE)
			_exit(0);
	}
}

static pid_t
start(struct node *n, int *client, int *owner)
{
	int fds[2], own[2];
	pid_t pid;

	assert_int_equal(chan_pair(fds), 0);
	assert_int_equal(chan_pair(own), 0);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		close(fds[0]);
		close(own[0]);
		node_start(n);
		if (op_server_add(&n->keeper, own[1], ROLE_OWNER, 2) == NULL ||
		    op_server_add(&n->keeper, fds[1], ROLE_SENDER, 1) == NULL)
			_exit(1);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)loop_run(n->loop);
		_exit(0);
	}
	close(fds[1]);
	close(own[1]);
	*client = fds[0];
	*owner = own[0];
	return pid;
}

/* Hands in until the node dies, `ms` from now, or every second time from the
 * first that was taken: a disk may be slow. */
static void
one_round(struct node *n, int ms, bool shuffled)
{
	bool taken = ms % 8 == 3;
	struct op_reply r;
	int client, owner, status;
	pid_t node, other = -1;
	int64_t until;

	node = start(n, &client, &owner);
	if (shuffled) {
		other = fork();
		if (other == 0)
			shuffle(owner);
	}
	op_reply_init(&r);
	until = clock_mono_ms() + ms;
	while ((!taken || clock_mono_ms() < until) && given < LETTERS)
		if (!hand_in(client, &r, given % 9 == 8 ? 90000 : 2000))
			break;
		else if (!taken) {
			taken = true;
			until = clock_mono_ms() + ms;
		}
	kill(node, SIGKILL);
	assert_int_equal(waitpid(node, &status, 0), node);
	if (other != -1) {
		kill(other, SIGKILL);
		(void)waitpid(other, &status, 0);
	}
	close(client);
	close(owner);
	op_reply_clear(&r);
}

static bool
settled(struct node *n, void *arg)
{
	struct spool_status s;

	(void)arg;
	spool_tell(&n->st, &s);
	return s.entries == 0 && !intent_busy(&n->st) &&
	    intake_idle_now(&n->st) && sync_idle(&n->st);
}

static bool
no_bodies(struct node *n, void *arg)
{
	(void)arg;
	return node_files(n, ".mailnode/spool") == 0;
}

/* How often each message stands in the Maildir. */
static int
count(const struct node *n, int times[LETTERS])
{
	char cmd[256], line[128];
	const char *p;
	int files = 0;
	uint32_t i;
	FILE *f;

	memset(times, 0, LETTERS * sizeof times[0]);
	snprintf(cmd, sizeof cmd, "grep -rhao --include='*I=*' "
	    "'Message-ID: <n[0-9]*' %s", n->mail);
	f = popen(cmd, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		p = strchr(line, '<');
		assert_non_null(p);
		assert_int_equal(num_u32(p + 2, p + 7, 0, LETTERS - 1, &i), 0);
		times[i]++;
		files++;
	}
	pclose(f);
	return files;
}

static void
rounds(bool shuffled)
{
	static int times[LETTERS];
	struct node n;
	int i, k, files, twice = 0, lost = 0, acks = 0;

	memset(&n, 0, sizeof n);
	memset(acked, 0, sizeof acked);
	given = 0;
	node_dirs(&n);
	node_start(&n);
	assert_true(node_until(&n, settled, NULL));
	node_stop(&n);
	for (k = 0; k < ROUNDS; k++)
		one_round(&n, 3 + k * 4, shuffled);
	node_start(&n);
	if (!node_until(&n, settled, NULL))
		fail_msg("the node does not come to rest");
	files = count(&n, times);
	for (i = 0; i < given; i++) {
		lost += acked[i] && times[i] == 0;
		acks += acked[i];
		twice += times[i] > 1 ? times[i] - 1 : 0;
	}
	assert_true(acks >= ROUNDS / 2);
	assert_int_equal(lost, 0);
	/* One message may be written again whose strike was not committed
	 * and which was moved meanwhile: those of the last moment. */
	assert_in_range(twice, 0, shuffled ? 2 * ROUNDS : 0);
	assert_int_equal(db_int(n.st.db[STORE_CACHE],
	    "SELECT count(*) FROM mail", -1), files);
	assert_int_equal(db_int(n.st.db[STORE_NODE],
	    "SELECT count(*) FROM intent", -1), 0);
	assert_true(node_until(&n, no_bodies, NULL));
	node_stop(&n);
	node_remove(&n);
}

static void
nothing_accepted_is_lost(void **state)
{
	(void)state;
	rounds(false);
}

static void
nor_while_all_of_it_moves(void **state)
{
	(void)state;
	rounds(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_accepted_is_lost),
		cmocka_unit_test(nor_while_all_of_it_moves),
	};

	if (dyn_gmime() == NULL)
		return 77;
	(void)mtext_init();
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
