#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/landlock.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/node/seccomp.h"
#include "mailnode/node/trim.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED	true
#else
#define SANITIZED	false
#endif

/* ---- sets of system calls ---- */

static const int base[] = {
	SYS_read, SYS_readv, SYS_write, SYS_writev, SYS_recvmsg, SYS_sendmsg,
	SYS_recvfrom, SYS_sendto, SYS_ppoll, SYS_epoll_pwait, SYS_epoll_ctl,
	SYS_epoll_create1, SYS_close, SYS_fstat, SYS_newfstatat, SYS_lseek,
	SYS_munmap, SYS_mremap, SYS_brk, SYS_madvise, SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_clock_gettime,
	SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_getpid,
	SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
	SYS_getrandom, SYS_futex, SYS_dup, SYS_exit,
	SYS_exit_group, SYS_restart_syscall, SYS_sched_yield,
	SYS_shutdown, SYS_getsockopt, SYS_setsockopt, SYS_getsockname,
	SYS_getpeername, SYS_uname, SYS_sysinfo, SYS_mlock, SYS_munlock,
	SYS_pread64,
#if defined(__x86_64__)
	SYS_poll, SYS_epoll_wait, SYS_time,
#endif
	SECCOMP_END
};

static const int files_read[] = {
	SYS_openat, SYS_readlinkat, SYS_faccessat, SYS_faccessat2,
	SYS_getdents64, SYS_statx, SYS_preadv, SYS_flock, SYS_statfs,
	SYS_fstatfs, SYS_getcwd, SYS_fadvise64,
#if defined(__x86_64__)
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink,
#endif
	SECCOMP_END
};

static const int files_write[] = {
	SYS_pwrite64, SYS_pwritev, SYS_fsync, SYS_fdatasync, SYS_syncfs,
	SYS_ftruncate, SYS_fallocate, SYS_renameat, SYS_renameat2, SYS_unlinkat,
	SYS_mkdirat, SYS_linkat, SYS_fchmod,
	SYS_copy_file_range, SYS_sendfile, SYS_sync_file_range, SYS_umask, SYS_fchown,
#if defined(__x86_64__)
	SYS_rename, SYS_unlink, SYS_mkdir, SYS_rmdir, SYS_link,
#endif
	SECCOMP_END
};

static const int watch[] = {
	SYS_inotify_init1, SYS_inotify_add_watch, SYS_inotify_rm_watch,
#if defined(__x86_64__)
	SYS_inotify_init,
#endif
	SECCOMP_END
};

/* Answers larger than a record go out as sealed memory files. */
static const int memory_files[] = { SYS_memfd_create, SECCOMP_END };

static const int sockets[] = { SYS_connect, SYS_bind, SECCOMP_END };

/* What sanitizers do by themselves; only in their builds. */
static const int sanitizer[] = {
	SYS_sigaltstack, SYS_prctl, SYS_readlinkat, SYS_openat, SYS_mmap,
	SYS_mprotect, SYS_prlimit64, SYS_clone, SYS_wait4,
	SYS_sched_getaffinity, SYS_set_robust_list, SYS_rseq,
#if defined(__x86_64__)
	SYS_readlink, SYS_open, SYS_getrlimit,
#endif
	SECCOMP_END
};

/* For those that run other programs: refused to them and to their children,
 * all else is allowed. */
static const int dangerous[] = {
	SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_bpf,
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_kexec_load,
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_reboot,
	SYS_swapon, SYS_swapoff, SYS_add_key, SYS_request_key, SYS_keyctl,
	SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup,
	SYS_io_uring_enter, SYS_io_uring_register, SYS_setns,
	SYS_open_by_handle_at, SYS_chroot, SYS_acct, SYS_settimeofday,
	SYS_clock_settime, SECCOMP_END
};

/* ---- the page ---- */

enum where { NOWHERE, HOME, MAIL };
enum { READ = 1, WRITE = 2 };
enum { POLICY_SETS = 4 };

_Static_assert(POLICY_SETS + 2 <= SECCOMP_SETS_MAX, "base and sanitizer");

