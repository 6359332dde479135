/* One parent a node: the lock, and the sockets it makes it safe to own. */
#ifndef NODE_LOCK_H
#define NODE_LOCK_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Creates home and home/run if they are missing, and takes the lock.  The
 * descriptor (keep it open), or -1 with errno: EWOULDBLOCK when another
 * parent has it.
 */
int	lock_take(const char *home);

/* A listening SEQPACKET socket home/run/NAME, made anew.  -1 with errno. */
int	lock_socket(const char *home, const char *name, mode_t mode);
int	lock_socket_at(const char *path, mode_t mode);

/* A connection to one.  -1 with errno. */
int	lock_connect(const char *home, const char *name);
int	lock_connect_at(const char *path);

/* The login name of a uid, or the number. */
void	lock_user_name(uid_t uid, char *dst, size_t size);

#endif
