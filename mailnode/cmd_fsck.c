/* mailnode fsck [-j] [--rebuild]: do files, rows and databases agree? */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/cmd.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/control.h"
#include "store/err.h"
#include "store/op_fsck.h"

enum { AGAIN_MS = 30000, STEP_MS = 100 };

/* Keeper ends and comes back, also by itself when it gives a database up;
 * whoever asks meanwhile is told that it is gone, and asks again.  out NULL:
 * to make the cache anew, which does no harm twice. */
static uint16_t
ask(struct node *n, struct op_reply *r, struct fsck_report *out)
{
	int64_t until = clock_mono_ms() + AGAIN_MS;
	uint16_t status = OP_GONE;
	int ch;

	while (status == OP_GONE && clock_mono_ms() < until) {
		ch = node_link(n, ROLE_KEEPER);
		if (ch != -1) {
			status = out != NULL ? fsck_check(ch, r, out) :
			    fsck_rebuild(ch, r);
			close(ch);
		}
		if (status == OP_GONE)
			(void)poll(NULL, 0, STEP_MS);
	}
	return status;
}

static void
print_json(const struct fsck_report *f, bool cache, bool rebuilt)
{
	printf("{\"mailboxes\":%llu,\"files\":%llu,\"rows\":%llu,"
	    "\"added\":%llu,\"removed\":%llu,\"renamed\":%llu,"
	    "\"renumbered\":%llu,\"spool\":%llu,\"intents\":%llu,"
	    "\"index_lag\":%llu,\"spool_ok\":%s,\"node_ok\":%s,"
	    "\"events_ok\":%s,\"store_ok\":%s,\"rebuilt\":%s,"
	    "\"compared\":%s}\n",
	    (unsigned long long)f->mailboxes, (unsigned long long)f->files,
	    (unsigned long long)f->rows, (unsigned long long)f->added,
	    (unsigned long long)f->removed, (unsigned long long)f->renamed,
	    (unsigned long long)f->renumbered, (unsigned long long)f->spool,
	    (unsigned long long)f->intents, (unsigned long long)f->index,
	    f->spool_ok ? "true" : "false", f->node_ok ? "true" : "false",
	    f->events_ok ? "true" : "false", cache ? "true" : "false",
	    rebuilt ? "true" : "false", f->compared ? "true" : "false");
}

static void
line(uint64_t n, const char *what)
{
	if (n > 0)
		printf("%llu %s\n", (unsigned long long)n, what);
}

static void
print_plain(const struct fsck_report *f, bool rebuilt)
{
	printf("%llu files in %llu mailboxes, %llu rows\n",
	    (unsigned long long)f->files, (unsigned long long)f->mailboxes,
	    (unsigned long long)f->rows);
	if (rebuilt)
		printf("store.db was made anew\n");
	line(f->added, "files had no row: added");
	line(f->removed, "rows had no file: removed");
	line(f->renamed, "rows had another name or flags: corrected");
	line(f->renumbered, "files had a UID that was not theirs: renumbered");
	line(f->spool, "messages wait in the spool");
	line(f->intents, "changes of files wait");
	line(f->index, "changes are not in the search index yet");
	if (!f->compared)
		printf("folders were NOT COMPARED to the end: see mailnode "
		    "status\n");
	if (!f->spool_ok)
		printf("spool.db is damaged: restart to salvage it\n");
	if (!f->node_ok)
		printf("node.db is damaged: restart to salvage it\n");
	if (!f->events_ok)
		printf("events.db is damaged: restart to salvage it\n");
}

/* Compares, and makes a cache anew that contradicts itself. */
static uint16_t
run(struct node *n, bool anew, struct fsck_report *f, bool *cache,
    bool *rebuilt)
{
	struct op_reply r;
	char why[256];
	char *home = conf_home();
	uint16_t status = OP_OK;

	op_reply_init(&r);
	if (anew)
		status = ask(n, &r, NULL);
	if (status == OP_OK)
		status = ask(n, &r, f);
	*cache = status != OP_OK || home == NULL ||
	    fsck_cache(home, why, sizeof why);
	*rebuilt = anew;
	if (!*cache && !anew) {
		fprintf(stderr, "mailnode: fsck: %s: made anew\n", why);
		status = ask(n, &r, NULL);
		if (status == OP_OK)
			status = ask(n, &r, f);
		*rebuilt = true;
		*cache = fsck_cache(home, why, sizeof why);
	}
	if (!*cache)
		(void)cmd_fail("fsck", why);
	op_reply_clear(&r);
	free(home);
	return status;
}

int
cmd_fsck(int argc, char **argv)
{
	struct fsck_report f;
	struct node *n;
	bool json = false, anew = false, cache, rebuilt;
	uint16_t status;
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-j") == 0)
			json = true;
		else if (strcmp(argv[i], "--rebuild") == 0)
			anew = true;
		else
			return cmd_usage(argv[0],
			    strcmp(argv[i], "-h") == 0);
	}
	n = node_connect(false);
	if (n == NULL)
		return cmd_fail("fsck", node_why(errno));
	memset(&f, 0, sizeof f);
	status = run(n, anew, &f, &cache, &rebuilt);
	node_close(n);
	if (status != OP_OK)
		return cmd_fail("fsck", store_status_text(status));
	if (json)
		print_json(&f, cache, rebuilt);
	else
		print_plain(&f, rebuilt);
	return cache && f.spool_ok && f.node_ok && f.events_ok &&
	    f.compared ? 0 : 1;
}
