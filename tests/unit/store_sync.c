/* What mutt, mbsync and notmuch do to the files shows in the rows. */
#define _GNU_SOURCE
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store/box.h"
#include "store/intent.h"
#include "tests/unit/node.h"

static const char letter[] = "From: a@b.test\nSubject: hello\n"
    "Message-ID: <one@b.test>\n\nText.\n";

static void
put(const struct node *n, const char *path)
{
	char full[600];
	FILE *f;

	snprintf(full, sizeof full, "%s/%s", n->mail, path);
	f = fopen(full, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(letter, 1, strlen(letter), f),
	    strlen(letter));
	assert_int_equal(fclose(f), 0);
}

static bool
boxes_there(struct node *n, void *arg)
{
	struct box *b = box_by_name(&n->st, "Trash");

	(void)arg;
	return b != NULL && b->here && b->uidlease > b->uidnext &&
	    sync_idle(&n->st);
}

struct expect {
	uint64_t	id;
	uint32_t	flags, uid;
	bool		gone;
};

static bool
seen(struct node *n, void *arg)
{
	struct expect *e = arg;
	struct row_at at;

	if (row_get(n->st.rows, e->id, &at) != 0)
		return e->gone;
	return !e->gone && at.flags == e->flags && at.uid == e->uid;
}

static void
begin(struct node *n)
{
	memset(n, 0, sizeof *n);
	node_dirs(n);
	node_start(n);
	assert_true(node_until(n, boxes_there, NULL));
	put(n, "INBOX/cur/1600000000.x.host:2,");
	assert_true(node_until(n, seen, &(struct expect){ 1, 0, 1, false }));
}

static void
end(struct node *n)
{
	assert_string_equal(n->alarms, "");
	node_stop(n);
	node_remove(n);
}

static void
file(struct node *n, uint64_t id, char path[600])
{
	struct row_at at;

	assert_int_equal(row_get(n->st.rows, id, &at), 0);
	assert_true(snprintf(path, 600, "%s/%s/%s", n->mail,
	    box_by_id(&n->st, at.mbox)->name, at.name) < 600);
}

static void
flags_of_another_program_count(void **state)
{
	char from[600], to[620];
	struct node n;

	(void)state;
	begin(&n);
	file(&n, 1, from);
	assert_non_null(strstr(from, ",I="));
	snprintf(to, sizeof to, "%sFSa", from);
	assert_int_equal(rename(from, to), 0);
	assert_true(node_until(&n, seen, &(struct expect){ 1,
	    STORE_FLAGGED | STORE_SEEN, 1, false }));
	file(&n, 1, from);
	assert_string_equal(from, to);
	end(&n);
}

static void
deleted_files_lose_their_row(void **state)
{
	char from[600];
	struct node n;

	(void)state;
	begin(&n);
	file(&n, 1, from);
	assert_int_equal(unlink(from), 0);
	assert_true(node_until(&n, seen, &(struct expect){ 1, 0, 0, true }));
	/* And while nobody looked. */
	put(&n, "INBOX/new/1600000001.y.host");
	assert_true(node_until(&n, seen, &(struct expect){ 2, 0, 2, false }));
	file(&n, 2, from);
	node_stop(&n);
	assert_int_equal(unlink(from), 0);
	node_start(&n);
	assert_true(node_until(&n, seen, &(struct expect){ 2, 0, 0, true }));
	end(&n);
}

static void
a_taken_uid_is_given_anew(void **state)
{
	char from[600], to[620];
	struct node n;

	(void)state;
	begin(&n);
	file(&n, 1, from);
	snprintf(to, sizeof to, "%sS", from);
	assert_int_equal(link(from, to), 0);
	assert_true(node_until(&n, seen, &(struct expect){ 2, STORE_SEEN, 2,
	    false }));
	assert_true(seen(&n, &(struct expect){ 1, 0, 1, false }));
	assert_int_equal(node_files(&n, "INBOX/cur"), 2);
	end(&n);
}

static void
a_uid_that_was_expunged_does_not_return(void **state)
{
	char from[600], away[700];
	struct node n;

	(void)state;
	begin(&n);
	file(&n, 1, from);
	snprintf(away, sizeof away, "%s/away", n.dir);
	assert_int_equal(rename(from, away), 0);
	assert_true(node_until(&n, seen, &(struct expect){ 1, 0, 0, true }));
	assert_int_equal(rename(away, from), 0);
	assert_true(node_until(&n, seen, &(struct expect){ 2, 0, 2, false }));
	end(&n);
}

static bool
named(struct node *n, void *arg)
{
	return box_by_name(&n->st, arg) != NULL && sync_idle(&n->st);
}

