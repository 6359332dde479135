#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/bug.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"

#if defined(__x86_64__)
#define SANDBOX_ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SANDBOX_ARCH	AUDIT_ARCH_AARCH64
#else
#error "sandbox.c: add the audit architecture of this machine"
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED	true
#else
#define SANITIZED	false
#endif

/* Rights later than the headers of Debian 12 (Linux 6.1). */
enum {
	ACCESS_TRUNCATE = 1 << 14,	/* ABI 3 */
	ACCESS_IOCTL_DEV = 1 << 15,	/* ABI 5 */
	NET_BIND = 1 << 0,		/* ABI 4 */
	NET_CONNECT = 1 << 1,
	SCOPE_ALL = 3			/* ABI 6: abstract sockets, signals */
};
struct ruleset_attr {
	uint64_t	fs, net, scoped;
};

enum { END = -1 };

/* ---- sets of system calls ---- */

static const int base[] = {
	SYS_read, SYS_readv, SYS_write, SYS_writev, SYS_recvmsg, SYS_sendmsg,
	SYS_recvfrom, SYS_sendto, SYS_ppoll, SYS_epoll_pwait, SYS_epoll_ctl,
	SYS_epoll_create1, SYS_close, SYS_fstat, SYS_newfstatat, SYS_lseek,
	SYS_munmap, SYS_mremap, SYS_brk, SYS_madvise, SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_clock_gettime,
	SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_getpid,
	SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
	SYS_getrandom, SYS_futex, SYS_dup, SYS_fcntl, SYS_exit,
	SYS_exit_group, SYS_tgkill, SYS_restart_syscall, SYS_sched_yield,
	SYS_shutdown, SYS_getsockopt, SYS_setsockopt, SYS_getsockname,
	SYS_getpeername, SYS_uname, SYS_sysinfo, SYS_mlock, SYS_munlock,
	SYS_pread64,
#if defined(__x86_64__)
	SYS_poll, SYS_epoll_wait, SYS_time,
#endif
	END
};

static const int files_read[] = {
	SYS_openat, SYS_readlinkat, SYS_faccessat, SYS_faccessat2,
	SYS_getdents64, SYS_statx, SYS_preadv, SYS_flock, SYS_statfs,
	SYS_fstatfs, SYS_getcwd, SYS_fadvise64,
#if defined(__x86_64__)
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink,
#endif
	END
};

static const int files_write[] = {
	SYS_pwrite64, SYS_pwritev, SYS_fsync, SYS_fdatasync, SYS_ftruncate,
	SYS_fallocate, SYS_renameat, SYS_renameat2, SYS_unlinkat,
	SYS_mkdirat, SYS_linkat, SYS_fchmod,
	SYS_copy_file_range, SYS_sendfile, SYS_sync_file_range, SYS_umask, SYS_fchown,
#if defined(__x86_64__)
	SYS_rename, SYS_unlink, SYS_mkdir, SYS_rmdir, SYS_link,
#endif
	END
};

static const int watch[] = {
	SYS_inotify_init1, SYS_inotify_add_watch, SYS_inotify_rm_watch,
#if defined(__x86_64__)
	SYS_inotify_init,
#endif
	END
};

/* Answers larger than a record go out as sealed memory files. */
static const int memory_files[] = { SYS_memfd_create, END };

static const int sockets[] = { SYS_connect, SYS_bind, END };

/* What sanitizers do by themselves; only in their builds. */
static const int sanitizer[] = {
	SYS_sigaltstack, SYS_prctl, SYS_readlinkat, SYS_openat, SYS_mmap,
	SYS_mprotect, SYS_prlimit64, SYS_clone, SYS_wait4,
	SYS_sched_getaffinity, SYS_set_robust_list, SYS_rseq,
#if defined(__x86_64__)
	SYS_readlink, SYS_open, SYS_getrlimit,
#endif
	END
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
	SYS_clock_settime, END
};

/* ---- the page ---- */

enum where { NOWHERE, HOME, MAIL };
enum { READ = 1, WRITE = 2 };