struct policy {
	enum role	 role;
	bool		 kills;		/* a forbidden call ends the process */
	bool		 lists_bad;	/* sets are what is refused */
	bool		 inet;		/* may make IPv4 and IPv6 sockets */
	bool		 no_write;	/* RLIMIT_FSIZE 0 */
	rlim_t		 data;		/* RLIMIT_DATA, octets; 0: none */
	const int	*sets[POLICY_SETS];	/* besides base */
	struct {
		enum where	 where;
		const char	*sub;
		int		 rights;
	}		 paths[4];
};

static const struct policy policies[] = {
	{ ROLE_PARENT, .lists_bad = true, .sets = { dangerous } },
	{ ROLE_VAULT, .no_write = true },
	{ ROLE_RESOLVER, .inet = true, .no_write = true,
	    .sets = { sockets } },
	{ ROLE_KEEPER, .sets = { files_read, files_write, memory_files },
	    .paths = { { HOME, "", READ | WRITE }, { MAIL, "", READ },
		{ MAIL, "/.mailnode", READ | WRITE } } },
	{ ROLE_FILER, .sets = { files_read, files_write, watch },
	    .paths = { { MAIL, "", READ | WRITE } } },
	{ ROLE_READER, .no_write = true, .sets = { files_read },
	    .paths = { { HOME, "", READ }, { MAIL, "", READ } } },
	{ ROLE_PARSER, .kills = true, .sets = { memory_files } },
	/* It needs 400 MiB at most: see store/index_cut.h. */
	{ ROLE_INDEXER, .data = 512 * 1024 * 1024,
	    .sets = { files_read, files_write, watch },
	    .paths = { { MAIL, "", READ },
		{ MAIL, "/.notmuch", READ | WRITE } } },
	{ ROLE_SENDER, .no_write = true },
	{ ROLE_RUNNER, .lists_bad = true, .sets = { dangerous } },
	{ ROLE_SMTP, .kills = true, .no_write = true },
	{ ROLE_SUBMISSION, .kills = true, .no_write = true },
	{ ROLE_IMAP, .kills = true, .no_write = true },
	{ ROLE_WEB, .kills = true, .no_write = true },
	{ ROLE_RELAY, .kills = true, .inet = true, .no_write = true,
	    .sets = { sockets } },
};

/* ---- entering ---- */

enum { SETTLE_MS = 1000 };	/* by then a role has started */

static const char *missing;

static void
lacks(const char *what)
{
	missing = what;
	log_line(LOG_WARN, "sandbox", "missing=%s", what);
}

_Noreturn static void
refuse(const char *what)
{
	log_line(LOG_ERROR, "sandbox", "call=%s error=%s", what,
	    strerror(errno));
	_exit(1);
}

static void
enter_seccomp(const struct policy *p)
{
	struct seccomp_rules r = { .refuses = p->lists_bad,
	    .kills = p->kills && !SANITIZED, .inet = p->inet,
	    .futimens = !p->no_write };
	size_t n;
	int rc;

	for (n = 0; n < POLICY_SETS && p->sets[n] != NULL; n++)
		r.sets[n] = p->sets[n];
	if (!p->lists_bad)
		r.sets[n++] = base;
	if (!p->lists_bad && SANITIZED)
		r.sets[n++] = sanitizer;
	rc = seccomp_enter(&r);
	if (rc == -1)
		refuse("seccomp");
	if (rc == 1)
		lacks("seccomp");
}

static uint64_t
rights_of(int rights)
{
	uint64_t r = LANDLOCK_ACCESS_FS_READ_FILE |
	    LANDLOCK_ACCESS_FS_READ_DIR;

	if (rights & WRITE)
		r |= LANDLOCK_ACCESS_FS_WRITE_FILE |
		    LANDLOCK_ACCESS_FS_REMOVE_DIR |
		    LANDLOCK_ACCESS_FS_REMOVE_FILE |
		    LANDLOCK_ACCESS_FS_MAKE_DIR |
		    LANDLOCK_ACCESS_FS_MAKE_REG |
		    LANDLOCK_ACCESS_FS_REFER | LANDLOCK_TRUNCATE;
	return r;
}