static void
folders_of_other_programs(void **state)
{
	char cmd[1024];
	uint32_t validity;
	struct node n;

	(void)state;
	begin(&n);
	snprintf(cmd, sizeof cmd, "cd %s && mkdir -p x/y/tmp x/y/new x/y/cur",
	    n.mail);
	assert_int_equal(system(cmd), 0);
	assert_true(node_until(&n, named, "x/y"));
	put(&n, "x/y/new/1600000001.y.host");
	assert_true(node_until(&n, seen, &(struct expect){ 2, 0, 1, false }));
	validity = box_by_name(&n.st, "x/y")->uidvalidity;
	snprintf(cmd, sizeof cmd, "mv %s/x/y %s/x/z", n.mail, n.mail);
	assert_int_equal(system(cmd), 0);
	assert_true(node_until(&n, named, "x/z"));
	assert_int_equal(box_by_name(&n.st, "x/z")->uidvalidity, validity);
	assert_true(seen(&n, &(struct expect){ 2, 0, 1, false }));
	/* A copy with its file: another number. */
	snprintf(cmd, sizeof cmd, "cp -r %s/x/z %s/x/w", n.mail, n.mail);
	assert_int_equal(system(cmd), 0);
	assert_true(node_until(&n, named, "x/w"));
	assert_true(box_by_name(&n.st, "x/w")->uidvalidity != validity);
	end(&n);
}

/* How many folders another program makes once filer has counted them. */
static int made_meanwhile;

int
inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	char dir[1024], sub[1200];
	int i;

	for (; made_meanwhile > 0; made_meanwhile--) {
		assert_in_range(snprintf(dir, sizeof dir, "%sm%03d", path,
		    made_meanwhile), 1, sizeof dir - 1);
		assert_int_equal(mkdir(dir, 0700), 0);
		for (i = 0; i < 3; i++) {
			snprintf(sub, sizeof sub, "%s/%s", dir,
			    (const char *[]){ "cur", "new", "tmp" }[i]);
			assert_int_equal(mkdir(sub, 0700), 0);
		}
	}
	return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

/* As when a backup is put back: more folders than were counted. */
static void
folders_come_while_they_are_watched(void **state)
{
	struct node n;

	(void)state;
	begin(&n);
	made_meanwhile = 200;
	filer_watch_again(&n.filer);
	assert_true(node_until(&n, named, "m001"));
	assert_int_equal(made_meanwhile, 0);
	put(&n, "m001/new/1600000001.y.host");
	assert_true(node_until(&n, seen, &(struct expect){ 2, 0, 1, false }));
	end(&n);
}

static bool
nothing_heard(struct node *n, void *arg)
{
	(void)arg;
	return !filer_watch_named(&n->filer, "INBOX", "cur/1.x:2,",
	    filer_watch_mark(&n->filer));
}

/* Folders in cur: events whose names are not kept. */
static void
flood(struct node *n, int events)
{
	char path[700], name[200];
	int i;

	memset(name, 'x', sizeof name);
	for (i = 0; i < events / 2; i++) {
		assert_in_range(snprintf(path, sizeof path, "%s/INBOX/cur/"
		    "%.*s%d", n->mail, (int)sizeof name, name, i), 1,
		    sizeof path - 1);
		assert_int_equal(mkdir(path, 0700), 0);
		assert_int_equal(rmdir(path), 0);
	}
}

/* Filer has other work: it hears a flood out over more than one turn. */
static void
a_flood_of_changes_is_heard_in_parts(void **state)
{
	struct node n;

	(void)state;
	begin(&n);
	assert_true(node_until(&n, nothing_heard, NULL));
	flood(&n, 100);
	assert_true(nothing_heard(&n, NULL));
	flood(&n, 12000);
	assert_false(nothing_heard(&n, NULL));
	assert_true(node_until(&n, nothing_heard, NULL));
	end(&n);
}

/* No descriptor for a folder is no word that it, or what is in it, went. */
static void
nothing_goes_for_want_of_descriptors(void **state)
{
	struct expect one = { 1, 0, 1, false };
	char rel[1][MAILDIR_REL_MAX];
	struct rlimit whole, none;
	struct row_at at;
	struct node n;
	struct buf out;
	int i, free_fd;

	(void)state;
	begin(&n);
	assert_int_equal(row_get(n.st.rows, 1, &at), 0);
	snprintf(rel[0], sizeof rel[0], "%s", at.name);
	buf_init(&out, CHAN_DATA_MAX);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &whole), 0);
	free_fd = dup(0);
	close(free_fd);
	none = whole;
	none.rlim_cur = (rlim_t)free_fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(filer_look(&n.filer, "INBOX", rel, 1, &out),
	    STORE_IO);
	buf_clear(&out);
	sync_all(&n.st);
	for (i = 0; i < 20; i++)
		assert_int_equal(loop_turn(n.loop, 5), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &whole), 0);
	assert_true(seen(&n, &one));
	assert_non_null(box_by_name(&n.st, "Trash"));
	assert_true(node_until(&n, boxes_there, NULL));
	assert_true(seen(&n, &one));
	end(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_of_another_program_count),
		cmocka_unit_test(deleted_files_lose_their_row),
		cmocka_unit_test(a_taken_uid_is_given_anew),
		cmocka_unit_test(a_uid_that_was_expunged_does_not_return),
		cmocka_unit_test(folders_of_other_programs),
		cmocka_unit_test(folders_come_while_they_are_watched),
		cmocka_unit_test(a_flood_of_changes_is_heard_in_parts),
		cmocka_unit_test(nothing_goes_for_want_of_descriptors),
	};

	if (dyn_gmime() == NULL)
		return 77;
	(void)mtext_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