struct policy {
	enum role	 role;
	bool		 kills;		/* a forbidden call ends the process */
	bool		 lists_bad;	/* sets are what is refused */
	bool		 inet;		/* may make IPv4 and IPv6 sockets */
	bool		 no_write;	/* RLIMIT_FSIZE 0 */
	const int	*sets[4];	/* besides base */
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
	{ ROLE_INDEXER, .sets = { files_read, files_write, watch },
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

/* ---- seccomp ---- */

enum { FILTER_MAX = 512, NUMBERS_MAX = 160, ON_BEHIND = 0x7fffffff };

struct filter {
	struct sock_filter	op[FILTER_MAX];
	unsigned short		n;
};

static void
put(struct filter *f, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	BUG_ON(f->n >= FILTER_MAX);
	f->op[f->n++] = (struct sock_filter){ code, jt, jf, k };
}

static void
load(struct filter *f, size_t offset)
{
	put(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

/*
 * Sets become a search tree over spans of numbers.  The kernel runs a new
 * filter once for every system call there is, to know which are always
 * allowed: with a list that cost a session more than its fork.
 */
struct spans {
	struct { int first, last; } at[NUMBERS_MAX];
	size_t	n;
};

static void
add_set(struct spans *s, const int *set)
{
	for (; *set != END; set++) {
		BUG_ON(s->n >= NUMBERS_MAX);
		s->at[s->n].first = s->at[s->n].last = *set;
		s->n++;
	}
}

static int
by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
join_spans(struct spans *s)
{
	size_t i, n = 0;

	qsort(s->at, s->n, sizeof s->at[0], by_number);
	for (i = 1; i < s->n; i++) {
		if (s->at[i].first <= s->at[n].last + 1)
			s->at[n].last = s->at[i].last;
		else
			s->at[++n] = s->at[i];
	}
	s->n = s->n > 0 ? n + 1 : 0;
}

static void
put_tree(struct filter *f, const struct spans *s, size_t from, size_t to,
    uint32_t verdict)
{
	size_t half = from + (to - from) / 2;
	unsigned short top = f->n;

	if (from == to)
		return;
	if (to - from > 1) {
		put(f, BPF_JMP | BPF_JGE | BPF_K, 0, 0,
		    (uint32_t)s->at[half].first);
		put_tree(f, s, from, half, verdict);
		BUG_ON(f->n - top - 1 > UINT8_MAX);
		f->op[top].jt = (uint8_t)(f->n - top - 1);
		put_tree(f, s, half, to, verdict);
		return;
	}
	put(f, BPF_JMP | BPF_JGE | BPF_K, 0, 2, (uint32_t)s->at[from].first);
	put(f, BPF_JMP | BPF_JGT | BPF_K, 1, 0, (uint32_t)s->at[from].last);
	put(f, BPF_RET | BPF_K, 0, 0, verdict);
	put(f, BPF_JMP | BPF_JA, 0, 0, ON_BEHIND);
}

static void
answer(struct filter *f, struct spans *s, uint32_t verdict)
{
	unsigned short i, first = f->n;

	join_spans(s);
	put_tree(f, s, 0, s->n, verdict);
	for (i = first; i < f->n; i++)
		if (f->op[i].code == (BPF_JMP | BPF_JA) &&
		    f->op[i].k == ON_BEHIND)
			f->op[i].k = (uint32_t)(f->n - i - 1);
}

/* Memory may be had, but not memory that runs. */
static void
answer_mmap(struct filter *f, int nr, uint32_t deny)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (uint32_t)nr);
	load(f, offsetof(struct seccomp_data, args[2]));
	put(f, BPF_JMP | BPF_JSET | BPF_K, 0, 1, 4 /* PROT_EXEC */);
	put(f, BPF_RET | BPF_K, 0, 0, deny);
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}

/*
 * futimens() is utimensat() without a path.  With one it would reach every
 * file of the user, as chmod() does: Landlock has no say in either.
 */
static void
answer_futimens(struct filter *f, uint32_t deny)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 6, SYS_utimensat);
	load(f, offsetof(struct seccomp_data, args[1]));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0);
	load(f, offsetof(struct seccomp_data, args[1]) + 4);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	put(f, BPF_RET | BPF_K, 0, 0, deny);
}

static void
answer_socket(struct filter *f, uint32_t deny)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, SYS_socket);
	load(f, offsetof(struct seccomp_data, args[0]));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AF_INET);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, AF_INET6);
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	put(f, BPF_RET | BPF_K, 0, 0, deny);
}