static void
allow_paths(const struct landlock *l, const struct policy *p,
    const struct proc *pr)
{
	char path[4096];
	size_t i;
	int rc;

	for (i = 0; i < 4 && p->paths[i].where != NOWHERE; i++) {
		if (snprintf(path, sizeof path, "%s%s",
		    p->paths[i].where == HOME ? pr->home : pr->maildir,
		    p->paths[i].sub) >= (int)sizeof path) {
			errno = ENAMETOOLONG;
			refuse("landlock path");
		}
		rc = landlock_allow(l, path, rights_of(p->paths[i].rights));
		if (rc == -1)
			refuse("landlock rule");
		if (rc == 1 && errno != ENOENT)
			refuse("landlock path");
	}
}

static void
enter_landlock(const struct policy *p, const struct proc *pr)
{
	struct landlock l;
	int rc;

	rc = landlock_begin(&l, p->inet ? LANDLOCK_NET_BIND :
	    LANDLOCK_NET_BIND | LANDLOCK_NET_CONNECT);
	if (rc == 1) {
		lacks("landlock");
		return;
	}
	if (rc == -1)
		refuse("landlock_create_ruleset");
	allow_paths(&l, p, pr);
	if (landlock_enter(&l) == -1)
		refuse("landlock_restrict_self");
}

/* Or less, where whoever started us said so. */
static void
limit(int what, rlim_t n)
{
	struct rlimit r;

	if (getrlimit((__rlimit_resource_t)what, &r) == 0 && r.rlim_max < n)
		n = r.rlim_max;
	r = (struct rlimit){ n, n };
	if (setrlimit((__rlimit_resource_t)what, &r) == -1)
		refuse("setrlimit");
}

/* A binary with file capabilities for port 25 keeps none past the bind. */
static void
drop_capabilities(void)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2];

	if (getuid() == 0)
		return;
	memset(none, 0, sizeof none);
	(void)syscall(SYS_capset, &h, none);
}

static const struct policy *
policy_of(enum role role)
{
	size_t i;

	for (i = 0; i < sizeof policies / sizeof policies[0]; i++)
		if (policies[i].role == role)
			return &policies[i];
	bug("role without a sandbox policy");
}

/* Log lines may go to a file; the set without open keeps all others shut. */
static bool
logs_to_file(void)
{
	struct stat st;

	return fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
}

static void
enter_common(const struct policy *p)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		refuse("no_new_privs");
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		refuse("dumpable");
	limit(RLIMIT_CORE, 0);
	if (p->no_write && !SANITIZED && !logs_to_file())
		limit(RLIMIT_FSIZE, 0);
	/* Shadow memory counts, too. */
	if (p->data != 0 && !SANITIZED)
		limit(RLIMIT_DATA, p->data);
}

/* With TZ unset localtime() looks at the file again each time; with TZ set
 * once, by the parent, a fork finds it read. */
static void
read_time_zone(void)
{
	(void)setenv("TZ", ":/etc/localtime", 0);
	tzset();
}

static void
settled(void *arg)
{
	(void)arg;
	trim_code();
}

void
sandbox_enter(struct proc *pr)
{
	const struct policy *p = policy_of(pr->role);

	read_time_zone();
	/* Not for who lives as long as a session: it would only wait. */
	if (!p->kills && pr->role != ROLE_READER) {
		pr->settle = (struct loop_timer){ .fn = settled };
		loop_arm(pr->loop, &pr->settle, SETTLE_MS);
	}
	enter_common(p);
	if (!p->lists_bad)
		enter_landlock(p, pr);
	enter_seccomp(p);
}

void
sandbox_enter_parent(void)
{
	const struct policy *p = policy_of(ROLE_PARENT);

	read_time_zone();
	drop_capabilities();
	enter_common(p);
	enter_seccomp(p);
}

const char *
sandbox_missing(void)
{
	return missing;
}
