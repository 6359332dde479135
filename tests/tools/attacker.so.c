/*
 * LD_PRELOAD: takes over one real role at its first call after the sandbox
 * was entered, tries what a sandbox must refuse, lists its descriptors and
 * asks every op of every service it has a channel to.  A process that is
 * ended for a try leaves `tried` without `done`; the next process of that
 * role goes on with the next try.  ATTACK_SHM names the shared file.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/tools/attack.h"

static struct attack *attack;
static char role[64];
static bool confined, busy;
static long (*sys)(long, ...);

#define REAL(ret, name, ...)						\
	static ret (*real)(__VA_ARGS__);				\
	if (real == NULL)						\
		*(void **)&real = dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void
start(void)
{
	const char *path = getenv("ATTACK_SHM");
	int fd;

	*(void **)&sys = dlsym(RTLD_NEXT, "syscall");
	if (path == NULL || (fd = open(path, O_RDWR | O_CLOEXEC)) == -1)
		return;
	attack = mmap(NULL, sizeof *attack, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	close(fd);
	if (attack == MAP_FAILED || attack->magic != ATTACK_MAGIC)
		attack = NULL;
}

/* ---- what is tried: each returns 0 when it succeeded, else errno ---- */

static int
result(long rc)
{
	return rc == -1 ? errno : 0;
}

static int
open_as(const char *path, int flags)
{
	long fd = sys(SYS_openat, AT_FDCWD, path, flags, 0600);
	int err = result(fd);

	if (err == 0)
		sys(SYS_close, fd);
	return err;
}

static int try_read_passwd(void)
{ return open_as("/etc/passwd", O_RDONLY); }
static int try_read_secret(void)
{ return open_as(attack->secret, O_RDONLY); }
static int try_read_message(void)
{ return open_as(attack->message, O_RDONLY); }
static int try_read_database(void)
{ return open_as(attack->database, O_RDONLY); }
static int try_write_secret(void)
{ return open_as(attack->secret, O_WRONLY); }
static int try_write_message(void)
{ return open_as(attack->message, O_WRONLY); }
static int try_write_database(void)
{ return open_as(attack->database, O_WRONLY); }
static int try_list_root(void)
{ return open_as("/", O_RDONLY | O_DIRECTORY); }
static int try_create_tmp(void)
{ return open_as("/tmp/mailnode-attack-new", O_WRONLY | O_CREAT); }
static int try_create_mail(void)
{ return open_as(attack->fresh, O_WRONLY | O_CREAT); }
static int try_truncate(void)
{ return result(sys(SYS_truncate, attack->message, 0)); }
static int try_unlink_secret(void)
{ return result(sys(SYS_unlinkat, AT_FDCWD, attack->secret, 0)); }
static int try_rename_message(void)
{ return result(sys(SYS_renameat2, AT_FDCWD, attack->message, AT_FDCWD,
    "/tmp/mailnode-attack-moved", 0)); }
static int try_link_message(void)
{ return result(sys(SYS_linkat, AT_FDCWD, attack->database, AT_FDCWD,
    "/tmp/mailnode-attack-linked", 0)); }
static int try_utimes(void)
{ return result(sys(SYS_utimensat, AT_FDCWD, attack->message, NULL, 0)); }
static int try_symlink(void)
{ return result(sys(SYS_symlinkat, "/etc/passwd", AT_FDCWD,
    attack->fresh)); }
static int try_chmod_secret(void)
{ return result(sys(SYS_fchmodat, AT_FDCWD, attack->secret, 0644)); }

static int
try_exec(void)
{
	char *argv[] = { "sh", "-c", "exit 0", NULL }, *env[] = { NULL };

	return result(sys(SYS_execve, "/bin/sh", argv, env));
}

static int
try_fork(void)
{
	long pid = sys(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		sys(SYS_exit_group, 0);
	return result(pid);
}

static int
try_connect(int family, int type)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)attack->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	long s = sys(SYS_socket, family, type | SOCK_CLOEXEC, 0);
	int err = result(s);

	if (err != 0)
		return err;
	if (family == AF_UNIX) {
		memccpy(un.sun_path, attack->control, '\0',
		    sizeof un.sun_path - 1);
		err = result(sys(SYS_connect, s, &un, sizeof un));
	} else {
		err = result(sys(SYS_connect, s, &in, sizeof in));
	}
	sys(SYS_close, s);
	return err;
}

