#define _GNU_SOURCE	/* F_DUPFD_CLOEXEC */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/num.h"
#include "tui/pgp_run.h"
#include "tui/run.h"

enum { PINENTRY = 10 };		/* argv: the mode's place */

struct pgp_run {
	struct pgp_run	*next;		/* all that are under way */
	struct tui	*t;
	char		*argv[PGP_ARGS_MAX + 16];
	int		 in[2];
	int		 out, said;	/* memory files */
	pid_t		 pid;		/* -1: it is over */
	struct loop_io	 end;
	struct loop_timer late;
	int64_t		 since_ms;
	const char	*why;		/* we ended it; or NULL */
	pgp_run_fn	*fn;
	void		*arg;
};

static struct pgp_run *under_way;

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static void
end_child(struct pgp_run *r, int *rc)
{
	int status = 0;

	loop_del(r->t->loop, &r->end);
	close_fd(&r->end.fd);
	loop_disarm(r->t->loop, &r->late);
	*rc = -1;
	if (r->pid <= 0)
		return;
	while (waitpid(r->pid, &status, 0) == -1 && errno == EINTR)
		;
	r->pid = -1;
	if (WIFEXITED(status))
		*rc = WEXITSTATUS(status);
}

/* With all that it started itself, but its agent, which has left it. */
static void
kill_child(struct pgp_run *r)
{
	if (r->pid > 0) {
		(void)kill(-r->pid, SIGKILL);
		(void)kill(r->pid, SIGKILL);
	}
}

static void
run_free(struct pgp_run *r)
{
	struct pgp_run **p;
	size_t i;
	int rc;

	for (p = &under_way; *p != NULL && *p != r; p = &(*p)->next)
		;
	if (*p == r)
		*p = r->next;
	end_child(r, &rc);
	for (i = 0; r->argv[i] != NULL; i++)
		free(r->argv[i]);
	close_fd(&r->in[0]);
	close_fd(&r->in[1]);
	close_fd(&r->out);
	close_fd(&r->said);
	free(r);
}

void
pgp_run_stop(struct pgp_run *r)
{
	if (r == NULL)
		return;
	kill_child(r);
	run_free(r);
}

/* Out of reach before its fn may start another. */
static void
report(struct pgp_run *r, int rc)
{
	struct buf out, said;

	buf_init(&out, PGP_MESSAGE_MAX);
	buf_init(&said, PGP_SAID_MAX);
	if (r->why == NULL && (!pgp_slurp(r->said, &said) ||
	    !pgp_slurp(r->out, &out)))
		rc = -1;
	if (r->why != NULL)
		buf_adds(&said, r->why);
	if (buf_addc(&out, '\0') == 0 && buf_addc(&said, '\0') == 0) {
		out.len--;
		said.len--;
		r->fn(r->arg, rc, &out, &said);
	} else {
		buf_reset(&out);
		buf_reset(&said);
		r->fn(r->arg, -1, &out, &said);
	}
	buf_clear(&out);
	buf_clear(&said);
	app_dirty(r->t);
	run_free(r);
}

/* In any language: GPG_ERR_NO_PIN_ENTRY of the agent. */
static bool
wants_to_ask(const struct pgp_run *r)
{
	struct buf said;
	bool yes;

	buf_init(&said, PGP_SAID_MAX);
	yes = pgp_slurp(r->said, &said) && buf_addc(&said, '\0') == 0 &&
	    strstr((char *)said.data, " 67108949") != NULL;
	buf_clear(&said);
	return yes;
}

static bool
is_pinentry(pid_t pid)
{
	char path[32], name[16] = "";
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%ld/comm", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	if (read(fd, name, sizeof name - 1) == -1)
		name[0] = '\0';
	close(fd);
	return strncmp(name, "pinentry", 8) == 0;
}

/*
 * A child of the agent, which does not miss a gpg that was left: for a minute
 * it would read what is typed here, and keep whoever wants to sign waiting.
 * Asked to end, it would put the terminal back to what it found.
 */
static void
end_pinentry(const struct pgp_run *r)
{
	static const char word[] = "PINENTRY_LAUNCHED ";
	struct buf said;
	const char *at = NULL, *p;
	uint32_t pid;

	buf_init(&said, PGP_SAID_MAX);
	if (!pgp_slurp(r->said, &said) || buf_addc(&said, '\0') == -1)
		goto out;
	for (p = (char *)said.data; (p = strstr(p, word)) != NULL; at = p)
		p += sizeof word - 1;
	if (at != NULL && num_u32(at, at + strspn(at, "0123456789"), 2,
	    INT32_MAX, &pid) == 0 && is_pinentry((pid_t)pid))
		(void)kill((pid_t)pid, SIGKILL);
out:
	buf_clear(&said);
}

