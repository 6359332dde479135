#define _GNU_SOURCE	/* O_TMPFILE */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/filer.h"

enum { FILES = 32 };	/* enough to be worth it */

/* Where files are, and which file system that is. */
static int
made_in(const char *dir, int fd[FILES])
{
	struct stat s;
	int i;

	for (i = 0; i < FILES; i++) {
		fd[i] = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fd[i] == -1)
			return -1;
	}
	return fstat(fd[0], &s) == 0 ? (int)s.st_dev : -1;
}

/* Does one syncfs() do for FILES in dir, `foreign` of them elsewhere? */
static bool
together(const int fd[FILES], const int other[FILES], int foreign)
{
	struct filer_done done[FILES];
	struct filer f = { .done = done, .ndone = FILES };
	bool all;
	int i;

	memset(done, 0, sizeof done);
	for (i = 0; i < FILES; i++)
		done[i].fd = i < foreign ? other[i] : fd[i];
	f.root = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_not_equal(f.root, -1);
	filer_sync_open(&f);
	all = filer_sync_all(&f, FILES);
	filer_sync_close(&f);
	close(f.root);
	return all;
}

/* A folder may lie on another file system: what is synced is not its. */
static void
a_file_elsewhere_is_synced_by_itself(void **state)
{
	int here[FILES], there[FILES], i, dev = made_in("/tmp", here);

	(void)state;
	if (dev == -1 || made_in("/dev/shm", there) == dev)
		skip();
	assert_false(together(here, there, 1));
	assert_false(together(here, there, FILES));
	for (i = 0; i < FILES; i++) {
		close(here[i]);
		close(there[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_elsewhere_is_synced_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
