/*
 * sender: what is due goes out.
 *
 * Owns		the heap of due times; which letters are under way.
 * Holds	read-only descriptors of those letters; hands them to relays.
 * Asks		keeper: claims, marks, results, and the spool for what is for
 *		the owner's own mailboxes; parent: relay processes.
 * Must not	touch the network; write a file; forget a mark.
 *
 * A letter: keeper tells its time -> claim -> its recipients split by next
 * hop -> parts wait for a relay of that hop -> results, each durable before
 * the next is read -> release, which says when to come back.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/queue/away.h"
#include "mailnode/queue/letters.h"
#include "mailnode/queue/relays.h"
#include "mailnode/queue/retry.h"
#include "mailnode/role/roles.h"
#include "store/err.h"

enum {
	TICK_MS = 10000,	/* looks at the clocks */
	STOP_MS = 12000		/* relays may end what they began; less than
				   the parent waits for us */
};

static struct sender s;
static struct loop_io keeper_io;
static struct loop_timer timer, stop_timer;
static int64_t drift;		/* wall minus monotonic, s, at its latest */

/* What keeper knew of our claims is gone, or memory is. */
static void
start_over(const char *why)
{
	log_line(LOG_WARN, "sender", "error=%s", why);
	_exit(0);
}

/* ---- time ---- */

static void
fire(void)
{
	struct due_item first;
	int64_t now = clock_wall_s();

	while (!s.stopping && letters_room(&s) &&
	    due_first(&s.due, &first) && first.at <= now) {
		due_drop(&s.due, first.id);
		if (letters_find(&s, first.id) == NULL)
			letters_begin(&s, first.id);
	}
	relays_pump(&s);
}

static void
arm(void)
{
	struct due_item first;
	int64_t ms = TICK_MS, left;

	if (letters_room(&s) && due_first(&s.due, &first)) {
		left = first.at - clock_wall_s();
		if (left < TICK_MS / 1000)
			ms = left > 0 ? left * 1000 : 0;
	}
	loop_arm(s.pr->loop, &timer, ms);
}

/* A wall clock that was set back takes what waits along with it: keeper has
 * the times. */
static void
watch_clock(void)
{
	int64_t now = clock_wall_s() - clock_mono_ms() / 1000;

	if (now - drift < -RETRY_FIRST_S) {
		log_line(LOG_WARN, "clock", "jump=%lld",
		    (long long)(now - drift));
		drift = now;
		if (letters_checked(&s, sender_due(s.keeper, &s.reply,
		    false)) != STORE_OK)
			start_over("keeper does not tell what is due");
	}
	if (now > drift)
		drift = now;
}

static void
tick(void *arg)
{
	(void)arg;
	watch_clock();
	relays_tick(&s);
	fire();
	arm();
}

/* ---- keeper and parent ---- */

/* Also called while one of our own calls waits: only notes it. */
static void
told(void *arg, const struct chan_msg *m)
{
	struct chan_in in;
	int64_t at, now = clock_wall_s();
	uint64_t id;

	(void)arg;
	if (m->type != SENDER_PUSH)
		return;
	chan_in_init(&in, m->data, m->len);
	if (!sender_push_get(&in, &id, &at))
		start_over("keeper says what makes no sense");
	if (letters_find(&s, id) != NULL)
		return;		/* its release says more */
	/* Drawn forward, by retry or a new password: worth a try. */
	if (at != 0 && at <= now && due_later(&s.due, id, now))
		away_forget(&s);
	if (at == 0)
		due_drop(&s.due, id);
	else if (due_set(&s.due, id, at) == -1)
		start_over("out of memory");
}

static void
keeper_ready(void *arg, uint32_t events)
{
	struct buf store;
	struct chan_msg m;
	int n;

	(void)events;
	buf_init(&store, CHAN_RECORD_MAX + 1);
	while ((n = chan_recv(s.keeper, &store, &m, true)) == 1) {
		if (m.fd != -1)
			close(m.fd);
		if (m.id == 0)
			told(arg, &m);
	}
	buf_clear(&store);
	if (n == 0 || errno != EAGAIN)
		start_over("keeper is gone");
	fire();
	arm();
}

static void
link_came(void *arg, enum role role, int fd)
{
	(void)arg;
	if (role == ROLE_KEEPER)
		start_over("keeper was started again");
	if (role == ROLE_RELAY) {
		relays_came(&s, fd);
		relays_pump(&s);
	}
}

static void
stop_now(void *arg)
{
	(void)arg;
	loop_stop(s.pr->loop);
}

/* A relay ended: its letters were released, others may go. */
static void
relay_ended(void *arg)
{
	if (s.stopping && relays_running(&s) == 0)
		stop_now(arg);
	fire();
	arm();
}

/* Relays may end what they have begun; nothing new begins. */
static void
asked_to_stop(void *arg)
{
	s.stopping = true;
	relays_stop(&s);
	if (relays_running(&s) == 0)
		stop_now(arg);
	else
		loop_arm(s.pr->loop, &stop_timer, STOP_MS);
}

void
role_sender(struct proc *pr)
{
	s.pr = pr;
	s.keeper = pr->link[ROLE_KEEPER];
	s.start_over = start_over;
	s.relays = relays_new(relay_ended, NULL);
	s.away = away_new();
	drift = clock_wall_s() - clock_mono_ms() / 1000;
	timer = (struct loop_timer){ .fn = tick };
	stop_timer = (struct loop_timer){ .fn = stop_now };
	keeper_io = (struct loop_io){ .fd = s.keeper, .fn = keeper_ready };
	op_reply_init(&s.reply);
	s.reply.told = told;
	if (s.keeper == -1 || s.relays == NULL || s.away == NULL ||
	    crypto_init() == -1)
		_exit(1);
	proc_on_link(pr, link_came, NULL);
	proc_on_stop(pr, asked_to_stop, NULL);
	sandbox_enter(pr);
	proc_ready(pr);
	if (letters_checked(&s, sender_due(s.keeper, &s.reply, true)) !=
	    STORE_OK || loop_add(pr->loop, &keeper_io, EPOLLIN) == -1)
		_exit(1);
	arm();
	(void)loop_run(pr->loop);
}
