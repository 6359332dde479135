#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/index.h"
#include "store/index_words.h"

#define MARK		"%s/.notmuch/mailnode-cjk"
#define VARIABLE	"XAPIAN_CJK_NGRAM"

static bool
path_of(const char *maildir, char path[INDEX_PATH_MAX])
{
	errno = ENAMETOOLONG;
	return snprintf(path, INDEX_PATH_MAX, MARK, maildir) <
	    INDEX_PATH_MAX;
}

int
index_words_mark(const char *maildir)
{
	char path[INDEX_PATH_MAX];
	int fd;

	if (!path_of(maildir, path))
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd != -1 ? close(fd) : -1;
}

void
index_words_begin(const char *maildir)
{
	char path[INDEX_PATH_MAX];

	if (path_of(maildir, path) && access(path, F_OK) == 0)
		(void)setenv(VARIABLE, "1", 1);
	else
		(void)unsetenv(VARIABLE);
}
