/* A process of a command's own, for what must not be done where it is. */
#ifndef NODE_CHILD_CMD_H
#define NODE_CHILD_CMD_H

/*
 * Forks; the child runs fn(fd, arg) with its end of a fresh channel and
 * exits with what it returns.  Returns our end, owned by the caller, or -1
 * with errno.  fn must end when its channel does.
 */
int	child_cmd(int (*fn)(int fd, void *arg), void *arg);

#endif