static int try_connect_tcp(void)
{ return try_connect(AF_INET, SOCK_STREAM); }
static int try_connect_udp(void)
{ return try_connect(AF_INET, SOCK_DGRAM); }
static int try_connect_control(void)
{ return try_connect(AF_UNIX, SOCK_SEQPACKET); }
static int try_socketpair(void)
{ int s[2]; return result(sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, s)); }
static int try_netlink(void)
{ return result(sys(SYS_socket, AF_NETLINK, SOCK_RAW, 0)); }

static int
try_listen(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	long s = sys(SYS_socket, AF_INET, SOCK_STREAM, 0);
	int err = result(s);

	if (err != 0)
		return err;
	err = result(sys(SYS_bind, s, &in, sizeof in));
	if (err == 0)
		err = result(sys(SYS_listen, s, 1));
	sys(SYS_close, s);
	return err;
}

static int try_kill(void)
{ return result(sys(SYS_kill, attack->victim, 0)); }
static int try_ptrace(void)
{ return result(sys(SYS_ptrace, 16 /* ATTACH */, attack->victim, 0, 0)); }

static int
try_read_memory(void)
{
	char text[8];
	void *iov[2] = { text, (void *)(uintptr_t)sizeof text };
	void *remote[2] = { (void *)attack, (void *)(uintptr_t)sizeof text };

	return result(sys(SYS_process_vm_readv, attack->victim, iov, 1,
	    remote, 1, 0));
}

static int try_pidfd(void)
{ return result(sys(SYS_pidfd_open, attack->victim, 0)); }
static int try_mmap_exec(void)
{ return result(sys(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC,
    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)); }
static int try_mprotect_exec(void)
{ return result(sys(SYS_mprotect, (uintptr_t)attack & ~(uintptr_t)4095,
    4096, PROT_READ | PROT_WRITE | PROT_EXEC)); }
static int try_memfd(void)
{ return result(sys(SYS_memfd_create, "x", 0)); }
static int try_io_uring(void)
{ char p[128] = { 0 }; return result(sys(SYS_io_uring_setup, 1, p)); }
static int try_bpf(void)
{ return result(sys(SYS_bpf, 0, 0, 0)); }
static int try_userfaultfd(void)
{ return result(sys(SYS_userfaultfd, 0)); }
static int try_mount(void)
{ return result(sys(SYS_mount, "none", "/no/such/place", "tmpfs", 0, 0)); }
static int try_chroot(void)
{ return result(sys(SYS_chroot, "/")); }
static int try_setuid(void)
{ return result(sys(SYS_setresuid, 0, 0, 0)); }
static int try_dumpable(void)
{ return result(sys(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)); }
static int try_rlimit(void)
{ return result(sys(SYS_prlimit64, 0, 1, 0, 0)); }
static int try_unshare(void)
{ return result(sys(SYS_unshare, CLONE_NEWUSER)); }
static int try_settime(void)
{ return result(sys(SYS_clock_settime, 0, 0)); }
static int try_open_by_handle(void)
{ return result(sys(SYS_open_by_handle_at, AT_FDCWD, 0, 0)); }

static const struct {
	const char	*name;
	int		(*fn)(void);
} tries[] = {
#define T(x)	{ #x, try_##x }
	T(read_passwd), T(read_secret), T(read_message), T(read_database),
	T(write_secret), T(write_message), T(write_database), T(list_root),
	T(create_tmp), T(create_mail), T(truncate), T(unlink_secret),
	T(rename_message), T(link_message), T(symlink), T(chmod_secret),
	T(utimes),
	T(exec), T(fork), T(connect_tcp), T(connect_udp), T(connect_control),
	T(socketpair), T(netlink), T(listen), T(kill), T(ptrace),
	T(read_memory), T(pidfd), T(mmap_exec), T(mprotect_exec), T(memfd),
	T(io_uring), T(bpf), T(userfaultfd), T(mount), T(chroot), T(setuid),
	T(dumpable), T(rlimit), T(unshare), T(settime), T(open_by_handle),
#undef T
};
#define NTRIES	(sizeof tries / sizeof tries[0])
_Static_assert(NTRIES <= (size_t)ATTACK_TRIES, "ATTACK_TRIES");

static void
do_tries(void)
{
	struct attack_try *t;
	uint32_t i;

	attack->ntries = NTRIES;
	while ((i = atomic_fetch_add(&attack->next, 1)) < NTRIES) {
		t = &attack->tries[i];
		memccpy(t->name, tries[i].name, '\0', sizeof t->name - 1);
		t->tried = (int32_t)sys(SYS_getpid);
		t->err = tries[i].fn();
		t->done = 1;
	}
}

