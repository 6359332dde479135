/* One thread's event loop: descriptors, timers, and a turn's end. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct loop;

/* Caller's memory, which must outlive its stay in the loop. */
struct loop_io {
	int	 fd;
	void	(*fn)(void *arg, uint32_t events);	/* EPOLLIN … */
	void	*arg;
	bool	 in;		/* private to loop.c */
};

struct loop_timer {
	void		(*fn)(void *arg);
	void		*arg;
	int64_t		 due_ms;	/* monotonic; private */
	struct loop_timer *next;	/* private */
	bool		 armed;		/* private */
};

/* Returns owned, or NULL with errno. */
struct loop	*loop_new(void);
void		 loop_free(struct loop *l);

/*
 * fn is called at the end of each turn that handled anything: the place
 * for work shared by all that was ready, such as one commit.
 */
void	 loop_at_turn(struct loop *l, void (*fn)(void *), void *arg);

/* 0, or -1 with errno.  loop_del is safe inside any handler, also its own,
 * and forgets events of this turn that were not handled yet. */
int	 loop_add(struct loop *l, struct loop_io *io, uint32_t events);
int	 loop_mod(struct loop *l, struct loop_io *io, uint32_t events);
void	 loop_del(struct loop *l, struct loop_io *io);

/* Arms or re-arms; fires once. */
void	 loop_arm(struct loop *l, struct loop_timer *t, int64_t delay_ms);
void	 loop_disarm(struct loop *l, struct loop_timer *t);

/* 0 after loop_stop, -1 with errno when the system refuses to wait. */
int	 loop_run(struct loop *l);
void	 loop_stop(struct loop *l);

/* One turn of at most wait_ms (-1: until something is due).  As loop_run. */
int	 loop_turn(struct loop *l, int64_t wait_ms);

/* The descriptor to poll when another loop leads; see also loop_wait_ms. */
int	 loop_fd(const struct loop *l);
int64_t	 loop_wait_ms(const struct loop *l);	/* -1: no timer armed */

#endif
