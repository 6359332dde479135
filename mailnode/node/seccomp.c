#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mailnode/base/bug.h"
#include "mailnode/node/seccomp.h"

#if defined(__x86_64__)
#define SECCOMP_ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SECCOMP_ARCH	AUDIT_ARCH_AARCH64
#else
#error "seccomp.c: add the audit architecture of this machine"
#endif

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
	for (; *set != SECCOMP_END; set++) {
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

/*
 * abort() signals this process; another one could be stopped for good, or
 * ended over and over.  Before the lists: the number is still loaded behind.
 */
static void
answer_tgkill(struct filter *f, uint32_t deny)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, SYS_tgkill);
	load(f, offsetof(struct seccomp_data, args[0]));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)getpid());
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	put(f, BPF_RET | BPF_K, 0, 0, deny);
}

/* A descriptor's owner gets a signal when it is ready: any at choice. */
static void
answer_fcntl(struct filter *f, uint32_t deny)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, SYS_fcntl);
	load(f, offsetof(struct seccomp_data, args[1]));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, F_SETOWN);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, F_SETOWN_EX);
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	put(f, BPF_RET | BPF_K, 0, 0, deny);
}

static void
build(struct filter *f, const struct seccomp_rules *r)
{
	struct spans sets = { .n = 0 };
	uint32_t deny = r->kills ? SECCOMP_RET_KILL_PROCESS :
	    SECCOMP_RET_ERRNO | EPERM;
	size_t i;

	load(f, offsetof(struct seccomp_data, arch));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SECCOMP_ARCH);
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	load(f, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
	/* The x32 table would offer every call a second time. */
	put(f, BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000);
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
#endif
	for (i = 0; i < SECCOMP_SETS_MAX && r->sets[i] != NULL; i++)
		add_set(&sets, r->sets[i]);
	if (r->refuses) {
		answer(f, &sets, deny);
		put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
		return;
	}
	answer_tgkill(f, deny);
	answer_fcntl(f, deny);
	answer(f, &sets, SECCOMP_RET_ALLOW);
	/* isatty() of stdio asks; nothing here is a terminal. */
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_ioctl);
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOTTY);
	answer_mmap(f, SYS_mmap, deny);
	answer_mmap(f, SYS_mprotect, deny);
	if (r->inet)
		answer_socket(f, deny);
	if (r->futimens)
		answer_futimens(f, deny);
	put(f, BPF_RET | BPF_K, 0, 0, deny);
}

int
seccomp_enter(const struct seccomp_rules *r)
{
	static struct filter f;
	struct sock_fprog prog;

	f.n = 0;
	build(&f, r);
	prog = (struct sock_fprog){ f.n, f.op };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0)
		return 0;
	return errno == ENOSYS || errno == EINVAL ? 1 : -1;
}