/* ---- what it holds and whom it may ask ---- */

static void
list_fds(void)
{
	struct attack_fd *f;
	struct stat st;
	int fd;

	for (fd = 0; fd < 1024 && attack->nfds < ATTACK_FDS; fd++) {
		if (fcntl(fd, F_GETFD) == -1 || fstat(fd, &st) == -1)
			continue;
		f = &attack->fds[attack->nfds++];
		f->fd = fd;
		f->mode = st.st_mode;
		f->flags = (uint32_t)fcntl(fd, F_GETFL);
		f->ino = st.st_ino;
	}
}

struct head {
	uint16_t	type, status;
	uint32_t	id, len;
};

/* The answer to an op without arguments: its status, or 0xffff for none
 * within the time, 0xfffe when the channel was closed for it. */
static uint16_t
ask(int fd, uint16_t type)
{
	static unsigned char record[128 * 1024];
	struct head h = { type, 0, 0x41540000u + type, 0 }, got;
	struct pollfd p = { fd, POLLIN, 0 };
	ssize_t n;

	if (send(fd, &h, sizeof h, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
		return errno == EAGAIN ? 0xffff : 0xfffe;
	while (sys(SYS_poll, &p, 1, 300) == 1) {
		n = recv(fd, record, sizeof record, MSG_DONTWAIT);
		if (n <= 0)
			return 0xfffe;
		if ((size_t)n < sizeof got)
			continue;
		memcpy(&got, record, sizeof got);
		if (got.id == h.id)
			return got.status;
	}
	return 0xffff;
}

static void
ask_all(int fd)
{
	struct attack_op *o;
	uint32_t type, silent = 0;
	uint16_t status;

	for (type = attack->op_first; type <= attack->op_last; type++) {
		status = ask(fd, (uint16_t)type);
		if (status == 1 || status == 2)		/* denied, unknown */
			continue;
		if (attack->nops >= ATTACK_OPS)
			return;
		o = &attack->ops[attack->nops++];
		o->fd = fd;
		o->type = (uint16_t)type;
		o->status = status;
		/* Nobody serves at the other end. */
		if (status == 0xfffe || (status == 0xffff && ++silent > 8))
			return;
	}
}

/* Descriptor 3 is the parent's, which owes no answers. */
static void
ask_everyone(void)
{
	int fd, type, domain;
	socklen_t len;

	for (fd = 4; fd < 256; fd++) {
		len = sizeof type;
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
		    type != SOCK_SEQPACKET)
			continue;
		len = sizeof domain;
		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0
		    && domain == AF_UNIX)
			ask_all(fd);
	}
}

static void
strike(void)
{
	uint32_t first = 0;
	int saved = errno;

	if (!confined || busy || attack == NULL ||
	    strcmp(attack->role, role) != 0)
		return;
	busy = true;
	do_tries();
	if (atomic_compare_exchange_strong(&attack->scanned, &first, 1)) {
		list_fds();
		ask_everyone();
		attack->scanned = 2;
	}
	errno = saved;
}

/* ---- where we get in ---- */

int
prctl(int what, ...)
{
	unsigned long a[4];
	va_list ap;
	int i;

	va_start(ap, what);
	for (i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (what == PR_SET_NAME)
		snprintf(role, sizeof role, "%s", (const char *)a[0]);
	return (int)sys(SYS_prctl, what, a[0], a[1], a[2], a[3]);
}

long
syscall(long nr, ...)
{
	long a[6], rc;
	va_list ap;
	int i;

	va_start(ap, nr);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (sys == NULL)
		*(void **)&sys = dlsym(RTLD_NEXT, "syscall");
	rc = sys(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (nr == SYS_seccomp && rc == 0)
		confined = true;
	return rc;
}

pid_t
fork(void)
{
	pid_t pid;
	REAL(pid_t, fork, void);

	pid = real();
	if (pid == 0) {
		confined = false;
		role[0] = '\0';
	}
	return pid;
}

int
epoll_wait(int fd, struct epoll_event *ev, int n, int ms)
{
	REAL(int, epoll_wait, int, struct epoll_event *, int, int);

	strike();
	return real(fd, ev, n, ms);
}

int
poll(struct pollfd *p, nfds_t n, int ms)
{
	REAL(int, poll, struct pollfd *, nfds_t, int);

	strike();
	return real(p, n, ms);
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	REAL(ssize_t, recvmsg, int, struct msghdr *, int);

	strike();
	return real(fd, m, flags);
}
