/*
 * Memory for what nobody else may see: between guard pages, locked, kept
 * out of dumps, wiped when freed.  Passwords and keys live in no other kind
 * of memory for longer than a library call takes.
 */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

struct secret {
	uint8_t	*data;		/* owned; size octets */
	size_t	 len;		/* octets in use */
	size_t	 size;
};

/* Before any other call of this room; idempotent.  0, or -1. */
int		 crypto_init(void);

/* False when the system locks no memory for us (RLIMIT_MEMLOCK): secrets
 * are guarded and wiped all the same, but could be swapped out. */
bool		 secret_can_lock(void);

/* Returns owned, len 0, or NULL: no memory. */
struct secret	*secret_new(size_t size);
struct secret	*secret_copy(const void *p, size_t n);

/* Wipes and frees; accepts NULL. */
void		 secret_free(struct secret *s);

/* 0, or -1: no room. */
int		 secret_add(struct secret *s, const void *p, size_t n);

/* Constant time for equal lengths. */
bool		 mem_equal(const void *a, size_t an, const void *b, size_t bn);

/* Not removed by the compiler. */
void		 mem_wipe(void *p, size_t n);

/* Wipes all that a transport buffer ever held, then resets it. */
void		 buf_wipe(struct buf *b);

/* Octets nobody can guess. */
void		 random_bytes(void *p, size_t n);

/*
 * One line from fd, without its end; if fd is a terminal the prompt goes to
 * it and echo is off.  Returns owned, or NULL with errno: ENODATA at the
 * end, EMSGSIZE for more than SECRET_LINE_MAX octets, EINVAL for a NUL.
 */
enum { SECRET_LINE_MAX = 1024 };	/* octets */
struct secret	*secret_read_line(int fd, const char *prompt);

#endif
