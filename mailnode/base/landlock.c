#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mailnode/base/landlock.h"

/* As the kernel has it, which tells versions by the size it is given. */
struct attr {
	uint64_t	fs, net, scoped;
};

/* What holds for a single file; the rest would be refused by the kernel. */
static const uint64_t of_files = LANDLOCK_ACCESS_FS_EXECUTE |
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
    LANDLOCK_TRUNCATE | LANDLOCK_IOCTL_DEV;

static uint64_t
rights_known(long abi)
{
	uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (abi >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all |= LANDLOCK_TRUNCATE;
	if (abi >= 5)
		all |= LANDLOCK_IOCTL_DEV;
	return all;
}

int
landlock_begin(struct landlock *l, uint64_t net)
{
	struct attr a = { 0, net, LANDLOCK_SCOPE_ALL };
	long abi;

	l->fd = -1;
	l->known = 0;
	abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return 1;
	a.fs = l->known = rights_known(abi);
	l->fd = (int)syscall(SYS_landlock_create_ruleset, &a,
	    abi >= 6 ? sizeof a : abi >= 4 ? 2 * sizeof a.fs : sizeof a.fs,
	    0);
	return l->fd == -1 ? -1 : 0;
}

int
landlock_allow(const struct landlock *l, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr a;
	struct stat st;
	int rc, err;

	a.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (a.parent_fd == -1)
		return 1;
	a.allowed_access = rights & l->known;
	if (fstat(a.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		a.allowed_access &= of_files;
	rc = (int)syscall(SYS_landlock_add_rule, l->fd,
	    LANDLOCK_RULE_PATH_BENEATH, &a, 0);
	err = errno;
	close(a.parent_fd);
	errno = err;
	return rc;
}

int
landlock_enter(struct landlock *l)
{
	int rc = (int)syscall(SYS_landlock_restrict_self, l->fd, 0);
	int err = errno;

	landlock_drop(l);
	errno = err;
	return rc;
}

void
landlock_drop(struct landlock *l)
{
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
}