static void
build(struct filter *f, const struct policy *p)
{
	struct spans sets = { .n = 0 };
	uint32_t deny = p->kills && !SANITIZED ? SECCOMP_RET_KILL_PROCESS :
	    SECCOMP_RET_ERRNO | EPERM;
	size_t i;

	load(f, offsetof(struct seccomp_data, arch));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SANDBOX_ARCH);
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	load(f, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
	/* The x32 table would offer every call a second time. */
	put(f, BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000);
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
#endif
	for (i = 0; i < 4 && p->sets[i] != NULL; i++)
		add_set(&sets, p->sets[i]);
	if (p->lists_bad) {
		answer(f, &sets, deny);
		put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
		return;
	}
	add_set(&sets, base);
	if (SANITIZED)
		add_set(&sets, sanitizer);
	answer(f, &sets, SECCOMP_RET_ALLOW);
	/* isatty() of stdio asks; nothing here is a terminal. */
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_ioctl);
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOTTY);
	answer_mmap(f, SYS_mmap, deny);
	answer_mmap(f, SYS_mprotect, deny);
	if (p->inet)
		answer_socket(f, deny);
	if (!p->no_write)
		answer_futimens(f, deny);
	put(f, BPF_RET | BPF_K, 0, 0, deny);
}

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
	static struct filter f;
	struct sock_fprog prog;

	f.n = 0;
	build(&f, p);
	prog = (struct sock_fprog){ f.n, f.op };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0)
		return;
	if (errno != ENOSYS && errno != EINVAL)
		refuse("seccomp");
	lacks("seccomp");
}

/* ---- Landlock ---- */

static uint64_t
rights_known(int abi)
{
	uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (abi >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all |= ACCESS_TRUNCATE;
	if (abi >= 5)
		all |= ACCESS_IOCTL_DEV;
	return all;
}

static uint64_t
rights_of(int rights, uint64_t known)
{
	uint64_t r = LANDLOCK_ACCESS_FS_READ_FILE |
	    LANDLOCK_ACCESS_FS_READ_DIR;

	if (rights & WRITE)
		r |= LANDLOCK_ACCESS_FS_WRITE_FILE |
		    LANDLOCK_ACCESS_FS_REMOVE_DIR |
		    LANDLOCK_ACCESS_FS_REMOVE_FILE |
		    LANDLOCK_ACCESS_FS_MAKE_DIR |
		    LANDLOCK_ACCESS_FS_MAKE_REG |
		    LANDLOCK_ACCESS_FS_REFER | ACCESS_TRUNCATE;
	return r & known;
}

static void
allow_path(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr a = { .allowed_access = rights };

	a.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (a.parent_fd == -1) {
		if (errno == ENOENT)
			return;		/* nothing there to be allowed */
		refuse("landlock path");
	}
	if (syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &a, 0) == -1)
		refuse("landlock rule");
	close(a.parent_fd);
}

static void
allow_paths(int ruleset, const struct policy *p, const struct proc *pr,
    uint64_t known)
{
	char path[4096];
	size_t i;

	for (i = 0; i < 4 && p->paths[i].where != NOWHERE; i++) {
		if (snprintf(path, sizeof path, "%s%s",
		    p->paths[i].where == HOME ? pr->home : pr->maildir,
		    p->paths[i].sub) >= (int)sizeof path) {
			errno = ENAMETOOLONG;
			refuse("landlock path");
		}
		allow_path(ruleset, path,
		    rights_of(p->paths[i].rights, known));
	}
}

static void
enter_landlock(const struct policy *p, const struct proc *pr)
{
	struct ruleset_attr a = { 0, 0, 0 };
	size_t size = 8;
	long abi;
	int fd;

	abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1) {
		lacks("landlock");
		return;
	}
	a.fs = rights_known((int)abi);
	if (abi >= 4) {
		size = 16;
		a.net = p->inet ? NET_BIND : NET_BIND | NET_CONNECT;
	}
	if (abi >= 6) {
		size = 24;
		a.scoped = SCOPE_ALL;
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &a, size, 0);
	if (fd == -1)
		refuse("landlock_create_ruleset");
	allow_paths(fd, p, pr, a.fs);
	if (syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		refuse("landlock_restrict_self");
	close(fd);
}

/* ---- */

static void
limit(int what, rlim_t n)
{
	struct rlimit r = { n, n };

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
}

/* With TZ unset localtime() looks at the file again each time; with TZ set
 * once, by the parent, a fork finds it read. */
static void
read_time_zone(void)
{
	(void)setenv("TZ", ":/etc/localtime", 0);
	tzset();
}

void
sandbox_enter(struct proc *pr)
{
	const struct policy *p = policy_of(pr->role);

	read_time_zone();
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