/* Once more, with the screen. */
static int
ask(struct pgp_run *r)
{
	int rc, fds[4] = { r->in[0], r->out, r->said, r->in[1] };
	char *mode = strdup("ask");

	/* Children share the place where they write. */
	if (mode == NULL || ftruncate(r->out, 0) == -1 ||
	    ftruncate(r->said, 0) == -1 ||
	    lseek(r->out, 0, SEEK_SET) == -1 ||
	    lseek(r->said, 0, SEEK_SET) == -1) {
		free(mode);
		return -1;
	}
	free(r->argv[PINENTRY]);
	r->argv[PINENTRY] = mode;
	rc = run_filter(r->t, (const char *const *)r->argv, fds,
	    PGP_ASK_LIMIT_S);
	if (rc != 0)
		end_pinentry(r);
	return rc;
}

static void
on_end(void *arg, uint32_t events)
{
	struct pgp_run *r = arg;
	int rc;

	(void)events;
	end_child(r, &rc);
	if (rc == 127)
		r->why = "gpg: is not installed";
	if (rc != 0 && r->why == NULL && wants_to_ask(r))
		rc = ask(r);
	report(r, rc);
}

/* Also when it could not be started. */
static void
on_late(void *arg)
{
	struct pgp_run *r = arg;

	kill_child(r);
	r->why = r->pid > 0 ? "gpg: no answer in time: ended" :
	    "gpg: cannot be started";
	on_end(r, 0);
}

bool
pgp_run_leave(void)
{
	struct pgp_run *r;
	bool any = false;

	for (r = under_way; r != NULL; r = r->next) {
		any = true;
		r->why = "gpg: left before it was done";
		kill_child(r);	/* its end is told as any end is */
	}
	return any;
}

unsigned int
pgp_run_waiting(int64_t *oldest_ms)
{
	const struct pgp_run *r;
	unsigned int n = 0;

	*oldest_ms = 0;
	for (r = under_way; r != NULL; r = r->next, n++)
		*oldest_ms = clock_mono_ms() - r->since_ms;
	return n;		/* the last of the list is the oldest */
}

static bool
put_args(struct pgp_run *r, const char *const *args)
{
	static const char *const first[] = { "gpg", "--batch", "--no-tty",
	    "--yes", "--status-fd", "2", "--no-auto-key-retrieve",
	    "--charset", "utf-8", "--pinentry-mode", "error", NULL };
	size_t n = 0, i;

	for (i = 0; first[i] != NULL; i++, n++)
		if ((r->argv[n] = strdup(first[i])) == NULL)
			return false;
	for (i = 0; args[i] != NULL && i < PGP_ARGS_MAX; i++, n++)
		if ((r->argv[n] = strdup(args[i])) == NULL)
			return false;
	return true;
}

static int
copy_of(int fd)
{
	return fd != -1 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
}

static bool
spawn(struct pgp_run *r)
{
	int fds[4] = { r->in[0], r->out, r->said, r->in[1] };

	r->pid = run_filter_start((const char *const *)r->argv, fds);
	if (r->pid == -1)
		return false;
	r->end.fd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	r->end.fn = on_end;
	r->end.arg = r;
	if (r->end.fd != -1 && loop_add(r->t->loop, &r->end, EPOLLIN) == 0)
		return true;
	kill_child(r);
	while (waitpid(r->pid, NULL, 0) == -1 && errno == EINTR)
		;
	r->pid = -1;
	return false;
}

struct pgp_run *
pgp_run_start(struct tui *t, const char *const *args, const int in[2],
    int64_t limit_ms, pgp_run_fn *fn, void *arg)
{
	struct pgp_run *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->t = t;
	r->fn = fn;
	r->arg = arg;
	r->pid = -1;
	r->end.fd = -1;
	r->since_ms = clock_mono_ms();
	r->in[0] = copy_of(in[0]);
	r->in[1] = copy_of(in[1]);
	r->out = pgp_memory(NULL);
	r->said = pgp_memory(NULL);
	if (!put_args(r, args) || r->out == -1 || r->said == -1) {
		run_free(r);
		return NULL;
	}
	r->next = under_way;
	under_way = r;
	r->late.fn = on_late;
	r->late.arg = r;
	loop_arm(t->loop, &r->late, spawn(r) ? limit_ms : 0);
	return r;
}
