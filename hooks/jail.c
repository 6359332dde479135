#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks/jail.h"
#include "mailnode/base/landlock.h"

#if defined(__x86_64__)
#define JAIL_ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define JAIL_ARCH	AUDIT_ARCH_AARCH64
#else
#error "jail.c: add the audit architecture of this machine"
#endif

enum {
	END = -1,
	PATH = 4096,		/* octets of a path */
	FILTER_MAX = 128,
	X32 = 0x40000000
};

/* ---- seccomp: a list of what is refused ---- */

/* Leaving the process group would mean outliving the hook's seconds. */
static const int refused[] = {
	SYS_setsid, SYS_setpgid, SYS_ptrace, SYS_process_vm_readv,
	SYS_process_vm_writev, SYS_bpf, SYS_mount, SYS_umount2,
	SYS_pivot_root, SYS_unshare, SYS_setns, SYS_kexec_load, SYS_add_key,
	SYS_request_key, SYS_keyctl, SYS_perf_event_open, SYS_userfaultfd,
	SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
	SYS_open_by_handle_at, SYS_chroot, SYS_pidfd_getfd, END
};

static const int networking[] = {
	SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept,
	SYS_accept4, END
};

struct filter {
	struct sock_filter	op[FILTER_MAX];
	unsigned short		n;
};

static void
put(struct filter *f, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (f->n < FILTER_MAX)
		f->op[f->n++] = (struct sock_filter){ code, jt, jf, k };
}

static void
refuse(struct filter *f, const int *calls)
{
	for (; *calls != END; calls++) {
		put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)*calls);
		put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM);
	}
}

static int
enter_seccomp(bool net)
{
	struct filter f = { .n = 0 };
	struct sock_fprog prog;

	put(&f, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	    offsetof(struct seccomp_data, arch));
	put(&f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, JAIL_ARCH);
	put(&f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	put(&f, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	    offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
	put(&f, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32);
	put(&f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
#endif
	refuse(&f, refused);
	if (!net)
		refuse(&f, networking);
	put(&f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	prog = (struct sock_fprog){ f.n, f.op };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0 ||
	    errno == ENOSYS)
		return 0;
	return -1;
}

/* ---- Landlock ---- */

struct ruleset {
	struct landlock	 l;
	const char	*const *hidden;
};

static const uint64_t reading = LANDLOCK_ACCESS_FS_EXECUTE |
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

/* Paths that are not there, or not ours to open, need no right. */
static int
allow(const struct ruleset *r, const char *path, uint64_t rights)
{
	return landlock_allow(&r->l, path, rights) == -1 ? -1 : 0;
}

/* Is path one of the hidden (2), above one (1), or neither (0)? */
static int
hides(const struct ruleset *r, const char *path)
{
	size_t i, n = strcmp(path, "/") == 0 ? 0 : strlen(path);

	for (i = 0; r->hidden[i] != NULL; i++) {
		if (strcmp(r->hidden[i], path) == 0)
			return 2;
		if (strncmp(r->hidden[i], path, n) == 0 &&
		    r->hidden[i][n] == '/')
			return 1;
	}
	return 0;
}

/*
 * Landlock only allows, so what is not to be seen is walked around: each
 * folder above a hidden one is opened up entry by entry.  What is made
 * directly in such a folder later is out of reach; that is the price.
 */
static int
allow_around(struct ruleset *r, const char *path, int depth)
{
	char sub[PATH];
	struct dirent *e;
	int what = hides(r, path), rc = 0;
	DIR *d;

	if (what == 0)
		return allow(r, path, r->l.known);
	if (what == 2 || depth > 32 || (d = opendir(path)) == NULL)
		return 0;
	while (rc == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 || e->d_type == DT_LNK)
			continue;
		if (snprintf(sub, sizeof sub, "%s/%s", strcmp(path, "/") == 0
		    ? "" : path, e->d_name) >= (int)sizeof sub)
			continue;
		rc = allow_around(r, sub, depth + 1);
	}
	closedir(d);
	return rc;
}

/* Host names and the CAs of the system. */
static int
allow_net(struct ruleset *r)
{
	static const char *const paths[] = { "/etc/resolv.conf",
	    "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf",
	    "/etc/gai.conf", "/etc/services", "/etc/ssl",
	    "/etc/ca-certificates", "/run/systemd/resolve",
	    "/run/resolvconf", NULL };
	size_t i;

	for (i = 0; paths[i] != NULL; i++)
		if (allow(r, paths[i], reading) == -1)
			return -1;
	return 0;
}

/* A loader, libraries, a character table, /dev/null: no file of anyone's. */
static int
allow_stock(struct ruleset *r, const struct hook_spec *spec,
    const char *program)
{
	static const char *const paths[] = { "/usr", "/bin", "/sbin", "/lib",
	    "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives",
	    "/etc/w3m", "/etc/lynx", "/etc/terminfo", "/etc/mime.types",
	    "/etc/mailcap", "/dev/null", "/dev/zero", "/dev/urandom", NULL };
	size_t i;

	for (i = 0; paths[i] != NULL; i++)
		if (allow(r, paths[i], reading) == -1)
			return -1;
	if (allow(r, "/dev/null", reading | LANDLOCK_ACCESS_FS_WRITE_FILE) ==
	    -1)
		return -1;
	if (spec->net && allow_net(r) == -1)
		return -1;
	if (spec->readable != NULL && allow(r, spec->readable, reading) == -1)
		return -1;
	return allow(r, program, reading);
}

static int
enter_landlock(const struct hook_spec *spec, const char *program)
{
	static const char *const none[] = { NULL };
	struct ruleset r;
	int rc;

	rc = landlock_begin(&r.l, 0);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
	r.hidden = spec->hidden != NULL ? spec->hidden : none;
	rc = spec->jail == HOOK_STOCK ? allow_stock(&r, spec, program) :
	    allow_around(&r, "/", 0);
	if (rc == 0)
		return landlock_enter(&r.l);
	landlock_drop(&r.l);
	return -1;
}

int
jail_enter(const struct hook_spec *spec, const char *program)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	if (enter_landlock(spec, program) == -1)
		return -1;
	return enter_seccomp(spec->net);
}
